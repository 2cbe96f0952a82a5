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
    """Schema, sparsity, cold counts, and leaks under every protocol; exit code 1 on an error or a leak."""
    from dataclasses import asdict

    from rich.console import Console

    from ..corpus import check_dataset, read_dataset
    from ..eval import check_protocols

    dataset = read_dataset(data, join=tuple(join or ()))
    report, leaks = check_dataset(dataset), check_protocols(dataset)
    if as_json:
        found = {split: [asdict(one) for one in several] for split, several in leaks.items()}
        print_json(report.as_dict() | {"leaks": found})
    else:
        console = Console()
        console.print(report.table())
        for split, several in leaks.items():
            console.print(
                f"leak check, {split}:",
                *(map(str, several) if several else ["nothing found"]),
                sep="\n  ",
                markup=False,
            )
    leaking = any(one.severity == "leak" for several in leaks.values() for one in several)
    raise typer.Exit(0 if report.ok and not leaking else 1)
