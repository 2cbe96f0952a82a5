"""`firstlight recommend`: items for a person, a history, a wish, a picture, or any mix."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import History, Json, Query, RunPath, User, Where, keys, print_json

NAME = "recommend"


def run(
    path: RunPath,
    user: User = None,
    history: History = "",
    query: Query = "",
    image: Annotated[Path | None, typer.Option(help="A picture to look alike.", show_default=False)] = None,
    k: Annotated[int, typer.Option("-k", help="How many items.")] = 10,
    explain: Annotated[bool, typer.Option(help="Say why.")] = False,
    where: Where = None,
    repeats: Annotated[bool, typer.Option(help="What is in the history may come again.")] = False,
    as_json: Json = False,
) -> None:
    """Recommend items, also to someone the system has never seen."""
    from ..corpus.predicates import parse_predicate
    from ..recommender import Recommender
    from ..recommender.table import answer_table

    answer = Recommender.from_pretrained(path).recommend(
        user=user,
        history=keys(history),
        query=query,
        image=image,
        k=k,
        explain=explain,
        where=tuple(parse_predicate(text) for text in where or ()),
        repeats=repeats,
    )
    if as_json:
        print_json(answer.as_dict())
    else:
        answer_table(answer)
