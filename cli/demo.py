"""`firstlight demo`: the whole story on the sample world."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NAME = "demo"


def run(
    out: Annotated[Path, typer.Option(help="Where everything is written.")] = Path("demo"),
    users: Annotated[int, typer.Option(help="People of the sample world.")] = 2000,
    items: Annotated[int, typer.Option(help="Items of the sample world.")] = 1200,
    seed: Annotated[int, typer.Option(help="Which world.")] = 7,
) -> None:
    """Make a small world, learn it, rank, explain, and write a report. CPU, minutes."""
    from ..recommender.demo import run_demo

    report = run_demo(out, users=users, items=items, seed=seed)
    typer.echo(f"report: {report}")
