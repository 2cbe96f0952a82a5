"""The last word on order: scores that do not depend on who computed them, and ties by key hash.

A float32 product depends on the library, the batch and the place of a row in its block, so equal
vectors can get unequal scores. Every retriever therefore only *shortlists* with such products, wide
enough that no rounding can hide a winner, and settles the shortlist here: products summed in float64
in one fixed order, rounded once to float32. Batch equals single, and FAISS equals NumPy, to the bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ModelError
from .contract import Hits

_PIECE = 1 << 16  # rows scored at a time, so that a catalogue-wide tie stays within memory


def empty_hits(n_queries: int, k: int) -> Hits:
    """Hits [n_queries, k] in which nothing was found yet."""
    return Hits(
        np.full((n_queries, k), -np.inf, dtype=np.float32), np.full((n_queries, k), -1, dtype=np.int64)
    )


def settle(
    hits: Hits,
    place: int,
    query: NDArray[np.float32],
    candidates: NDArray[np.integer],
    vectors: NDArray[np.float32],
    hashes: NDArray[np.uint64],
) -> None:
    """Write the best of `candidates` (distinct rows) into ``hits[place]``, best first, ties by hash."""
    scores = exact_scores(query, vectors, candidates)
    order = np.lexsort((candidates, hashes[candidates], -scores))[: hits.rows.shape[1]]
    hits.scores[place, : len(order)] = scores[order]
    hits.rows[place, : len(order)] = candidates[order]


def exact_scores(
    query: NDArray[np.float32], vectors: NDArray[np.float32], rows: NDArray[np.integer]
) -> NDArray[np.float32]:
    """The inner product of query [d] with each of ``vectors[rows]``, float32 [len(rows)].

    A product of two float32 numbers is exact in float64; NumPy sums along a contiguous axis pairwise,
    in an order that depends on d alone.
    """
    wide = query.astype(np.float64)
    out = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), _PIECE):
        piece = vectors[rows[start : start + _PIECE]].astype(np.float64)
        piece *= wide
        out[start : start + _PIECE] = piece.sum(axis=1)
    return out


def slack(
    queries: NDArray[np.float32], longest: float, *, input_rounding: float = 0.0
) -> NDArray[np.float32]:
    """How far below the k-th shortlist score a true winner can lie, float32 [b].

    Twice the error bound of a float32 inner product in any order of summation, ``d u |q| |v|``
    (Higham, Accuracy and Stability of Numerical Algorithms, eq. 3.5), plus the rounding of the settled
    scores and of numbers too small for float32. `longest` is the largest norm of a vector;
    `input_rounding` is the relative error of hardware that shortens its inputs (TF32, bfloat16).
    """
    width = queries.shape[1] + 2
    relative = width * 2.0**-23 + 4 * input_rounding
    norms = np.linalg.norm(queries.astype(np.float64), axis=1)
    bound = relative * norms * longest + width * 2.0**-124
    if not np.all(norms * longest < np.finfo(np.float32).max):
        raise ModelError(
            "inner products overflow float32", where="search", fix="scale the vectors or the queries down"
        )
    return bound.astype(np.float32)


def checked_vectors(
    vectors: NDArray[np.floating], hashes: NDArray[np.uint64]
) -> tuple[NDArray[np.float32], float]:
    """The vectors as contiguous float32 [n, d] and their largest norm.

    Raises
    ------
    ModelError
        For another shape, a number that is not finite, or another count of hashes.
    """
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(hashes):
        raise ModelError(
            f"vectors of shape {vectors.shape} with {len(hashes)} hashes",
            where="the retriever",
            expected="vectors [n, d] and one hash for each",
        )
    squares = np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64)
    if not np.isfinite(squares).all():
        row = int(np.flatnonzero(~np.isfinite(squares))[0])
        raise ModelError("a vector that is not finite", where=f"row {row}", expected="finite numbers")
    return vectors, float(np.sqrt(squares.max(initial=0.0)))


def checked_search(
    queries: NDArray[np.floating], k: int, allowed: NDArray[np.bool_] | None, n: int, dim: int
) -> NDArray[np.float32]:
    """The queries as contiguous float32 [b, dim], once all three arguments fit the index.

    Raises
    ------
    ModelError
        For a wrong shape or type, k below 1, or a number that is not finite.
    """
    queries = np.ascontiguousarray(queries, dtype=np.float32)
    if queries.ndim != 2 or queries.shape[1] != dim:
        raise ModelError(f"queries of shape {queries.shape}", where="search", expected=f"[b, {dim}]")
    if k < 1:
        raise ModelError(f"k = {k}", where="search", expected="at least 1")
    if not np.isfinite(queries).all():
        raise ModelError("a query that is not finite", where="search", expected="finite numbers")
    shapes = ((n,), (len(queries), n))
    if allowed is not None and (allowed.dtype != np.bool_ or allowed.shape not in shapes):
        raise ModelError(
            f"allowed is {allowed.dtype} {allowed.shape}",
            where="search",
            expected=f"bool [{n}] or [{len(queries)}, {n}]",
        )
    return queries
