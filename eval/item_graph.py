"""Item-item transitions: who follows whom, two steps of it, and its smoothing over content."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..corpus.interactions import Interactions
from .baselines import Sparse, Vectors, profile_weights, unit_rows
from .protocol import ScoreFn

BLOCK = 512  # items compared with all at a time


def transition_graph(
    train: Interactions,
    n_items: int,
    *,
    steps: int = 10,
    backward: float = 0.5,
    sender: float = -0.5,
    receiver: float = -0.3,
) -> Sparse:
    """Who follows whom, [n_items, n_items]: A[i, j] grows by gap^-0.5 within `steps`, half of it backward.

    Both ends are then discounted for popularity: D_row^sender A D_col^receiver with D the sums of A.
    """
    graph: Sparse = sparse.csr_matrix((n_items, n_items), dtype=np.float32)
    for gap in range(1, steps + 1):
        near = train.users[:-gap] == train.users[gap:]
        ends = (train.rows[:-gap][near], train.rows[gap:][near])
        weights = np.full(len(ends[0]), gap**-0.5, dtype=np.float32)
        forward = sparse.csr_matrix((weights, ends), shape=graph.shape)
        graph = graph + forward + backward * forward.T
    rows, columns = (np.asarray(graph.sum(axis=axis)).ravel() for axis in (1, 0))
    return (sparse.diags(_power(rows, sender)) @ graph @ sparse.diags(_power(columns, receiver))).tocsr()


def transitions(graph: Sparse) -> ScoreFn:
    """The profile (last ten items, 0.7^age) walks one step in a :func:`transition_graph`."""
    return lambda cases: (profile_weights(cases, graph.shape[0]) @ graph).toarray()


def second_order(graph: Sparse, *, keep: int = 30) -> Sparse:
    """Two steps in the graph, each row's strongest `keep` entries; reaches items never seen together."""
    strong = strongest(graph, keep)
    return strongest((strong @ strong).tocsr(), keep)


def seen_through_content(system: ScoreFn, vectors: Vectors, *, neighbors: int = 20) -> ScoreFn:
    """Any system, with each item's score replaced by the mean over its look-alikes' scores.

    So a never-seen item inherits what its nearest items in content earn. The mean is weighted by the
    squared cosine (negative ones count 0) over the `neighbors` nearest items, the item itself left out.
    """
    unit = unit_rows(vectors)
    average = nearest(lambda rows: unit[rows] @ unit.T, len(unit), neighbors)
    return lambda cases: (average @ system(cases).T).T  # [n, n] sparse times [n, b]


def nearest(alike: Callable[[NDArray[np.int64]], Vectors], n_items: int, count: int) -> Sparse:
    """[n, n]: each row weighs its `count` nearest others by squared likeness; it sums to 1, or 0 without any.

    `alike` says how like some rows are to all, float32 [len(rows), n_items]; it is written over.
    """
    count = min(count, n_items - 1)
    near = np.empty((n_items, count), dtype=np.int64)
    weights = np.empty((n_items, count), dtype=np.float32)
    for start in range(0, n_items, BLOCK):
        rows = np.arange(start, min(start + BLOCK, n_items))
        found = alike(rows)
        found[rows - start, rows] = -np.inf
        near[rows] = np.argpartition(-found, count - 1, axis=1)[:, :count]
        weights[rows] = np.maximum(np.take_along_axis(found, near[rows], axis=1), 0) ** 2
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    offsets = np.arange(n_items + 1) * count
    return sparse.csr_matrix((weights.ravel(), near.ravel(), offsets), shape=(n_items, n_items))


def _power(sums: NDArray[np.float32], exponent: float) -> NDArray[np.float32]:
    """sums^exponent, 0 where the sum is 0."""
    return np.where(sums > 0, np.maximum(sums, 1e-12) ** exponent, 0).astype(np.float32)


def strongest(matrix: Sparse, keep: int) -> Sparse:
    """Each row's `keep` largest entries."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    place = np.arange(matrix.nnz) - matrix.indptr[:-1][rows]  # `rows` is sorted before and after
    kept = order[place < keep]
    return sparse.csr_matrix((matrix.data[kept], (rows[kept], matrix.indices[kept])), shape=matrix.shape)
