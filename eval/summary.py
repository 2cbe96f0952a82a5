"""Means over parts of the cases, each with its size and its 95 % interval over people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import DataError
from .bootstrap import (
    REPLICATES,
    SEED,
    bootstrap_sums,
    interval,
    mean_of_drawn,
    sums_by_person,
    widen_constant,
)
from .metrics import harmonic_mean

HARMONIC = "harmonic mean of warm and cold"


@dataclass(frozen=True)
class Estimate:
    """A mean over cases with its 95 % interval; NaN where there is nothing to average."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True)
class Segment:
    """Some of the cases: how many, of how many people, and each metric's estimate."""

    name: str
    n: int
    n_people: int
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True)
class Summary:
    """Segments by name, in the order they are printed."""

    name: str
    segments: Mapping[str, Segment]

    def __getitem__(self, segment: str) -> Segment:
        return self.segments[segment]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: ``{segment: {"n", "people", metric: [mean, low, high]}}``; NaN is None."""
        return {
            segment.name: {
                "n": segment.n,
                "people": segment.n_people,
                **{name: _plain(one) for name, one in segment.metrics.items()},
            }
            for segment in self.segments.values()
        }


def summarize(
    name: str,
    values: Sequence[Mapping[str, NDArray[np.float64]]],
    parts: Mapping[str, NDArray[np.bool_]],
    people: NDArray[np.integer],
    *,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Summary:
    """Means of `values` (each in [0, 1]) over each of `parts`, intervals by drawing people.

    `values` holds one mapping for each training seed, of the same metrics; with several, seeds are
    drawn too.

    When "warm" and "cold" are among the parts and hold cases, the harmonic mean of the two is added: it
    falls to 0 when either does, so it cannot be bought with one of them.

    Raises
    ------
    DataError
        If there is no case at all.
    """
    if not len(people):
        raise DataError("no case to summarize", where=name, expected="at least one", fix="check the split")
    inside = list(parts.values())
    runs = np.stack([_sums(list(run.values()), inside, people) for run in values], axis=1)
    drawn = bootstrap_sums(runs.reshape(len(runs), -1), replicates=replicates, seed=seed)
    sums = runs[:, 0]  # [people, 1 + metrics, parts]; sizes are the same under every seed
    means = _means(runs.sum(axis=0)).mean(axis=0)
    spread = mean_of_drawn(_means(drawn.reshape(-1, *runs.shape[1:])), np.random.default_rng([seed, 1]))
    found: dict[str, Segment] = {}
    for j, part in enumerate(parts):
        n, n_people = int(sums[:, 0, j].sum()), int(np.count_nonzero(sums[:, 0, j]))
        estimates = {
            metric: _estimate(float(means[i, j]), spread[:, i, j], n_people)
            for i, metric in enumerate(values[0])
        }
        found[part] = Segment(part, n, n_people, estimates)
    if all(part in found and found[part].n for part in ("warm", "cold")):
        found = _with_harmonic(found, list(values[0]), means, spread, list(parts))
    return Summary(name, found)


def _sums(
    values: list[NDArray[np.float64]], parts: list[NDArray[np.bool_]], people: NDArray[np.integer]
) -> NDArray[np.float64]:
    """For each person and part: the number of cases, then the sum of each metric; [people, 1 + m, parts]."""
    _, person = np.unique(people, return_inverse=True)
    n_people = int(person.max()) + 1
    inside = np.stack(parts, axis=1).astype(np.float64)
    ones = np.ones(len(people))
    return np.stack(
        [sums_by_person(person, inside * one[:, None], n_people) for one in (ones, *values)], axis=1
    )


def _means(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """[..., 1 + m, parts] -> [..., m, parts], NaN for an empty part."""
    size = sums[..., :1, :]
    return np.where(size > 0, sums[..., 1:, :] / np.maximum(size, 1), np.nan)


def _estimate(mean: float, samples: NDArray[np.float64], n_people: int) -> Estimate:
    if mean in (0.0, 1.0):
        return Estimate(mean, *widen_constant(mean, n_people))
    return Estimate(mean, *interval(samples))


def _with_harmonic(
    found: dict[str, Segment],
    metrics: list[str],
    means: NDArray[np.float64],
    spread: NDArray[np.float64],
    parts: list[str],
) -> dict[str, Segment]:
    """`found` with the harmonic mean placed behind "cold"."""
    warm, cold = parts.index("warm"), parts.index("cold")
    center = harmonic_mean(means[:, warm], means[:, cold])
    samples = harmonic_mean(spread[:, :, warm], spread[:, :, cold])
    estimates = {name: Estimate(float(center[i]), *interval(samples[:, i])) for i, name in enumerate(metrics)}
    for name, one in estimates.items():
        if one.mean == 0:  # no bootstrap width; both parts have a bound of their own
            bounds = (np.array(found[part].metrics[name].high) for part in ("warm", "cold"))
            estimates[name] = Estimate(0.0, 0.0, float(harmonic_mean(*bounds)))
    whole = found["all"] if "all" in found else found["warm"]
    segment = Segment(HARMONIC, whole.n, whole.n_people, estimates)
    ordered = {}
    for name, one in found.items():
        ordered[name] = one
        if name == "cold":
            ordered[HARMONIC] = segment
    return ordered


def _plain(one: Estimate) -> list[float | None]:
    return [None if np.isnan(x) else x for x in (one.mean, one.low, one.high)]
