"""`firstlight check`: what a data folder holds and what is wrong with it."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import Json, print_json

NAME = "check"


def run(
    data: Annotated[str, typer.Argument(help="A data folder or dataset id.", show_default=False)],
    join: Annotated[
        list[str] | None, typer.Option(help="A table or picture folder to join to the items.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Schema, sparsity, cold counts and leaks of a data folder; exit code 1 on an error."""
    from rich.console import Console

    from ..corpus import check_dataset, read_dataset

    report = check_dataset(read_dataset(data, join=tuple(join or ())))
    if as_json:
        print_json(report.as_dict())
    else:
        Console().print(report.table())
    raise typer.Exit(0 if report.ok else 1)
