"""What a new policy would have earned, from a log that another policy made and whose choices were random.

Needs the probability with which the logging policy showed what it showed; a log without it cannot be
corrected, and nothing here pretends otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base.errors import DataError
from .bootstrap import REPLICATES, SEED, bootstrap_sums, interval, sums_by_person
from .summary import Estimate


@dataclass(frozen=True)
class PolicyValue:
    """The estimated mean reward of one decision under the new policy.

    Attributes
    ----------
    ips, snips
        Unbiased but noisy (when nothing is clipped); self-normalized, slightly biased, steadier.
    n
        Decisions in the log.
    effective_size
        (sum w)^2 / sum w^2: how many exposures of the new policy's own the log is worth (Kish 1965).
    clipped
        Share of exposures whose logging propensity was raised to `floor`.
    mean_weight
        Should be near 1; far from it, the two policies hardly overlap and neither figure is to be used.
    """

    ips: Estimate
    snips: Estimate
    n: int
    effective_size: float
    clipped: float
    floor: float
    mean_weight: float


def off_policy_value(
    rewards: NDArray[np.floating],
    logged: NDArray[np.floating],
    target: NDArray[np.floating],
    people: NDArray[np.integer],
    *,
    decisions: NDArray[np.integer] | None = None,
    floor: float = 0.001,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> PolicyValue:
    """Estimate the value of a policy from logged exposures, by IPS and SNIPS, intervals over people.

    w_i = target_i / max(logged_i, floor);  IPS = sum w_i r_i / n;  SNIPS = sum w_i r_i / sum w_i,
    where i runs over exposures and n counts decisions.

    Parameters
    ----------
    rewards, logged, target
        One entry for each exposure: the reward, the probability with which the logging policy showed
        this item, and the probability with which the new policy would have. Divide the reward by the
        chance that its place is looked at to take position bias out.
    people
        Who was exposed; people are drawn whole.
    decisions
        int, which decision an exposure belongs to, where a slate shows several items at once: the
        estimate is then the reward summed over what the new policy shows in one decision. None makes
        each exposure its own.
    floor
        Smallest propensity used: lowers the variance, biases downward when much is clipped.

    Raises
    ------
    DataError
        If a propensity is outside (0, 1] or a target probability outside [0, 1].

    Source: Horvitz & Thompson (JASA 1952); Swaminathan & Joachims, "The Self-Normalized Estimator
    for Counterfactual Learning" (NeurIPS 2015); clipping, Ionides (JCGS 2008).
    """
    _check(logged, target)
    weights = target / np.maximum(logged, floor)
    columns = np.stack([weights * rewards, weights, _share_of_decision(decisions, len(rewards))], axis=1)
    _, person = np.unique(people, return_inverse=True)
    sums = sums_by_person(person, columns, int(person.max()) + 1)
    earned, weight, n = sums.sum(axis=0)
    drawn = bootstrap_sums(sums, replicates=replicates, seed=seed)
    with np.errstate(invalid="ignore"):  # no overlap at all: 0 / 0, reported as NaN
        return PolicyValue(
            ips=Estimate(float(earned / n), *interval(drawn[:, 0] / drawn[:, 2])),
            snips=Estimate(float(earned / weight), *interval(drawn[:, 0] / drawn[:, 1])),
            n=round(n),
            effective_size=float(weight**2 / np.sum(weights**2)),
            clipped=float(np.mean(logged < floor)),
            floor=floor,
            mean_weight=float(weight / n),
        )


def _share_of_decision(decisions: NDArray[np.integer] | None, n: int) -> NDArray[np.float64]:
    """What each exposure counts, so that those of one decision sum to 1."""
    if decisions is None:
        return np.ones(n)
    _, which, sizes = np.unique(decisions, return_inverse=True, return_counts=True)
    return 1 / sizes[which]


def _check(logged: NDArray[np.floating], target: NDArray[np.floating]) -> None:
    if not len(logged) or not ((logged > 0) & (logged <= 1)).all():
        worst = f"{np.min(logged)} to {np.max(logged)}" if len(logged) else "none"
        raise DataError(
            f"logging propensities {worst}",
            where="off_policy_value",
            expected="for each exposure a probability above 0 and at most 1",
            fix="log the probability with which each item was shown",
        )
    if not ((target >= 0) & (target <= 1)).all():
        raise DataError(
            f"target probabilities {np.min(target)} to {np.max(target)}",
            where="off_policy_value",
            expected="probabilities from 0 to 1",
        )
