"""The baselines that stand in every report, fitted on one split.

Popularity, recent popularity, content neighbors, item transitions of first and second order, EASE, and
the ensemble of IDs and content. What a split cannot carry (no times, too many items, nothing trained
on) is left out, and the notes say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..corpus.interactions import Cases
from ..corpus.split import Split
from .baselines import Vectors, content_neighbors, ensemble, popularity, recent_popularity
from .ease import ease
from .item_graph import second_order, transition_graph, transitions
from .metrics import ndcg_of_ranks
from .protocol import ScoreFn, evaluate

POPULARITY, RECENT, CONTENT = "popularity", "recent popularity", "content neighbors"
FIRST, SECOND = "item transitions", "two-step transitions"
EASE, ENSEMBLE = "EASE", "transitions + content"
EASE_ITEMS = 20_000  # more of them make the dense inverse cost minutes and gigabytes
GRAPH_ITEMS = 200_000  # more of them make two steps in the graph cost gigabytes
HALF_LIVES = (7, 30, 180, 1000)  # days, of recent popularity
WEIGHTS = (0.3, 0.5, 0.7, 0.85)  # of the transitions in the ensemble
MOST_CASES = 1000  # validation cases that choose among these
Setting = TypeVar("Setting", int, float)


@dataclass(frozen=True)
class BaselineSet:
    """Systems by the names they have in tables, and what to know about them."""

    systems: dict[str, ScoreFn] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def all_baselines(split: Split, n_items: int, vectors: Vectors | None = None) -> BaselineSet:
    """Fit every baseline that this split allows, on its training part.

    Parameters
    ----------
    vectors
        Whitened content of each item, float32 [n_items, d]; None leaves content out.

    The half life of recent popularity and the ensemble's weight are those with the best NDCG@10 on
    validation; all else is as published.
    """
    found, counts = BaselineSet(), split.train.counts(n_items)
    if vectors is not None and vectors.shape[1]:
        found.systems[CONTENT] = content_neighbors(vectors)
    else:
        found.notes.append(f"no {CONTENT}: the items have no content")
    if not len(split.train):
        found.notes.append("nothing is trained on this domain, so content is the only baseline")
        return found
    _learned(found, split, counts)
    if CONTENT in found.systems:
        ids, content = found.systems[FIRST], found.systems[CONTENT]
        mixed = {weight: ensemble([(weight, ids), (1 - weight, content)]) for weight in WEIGHTS}
        weight = _best(mixed, split.valid, counts)
        found.systems[ENSEMBLE] = mixed[weight]
        found.notes.append(f"{ENSEMBLE}: weights {weight:g} and {1 - weight:.2g}, chosen on validation")
    order = (POPULARITY, RECENT, CONTENT, FIRST, SECOND, EASE, ENSEMBLE)
    return BaselineSet({name: found.systems[name] for name in order if name in found.systems}, found.notes)


def _learned(found: BaselineSet, split: Split, counts: NDArray[np.int64]) -> None:
    """Add the systems that learn from interactions."""
    train, n_items = split.train, len(counts)
    found.systems[POPULARITY] = popularity(counts)
    if train.clock == "timestamp":
        recent = {days: recent_popularity(train, n_items, half_life_days=days) for days in HALF_LIVES}
        days = _best(recent, split.valid, counts)
        found.systems[RECENT] = recent[days]
        found.notes.append(f"{RECENT}: half life {days} days, chosen on validation")
    else:
        found.notes.append(f"no {RECENT}: the log has positions instead of times")
    graph, known = transition_graph(train, n_items), int(np.count_nonzero(counts))
    found.systems[FIRST] = transitions(graph)
    if known <= GRAPH_ITEMS:
        found.systems[SECOND] = transitions(second_order(graph))
    else:
        found.notes.append(f"no {SECOND}: {known:,} items in training, more than {GRAPH_ITEMS:,}")
    if known <= EASE_ITEMS:
        found.systems[EASE] = ease(train, n_items)
    else:
        found.notes.append(f"no {EASE}: {known:,} items in training, more than {EASE_ITEMS:,}")


def _best(systems: Mapping[Setting, ScoreFn], valid: Cases, counts: NDArray[np.int64]) -> Setting:
    """The setting with the best mean NDCG@10 over evenly spaced validation cases; the second without any."""
    if not len(valid):
        return list(systems)[1]
    cases = valid.take(np.unique(np.linspace(0, len(valid) - 1, MOST_CASES).astype(np.int64)))

    def quality(setting: Setting) -> float:
        results = evaluate(systems[setting], cases, counts=counts, name="baselines")
        return float(ndcg_of_ranks(results.ranks).mean())

    return max(systems, key=quality)
