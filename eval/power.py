"""How many people an A/B test needs to see a lift, planned from an offline report's own spread."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

LIFTS = (0.01, 0.02, 0.05, 0.1)
ALPHA, POWER = 0.05, 0.8  # how often a lift is found where there is none, and where there is one


@dataclass(frozen=True)
class Baseline:
    """What one person scores on average, and how much people differ."""

    mean: float
    deviation: float
    n_people: int


def baseline(values: NDArray[np.floating], people: NDArray[np.integer]) -> Baseline:
    """Mean and standard deviation over people of their own mean value; `values` has one entry a case."""
    _, person = np.unique(people, return_inverse=True)
    means = np.bincount(person, weights=values) / np.bincount(person)
    return Baseline(float(means.mean()), float(means.std(ddof=1)) if len(means) > 1 else 0.0, len(means))


def plan(of: Baseline) -> dict[str, Any]:
    """What a report keeps for planning: the baseline, and people for each arm by relative lift."""
    known = of.mean > 0 and of.deviation > 0  # one person alone has no deviation
    per_arm = {f"{lift:+.0%}": sample_size(of, lift) for lift in LIFTS} if known else {}
    return {**asdict(of), "people_in_each_arm": per_arm}


def sample_size(of: Baseline, lift: float) -> int:
    """People needed in *each* arm to find a relative `lift` (0.02 is +2 %), two-sided test of means.

    n = 2 (z_{1 - ALPHA/2} + z_{POWER})^2 deviation^2 / (lift mean)^2.
    Source: Kohavi, Tang & Xu, "Trustworthy Online Controlled Experiments" (2020), chapter 17.
    """
    z = norm.ppf(1 - ALPHA / 2) + norm.ppf(POWER)
    return math.ceil(2 * (z * of.deviation / (lift * of.mean)) ** 2)
