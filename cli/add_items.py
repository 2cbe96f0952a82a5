"""`firstlight add-items`: new items become retrievable, without retraining."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import RunPath

NAME = "add-items"


def run(
    path: RunPath,
    file: Annotated[Path, typer.Argument(help="A table of items, as items.csv.", show_default=False)],
) -> None:
    """Encode new items and add them to the run."""
    from ..recommender import add_items

    added = add_items(path, file)
    typer.echo(f"{added} items added; {path} now recommends them, a running service once it is started again")
