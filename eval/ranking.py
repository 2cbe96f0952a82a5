"""From scores over the whole catalogue to the rank of the target and the best rows.

Works in blocks that stay in the processor's cache: the extra memory does not grow with the cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ModelError

BLOCK = 1 << 20  # scores handled at a time
Scores = NDArray[np.floating]


class Seen(NamedTuple):
    """Rows that must not be recommended: case i's are ``rows[offsets[i]:offsets[i + 1]]``."""

    rows: NDArray[np.integer]
    offsets: NDArray[np.integer]


@dataclass(frozen=True)
class Candidates:
    """Which rows compete, for b cases over n items, and how equals are ordered.

    Attributes
    ----------
    seen
        Rows excluded for each case; None filters nothing.
    allowed
        bool [n] or [b, n]; None allows all.
    tie_hashes
        uint64 [n]: equal scores go to the smaller hash. None is pessimistic: the target comes last.
    """

    seen: Seen | None = None
    allowed: NDArray[np.bool_] | None = None
    tie_hashes: NDArray[np.uint64] | None = None


class Ranked(NamedTuple):
    """The outcome for b cases.

    `ranks` is float64 [b]: 1 is best, inf means that the target did not compete (seen, not allowed,
    or scored -inf). `lists` is int32 [b, k], best first, filled with -1.
    """

    ranks: NDArray[np.float64]
    lists: NDArray[np.int32]


def ranks_of_targets(
    scores: Scores, targets: NDArray[np.integer], candidates: Candidates | None = None
) -> NDArray[np.float64]:
    """The rank of each case's target among its candidates, float64 [b]; see :class:`Ranked`.

    Parameters
    ----------
    scores
        [b, n], higher is better; -inf takes an item out.
    targets
        int [b], in 0..n-1.

    Raises
    ------
    ModelError
        If a score is NaN.
    """
    return rank(scores, targets, candidates or Candidates(), k=0).ranks


def top_rows(scores: Scores, k: int, candidates: Candidates | None = None) -> NDArray[np.int32]:
    """The k best rows of each case, int32 [b, k], best first, -1 where there are no more candidates."""
    return rank(scores, np.zeros(len(scores), dtype=np.int32), candidates or Candidates(), k=k).lists


def rank(scores: Scores, targets: NDArray[np.integer], candidates: Candidates, *, k: int) -> Ranked:
    """Ranks and lists in one pass; see :func:`ranks_of_targets` and :func:`top_rows`."""
    n_cases, n_items = scores.shape
    order = _tie_order(candidates.tie_hashes, n_items)
    ranks = np.empty(n_cases)
    lists = np.full((n_cases, k), -1, dtype=np.int32)
    step = max(1, BLOCK // max(n_items, 1))
    for start in range(0, n_cases, step):
        block = slice(start, min(start + step, n_cases))
        competing = _competing(scores, block, candidates)
        pessimistic = candidates.tie_hashes is None
        ranks[block] = _ranks(competing, targets[block], None if pessimistic else order)
        if k:
            _fill_lists(lists[block], competing, order)
    return Ranked(ranks, lists)


def _tie_order(hashes: NDArray[np.uint64] | None, n_items: int) -> NDArray[np.int32]:
    """Each row's place when all are ordered by hash; without hashes, by row."""
    places = np.arange(n_items, dtype=np.int32)
    if hashes is None:
        return places
    order = np.empty_like(places)
    order[np.argsort(hashes, kind="stable")] = places
    return order


def _competing(scores: Scores, block: slice, candidates: Candidates) -> Scores:
    """A copy of one block in which everything that does not compete is -inf."""
    competing = np.array(scores[block], order="C")
    if np.isnan(competing.min(initial=0)):  # a NaN passes through min
        raise ModelError("a score is NaN", where="the scores", fix="look for an overflow in the model")
    if candidates.allowed is not None:
        allowed = candidates.allowed
        np.copyto(competing, -np.inf, where=~(allowed if allowed.ndim == 1 else allowed[block]))
    if candidates.seen is not None:
        rows, offsets = candidates.seen
        bounds = offsets[block.start : block.stop + 1]
        cases = np.repeat(np.arange(len(competing)), np.diff(bounds))
        competing[cases, rows[bounds[0] : bounds[-1]]] = -np.inf
    return competing


def _ranks(
    competing: Scores, targets: NDArray[np.integer], order: NDArray[np.int32] | None
) -> NDArray[np.float64]:
    """One plus the number of candidates ahead; `order` decides among equals, None puts the target last."""
    own = competing[np.arange(len(targets)), targets][:, None]
    at_least = _count(competing >= own)
    if order is None:
        ranks = at_least
    else:
        ranks = _count(competing > own) + 1
        tied = np.flatnonzero(at_least > ranks)
        earlier = order < order[targets[tied], None]
        ranks[tied] += _count((competing[tied] == own[tied]) & earlier)
    return np.where(np.isneginf(own[:, 0]), np.inf, ranks)


def _count(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """True values in each row; one row at a time is three times as fast as ``axis=1``."""
    return np.fromiter((np.count_nonzero(row) for row in mask), dtype=np.int64, count=len(mask))


def _fill_lists(lists: NDArray[np.int32], competing: Scores, order: NDArray[np.int32]) -> None:
    """Write the best rows of each case into `lists` [b, k]: by score, then by `order`."""
    n_cases, k = lists.shape
    floor = np.maximum(_floor(competing, k), np.finfo(competing.dtype).min)  # -inf never competes
    flat = np.flatnonzero(competing >= floor[:, None])
    cases, rows = np.divmod(flat, competing.shape[1])
    best = np.lexsort((order[rows], -competing[cases, rows], cases))
    starts = np.searchsorted(cases, np.arange(n_cases))
    place = np.arange(len(flat)) - starts[cases]  # `cases` is sorted before and after
    chosen = place < k
    lists[cases[chosen], place[chosen]] = rows[best[chosen]]


def _floor(competing: Scores, k: int) -> Scores:
    """A score that at least k items of each row reach: the k-th largest of many group maxima.

    Far cheaper than selecting in the whole row, and ties at the border are all kept.
    """
    n_cases, n_items = competing.shape
    parts = min(64, n_items // (4 * k))
    if parts < 2:
        return np.partition(competing, max(n_items - k, 0), axis=1)[:, max(n_items - k, 0)]
    groups = n_items // parts
    maxima = competing[:, : groups * parts].reshape(n_cases, parts, groups).max(axis=1)
    return np.partition(maxima, groups - k, axis=1)[:, groups - k]
