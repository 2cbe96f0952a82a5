"""Fitting the blend: a voter gets a say only where lists it was not fitted on show that it helps.

Voters join one after another, the language model last. A situation (length of history, count of the
item) is decided by the lists whose right answer is of that kind: its weight maximizes the likelihood of
the right answer among its equals (a conditional logit: convex, not below zero), pulled toward the weight
that all lists together give. Lists that the fit has not seen then decide: their NDCG@10 must rise, clearly
so here or over all lists. What fails keeps weight zero; and because voters only trade seats within a
kind of item, no situation can lose by another one's weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from ..base.errors import DataError
from ..eval.metrics import ndcg_of_ranks
from .blend_report import BlendReport
from .voters import (
    BASE,
    COUNTS,
    HISTORIES,
    VoterList,
    count_bins,
    history_bin,
    joining_order,
    reseated,
    situation,
    standardized,
)

Scores = NDArray[np.float64]
CELLS = tuple(product(range(len(HISTORIES)), range(len(COUNTS))))
RIDGE = 3.0
"""How strongly a situation is pulled toward the common weight: about as much as a handful of lists."""
CLEARLY = 1.64
"""Standard errors by which a held-out gain must exceed zero: one chance in twenty."""
FEWEST = 8
"""Lists without which a gain is not clear: a handful may agree by chance, with no error at all."""
SHRINKS = (1.0, 0.75, 0.5, 0.25)
"""Parts of a fitted weight that are tried until the situation does not lose on all its lists."""
LARGEST = 5.0
"""Cap of a weight; there a voter as good as replaces the foundation."""


@dataclass(frozen=True)
class _Lists:
    """All lists, padded to one length: arrays [m, n] and [m]; `heard` says which lists a voter scored."""

    base: Scores
    votes: dict[str, Scores]
    heard: dict[str, NDArray[np.bool_]]
    bins: NDArray[np.int64]
    real: NDArray[np.bool_]
    positive: NDArray[np.int64]
    history: NDArray[np.int64]

    @property
    def target_bin(self) -> NDArray[np.int64]:
        """The kind of each right answer, [m]."""
        return self.bins[np.arange(len(self.positive)), self.positive]

    @property
    def equals(self) -> NDArray[np.bool_]:
        """The candidates of the right answer's kind, [m, n]."""
        return self.real & (self.bins == self.target_bin[:, None])

    def of_positive(self, scores: Scores) -> Scores:
        """The right answers' scores, [m, 1]."""
        return np.take_along_axis(scores, self.positive[:, None], axis=1)

    def take(self, which: NDArray[np.bool_]) -> _Lists:
        """The chosen lists."""
        votes = {voter: table[which] for voter, table in self.votes.items()}
        heard = {voter: mask[which] for voter, mask in self.heard.items()}
        return _Lists(
            self.base[which],
            votes,
            heard,
            self.bins[which],
            self.real[which],
            self.positive[which],
            self.history[which],
        )


def fit_weights(
    lists: Sequence[VoterList], *, seed: int = 0
) -> tuple[dict[str, dict[str, float]], BlendReport]:
    """Weights by situation and voter, and what they do; called by :meth:`~.blend.Blend.fit`.

    Parameters
    ----------
    lists
        Validation lists; no voter may have been trained on them. A dear voter may be missing from some:
        its weights are fitted on the others.
    seed
        Of the split into two halves.

    Raises
    ------
    DataError
        If there is no list, a list lacks the foundation, or a score is not finite.
    """
    padded = _padded(lists)
    fold = np.random.default_rng(seed).permutation(len(lists)) % 2
    total = padded.base.copy()
    tables: dict[str, Scores] = {}
    decisions: list[dict[str, Any]] = []
    for voter, heard in padded.heard.items():
        part = padded.take(heard)
        stage = _Stage(part, total[heard], part.votes[voter])
        tables[voter], told = _join(stage, fold[heard])
        decisions += [{"voter": voter, **one} for one in told]
        total[heard] = stage.reseated(tables[voter])
    return _named(tables), BlendReport(_segments(padded, total), decisions)


def _named(tables: Mapping[str, Scores]) -> dict[str, dict[str, float]]:
    return {
        situation(row, bin_): {BASE: 1.0, **{name: float(table[row, bin_]) for name, table in tables.items()}}
        for row, bin_ in CELLS
    }


def _padded(lists: Sequence[VoterList]) -> _Lists:
    """All lists side by side; the voters in the order in which they join."""
    if not lists:
        raise DataError(
            "no validation list has its target",
            where="the blend",
            expected="lists with a known answer",
            fix="retrieve more candidates (serve.rerank)",
        )
    shape = len(lists), max(len(one.counts) for one in lists)
    voters = (BASE, *joining_order({voter for one in lists for voter in one.votes}))
    arrays = {voter: np.zeros(shape) for voter in voters}
    bins, real = np.zeros(shape, np.int64), np.zeros(shape, bool)
    for i, one in enumerate(lists):
        size = len(one.counts)
        sound = BASE in one.votes and all(len(vote) == size for vote in one.votes.values())
        if not sound or not 0 <= one.positive < size:
            raise DataError(
                f"list {i}: voters {', '.join(one.votes)}, positive {one.positive} of {size} candidates",
                where="the blend",
                expected=f"scores of {BASE} for each candidate, one of them the positive",
            )
        real[i, :size], bins[i, :size] = True, count_bins(one.counts)
        for voter, vote in one.votes.items():
            arrays[voter][i, :size] = standardized(vote)
    positive = np.array([one.positive for one in lists])
    history = np.array([history_bin(one.history_length) for one in lists])
    heard = {voter: np.array([voter in one.votes for one in lists]) for voter in voters[1:]}
    return _Lists(arrays.pop(BASE), arrays, heard, bins, real, positive, history)


