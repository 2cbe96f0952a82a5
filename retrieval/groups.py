"""Rows that share one vector, such as all items of which nothing is known.

A graph of thousands of equal vectors is cut to pieces: each of them links to its equals alone. So an index
holds each vector once, and what it finds stands for a group of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Groups:
    """The rows of each distinct vector; a group is numbered by its place among the first rows.

    Attributes
    ----------
    first
        int64 [m]: the first row of each group, ascending.
    of_row
        int64 [n]: the group of each row.
    members
        int64 [n]: all rows by group, and within a group in the order of a tie.
    starts
        int64 [m + 1]: where each group begins in `members`.
    """

    first: NDArray[np.int64]
    of_row: NDArray[np.int64]
    members: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, vectors: NDArray[np.float32], hashes: NDArray[np.uint64]) -> Groups:
        """Group contiguous float32 [n, d] by their bytes; `hashes` uint64 [n] decide ties."""
        whole = vectors.view(np.dtype((np.void, vectors.shape[1] * vectors.itemsize))).reshape(-1)
        _, first, group = np.unique(whole, return_index=True, return_inverse=True)
        order = np.argsort(first)
        number = np.empty_like(order)
        number[order] = np.arange(len(order))
        of_row = number[group]
        members = np.lexsort((hashes, of_row))  # stable: equal hashes stay in row order
        starts = np.searchsorted(of_row[members], np.arange(len(first) + 1))
        return cls(first[order], of_row, members, starts)

    def __len__(self) -> int:
        return len(self.first)

    def open(self, allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which groups have an allowed row, bool [m]."""
        mask = np.zeros(len(self), dtype=np.bool_)
        mask[self.of_row[allowed]] = True
        return mask

    def rows(
        self, found: NDArray[np.integer], k: int, allowed: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        """The allowed rows of the `found` groups, of each the `k` that a tie puts first; -1 is skipped."""
        parts = [np.zeros(0, dtype=np.int64)]
        for group in found[found >= 0].tolist():
            rows = self.members[self.starts[group] : self.starts[group + 1]]
            parts.append((rows if allowed is None else rows[allowed[rows]])[:k])
        return np.concatenate(parts)
