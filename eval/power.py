"""How many people an A/B test needs to see a lift, planned from an offline report's own spread."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from ..base.errors import ArtifactError, ConfigError
from ..base.files import read_json

LIFTS = (0.01, 0.02, 0.05, 0.1)


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


def from_report(path: Path) -> Baseline:
    """The baseline that a report's ``metrics.json`` keeps.

    Raises
    ------
    ArtifactError
        If it keeps none.
    """
    kept = read_json(Path(path)).get("ab_test")
    if not kept:
        raise ArtifactError(
            "no plan of an A/B test", where=str(path), expected='"ab_test"', fix="evaluate the run again"
        )
    return Baseline(kept["mean"], kept["deviation"], kept["n_people"])


def sample_size(of: Baseline, lift: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """People needed in *each* arm to find a relative `lift` (0.02 is +2 %), two-sided test of means.

    n = 2 (z_{1 - alpha/2} + z_{power})^2 deviation^2 / (lift mean)^2.
    Source: Kohavi, Tang & Xu, "Trustworthy Online Controlled Experiments" (2020), chapter 17.
    """
    if lift == 0 or not (0 < alpha < 1 and 0 < power < 1):
        raise ConfigError(
            f"lift={lift}, alpha={alpha}, power={power}",
            where="sample_size",
            expected="a lift other than 0, alpha and power between 0 and 1",
        )
    z = norm.ppf(1 - alpha / 2) + norm.ppf(power)
    return math.ceil(2 * (z * of.deviation / (lift * of.mean)) ** 2)


def power_of(of: Baseline, lift: float, n_per_arm: int, *, alpha: float = 0.05) -> float:
    """The chance that a test with `n_per_arm` people in each arm establishes a true relative `lift`."""
    shift = abs(lift) * of.mean / (of.deviation * math.sqrt(2 / n_per_arm))
    edge = norm.ppf(1 - alpha / 2)
    return float(norm.sf(edge - shift) + norm.cdf(-edge - shift))


def smallest_lift(of: Baseline, n_per_arm: int, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest relative lift that `n_per_arm` people in each arm find with the given power."""
    z = norm.ppf(1 - alpha / 2) + norm.ppf(power)
    return float(z * of.deviation * math.sqrt(2 / n_per_arm) / of.mean)
