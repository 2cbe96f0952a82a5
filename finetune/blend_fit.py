"""Fitting the blend: a voter gets a say only where lists it was not fitted on show that it helps.

Voters join one after another, the language model last. For each length of history, one weight for each
kind of item is fitted by listwise maximum likelihood (a conditional logit: convex, weights not below
zero), pulled toward the weight that all lists together give. Lists that the fit has not seen then decide:
the gain in NDCG@10 must be clearly above zero, here or over all people, and no segment may lose. What fails
keeps weight zero.
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
from .voters import (
    BASE,
    COUNTS,
    HISTORIES,
    VoterList,
    count_bins,
    history_bin,
    situation,
    standardized,
)

Scores = NDArray[np.float64]
CUTOFF = 10
N_COUNT = len(COUNTS)
RIDGE = 3.0
"""How strongly a kind of item is pulled toward the common weight: about as much as a handful of lists."""
CLEARLY = 1.64
"""Standard errors by which a held-out gain must exceed zero: one chance in twenty."""
SHRINKS = (1.0, 0.75, 0.5, 0.25, 0.0)
"""Parts of a fitted row that are tried until no segment of the lists loses."""
LARGEST = 5.0
"""Cap of a weight; there a voter as good as replaces the foundation."""


@dataclass(frozen=True)
class BlendReport:
    """What the fit found.

    Attributes
    ----------
    segments
        By name ("all", or length of history and count of the right answer): "lists", and the mean
        NDCG@10 "before" (the foundation's order) and "after". No "after" is below its "before".
    decisions
        By voter and length of history: the gain on held-out lists, its standard error, what followed.
    """

    segments: Mapping[str, Mapping[str, float]]
    decisions: Sequence[Mapping[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "segments": {name: dict(one) for name, one in self.segments.items()},
            "decisions": [dict(one) for one in self.decisions],
        }

    def text(self) -> str:
        """A line for each segment, and one for each voter and length of history."""
        lines = ["NDCG@10 on the lists that fitted the blend, foundation alone -> blend"]
        for name, one in self.segments.items():
            lines.append(f"  {name:34} {one['before']:.4f} -> {one['after']:.4f}  ({one['lists']:.0f} lists)")
        lines.append("gain on held-out lists")
        for one in self.decisions:
            gain = f"{one['held_out_gain']:+.4f} ± {one['standard_error']:.4f}"
            lines.append(f"  {one['voter']:9} history {one['history']:5} {gain}  {one['outcome']}")
        return "\n".join(lines)


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


def fit_weights(
    lists: Sequence[VoterList], *, seed: int = 0
) -> tuple[dict[str, dict[str, float]], BlendReport]:
    """Weights by situation and voter, and what they do; called by :meth:`~.blend.Blend.fit`.

    Parameters
    ----------
    lists
        Validation lists; no voter may have been trained on them.
    seed
        Of the split into two halves.

    Raises
    ------
    DataError
        If there is no list, a list lacks a voter, or a score is not finite.
    """
    padded = _padded(lists)
    fold = np.random.default_rng(seed).permutation(len(lists)) % 2
    total, tables, decisions = padded.base, {}, []
    for voter, vote in padded.votes.items():
        stage = _Stage(padded, total, vote)
        tables[voter], told = _join(stage, fold)
        decisions += [{"voter": voter, **one} for one in told]
        total = total + stage.spread(tables[voter][padded.history]) * vote
    return _named(tables), BlendReport(_segments(padded, total), decisions)


def _named(tables: Mapping[str, Scores]) -> dict[str, dict[str, float]]:
    return {
        situation(row, bin_): {BASE: 1.0, **{name: float(table[row, bin_]) for name, table in tables.items()}}
        for row in range(len(HISTORIES))
        for bin_ in range(N_COUNT)
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
    voters = sorted(lists[0].votes.keys() - {BASE}, key=lambda name: (name == "llm", name))
    arrays = {voter: np.zeros(shape) for voter in (BASE, *voters)}
    bins, real = np.zeros(shape, np.int64), np.zeros(shape, bool)
    for i, one in enumerate(lists):
        size = len(one.counts)
        sound = one.votes.keys() == arrays.keys() and all(len(vote) == size for vote in one.votes.values())
        if not sound or not 0 <= one.positive < size:
            raise DataError(
                f"list {i}: voters {', '.join(one.votes)}, positive {one.positive} of {size} candidates",
                where="the blend",
                expected=f"scores of {', '.join(arrays)} for each candidate, one of them the positive",
            )
        real[i, :size], bins[i, :size] = True, count_bins(one.counts)
        for voter, table in arrays.items():
            table[i, :size] = standardized(one.votes[voter])
    positive = np.array([one.positive for one in lists])
    history = np.array([history_bin(one.history_length) for one in lists])
    return _Lists(arrays.pop(BASE), arrays, bins, real, positive, history)


@dataclass(frozen=True)
class _Stage:
    """One voter about to join: all lists, the score so far, and its vote; each [m, n]."""

    lists: _Lists
    total: Scores
    vote: Scores

    def spread(self, rows: Scores) -> Scores:
        """Weights by item bin [m, bins] to weights by candidate [m, n]."""
        return np.take_along_axis(rows, self.lists.bins, axis=1)

    def gains(self, rows: Scores) -> Scores:
        """The change of each list's NDCG@10 under its own weights [m, bins]."""
        changed = self.lists.ndcg(self.total + self.spread(rows) * self.vote)
        return changed - self.lists.ndcg(self.total)

    def fit(self, used: NDArray[np.bool_]) -> Scores:
        """Weights [history bins, item bins] that fit the lists where `used` is true."""
        lists = self.lists
        by_bin = self.vote[:, :, None] * (lists.bins[:, :, None] == np.arange(N_COUNT))
        common = self._likeliest(self.vote[:, :, None], used, np.zeros(1))
        rows = [self._likeliest(by_bin, used & (lists.history == h), common) for h in range(len(HISTORIES))]
        slopes = np.stack(rows)
        return np.minimum(slopes[:, 1:] / slopes[:, :1], LARGEST).round(3)

    def _likeliest(self, votes: Scores, used: NDArray[np.bool_], common: Scores) -> Scores:
        """Slopes of the score so far and of each vote [m, n, k], all at least zero; the first above."""
        lists, k = self.lists, votes.shape[2]
        features = np.concatenate([self.total[:, :, None], votes], axis=2)[used]
        hidden = np.where(lists.real[used], 0.0, -np.inf)
        right = features[np.arange(len(features)), lists.positive[used]].sum(axis=0)
        first, prior = (common[0], np.broadcast_to(common[1:], k)) if len(common) > 1 else (1.0, np.zeros(k))
        target = np.array([first, *prior])

        def loss(slopes: Scores) -> tuple[float, Scores]:
            logits = features @ slopes + hidden
            chances = log_softmax(logits, axis=1)
            away = slopes - target
            value = -chances[np.arange(len(features)), lists.positive[used]].sum() + RIDGE * away @ away
            expected = np.tensordot(np.exp(chances), features, axes=2)
            return value, expected - right + 2 * RIDGE * away

        bounds = [(0.05, None)] + [(0.0, None)] * k
        return minimize(loss, target.clip(0.05), jac=True, method="L-BFGS-B", bounds=bounds).x


def _join(stage: _Stage, fold: NDArray[np.int64]) -> tuple[Scores, list[dict[str, Any]]]:
    """Weights [history bins, item bins] of the joining voter, and why they are what they are."""
    history, targets = stage.lists.history, stage.lists.target_bin
    halves = np.stack([stage.fit(fold == side) for side in (0, 1)])
    unseen = halves[1 - fold, history]  # a list is judged by the weights of the other half
    reached = [stage.gains(unseen * (np.arange(N_COUNT) < reach)) for reach in range(N_COUNT + 1)]
    everywhere = _clear(reached[-1])
    fitted = stage.fit(np.ones(len(fold), bool))
    weights, decisions = np.zeros_like(fitted), []
    for row, name in enumerate(HISTORIES):
        inside = history == row
        gains = [one[inside] for one in reached]
        reach = _best_reach(gains, targets[inside], everywhere)
        wanted = fitted[row] * (np.arange(N_COUNT) < reach)
        weights[row] = _harmless(stage, wanted, inside)
        decisions.append(_told(name, gains, reach, weights[row]))
    return weights, decisions


def _best_reach(gains: Sequence[Scores], targets: NDArray[np.int64], everywhere: bool) -> int:
    """How many item bins, the coldest first, the voter may judge; `gains[reach]` are held-out."""
    best = 0
    for reach in range(1, len(gains)):
        helps = gains[reach].size and gains[reach].mean() > (gains[best].mean() if best else 0.0)
        if helps and (everywhere or _clear(gains[reach])) and _nobody_loses(gains[reach], targets):
            best = reach
    return best


def _clear(gains: Scores) -> bool:
    """Whether the mean gain is above zero by more than chance gives."""
    if len(gains) < 2:
        return False
    return bool(gains.mean() > CLEARLY * gains.std(ddof=1) / np.sqrt(len(gains)))


def _nobody_loses(gains: Scores, targets: NDArray[np.int64]) -> bool:
    """Whether the mean gain is not below zero for any kind of right answer."""
    return all(gains[targets == b].mean() > -1e-12 for b in np.unique(targets))


def _harmless(stage: _Stage, wanted: Scores, inside: NDArray[np.bool_]) -> Scores:
    """The largest part of a row under which no segment of all lists loses."""
    targets = stage.lists.target_bin[inside]
    for part in SHRINKS:
        row = (wanted * part).round(3)
        gains = stage.gains(np.broadcast_to(row, (len(inside), N_COUNT)))[inside]
        if _nobody_loses(gains, targets):
            return row
    return np.zeros_like(wanted)


def _told(name: str, gains: Sequence[Scores], reach: int, weights: Scores) -> dict[str, Any]:
    """The evidence on one length of history: of what was accepted, else of what was refused."""
    held_out = gains[reach or -1]
    n = len(held_out)
    return {
        "history": name,
        "lists": n,
        "held_out_gain": float(held_out.mean()) if n else 0.0,
        "standard_error": float(held_out.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0,
        "outcome": "used" if weights.any() else ("hurt a segment" if reach else "no clear gain"),
    }


def _segments(lists: _Lists, total: Scores) -> dict[str, dict[str, float]]:
    """NDCG@10 before and after, for all lists and by segment; empty segments are left out."""
    before, after = lists.ndcg(lists.base), lists.ndcg(total)
    masks = {"all": np.ones(len(before), bool)}
    for row in range(len(HISTORIES)):
        for bin_ in range(N_COUNT):
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
