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
            help="leave-one-out, time, item-cold, user-cold, zero-shot, few-shot; the run's own if not given."
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Another domain to ask, for zero-shot and few-shot.", show_default=False),
    ] = None,
    share: Annotated[float, typer.Option(help="Share of that domain's people known, for few-shot.")] = 0.05,
    seed_run: Annotated[
        list[Path] | None,
        typer.Option(help="The same run trained with another seed; repeat it.", show_default=False),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="A column of the people table: who is served worse? Repeat it.", show_default=False
        ),
    ] = None,
    k: Annotated[
        list[int] | None, typer.Option("--k", "-k", help="Length of the lists; repeat it.", show_default="10")
    ] = None,
    probe: Annotated[
        bool, typer.Option(help="Ask the language model again with neutral titles: what does it remember?")
    ] = False,
    json: Annotated[
        Path | None, typer.Option(help="Also write the report's figures here.", show_default=False)
    ] = None,
    cases: Annotated[int, typer.Option(help="Most cases asked; the rest are left out by hash.")] = 4000,
    llm_cases: Annotated[int, typer.Option(help="Most cases asked of the language model.")] = 300,
) -> None:
    """Full ranking of the test cases by this run and by the baselines, with intervals; writes run/report."""
    from ..base.files import write_text
    from ..recommender import evaluate, save_report

    outcome = evaluate(
        path,
        protocol=protocol,
        data=data,
        share=share,
        seeds=seed_run or (),
        by=by or (),
        ks=k or (10,),
        probe=probe,
        most_cases=cases,
        most_llm_cases=llm_cases,
    )
    page = save_report(outcome)
    if json is not None:
        write_text(json, page.with_name("metrics.json").read_text(encoding="utf-8"))
    typer.echo(outcome.text())
