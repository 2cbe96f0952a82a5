"""`firstlight explain`: why one item, for one person."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import History, Json, Query, RunPath, User, keys, print_json

NAME = "explain"


def run(
    path: RunPath,
    item: Annotated[str, typer.Option(help="The item's key.", show_default=False)],
    user: User = None,
    history: History = "",
    query: Query = "",
    as_json: Json = False,
) -> None:
    """Say why an item fits someone; every sentence is checked against its evidence."""
    from ..recommender import Recommender
    from ..recommender.table import explanation_table

    explanation = Recommender.from_pretrained(path).explain(
        item, user=user, history=keys(history), query=query
    )
    if as_json:
        print_json(explanation.as_dict())
    else:
        explanation_table(explanation)
