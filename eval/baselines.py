"""The systems every report stands beside, each a few lines on numpy and scipy.

Each function learns from training interactions and returns a score function over cases.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..base.errors import DataError
from ..corpus.interactions import Cases, Interactions
from .protocol import ScoreFn

Vectors = NDArray[np.float32]
Sparse = Any  # a scipy matrix; scipy has no types of its own
ROWS_PER_DIRECTION = 4  # fewer would whiten noise
WINDOW, FADING = 10, 0.7  # how a profile weighs the history: the last ten items, 0.7^age


def popularity(counts: NDArray[np.integer]) -> ScoreFn:
    """Everyone gets what was touched most in training; `counts` is int [n_items]."""
    return _same_for_all(counts.astype(np.float32))


def recent_popularity(train: Interactions, n_items: int, *, half_life_days: float = 30) -> ScoreFn:
    """Popularity in which an interaction counts half as much for every half life before training's end.

    Raises
    ------
    DataError
        If the log has positions instead of times.

    Source: Ji et al., "A Re-visit of the Popularity Baseline in Recommender Systems" (SIGIR 2020).
    """
    if train.clock != "timestamp" or not len(train):
        raise DataError("no times to tell what is recent", where="the log", expected='a column "timestamp"')
    age_days = (train.times.max() - train.times) / 86_400
    weights = 0.5 ** (age_days / half_life_days)
    return _same_for_all(np.bincount(train.rows, weights, minlength=n_items).astype(np.float32))


def content_neighbors(vectors: Vectors) -> ScoreFn:
    """Cosine between the profile (last ten items, weight 0.7^age) and every item; [n_items, d].

    Give :func:`whitened` vectors: raw text vectors share a common direction that drowns the rest.
    An all-zero row has no content and scores 0, as does every item for an empty history.
    """
    unit = unit_rows(vectors)

    def score(cases: Cases) -> NDArray[np.float32]:
        profiles = profile_weights(cases, len(unit)) @ unit
        return unit_rows(profiles) @ unit.T

    return score


def whitened(vectors: Vectors, fit_rows: NDArray[np.integer] | NDArray[np.bool_]) -> Vectors:
    """Rotate and scale by PCA so that `fit_rows` have unit variance in every direction; [n_items, d].

    The statistics come from `fit_rows` only (items with an interaction in training), the map is
    applied to all. A direction is kept for each four of these rows at most, the strongest first: what
    fewer rows say about more directions is noise.

    Source: Su et al., "Whitening Sentence Representations" (2021); Zhang et al., "Are ID
    Embeddings Necessary? Whitening Pre-trained Text Embeddings" (WhitenRec, ICDE 2024).
    """
    sample = vectors[fit_rows].astype(np.float64)
    mean = sample.mean(axis=0)
    values, axes = np.linalg.eigh(np.cov(sample - mean, rowvar=False))
    strong = values > 1e-9 * values[-1]  # directions without variance would only amplify rounding
    strong[: -max(1, len(sample) // ROWS_PER_DIRECTION)] = False  # `values` ascend
    return ((vectors - mean) @ (axes[:, strong] / np.sqrt(values[strong]))).astype(np.float32)


def profile_weights(cases: Cases, n_items: int) -> Sparse:
    """What each case's history weighs, [b, n_items]: 0.7^age for its last ten items, repeats added."""
    ages = np.repeat(cases.offsets[1:], cases.lengths) - 1 - np.arange(len(cases.history_rows))
    recent = ages < WINDOW
    people = np.repeat(np.arange(len(cases)), cases.lengths)[recent]
    weights = (FADING ** ages[recent]).astype(np.float32)
    places = (people, cases.history_rows[recent])
    return sparse.csr_matrix((weights, places), shape=(len(cases), n_items))


def ensemble(voters: Sequence[tuple[float, ScoreFn]]) -> ScoreFn:
    """The weighted sum of several systems, each case's scores standardized first (mean 0, variance 1).

    Source: ID-text ensembling (arXiv 2512.17820), the baseline a joint model must beat.
    """

    def score(cases: Cases) -> NDArray[np.float32]:
        weighted = (np.float32(weight) * _standardized(voter(cases)) for weight, voter in voters)
        return functools.reduce(np.add, weighted)

    return score


def unit_rows(vectors: Vectors) -> Vectors:
    """Rows scaled to length one; all-zero rows stay zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)


def _standardized(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = scores.std(axis=1, keepdims=True)
    return ((scores - scores.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)).astype(
        np.float32
    )


def _same_for_all(scores: NDArray[np.float32]) -> ScoreFn:
    return lambda cases: np.broadcast_to(scores, (len(cases), len(scores)))
