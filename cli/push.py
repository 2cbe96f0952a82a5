"""`firstlight push`: a run to a model hub, with a card made from its report."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import RunPath

NAME = "push"


def run(
    path: RunPath,
    repo_id: Annotated[str, typer.Argument(help="owner/name on the hub.", show_default=False)],
    private: Annotated[bool, typer.Option(help="Whether the repository is private.")] = False,
) -> None:
    """Upload a run. The log of what people did stays here: the copy answers for histories, knows nobody."""
    from ..recommender import push

    typer.echo(push(path, repo_id, private=private))
