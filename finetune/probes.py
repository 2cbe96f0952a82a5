"""Probes: the same lists with one thing taken away or mixed up, to see what a ranker's order rests on.

What a probe costs is what that thing earns; a probe that costs nothing found a placebo. With titles replaced
by neutral aliases, what is left of the quality was not recalled from the language model's own training
(Di Palma et al., "Do LLMs Memorize Recommendation Datasets?", SIGIR 2025).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..corpus.catalogue import Item
from .contract import Ranker, RankRequest
from .list_metrics import list_ndcg
from .train_config import RankExample

Change = Callable[[Sequence[RankRequest], np.random.Generator], list[RankRequest]]
AS_IT_IS, ALIASED = "as it is", "titles replaced by aliases"


@dataclass(frozen=True)
class Probed:
    """One probe's outcome on lists with one right answer each.

    Attributes
    ----------
    ndcg
        Mean NDCG@10.
    change, standard_error
        Mean difference to the unchanged lists, and its standard error over the lists.
    """

    ndcg: float
    change: float
    standard_error: float

    def __str__(self) -> str:
        return f"{self.ndcg:.4f} ({self.change:+.4f} ± {self.standard_error:.4f})"


def _no_tokens(requests: Sequence[RankRequest], _: np.random.Generator) -> list[RankRequest]:
    """Every soft token says "none"."""
    return [replace(one, person=None, history_vectors=None, candidate_vectors=None) for one in requests]


def _shuffled_tokens(requests: Sequence[RankRequest], rng: np.random.Generator) -> list[RankRequest]:
    """Vectors go to the wrong items of their own list, the person's to the next list's."""
    people = [one.person for one in requests]
    return [
        replace(
            one,
            person=person,
            history_vectors=_shuffled(one.history_vectors, rng),
            candidate_vectors=_shuffled(one.candidate_vectors, rng),
        )
        for one, person in zip(requests, people[1:] + people[:1], strict=True)
    ]


def _shuffled(vectors: NDArray[np.float32] | None, rng: np.random.Generator) -> NDArray[np.float32] | None:
    return None if vectors is None else rng.permutation(vectors)


def _shuffled_history(requests: Sequence[RankRequest], rng: np.random.Generator) -> list[RankRequest]:
    """The same history items, with their vectors, in random order."""
    changed = []
    for one in requests:
        order = rng.permutation(len(one.history))
        vectors = None if one.history_vectors is None else one.history_vectors[order]
        changed.append(replace(one, history=[one.history[i] for i in order], history_vectors=vectors))
    return changed


def _aliased_titles(requests: Sequence[RankRequest], rng: np.random.Generator) -> list[RankRequest]:
    """Titles become "Item 17", one number for each item wherever it stands; categories stay."""
    keys = sorted({item.key for one in requests for item in (*one.history, *one.candidates)})
    numbers = dict(zip(keys, (rng.permutation(len(keys)) + 1).tolist(), strict=True))

    def alias(items: Iterable[Item]) -> list[Item]:
        return [replace(item, title=f"Item {numbers[item.key]}") for item in items]

    return [replace(one, history=alias(one.history), candidates=alias(one.candidates)) for one in requests]


PROBES: Mapping[str, Change] = MappingProxyType(
    {
        "soft tokens shuffled": _shuffled_tokens,
        "soft tokens silenced": _no_tokens,
        "history shuffled": _shuffled_history,
        ALIASED: _aliased_titles,
    }
)
"""By name: what is done to the lists."""


def probe(
    ranker: Ranker, examples: Sequence[RankExample], names: Iterable[str] = PROBES, *, seed: int = 0
) -> dict[str, Probed]:
    """Score the lists as they are and under each probe; the first entry is :data:`AS_IT_IS`.

    Parameters
    ----------
    examples
        Lists that the ranker was not trained on.
    names
        Keys of :data:`PROBES`.
    """
    requests = [one.request for one in examples]
    whole = _ndcg(ranker, requests, examples)
    found = {AS_IT_IS: Probed(float(whole.mean()), 0.0, 0.0)}
    for name in names:
        changed = PROBES[name](requests, np.random.default_rng(seed))
        ndcg = _ndcg(ranker, changed, examples)
        change = ndcg - whole
        error = float(change.std(ddof=1) / np.sqrt(len(change))) if len(change) > 1 else 0.0
        found[name] = Probed(float(ndcg.mean()), float(change.mean()), error)
    return found


def _ndcg(
    ranker: Ranker, requests: Sequence[RankRequest], examples: Sequence[RankExample]
) -> NDArray[np.float64]:
    scores = [one.judged(told) for one, told in zip(examples, ranker.score(requests), strict=True)]
    return list_ndcg(scores, [one.positive for one in examples])
