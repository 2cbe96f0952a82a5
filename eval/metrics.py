"""Accuracy of ranked lists, one value for each case.

Every metric reads a hit matrix: bool [n, K], whether the item at place j of list i answers the
question, and `n_relevant` [n], how many right answers there are. With one target a case (next-item
prediction) `hits_from_ranks` makes the matrix from ranks; for anyone's lists, `hits_of_lists` does.
A case without a right answer scores 0. The mean over cases is the figure usually printed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..base.errors import DataError

Hits = NDArray[np.bool_]
Values = NDArray[np.float64]


def hits_from_ranks(ranks: NDArray[np.float64], k: int) -> Hits:
    """The hit matrix [n, k] of cases with one target each, from the target's rank (1 is best)."""
    return np.asarray(ranks)[:, None] == np.arange(1, k + 1)


def hits_of_lists(
    lists: Sequence[Sequence[Hashable]], truth: Sequence[Collection[Hashable]], k: int
) -> tuple[Hits, NDArray[np.int64]]:
    """The hit matrix [n, k] and the number of right answers [n], from lists of any keys, best first.

    An item that stands twice in a list can hit only once, at its first place.

    Raises
    ------
    DataError
        If there are not as many truths as lists, or a truth is one text instead of a collection.
    """
    if (text := next((one for one in truth if isinstance(one, str)), None)) is not None:
        raise DataError(
            f'"{text}" alone', where="the truth of a list", expected="a collection of right answers"
        )
    if len(lists) != len(truth):
        raise DataError(
            f"{len(lists)} lists and {len(truth)} truths",
            where="hits_of_lists",
            expected="one truth for each list, in the same order",
        )
    hits = np.zeros((len(lists), k), dtype=bool)
    for case, (ranked, right) in enumerate(zip(lists, truth, strict=True)):
        left = set(right)
        for place, item in enumerate(ranked[:k]):
            if item in left:
                left.remove(item)
                hits[case, place] = True
    return hits, np.array([len(set(right)) for right in truth], dtype=np.int64)


def hit_rate(hits: Hits, n_relevant: NDArray[np.integer], k: int) -> Values:
    """HR@k: 1 when any right answer is among the first k, else 0."""
    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


def recall(hits: Hits, n_relevant: NDArray[np.integer], k: int) -> Values:
    """Recall@k = hits among the first k / n_relevant. Equals HR@k when there is one right answer."""
    return np.asarray(hits[:, :k].sum(axis=1) / np.maximum(n_relevant, 1))


def precision(hits: Hits, n_relevant: NDArray[np.integer], k: int) -> Values:
    """P@k = hits among the first k / k; a list shorter than k is not excused (trec_eval)."""
    return hits[:, :k].sum(axis=1) / k


def ndcg(hits: Hits, n_relevant: NDArray[np.integer], k: int) -> Values:
    """NDCG@k = DCG@k / ideal DCG@k with DCG@k = sum over places j <= k of hit_j / log2(1 + j).

    The ideal list begins with min(k, n_relevant) hits. With one right answer at place r this is
    1 / log2(1 + r). Source: Jarvelin & Kekalainen, "Cumulated Gain-Based Evaluation of IR
    Techniques" (TOIS 2002), with the logarithm of Burges et al. (2005); the gain is binary.
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))  # [k]
    ideal = np.concatenate([[1.0], np.cumsum(discounts)])  # an empty truth divides 0 by 1
    return hits[:, :k] @ discounts[: hits.shape[1]] / ideal[np.minimum(n_relevant, k)]


def average_precision(hits: Hits, n_relevant: NDArray[np.integer], k: int) -> Values:
    """AP@k = sum over hits at places j <= k of P@j, divided by n_relevant; its mean is MAP@k.

    Source: trec_eval's ``map_cut``; Buckley & Voorhees, "Evaluating Evaluation Measure Stability"
    (SIGIR 2000). Some libraries divide by the number of hits, which rewards finding fewer.
    """
    cut = hits[:, :k]
    places = np.arange(1, cut.shape[1] + 1)
    return (cut * np.cumsum(cut, axis=1) / places).sum(axis=1) / np.maximum(n_relevant, 1)


def reciprocal_rank(hits: Hits, n_relevant: NDArray[np.integer], k: int) -> Values:
    """RR@k = 1 / place of the first hit among the first k, else 0; its mean is MRR@k.

    Source: Voorhees, "The TREC-8 Question Answering Track Report" (1999).
    """
    cut = hits[:, :k]
    return np.where(cut.any(axis=1), 1 / (1 + cut.argmax(axis=1)), 0.0)


METRICS: Mapping[str, Callable[[Hits, NDArray[np.integer], int], Values]] = {
    "HR": hit_rate,
    "Recall": recall,
    "Precision": precision,
    "NDCG": ndcg,
    "MAP": average_precision,
    "MRR": reciprocal_rank,
}


def per_case(
    hits: Hits,
    n_relevant: NDArray[np.integer],
    ks: Sequence[int],
    names: Sequence[str] = tuple(METRICS),
) -> dict[str, Values]:
    """Every named metric at every k, as ``{"NDCG@10": values [n]}``."""
    return {f"{name}@{k}": METRICS[name](hits, n_relevant, k) for name in names for k in ks}


def ndcg_of_ranks(ranks: NDArray[np.number], k: int = 10) -> Values:
    """NDCG@k of cases with one target each, from its rank (1 is best, inf was not found), float64 [n]."""
    return np.where(ranks <= k, 1 / np.log2(ranks + 1), 0.0)


def mean_of(values: Values) -> float:
    """The mean over cases; 0 without any."""
    return float(values.mean()) if len(values) else 0.0


def harmonic_mean(one: float | Values, other: float | Values) -> Values:
    """Harmonic mean of two figures, or of arrays of them; 0 where both are 0."""
    total = np.asarray(one) + other
    return np.asarray(2 * one * np.asarray(other) / np.where(total > 0, total, 1.0))
