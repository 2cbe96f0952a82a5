"""Wishes in plain words, asked by somebody with no history: our answers beside MiniLM search alone.

    python benchmarks/wishes.py sample WORLD RUN [--n 240] [--half test] [--seed 1] [--known]
    python benchmarks/wishes.py movielens RUN [--half test] [--show]

Printed for each kind of wish: success@10 (a right answer is among the first ten), precision@10 (right
answers among the first ten, of as many as there can be), and the share of shown items and of whole lists that
break no limit and hold nothing refused. MiniLM search embeds the whole wish and ranks every item's text by
cosine. `--show` prints the wishes that failed; only the half "tune" is meant to be looked at.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from sample_wishes import Asked, sample_wishes

from firstlight.corpus.predicates import parse_predicate
from firstlight.corpus.sample import load_truth
from firstlight.recommender import Recommender
from firstlight.recommender.voters import similarity

K = 10
WISHES = Path(__file__).with_name("wishes_movielens.yaml")
Search = Callable[[str], list[str]]


@dataclass(frozen=True)
class Marks:
    """How one list of ten did."""

    success: float
    precision: float
    clean_items: float
    clean_list: float


def marks(asked: Asked, keys: Sequence[str]) -> Marks:
    hits = len(asked.right.intersection(keys))
    broken = len(asked.forbidden.intersection(keys))
    return Marks(
        float(hits > 0), hits / min(K, len(asked.right)), 1 - broken / max(1, len(keys)), float(broken == 0)
    )


def ours(recommender: Recommender, *, known: bool = False) -> Search:
    """Our answers; with `known`, the wishes come from people of the log in turn."""
    users = itertools.cycle(recommender.run.log.user_keys if known else [None])

    def search(text: str) -> list[str]:
        answer = recommender.recommend(user=next(users), query=text, k=K)
        return [one.item.key for one in answer.recommendations]

    return search


def text_search(recommender: Recommender) -> Search:
    """MiniLM alone."""
    encoder, keys = recommender.text_encoder, recommender.catalogue.keys
    if encoder is None:
        raise SystemExit("this run reads no text")

    def search(text: str) -> list[str]:
        scores = similarity(recommender.run.content.text, encoder.encode_texts([text])[0])
        return [keys[row] for row in np.argsort(-scores, kind="stable")[:K].tolist()]

    return search


def movielens_wishes(recommender: Recommender, half: str) -> list[Asked]:
    """The hand-written wishes, with their answers looked up in the catalogue."""
    keys = np.array(recommender.catalogue.keys)
    return [
        _looked_up(one, recommender, keys)
        for one in yaml.safe_load(WISHES.read_text(encoding="utf-8"))
        if half in (one["half"], "both")
    ]


def _looked_up(one: dict, recommender: Recommender, keys: np.ndarray) -> Asked:
    def mask(condition: str) -> np.ndarray:
        return parse_predicate(condition).mask(recommender.catalogue)

    broken = np.any([mask(text) for text in one.get("never", [])] or [np.zeros(len(keys), bool)], axis=0)
    if "ids" in one:
        return Asked("plot", one["wish"], frozenset(one["ids"]), frozenset(keys[broken].tolist()))
    right = np.all([mask(text) for text in one["where"]], axis=0)
    return Asked("conditions", one["wish"], frozenset(keys[right].tolist()), frozenset(keys[broken].tolist()))


def table(wishes: Sequence[Asked], searches: dict[str, Search], *, show: bool = False) -> Iterator[str]:
    """A Markdown row for each kind and search."""
    yield "| kind | wishes | search | success@10 | precision@10 | items in bounds | lists in bounds |"
    yield "|---|---|---|---|---|---|---|"
    found = {name: [marks(one, search(one.text)) for one in wishes] for name, search in searches.items()}
    for kind in [*dict.fromkeys(one.kind for one in wishes), "all"]:
        places = [i for i, one in enumerate(wishes) if kind in (one.kind, "all")]
        for name in searches:
            means = [
                np.mean([getattr(found[name][i], field) for i in places])
                for field in ("success", "precision", "clean_items", "clean_list")
            ]
            yield f"| {kind} | {len(places)} | {name} | {' | '.join(f'{one:.3f}' for one in means)} |"
    if show:
        for one, got in zip(wishes, found["firstlight"], strict=True):
            if not got.success or not got.clean_list:
                yield f"{one.kind}: {one.text!r} {got}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("which", choices=["sample", "movielens"])
    parser.add_argument("paths", type=Path, nargs="+", help="WORLD RUN, or RUN")
    parser.add_argument("--half", choices=["tune", "test", "fresh", "both"], default="test")
    parser.add_argument("--n", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--known", action="store_true", help="people of the log ask")
    parser.add_argument("--show", action="store_true")
    asked = parser.parse_args()
    recommender = Recommender.from_pretrained(asked.paths[-1])
    if asked.which == "movielens":
        wishes = movielens_wishes(recommender, asked.half)
    else:
        truth = load_truth(asked.paths[0] / "truth")
        wishes = sample_wishes(truth, recommender.catalogue.table, asked.n, asked.seed, asked.half)
    searches = {"firstlight": ours(recommender, known=asked.known), "MiniLM": text_search(recommender)}
    print("\n".join(table(wishes, searches, show=asked.show)))


if __name__ == "__main__":
    main()
