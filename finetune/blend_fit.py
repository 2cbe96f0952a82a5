"""Fitting the blend on validation: a voter gets a say only where held-out lists show that it helps.

Voters join one after another. For each history bin, one weight for each item bin is fitted by listwise
maximum likelihood (a conditional logit, convex, weights not below zero), pulled toward the weight that
all lists together give. Lists that the fit has not seen then decide: the gain in NDCG@10 must be clearly above
zero, here or over all people, and no segment may lose. What fails keeps weight zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from ..base.errors import DataError
from .blend import (
    BASE,
    HISTORY_BINS,
    ITEM_BINS,
    Blend,
    Scores,
    bin_names,
    history_bin,
    item_bins,
    standardized,
)

CUTOFF = 10
N_HISTORY, N_ITEM = len(HISTORY_BINS) + 1, len(ITEM_BINS) + 1
RIDGE = 3.0
"""How strongly a bin is pulled toward the common weight: about as much as three lists would."""
CLEARLY = 2.0
"""Standard errors by which a held-out gain must exceed zero."""
SHRINKS = (1.0, 0.75, 0.5, 0.25)


@dataclass(frozen=True)
class BlendCase:
    """One validation list with its right answer.

    Attributes
    ----------
    scores
        By voter, float [n]; the same voters in every case, "foundation" among them.
    positive
        Which candidate was taken.
    counts
        Interactions of each candidate in training, int [n].
    history_length
        Of the person.
    """

    scores: Mapping[str, NDArray[np.floating]]
    positive: int
    counts: NDArray[np.integer]
    history_length: int


@dataclass(frozen=True)
class BlendReport:
    """What the fit found, ready for JSON.

    Attributes
    ----------
    segments
        By history length and by interactions of the right answer: cases, NDCG@10 of the foundation's
        order and of the blend. No "after" is below its "before".
    decisions
        By voter and history length: the held-out gain, its standard error, and what followed.
    """

    segments: list[dict[str, Any]]
    decisions: list[dict[str, Any]]


@dataclass(frozen=True)
class _Lists:
    """All cases, padded to one length: arrays [m, n] and [m]."""

    base: Scores
    votes: dict[str, Scores]
    bins: NDArray[np.int64]
    real: NDArray[np.bool_]
    positive: NDArray[np.int64]
    history: NDArray[np.int64]

    @property
    def target_bin(self) -> NDArray[np.int64]:
        return self.bins[np.arange(len(self.positive)), self.positive]

    def ndcg(self, total: Scores) -> Scores:
        """NDCG@10 of each list; ties count against the right answer."""
        own = total[np.arange(len(total)), self.positive][:, None]
        ranks = ((total >= own) & self.real).sum(axis=1)
        return np.where(ranks <= CUTOFF, 1 / np.log2(ranks + 1), 0.0)


def fit_blend(
    cases: Sequence[BlendCase], voters: Sequence[str] = ("content", "llm"), *, seed: int = 0
) -> tuple[Blend, BlendReport]:
    """Fit the weights of `voters` beside the foundation.

    Parameters
    ----------
    cases
        Validation lists; none of them may have been trained on.
    voters
        In the order in which they join: each has to add to those before it.
    seed
        Of the split into two halves.

    Raises
    ------
    DataError
        If there are no cases, or a case lacks a voter.
    """
    lists = _padded(cases, voters)
    fold = np.random.default_rng(seed).permutation(len(cases)) % 2
    total, weights, decisions = lists.base, {}, []
    for voter in voters:
        weights[voter], told = _join(lists, total, voter, fold)
        total = total + _applied(weights[voter], lists) * lists.votes[voter]
        decisions += told
    return Blend(weights), BlendReport(_segments(lists, total), decisions)


def _padded(cases: Sequence[BlendCase], voters: Sequence[str]) -> _Lists:
    if not cases:
        raise DataError("no validation lists", where="the blend", expected="lists with a known answer")
    m, n = len(cases), max(len(case.counts) for case in cases)
    arrays = {voter: np.zeros((m, n)) for voter in (BASE, *voters)}
    bins, real = np.zeros((m, n), np.int64), np.zeros((m, n), bool)
    for i, case in enumerate(cases):
        size = len(case.counts)
        real[i, :size], bins[i, :size] = True, item_bins(case.counts)
        for voter, table in arrays.items():
            scores = case.scores.get(voter)
            if scores is None or len(scores) != size or not 0 <= case.positive < size:
                raise DataError(
                    f"case {i} has voters {', '.join(case.scores)} and positive {case.positive} of {size}",
                    where="the blend",
                    expected=f'a score of "{voter}" for each candidate, one of them the positive',
                )
            table[i, :size] = standardized(scores)
    positive = np.array([case.positive for case in cases])
    history = np.array([history_bin(case.history_length) for case in cases])
    return _Lists(arrays.pop(BASE), arrays, bins, real, positive, history)


def _applied(weights: Scores, lists: _Lists) -> Scores:
    """Each candidate's weight, [m, n]."""
    return weights[lists.history[:, None], lists.bins]


def _join(
    lists: _Lists, total: Scores, voter: str, fold: NDArray[np.int64]
) -> tuple[Scores, list[dict[str, Any]]]:
    """Weights [history bins, item bins] of one voter on top of `total`, and why."""
    weights = np.zeros((N_HISTORY, N_ITEM))
    halves = [_fit_all(lists, total, voter, fold == side) for side in (0, 1)]
    final = _fit_all(lists, total, voter, np.ones(len(fold), bool))
    before = lists.ndcg(total)
    vote = lists.votes[voter]

    def gain(tables: Sequence[Scores], which: NDArray[np.int64]) -> Scores:
        """The change of each list under the table that `which` names for it."""
        own = np.choose(which[:, None], [_applied(table, lists) for table in tables])
        return lists.ndcg(total + own * vote) - before

    unseen = 1 - fold  # a list is judged by the weights of the other half
    everywhere = _clear(gain(halves, unseen))
    decisions = []
    for row, name in enumerate(bin_names(HISTORY_BINS)):
        inside = lists.history == row
        best: tuple[float, int] | None = None
        for bins in range(N_ITEM, 0, -1):  # all items, then only ever colder ones
            held_out = gain([_only(half, row, bins) for half in halves], unseen)[inside]
            allowed = everywhere or _clear(held_out)
            if allowed and held_out.size and held_out.mean() > (best[0] if best else 0.0):
                if _no_segment_loses(held_out, lists.target_bin[inside]):
                    best = held_out.mean(), bins
        held_out = gain([_only(half, row, best[1] if best else N_ITEM) for half in halves], unseen)[inside]
        if best:
            weights[row] = _safe(lambda table: gain([table], 0 * fold)[inside], final, row, best[1], lists.target_bin[inside])
        decisions.append(_told(voter, name, held_out, weights[row]))
    return weights, decisions
