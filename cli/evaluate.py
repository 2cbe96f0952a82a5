"""`firstlight evaluate`: how good a run is, beside the baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import RunPath

NAME = "evaluate"


def run(
    path: RunPath,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="leave-one-out, time, item-cold, user-cold or zero-shot; the run's own if not given."
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Another domain to ask, for zero-shot.", show_default=False)
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Also write the figures here.", show_default=False)
    ] = None,
    cases: Annotated[int, typer.Option(help="Most cases asked; the rest are left out by hash.")] = 4000,
    llm_cases: Annotated[int, typer.Option(help="Most cases asked of the language model.")] = 300,
) -> None:
    """Full ranking of the test cases by this run and by the baselines, with intervals; writes run/report."""
    from ..recommender import Recommender, evaluate, save_report

    outcome = evaluate(path, protocol=protocol, data=data, most_cases=cases, most_llm_cases=llm_cases)
    if data is None:
        save_report(outcome, Recommender.from_pretrained(path))
    if json is not None:
        outcome.save(json)
    typer.echo(outcome.text())