@dataclass(frozen=True)
class _Stage:
    """One voter about to join: all lists, the score so far, and its vote; each [m, n]."""

    lists: _Lists
    total: Scores
    vote: Scores

    def reseated(self, table: Scores) -> Scores:
        """The scores after the voter, with weights [history bins, count bins]."""
        lists, out = self.lists, self.total.copy()
        weights = table[lists.history[:, None], lists.bins]
        for row in np.flatnonzero(weights.any(axis=1)):
            real = lists.real[row]
            wanted = self.total[row] + weights[row] * self.vote[row]
            out[row, real] = reseated(self.total[row, real], wanted[real], lists.bins[row, real])
        return out

    def gains(self, weights: Scores) -> Scores:
        """The change of each list's NDCG@10 when the right answer's kind has weight [m] there."""
        lists, equals = self.lists, self.lists.equals
        wanted = self.total + weights[:, None] * self.vote
        place = ((wanted >= lists.of_positive(wanted)) & equals).sum(axis=1)  # ties count against it
        seats = -np.sort(-np.where(equals, self.total, -np.inf), axis=1)
        seat = np.take_along_axis(seats, place[:, None] - 1, axis=1)
        return _ndcg(lists, self.total, seat) - _ndcg(lists, self.total, lists.of_positive(self.total))

    def fit(self, used: NDArray[np.bool_]) -> Scores:
        """Weights [history bins, count bins] that fit the lists where `used` is true."""
        lists = self.lists
        common = self._likeliest(used, np.array([1.0, 0.0]))
        table = np.zeros((len(HISTORIES), len(COUNTS)))
        for row, bin_ in CELLS:
            mine = used & (lists.history == row) & (lists.target_bin == bin_)
            slopes = self._likeliest(mine, common)
            table[row, bin_] = slopes[1] / slopes[0]
        return np.minimum(table, LARGEST)

    def _likeliest(self, used: NDArray[np.bool_], near: Scores) -> Scores:
        """Slopes of the score so far and of the vote, [2], that make the right answers likely."""
        lists = self.lists
        features = np.stack([self.total[used], self.vote[used]], axis=2)
        hidden = np.where(lists.equals[used], 0.0, -np.inf)
        right = lists.positive[used]
        rows = np.arange(len(right))
        known = features[rows, right].sum(axis=0)

        def loss(slopes: Scores) -> tuple[float, Scores]:
            chances = log_softmax(features @ slopes + hidden, axis=1)
            expected = np.tensordot(np.exp(chances), features, axes=2)
            away = slopes - near
            value = RIDGE * away @ away - chances[rows, right].sum()
            return value, 2 * RIDGE * away + expected - known

        return minimize(loss, near, jac=True, method="L-BFGS-B", bounds=[(0.05, None), (0.0, None)]).x


def _ndcg(lists: _Lists, total: Scores, score: Scores) -> Scores:
    """NDCG@10 of lists whose right answer has `score` [m, 1]; ties count against it."""
    ranks = ((total >= score) & lists.real).sum(axis=1)
    return ndcg_of_ranks(ranks)


def _join(stage: _Stage, fold: NDArray[np.int64]) -> tuple[Scores, list[dict[str, Any]]]:
    """Weights [history bins, count bins] of the joining voter, and the evidence for them."""
    history, targets = stage.lists.history, stage.lists.target_bin
    halves = np.stack([stage.fit(fold == side) for side in (0, 1)])
    held_out = stage.gains(halves[1 - fold, history, targets])  # judged by the other half's weights
    everywhere = _clear(held_out)
    fitted = stage.fit(np.ones(len(fold), bool))
    table, decisions = np.zeros_like(fitted), []
    for row, bin_ in CELLS:
        inside = (history == row) & (targets == bin_)
        gain = held_out[inside]
        if not gain.size:
            continue
        if gain.mean() > 0 and (everywhere or _clear(gain)):
            table[row, bin_] = _harmless(stage, fitted[row, bin_], inside)
        decisions.append(
            {
                "situation": situation(row, bin_),
                "lists": len(gain),
                "held_out_gain": float(gain.mean()),
                "standard_error": _standard_error(gain),
                "weight": float(table[row, bin_]),
            }
        )
    return table, decisions


def _clear(gains: Scores) -> bool:
    """Whether the mean gain is above zero by more than chance gives."""
    return len(gains) >= FEWEST and bool(gains.mean() > CLEARLY * _standard_error(gains))


def _standard_error(gains: Scores) -> float:
    return float(gains.std(ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else 0.0


def _harmless(stage: _Stage, weight: float, inside: NDArray[np.bool_]) -> float:
    """The largest part of a weight under which the lists of its own situation do not lose."""
    for part in SHRINKS:
        tried = round(weight * part, 3)
        if stage.gains(np.full(len(inside), tried))[inside].mean() >= 0:
            return tried
    return 0.0


def _segments(lists: _Lists, total: Scores) -> dict[str, dict[str, float]]:
    """NDCG@10 before and after, for all lists and by situation; empty ones are left out."""
    before = _ndcg(lists, lists.base, lists.of_positive(lists.base))
    after = _ndcg(lists, total, lists.of_positive(total))
    masks = {"all": np.ones(len(before), bool)}
    for row, bin_ in CELLS:
        masks[situation(row, bin_)] = (lists.history == row) & (lists.target_bin == bin_)
    return {
        name: {
            "lists": float(mask.sum()),
            "before": float(before[mask].mean()),
            "after": float(after[mask].mean()),
        }
        for name, mask in masks.items()
        if mask.any()
    }
