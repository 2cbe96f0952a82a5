"""What the blend is made of: lists that voters have scored, and how cold a list and its items are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base.errors import DataError

BASE = "foundation"
"""The voter whose order a list comes in."""

HISTORY_EDGES = (1, 5, 20)
"""Length of a history, the largest of each bin: 0-1, 2-5, 6-20, more."""
COUNT_EDGES = (0, 5, 20)
"""Interactions of an item in training, the largest of each bin: none, 1-5, 6-20, more."""


@dataclass(frozen=True)
class VoterList:
    """One list with a known answer.

    Attributes
    ----------
    votes
        Each voter's scores, float [n]; "foundation" must be among them.
    positive
        Which candidate the person took.
    counts
        int [n]: interactions of each candidate in training.
    history_length
        Items in the person's history.
    """

    votes: Mapping[str, NDArray[np.floating]]
    positive: int
    counts: NDArray[np.integer]
    history_length: int


def joining_order(voters: Iterable[str]) -> list[str]:
    """The order in which voters beside the foundation join: by name, the dear language model last."""
    return sorted(set(voters) - {BASE}, key=lambda name: (name == "llm", name))


def bin_names(edges: tuple[int, ...]) -> list[str]:
    """What a person reads: ``["0", "1-5", "6-20", ">20"]``."""
    starts = [0, *(edge + 1 for edge in edges)]
    spans = [f"{a}-{b}" if a < b else str(b) for a, b in zip(starts, edges, strict=False)]
    return [*spans, f">{edges[-1]}"]


HISTORIES, COUNTS = bin_names(HISTORY_EDGES), bin_names(COUNT_EDGES)


def situation(history: int, count: int) -> str:
    """The name of one pair of bins."""
    return f"history {HISTORIES[history]}, item count {COUNTS[count]}"


SITUATIONS = tuple(situation(h, c) for h in range(len(HISTORIES)) for c in range(len(COUNTS)))


def count_bins(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """The bin of each item, 0..3."""
    return np.searchsorted(COUNT_EDGES, counts)


def history_bin(length: int) -> int:
    """The bin of a person, 0..3."""
    return int(np.searchsorted(HISTORY_EDGES, length))


def standardized(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Zero mean and unit deviation within the list; zeros where all are equal.

    Raises
    ------
    DataError
        If a score is not finite.
    """
    values = np.asarray(scores, np.float64)
    if not np.isfinite(values).all():
        raise DataError("a voter's score is not finite", where="the blend", expected="finite scores")
    if not values.size:
        return values
    centered = values - values.mean()
    deviation = np.sqrt(np.mean(centered**2))
    # Rounding noise on equal scores must not be blown up to a vote.
    floor = 1e-7 * max(1e-30, float(np.abs(values).max()))
    return centered / deviation if deviation > floor else np.zeros_like(centered)


def reseated(
    total: NDArray[np.float64], wanted: NDArray[np.float64], bins: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Scores under which items of one bin trade their seats, in the order of `wanted`; float64 [n].

    The scores of a bin stay the same set, so every seat belongs to the same bin as before: the place of an
    item of another bin cannot change. Equal wishes keep the order they had.
    """
    out = total.copy()
    for one in np.unique(bins):
        inside = np.flatnonzero(bins == one)
        order = inside[np.lexsort((total[inside], wanted[inside]))]
        out[order] = np.sort(total[inside])
    return out
