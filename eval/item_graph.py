"""Item-item transitions: who follows whom, two steps of it, and its smoothing over content."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from ..corpus.interactions import Interactions
from .baselines import Sparse, Vectors, profile_weights, unit_rows
from .protocol import ScoreFn

ELEMENTS = 1 << 22  # items compared at a time, times those they are compared with
ENTRIES = 1 << 20  # pairs counted at a time: as fast as any, and in little memory


def transition_graph(
    train: Interactions,
    n_items: int,
    *,
    steps: int = 10,
    backward: float = 0.5,
    sender: float = -0.5,
    receiver: float = -0.3,
    keep: int | None = None,
) -> Sparse:
    """Who follows whom, [n_items, n_items]: A[i, j] grows by gap^-0.5 within `steps`, half of it backward.

    Both ends are then discounted for popularity: D_row^sender A D_col^receiver with D the sums of A. With
    `keep` only each row's strongest so many are left. A block of rows is counted at a time, so that the
    memory needed grows with what is left.
    """
    sent, received = _sums(train, n_items, steps, backward)
    outward, inward = _power(sent, sender), _power(received, receiver)
    order, ends = np.argsort(train.rows, kind="stable"), np.cumsum(train.counts(n_items))
    blocks = [sparse.csr_matrix((0, n_items), dtype=np.float32)]
    for first, last in _blocks(ends, max(1, ENTRIES // (2 * steps))):
        places = order[ends[first - 1] if first else 0 : ends[last - 1]]
        senders, receivers, weights = _counted(train, places, steps, backward)
        pairs = (senders - first, receivers)
        counted = sparse.csr_matrix((weights, pairs), shape=(last - first, n_items))  # equal pairs are summed
        weighed = sparse.diags(outward[first:last]) @ counted @ sparse.diags(inward)
        blocks.append(weighed.tocsr() if keep is None else strongest(weighed.tocsr(), keep))
    return sparse.vstack(blocks, format="csr", dtype=np.float32)


def _sums(
    train: Interactions, n_items: int, steps: int, backward: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each row of A sums to, and each column, [n_items] each."""
    ahead, behind = np.zeros(n_items), np.zeros(n_items)
    everything = np.arange(len(train))
    for gap in range(1, steps + 1):
        earlier, later = _pairs(train, everything, gap)
        ahead += gap**-0.5 * np.bincount(earlier, minlength=n_items)
        behind += gap**-0.5 * np.bincount(later, minlength=n_items)
    return ahead + backward * behind, behind + backward * ahead


def _blocks(ends: NDArray[np.int64], most: int) -> list[tuple[int, int]]:
    """Stretches of rows with about `most` interactions each: the first row, and the one behind the last.

    `ends` counts the interactions up to and with each row.
    """
    total = int(ends[-1]) if len(ends) else 0
    cuts = np.searchsorted(ends, np.arange(most, total, most)) + 1
    edges = np.unique(np.concatenate([[0], cuts, [len(ends)]])).tolist()
    return list(pairwise(edges))


def _counted(
    train: Interactions, places: NDArray[np.int64], steps: int, backward: float
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """What the interactions at some places add to A: row, column and weight of each pair."""
    gaps = [gap for gap in range(-steps, steps + 1) if gap > 0 or (gap and backward)]
    ends = [_pairs(train, places, gap) for gap in gaps]
    weights = [abs(gap) ** -0.5 * (1.0 if gap > 0 else backward) for gap in gaps]
    senders, receivers = (np.concatenate(one) for one in zip(*ends, strict=True))
    return senders, receivers, np.repeat(weights, [len(one) for one, _ in ends])


def _pairs(
    train: Interactions, places: NDArray[np.int64], gap: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The rows at some places of the log, and those `gap` behind them in the same sentence."""
    others = places + gap
    inside = (others >= 0) & (others < len(train))
    places, others = places[inside], others[inside]
    same = train.users[places] == train.users[others]
    return train.rows[places[same]], train.rows[others[same]]


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


def nearest(
    alike: Callable[[NDArray[np.int64]], Vectors], n_items: int, count: int, first: int = 0
) -> Sparse:
    """[n - first, n]: the rows from `first` on, each weighing its `count` nearest others by squared likeness.

    A row sums to 1, or to 0 where nothing is like it.

    `alike` says how like some rows are to all, float32 [len(rows), n_items]; it is written over.
    """
    count = min(count, n_items - 1)
    near = np.empty((n_items - first, count), dtype=np.int32)
    weights = np.empty((n_items - first, count), dtype=np.float32)
    step = max(1, ELEMENTS // n_items)
    for start in range(first, n_items, step):
        rows = np.arange(start, min(start + step, n_items))
        found = alike(rows)
        found[rows - start, rows] = -np.inf
        best = torch.topk(torch.from_numpy(found), count, dim=1, sorted=False)  # 5 to 25 times NumPy's speed
        near[rows - first] = best.indices.numpy()
        weights[rows - first] = np.maximum(best.values.numpy(), 0) ** 2
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    offsets = np.arange(len(near) + 1) * count
    return sparse.csr_matrix((weights.ravel(), near.ravel(), offsets), shape=(len(near), n_items))


def _power(sums: NDArray[np.float64], exponent: float) -> NDArray[np.float32]:
    """sums^exponent, 0 where the sum is 0."""
    return np.where(sums > 0, np.maximum(sums, 1e-12) ** exponent, 0).astype(np.float32)


def strongest(matrix: Sparse, keep: int) -> Sparse:
    """Each row's `keep` largest entries."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    place = np.arange(matrix.nnz) - matrix.indptr[:-1][rows]  # `rows` is sorted before and after
    kept = order[place < keep]
    return sparse.csr_matrix((matrix.data[kept], (rows[kept], matrix.indices[kept])), shape=matrix.shape)
