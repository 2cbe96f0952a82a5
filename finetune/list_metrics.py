"""How good the orders of lists with one right answer each are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..eval.metrics import hit_rate, hits_from_ranks, ndcg

CUTOFF = 10


def list_metrics(scores: Sequence[np.ndarray], positives: Sequence[int]) -> dict[str, float]:
    """Mean NDCG@10 and hit rate@10 of lists with one right answer each; ties count against it."""
    hits, ones = _hits(scores, positives)
    return {
        "ndcg@10": float(ndcg(hits, ones, CUTOFF).mean()),
        "hit_rate@10": float(hit_rate(hits, ones, CUTOFF).mean()),
    }


def list_ndcg(scores: Sequence[np.ndarray], positives: Sequence[int]) -> np.ndarray:
    """NDCG@10 of each list, float64 [lists]."""
    hits, ones = _hits(scores, positives)
    return ndcg(hits, ones, CUTOFF)


def _hits(scores: Sequence[np.ndarray], positives: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Where each right answer stands, and how many there are: always one."""
    ranks = np.array(
        [(one >= one[positive]).sum() for one, positive in zip(scores, positives, strict=True)], float
    )
    return hits_from_ranks(ranks, CUTOFF), np.ones(len(ranks), np.int64)
