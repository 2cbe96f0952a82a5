"""Does A beat B? Paired differences over the same cases, people drawn together, corrected for many looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..base.errors import DataError
from .bootstrap import LEVEL, SEED, draws, interval, mean_of_drawn, sums_by_person
from .lists import ListResults
from .results import CaseResults, Groups
from .summary import Estimate

REPLICATES = 2000
FEW = 16  # people; with more the bootstrap is right
Results = CaseResults | ListResults


@dataclass(frozen=True)
class Comparison:
    """How far system `a` is above system `b` on one metric, over the same cases.

    `difference` is absolute (a minus b), with its 95 % interval; `p_value` is two-sided and, after
    :func:`corrected`, adjusted for all comparisons made together.
    """

    a: str
    b: str
    metric: str
    a_mean: float
    b_mean: float
    difference: Estimate
    p_value: float
    n: int
    n_people: int
    n_seeds: int = 1

    @property
    def holds(self) -> bool:
        """Whether the difference is established: interval without 0 and p below 5 %."""
        apart = self.difference.low > 0 or self.difference.high < 0
        return bool(apart and self.p_value < 1 - LEVEL)

    def __str__(self) -> str:
        better, worse = (self.a, self.b) if self.difference.mean > 0 else (self.b, self.a)
        verdict = f"{better} beats {worse}" if self.holds else f"{self.a} and {self.b} cannot be told apart"
        people = f"{self.n_people} people" + (f", {self.n_seeds} seeds" if self.n_seeds > 1 else "")
        return f"{verdict} at {self.metric}: {self.difference}, p={self.p_value:.3g}, {people}"


def compare(
    a: Results | Sequence[Results],
    b: Results | Sequence[Results],
    metric: str = "NDCG@10",
    *,
    where: NDArray[np.bool_] | None = None,
    replicates: int = REPLICATES,
) -> Comparison:
    """Compare two systems on the same cases by a paired bootstrap over people.

    Parameters
    ----------
    a, b
        One result, or one for each training seed: the seeds are then drawn too, so that a lucky one
        does not decide.
    where
        bool [n]: compare on these cases only, for example ``results.segments()["cold"]``.

    Raises
    ------
    DataError
        If the results are not about the same cases.

    Source: paired percentile bootstrap, Efron & Tibshirani (1993); for rankings,
    Sakai (SIGIR 2006); people as clusters, Field & Welsh (JRSS B 2007). With few people it claims too
    much, so the p value is at least that of the exact sign-flip test (Fisher 1935).
    """
    runs_a, runs_b = _runs(a), _runs(b)
    _check_same_cases([*runs_a, *runs_b])
    first = runs_a[0]
    keep = np.ones(len(first), dtype=bool) if where is None else where
    _, person = np.unique(first.people[keep], return_inverse=True)
    size = np.bincount(person).astype(np.float64)  # cases of each person
    sums_a, sums_b = (_by_person(runs, metric, keep, person) for runs in (runs_a, runs_b))
    samples = _replicates(sums_a, sums_b, size, replicates)
    mean_a, mean_b = (float(sums.sum(axis=1).mean() / size.sum()) for sums in (sums_a, sums_b))
    difference = Estimate(mean_a - mean_b, *interval(samples))
    return Comparison(
        first.name,
        runs_b[0].name,
        metric,
        mean_a,
        mean_b,
        difference,
        max(_p_value(samples), _flipped(sums_a.mean(axis=0) - sums_b.mean(axis=0))),
        int(keep.sum()),
        len(size),
        max(len(runs_a), len(runs_b)),
    )


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons with p values adjusted for all of them together (Holm)."""
    adjusted = holm([one.p_value for one in comparisons])
    return [replace(one, p_value=p) for one, p in zip(comparisons, adjusted, strict=True)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Step-down adjusted p values; the chance of one false claim in all stays below the level.

    Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure" (1979).
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, dtype=float)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted.tolist()


def against_all_in_parts(
    system: Results | Sequence[Results],
    others: Mapping[str, Results],
    parts: Groups,
    metric: str = "NDCG@10",
    *,
    beside: Mapping[str, Sequence[Comparison]] | None = None,
) -> dict[str, list[Comparison]]:
    """Compare one system with each of the others on several parts of the cases (bool [n] each).

    The p values are corrected for all of these comparisons together.

    A part without a case is left out. `beside` holds further comparisons, not corrected yet, that are
    printed beside these: they come back too, and count.
    """
    found = {
        part: [compare(system, one.renamed(name), metric, where=mask) for name, one in others.items()]
        for part, mask in parts.items()
        if mask.any()
    }
    found |= {name: list(several) for name, several in (beside or {}).items()}
    fair = iter(corrected([one for several in found.values() for one in several]))
    return {name: [next(fair) for _ in several] for name, several in found.items()}


def _runs(results: Results | Sequence[Results]) -> list[Results]:
    return [results] if isinstance(results, (CaseResults, ListResults)) else list(results)


def _check_same_cases(runs: Sequence[Results]) -> None:
    first = runs[0]
    for other in runs[1:]:
        columns = zip(first.asked, other.asked, strict=False)
        if not (type(other) is type(first) and all(np.array_equal(a, b) for a, b in columns)):
            raise DataError(
                f'"{first.name}" and "{other.name}" were not asked the same cases',
                where="compare",
                expected="results of one split, in one order",
                fix="evaluate both on the same cases",
            )


def _by_person(
    runs: Sequence[Results], metric: str, keep: NDArray[np.bool_], person: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Each person's sum of the metric under each seed, [seeds, people]."""
    values = np.stack([run.metric(metric)[keep] for run in runs], axis=1)
    return sums_by_person(person, values, int(person.max()) + 1).T


def _replicates(
    sums_a: NDArray[np.float64], sums_b: NDArray[np.float64], size: NDArray[np.float64], n: int
) -> NDArray[np.float64]:
    """The difference of means in each bootstrap world: people drawn once for both, seeds for each."""
    rng = np.random.default_rng([SEED, 1])
    found = []
    for drawn in draws(len(size), n, SEED):
        means_a, means_b = (
            mean_of_drawn(drawn @ sums.T / (drawn @ size)[:, None], rng) for sums in (sums_a, sums_b)
        )
        found.append(means_a - means_b)
    return np.concatenate(found)


def _flipped(differences: NDArray[np.float64]) -> float:
    """How often people's differences would add up to so much if each might as well be turned round, exactly.

    0, which says nothing, where more than `FEW` people differ.
    """
    told = differences[differences != 0]
    if len(told) > FEW:
        return 0.0
    signs = 1 - 2 * (np.arange(1 << len(told))[:, None] >> np.arange(len(told)) & 1)
    return float(np.mean(np.abs(signs @ told) >= abs(told.sum()) * (1 - 1e-12)))


def _p_value(samples: NDArray[np.float64]) -> float:
    """Two-sided: twice the smaller tail beyond 0, never below what the replicates can resolve."""
    below, above = np.count_nonzero(samples <= 0), np.count_nonzero(samples >= 0)
    return min(1.0, 2 * (min(below, above) + 1) / (len(samples) + 1))
