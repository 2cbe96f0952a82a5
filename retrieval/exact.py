"""Exact search by matrix product: the reference, and the fastest choice on a GPU or up to ~200,000 items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .contract import Hits
from .settle import checked_search, checked_vectors, empty_hits, settle, slack

if TYPE_CHECKING:
    import torch

_SCORES_AT_ONCE = 1 << 25  # float32 scores in memory: 128 MiB
_GROUPS = 64  # each row's scores are compared in this many strides before the k-th is looked for
_BFLOAT16_ROUNDING = 2.0**-9


class ExactRetriever:
    """Maximum inner product over all vectors, in NumPy or, where there is one, on a GPU.

    Parameters
    ----------
    vectors
        float32 [n, d]; not copied when already contiguous.
    hashes
        uint64 [n], :func:`~firstlight.base.hashing.key_hashes` of the keys; they decide ties.
    device
        "numpy", a torch device, or None for the GPU when there is one and NumPy when not.

    Raises
    ------
    ModelError
        If a vector is not finite or the shapes disagree.
    """

    def __init__(
        self, vectors: NDArray[np.floating], hashes: NDArray[np.uint64], *, device: str | None = None
    ) -> None:
        self.vectors, self._longest = checked_vectors(vectors, hashes)
        self.hashes = hashes
        self.device = device or ("cuda" if gpu_available() else "numpy")
        self._tensor = None if self.device == "numpy" else _to_device(self.vectors, self.device)

    def __len__(self) -> int:
        return len(self.vectors)

    def search(
        self, queries: NDArray[np.float32], k: int, *, allowed: NDArray[np.bool_] | None = None
    ) -> Hits:
        """Return the `k` best rows for queries [b, d]; `allowed` is [n] or [b, n], None allows all.

        Raises
        ------
        ModelError
            For a wrong shape, k below 1, or a query that is not finite.
        """
        n = len(self)
        queries = checked_search(queries, k, allowed, n, self.vectors.shape[1])
        hits = empty_hits(len(queries), k)
        step = max(1, _SCORES_AT_ONCE // max(n, 1))
        for start in range(0, len(queries) if n else 0, step):
            block = slice(start, start + step)
            mask = allowed[block] if allowed is not None and allowed.ndim == 2 else allowed
            for i, candidates in enumerate(self._shortlists(queries[block], min(k, n), mask)):
                settle(hits, start + i, queries[start + i], candidates, self.vectors, self.hashes)
        return hits

    def _shortlists(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None
    ) -> Iterator[NDArray[np.int64]]:
        """For each query the rows that can be among its `k` best."""
        if self._tensor is not None:
            margin = slack(queries, self._longest, input_rounding=_BFLOAT16_ROUNDING)
            return _shortlists_on_device(self._tensor, queries, k, allowed, margin)
        return _shortlists(self.vectors, queries, k, allowed, slack(queries, self._longest))


def gpu_available() -> bool:
    """Whether torch sees a GPU."""
    import torch  # noqa: PLC0415  seconds to import, so only when a retriever is built

    return torch.cuda.is_available()


def _shortlists(
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    k: int,
    allowed: NDArray[np.bool_] | None,
    margin: NDArray[np.float32],
) -> Iterator[NDArray[np.int64]]:
    scores = queries @ vectors.T
    if allowed is not None:
        np.copyto(scores, -np.inf, where=~allowed)
    floors = _kth_bound(scores, k) - margin
    for row, floor in zip(scores, floors, strict=True):
        yield np.flatnonzero(row >= floor if floor > -np.inf else row > -np.inf)


def _kth_bound(scores: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """A lower bound of the k-th largest score of each row, [b].

    The k-th largest maximum of disjoint groups is one, because k groups reach it; it is close, and an
    element-wise maximum over strides is several times quicker than partitioning the whole row.
    """
    n = scores.shape[1]
    width = n // _GROUPS
    if width >= 4 * k:
        scores = scores[:, : width * _GROUPS].reshape(len(scores), _GROUPS, width).max(axis=1)
    return np.partition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k]


def _to_device(vectors: NDArray[np.float32], device: str) -> torch.Tensor:
    import torch  # noqa: PLC0415

    return torch.from_numpy(vectors).to(device)


def _shortlists_on_device(
    vectors: torch.Tensor,
    queries: NDArray[np.float32],
    k: int,
    allowed: NDArray[np.bool_] | None,
    margin: NDArray[np.float32],
) -> Iterator[NDArray[np.int64]]:
    """The same on a GPU, whose products may be rounded to TF32 or bfloat16: the wider margin covers it."""
    import torch  # noqa: PLC0415

    scores = torch.from_numpy(queries).to(vectors.device) @ vectors.T
    if allowed is not None:
        scores.masked_fill_(~torch.from_numpy(allowed).to(vectors.device), -torch.inf)
    kth = torch.topk(scores, k, dim=1).values[:, -1]
    floors = kth - torch.from_numpy(margin).to(vectors.device)
    near = (scores >= floors[:, None]) & (scores > -torch.inf)
    found = near.nonzero().cpu().numpy()
    bounds = np.searchsorted(found[:, 0], np.arange(len(queries) + 1))
    for i in range(len(queries)):
        yield found[bounds[i] : bounds[i + 1], 1]
