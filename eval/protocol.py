"""Ask a system every case and keep where the target landed.

The system is a function from cases to scores over the whole catalogue; nothing else of it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ModelError
from ..base.progress import bar
from ..corpus.interactions import Cases
from .ranking import Candidates, Scores, Seen, rank
from .results import CaseResults

BATCH = 512  # most cases scored at a time ...
ELEMENTS = 1 << 25  # ... and most scores, 128 MiB; memory holds a few such arrays
ScoreFn = Callable[[Cases], NDArray[np.float32]]  # cases -> [b, n_items], higher is better


def evaluate(
    score_fn: ScoreFn,
    cases: Cases,
    *,
    counts: NDArray[np.integer],
    name: str = "system",
    released: NDArray[np.float64] | None = None,
    tie_hashes: NDArray[np.uint64] | None = None,
    ks: Sequence[int] = (10,),
) -> CaseResults:
    """Rank each case's target among the whole catalogue but for its history: a target already seen is a miss.

    Parameters
    ----------
    score_fn
        Scores for a slice of the cases, float32 [b, n_items]; -inf takes an item out.
    counts
        int [n_items]: training interactions of each row; decides what is warm, cold and which bin.
    released
        float64 [n_items]: rows released after a case's time are no candidates
        (:func:`firstlight.corpus.split.release_times`). None lets everything compete.
    tie_hashes
        uint64 [n_items], ``key_hashes(catalogue.keys)``: who wins among equal scores. None is
        pessimistic: the target comes last among its equals.
    ks
        The cutoffs of the metrics; as many rows are kept for each case as the largest of them.

    Raises
    ------
    ModelError
        If `score_fn` returns another shape, or a NaN.
    """
    ranks = np.empty(len(cases))
    lists = np.empty((len(cases), max(ks)), dtype=np.int32)
    with bar(len(cases), name, unit="case") as progress:
        step = max(1, min(BATCH, ELEMENTS // len(counts)))
        for start in range(0, len(cases), step):
            part = cases.take(np.arange(start, min(start + step, len(cases))))
            scores = _scores(score_fn, part, len(counts))
            seen = Seen(part.history_rows, part.offsets)
            competing = Candidates(seen, _released(part, released), tie_hashes)
            outcome = rank(scores, part.targets, competing, k=max(ks))
            ranks[start : start + len(part)], lists[start : start + len(part)] = outcome
            progress.update(len(part))
    people = np.unique(np.array(cases.user_keys, dtype=object), return_inverse=True)[1]
    return CaseResults(
        name, ranks, lists, people, counts[cases.targets].astype(np.int64), cases.lengths, tuple(ks)
    )


def _scores(score_fn: ScoreFn, cases: Cases, n_items: int) -> Scores:
    scores = np.asarray(score_fn(cases))
    if scores.shape != (len(cases), n_items):
        raise ModelError(
            f"scores of shape {scores.shape}",
            where="the score function's answer",
            expected=f"({len(cases)}, {n_items}): a row for each case, a column for each item",
        )
    return scores


def _released(cases: Cases, released: NDArray[np.float64] | None) -> NDArray[np.bool_] | None:
    """What was out at the time of each case, bool [b, n_items]; an unknown time lets everything compete."""
    return None if released is None else ~(released > cases.times[:, None])
