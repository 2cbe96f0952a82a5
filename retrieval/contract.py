"""What every retriever promises."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Hits(NamedTuple):
    """The best rows for each query, best first; row -1 and score -inf fill what could not be found."""

    scores: NDArray[np.float32]  # [b, k]
    rows: NDArray[np.int64]  # [b, k]


@runtime_checkable
class Retriever(Protocol):
    """Maximum inner product over the catalogue's vectors; ties go to the item with the smaller key hash."""

    def __len__(self) -> int: ...

    def search(
        self, queries: NDArray[np.float32], k: int, *, allowed: NDArray[np.bool_] | None = None
    ) -> Hits:
        """Return the `k` best rows for queries [b, d]; `allowed` is [n] or [b, n], None allows all."""
        ...
