"""Intervals by drawing people, not cases: one person's cases stand or fall together.

Everything is a ratio of sums over people, so a replicate needs only how often each person is drawn.
Source: Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13 (percentile
interval); Field & Welsh (JRSS B 2007) for clusters.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

CHUNK = 1 << 21  # draws made at a time
LEVEL = 0.95
REPLICATES = 1000
SEED = 0  # of all resampling in reports: equal results give equal intervals
Values = NDArray[np.float64]


def sums_by_person(people: NDArray[np.integer], columns: Values, n_people: int) -> Values:
    """Add the rows of `columns` [n_cases, c] of one person each, float64 [n_people, c]."""
    sums = np.zeros((n_people, columns.shape[1]))
    for place, one in enumerate(columns.T):
        sums[:, place] = np.bincount(people, weights=one, minlength=n_people)
    return sums


def draws(n_people: int, replicates: int, seed: int) -> Iterator[Values]:
    """How often each person is drawn, in chunks of float64 [r, n_people]; each row sums to n_people."""
    rng = np.random.default_rng(seed)
    step = max(1, CHUNK // max(n_people, 1))
    for start in range(0, replicates, step):
        rows = min(step, replicates - start)
        chosen = rng.integers(0, n_people, (rows, n_people))
        chosen += (np.arange(rows) * n_people)[:, None]
        counts = np.bincount(chosen.ravel(), minlength=rows * n_people)
        yield counts.reshape(rows, n_people).astype(np.float64)


def bootstrap_sums(sums: Values, *, replicates: int = REPLICATES, seed: int = SEED) -> Values:
    """Column sums of resampled people, float64 [replicates, c], from `sums` [n_people, c]."""
    return np.concatenate([drawn @ sums for drawn in draws(len(sums), replicates, seed)])


def mean_of_drawn(values: Values, rng: np.random.Generator) -> Values:
    """[replicates, seeds, ...] -> [replicates, ...]: the mean over seeds drawn with replacement."""
    n, seeds = values.shape[:2]
    if seeds == 1:
        return values[:, 0]
    chosen = rng.integers(0, seeds, (n, seeds))
    return values[np.arange(n)[:, None], chosen].mean(axis=1)


def interval(samples: Values) -> tuple[float, float]:
    """The percentile interval of replicates; NaN replicates (an empty segment was drawn) are left out."""
    usable = samples[~np.isnan(samples)]
    if not len(usable):
        return float("nan"), float("nan")
    low, high = np.quantile(usable, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def widen_constant(value: float, n_people: int) -> tuple[float, float]:
    """The interval of a mean in [0, 1] when all values are 0 or all are 1, where the bootstrap has no width.

    Clopper & Pearson (Biometrika 1934): with 0 of n people hit, the rate is below 1 - a^(1/n),
    a = (1 - LEVEL) / 2.
    """
    slack = 1 - ((1 - LEVEL) / 2) ** (1 / max(n_people, 1))
    return (0.0, slack) if value == 0 else (1 - slack, 1.0)
