"""The figures beyond accuracy that every report shows for a system."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..corpus.interactions import Cases
from . import beyond_accuracy as beyond
from .metrics import hits_from_ranks
from .results import CaseResults, Groups

DIVERSITY = "diversity in a list"
MISCALIBRATION = "miscalibration (nats)"


@dataclass(frozen=True)
class Yardsticks:
    """What lists are measured against.

    Attributes
    ----------
    counts
        int [n_items], training interactions.
    vectors
        [n_items, d], any embedding in which distance means difference; None leaves diversity out.
    attributes
        [n_items, g], non-negative, for example genres one-hot; None leaves calibration out.
    obvious
        int [n, k], the lists of a primitive system for the same cases, usually popularity; None leaves
        serendipity out.
    """

    counts: NDArray[np.integer]
    vectors: NDArray[np.floating] | None = None
    attributes: NDArray[np.floating] | None = None
    obvious: NDArray[np.integer] | None = None


def list_figures(results: CaseResults, cases: Cases, by: Yardsticks) -> dict[str, float]:
    """Breadth, variety, popularity, surprise and balance of one system's lists, by name.

    `cases` are those of `results`, in the same order. What cannot be told (no list, no history) is NaN.
    """
    lists, counts = results.lists, by.counts
    histories = (cases.history_rows, cases.offsets)
    before = beyond.mean_of_histories(histories, counts.astype(np.float64))
    found = {
        "coverage": beyond.coverage(lists, len(counts)),
        "Gini of exposure": beyond.gini(lists, len(counts)),
        "novelty (bits)": _mean(beyond.novelty(lists, counts)),
        "share of cold items": _mean((counts[lists[lists >= 0]] == 0).astype(np.float64)),
    }
    if not np.isnan(before).all():
        found["popularity lift"] = beyond.popularity_lift(lists, counts, before)
    if by.vectors is not None:
        found[DIVERSITY] = _mean(beyond.intra_list_diversity(lists, by.vectors))
    if by.obvious is not None:
        hits = hits_from_ranks(results.ranks, lists.shape[1])
        found["serendipity"] = _mean(beyond.serendipity(lists, hits, by.obvious))
    if by.attributes is not None:
        found[MISCALIBRATION] = _mean(beyond.calibration(lists, histories, by.attributes))
    return found


def figures_in_parts(
    results: CaseResults, cases: Cases, by: Yardsticks, parts: Groups
) -> dict[str, dict[str, float]]:
    """:func:`list_figures` of several parts of the cases, by name; an empty part is left out."""
    found = {}
    for name, mask in parts.items():
        if mask.any():
            obvious = None if by.obvious is None else by.obvious[mask]
            found[name] = list_figures(results.take(mask), cases.take(mask), replace(by, obvious=obvious))
    return found


def _mean(values: NDArray[np.float64]) -> float:
    """The mean of what is known; NaN when nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # "mean of empty slice" is an answer here
        return float(np.nanmean(values)) if len(values) else float("nan")
