"""The figures beyond accuracy that every report shows for a system."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..corpus.interactions import Cases
from . import beyond_accuracy as beyond
from .results import CaseResults

DIVERSITY = "diversity in a list"


def list_figures(
    results: CaseResults,
    cases: Cases,
    counts: NDArray[np.integer],
    vectors: NDArray[np.floating] | None = None,
) -> dict[str, float]:
    """Breadth, variety and popularity of one system's lists, by name.

    Parameters
    ----------
    results, cases
        What was shown, and to which histories.
    counts
        int [n_items], training interactions.
    vectors
        [n_items, d], any embedding in which distance means difference; None leaves diversity out.
    """
    lists, histories = results.lists, (cases.history_rows, cases.offsets)
    before = beyond.mean_of_histories(histories, counts.astype(np.float64))
    found = {
        "coverage": beyond.coverage(lists, len(counts)),
        "Gini of exposure": beyond.gini(lists, len(counts)),
        "novelty (bits)": float(np.nanmean(beyond.novelty(lists, counts))),
        "share of cold items": float(np.mean(counts[lists[lists >= 0]] == 0)),
    }
    if not np.isnan(before).all():
        found["popularity lift"] = beyond.popularity_lift(lists, counts, before)
    if vectors is not None:
        found[DIVERSITY] = float(np.nanmean(beyond.intra_list_diversity(lists, vectors)))
    return found
