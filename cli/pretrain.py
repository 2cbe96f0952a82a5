"""`firstlight pretrain`: tables in, a run directory out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .options import Config, Set

NAME = "pretrain"


def run(
    data: Annotated[str, typer.Argument(help="A data folder or dataset id.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The run directory to make.", show_default=False)],
    join: Annotated[
        list[str] | None, typer.Option(help="A table or picture folder to join to the items.")
    ] = None,
    also: Annotated[
        list[str] | None, typer.Option(help="Another dataset to learn from as well; repeat it.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="A run whose network is where training starts.", show_default=False)
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="retail: short histories, many items; media: long histories, fewer items.",
            show_default=False,
        ),
    ] = None,
    config: Config = None,
    settings: Set = None,
) -> None:
    """Encode the items and train the foundation model. Started again after a kill, it goes on."""
    from ..base.config import load_config
    from ..base.progress import speaks
    from ..recommender import RunConfig, pretrain
    from ..recommender.presets import preset as settings_of

    resolved = load_config(RunConfig, config, settings or (), preset=settings_of(preset))
    given = {"join": tuple(join or ()), "also": tuple(also or ()), "start": str(start or "")}
    data_config = replace(resolved.data, **{name: value for name, value in given.items() if value})
    resolved = replace(resolved, data=data_config)
    made = pretrain(data, out, resolved)
    if speaks():
        typer.echo(str(made))
