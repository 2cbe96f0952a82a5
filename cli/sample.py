"""`firstlight sample`: the sample world as ordinary files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NAME = "sample"


def run(
    out: Annotated[
        Path,
        typer.Argument(help="A new directory, or a former sample, which is replaced.", show_default=False),
    ],
    users: Annotated[int, typer.Option(help="How many people.")] = 2000,
    items: Annotated[int, typer.Option(help="How many items.")] = 1200,
    seed: Annotated[int, typer.Option(help="Which world.")] = 7,
    images: Annotated[bool, typer.Option(help="Whether to draw pictures.")] = True,
) -> None:
    """Write a generated catalogue, its people and what they did; the truth stands apart."""
    from ..corpus.sample import write_sample

    made = write_sample(out, users=users, items=items, seed=seed, images=images)
    typer.echo(
        f"{made.path}: {made.items:,} items, {made.pictures:,} of them with a picture; "
        f"{made.users:,} people, {made.interactions:,} interactions and {made.exposures:,} exposures"
    )
