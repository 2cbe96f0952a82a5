"""`firstlight finetune`: the language model learns to rank, then the blend is fitted."""

from __future__ import annotations

import typer

from .options import RunPath, Set

NAME = "finetune"


def run(path: RunPath, settings: Set = None) -> None:
    """Train LoRA for the ranker on this run's own candidates, then fit the voters' weights."""
    from ..recommender import finetune

    typer.echo(finetune(path, tuple(settings or ())).text())
