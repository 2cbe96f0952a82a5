"""`firstlight codes`: every item as a few small codes, for a language model to name it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import RunPath

NAME = "codes"


def run(
    path: RunPath,
    out: Annotated[Path, typer.Option(help="The table to write, .csv or .parquet.", show_default=False)],
    levels: Annotated[
        int | None,
        typer.Option(help="Codes of each item.", show_default="3, fewer where the last says nothing"),
    ] = None,
    bits: Annotated[
        int | None,
        typer.Option(help="A codebook has 2^bits entries.", show_default="8, fewer for a small catalogue"),
    ] = None,
    kind: Annotated[str, typer.Option(help="residual: coarse to fine; product: side by side.")] = "residual",
) -> None:
    """Write semantic ids of a run's items, and say how well they tell items apart."""
    from ..recommender import write_codes

    typer.echo(str(write_codes(path, out, levels=levels, bits=bits, kind=kind)))  # type: ignore[arg-type]
