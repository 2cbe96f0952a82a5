"""How far the scores of items nobody has touched are raised, and whether they are news at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..corpus.interactions import Cases
from ..eval.bootstrap import bootstrap_sums
from ..eval.metrics import harmonic_mean, mean_of
from .mixer import Mixer
from .mixer_lists import Lists, Values

Gains = NDArray[np.float64]  # NDCG@10 of each case

SHIFTS = np.arange(0.0, 4.01, 0.25)  # an item is never held down for being new
COST = 0.05  # how much NDCG@10 over all cases may fall so that new items are found
LEAST_NEW = 0.05  # of a catalogue, when that is measured: more will come
DEAD = 0.1  # of the answers that their number lets expect: with fewer, untouched items are dead stock
ENOUGH = 30  # answers to be expected, or nothing is said of them
REPLICATES = 200


def is_dead(cold: NDArray[np.bool_], cases: Cases, released: NDArray[np.float64] | None = None) -> bool:
    """Whether hardly anybody takes an untouched item although many are out: dead stock, and no news."""
    expected = _expected(cold, cases, released)
    taken = int(np.count_nonzero(cold[cases.targets]))
    return expected >= ENOUGH and taken < DEAD * expected


def _expected(cold: NDArray[np.bool_], cases: Cases, released: NDArray[np.float64] | None) -> float:
    """How many answers were cold rows, if each row that is out were as likely as any other."""
    if released is None:
        return float(cold.mean()) * len(cases)
    new, out = (
        np.searchsorted(np.sort(one), cases.times, side="right") for one in (released[cold], released)
    )
    return float((new / np.maximum(out, 1)).sum())


def share_playing(cold: NDArray[np.bool_], released: NDArray[np.float64] | None) -> float:
    """How much of the catalogue plays cold while new items' shift is fitted: as much as will be new.

    With release times few of the new ones are out during validation, so any shift would look cheap, and flood
    the lists when all are there. Without them all are there already.
    """
    return LEAST_NEW if released is None else max(LEAST_NEW, float(cold.mean()))


def fit_shift(
    mixer: Mixer, lists: Lists, cases: Cases, cold: NDArray[np.bool_], *, plays: float, seed: int
) -> float:
    """The shift of new items with the best harmonic mean of warm and cold that costs at most `COST`.

    A share `plays` of the catalogue plays cold. Without a shift that is better by more than a standard error,
    none is made: what a few hundred cases seem to say is mostly chance.
    """
    cold = cold | (np.random.default_rng([seed, 1]).random(len(cold)) < plays)
    scores = lists.scores(mixer, cold)
    gains = {float(shift): _gains(scores, float(shift), lists, cases, cold) for shift in SHIFTS}
    tried = {shift: _means(found, cold[cases.targets]) for shift, found in gains.items()}
    floor = (1 - COST) * max(found["all"] for found in tried.values())
    fair = {shift: found for shift, found in tried.items() if found["all"] >= floor}
    best = max(fair, key=lambda one: (harmonic_mean(fair[one]["warm"], fair[one]["cold"]), -abs(one)))
    sure = 0.0 not in fair or _clearly_better(gains[best], gains[0.0], cold[cases.targets])
    return best if sure else 0.0


def figures(
    scores: Values, shift: float, lists: Lists, cases: Cases, cold: NDArray[np.bool_]
) -> dict[str, float]:
    """NDCG@10 over all cases, and over those whose answer is warm or cold, with cold items raised."""
    return _means(_gains(scores, shift, lists, cases, cold), cold[cases.targets])


def _gains(scores: Values, shift: float, lists: Lists, cases: Cases, cold: NDArray[np.bool_]) -> Gains:
    raised = cold[lists.rows] & (cases.lengths > 0)[lists.owners]
    return lists.gains(scores + np.float32(shift) * raised)


def _means(gains: Gains, is_cold: NDArray[np.bool_]) -> dict[str, float]:
    return {"all": mean_of(gains), "warm": mean_of(gains[~is_cold]), "cold": mean_of(gains[is_cold])}


def _clearly_better(gains: Gains, others: Gains, is_cold: NDArray[np.bool_]) -> bool:
    """Whether the harmonic mean of warm and cold is better by more than its standard error, by resampling."""
    sides = np.stack([~is_cold, is_cold], axis=1)
    columns = np.concatenate([sides, sides * gains[:, None], sides * others[:, None]], axis=1).astype(float)
    sums = np.concatenate([columns.sum(axis=0)[None], bootstrap_sums(columns, replicates=REPLICATES)])
    warm, cold = (np.maximum(sums[:, one], 1) for one in (0, 1))
    better = harmonic_mean(sums[:, 2] / warm, sums[:, 3] / cold)
    better -= harmonic_mean(sums[:, 4] / warm, sums[:, 5] / cold)
    return bool(better[0] > better[1:].std())
