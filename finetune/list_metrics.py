"""How good the orders of lists with one right answer each are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..eval.metrics import ndcg_of_ranks

CUTOFF = 10


def list_metrics(scores: Sequence[np.ndarray], positives: Sequence[int]) -> dict[str, float]:
    """Mean NDCG@10 and hit rate@10 of lists with one right answer each; ties count against it."""
    ranks = _ranks(scores, positives)
    return {
        "ndcg@10": float(ndcg_of_ranks(ranks, CUTOFF).mean()),
        "hit_rate@10": float((ranks <= CUTOFF).mean()),
    }


def list_ndcg(scores: Sequence[np.ndarray], positives: Sequence[int]) -> np.ndarray:
    """NDCG@10 of each list, float64 [lists]."""
    return ndcg_of_ranks(_ranks(scores, positives), CUTOFF)


def _ranks(scores: Sequence[np.ndarray], positives: Sequence[int]) -> np.ndarray:
    """Where each right answer stands, 1 is first."""
    lists = zip(scores, positives, strict=True)
    return np.array([(one >= one[positive]).sum() for one, positive in lists], float)
