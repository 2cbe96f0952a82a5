"""Ask a system every case and keep where the target landed.

The system is a function from cases to scores over the whole catalogue; nothing else of it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ModelError
from ..base.progress import bar
from ..corpus.interactions import Cases
from .ranking import Candidates, Scores, Seen, rank
from .results import CaseResults

ELEMENTS = 1 << 25  # scores of a batch: 128 MiB
ScoreFn = Callable[[Cases], NDArray[np.float32]]  # cases -> [b, n_items], higher is better


def evaluate(
    score_fn: ScoreFn,
    cases: Cases,
    *,
    counts: NDArray[np.integer],
    name: str = "system",
    filter_seen: bool = True,
    released: NDArray[np.float64] | None = None,
    tie_hashes: NDArray[np.uint64] | None = None,
    ks: Sequence[int] = (10,),
    list_length: int | None = None,
    sampled: int = 0,
    seed: int = 0,
    batch: int = 512,
) -> CaseResults:
    """Rank each case's target among the whole catalogue.

    Parameters
    ----------
    score_fn
        Scores for a slice of the cases, float32 [b, n_items]; -inf takes an item out.
    counts
        int [n_items]: training interactions of each row; decides what is warm, cold and which bin.
    filter_seen
        Whether items of the history are out of the list. A target already seen is then a miss.
    released
        float64 [n_items]: rows released after a case's time are no candidates
        (:func:`firstlight.corpus.split.release_times`). None lets everything compete.
    tie_hashes
        uint64 [n_items], ``key_hashes(catalogue.keys)``: who wins among equal scores. None is
        pessimistic: the target comes last among its equals.
    list_length
        How many shown rows to keep for each case; the largest of `ks` unless given.
    sampled
        Rank among this many uniformly drawn rows instead of the whole catalogue. Such figures depend
        on the draw and can reverse orders (Krichene & Rendle, KDD 2020), so every one is named
        "sampled".
    batch
        Most cases scored at a time; fewer where batch x n_items would be beyond `ELEMENTS`. Memory holds a
        few such arrays.

    Raises
    ------
    ModelError
        If `score_fn` returns another shape, or a NaN.
    """
    rng = np.random.default_rng(seed)
    draw = partial(_draw, rng, len(counts), sampled) if sampled else None
    keep = list_length or max(ks)
    ranks = np.empty(len(cases))
    lists = np.empty((len(cases), keep), dtype=np.int32)
    with bar(len(cases), name, unit="case") as progress:
        step = max(1, min(batch, ELEMENTS // len(counts)))
        for start in range(0, len(cases), step):
            part = cases.take(np.arange(start, min(start + step, len(cases))))
            scores = _scores(score_fn, part, len(counts))
            allowed = _allowed(part, released, draw)
            seen = Seen(part.history_rows, part.offsets) if filter_seen else None
            outcome = rank(scores, part.targets, Candidates(seen, allowed, tie_hashes), k=keep)
            ranks[start : start + len(part)], lists[start : start + len(part)] = outcome
            progress.update(len(part))
    people = np.unique(np.array(cases.user_keys, dtype=object), return_inverse=True)[1]
    return CaseResults(
        name, ranks, lists, people, counts[cases.targets].astype(np.int64), cases.lengths, tuple(ks), sampled
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


def _allowed(
    cases: Cases, released: NDArray[np.float64] | None, draw: Callable[[Cases], NDArray[np.bool_]] | None
) -> NDArray[np.bool_] | None:
    """Who competes in each case, bool [b, n_items]; None when everyone does. Unknown times allow all."""
    if released is None:
        return draw(cases) if draw else None
    there = ~(released > cases.times[:, None])
    return there & draw(cases) if draw else there


def _draw(rng: np.random.Generator, n_items: int, sampled: int, cases: Cases) -> NDArray[np.bool_]:
    """The target and `sampled` other rows, outside the history, drawn uniformly for each case."""
    drawn = np.zeros((len(cases), n_items), dtype=bool)
    for case in range(len(cases)):
        others = np.setdiff1d(
            np.arange(n_items), np.append(cases.history(case), cases.targets[case]), assume_unique=False
        )
        drawn[case, rng.permutation(others)[:sampled]] = True
    drawn[np.arange(len(cases)), cases.targets] = True
    return drawn
