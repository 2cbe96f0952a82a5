"""What every encoder promises, and what it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..corpus.catalogue import Item


@dataclass(frozen=True)
class Encoded:
    """Vectors for a sequence of items.

    Attributes
    ----------
    vectors
        float32 [n, dim], unit length; zero where `present` is false.
    present
        bool [n]: whether the item had this modality and it could be read.
    failures
        {item key: reason} for items whose text or picture exists but could not be used.
    """

    vectors: NDArray[np.float32]
    present: NDArray[np.bool_]
    failures: dict[str, str] = field(default_factory=dict)


@runtime_checkable
class Encoder(Protocol):
    """Turns one modality of an item into a unit vector.

    `content` says what of the item is read: equal content means an equal vector, and the cache is
    keyed by ``digest(name, revision, content)``. None means the item lacks this modality.
    """

    name: str
    revision: str
    dim: int

    def content(self, item: Item) -> bytes | None:
        """The bytes that decide this item's vector, or None when there is nothing to encode."""
        ...

    def encode(self, items: Sequence[Item]) -> Encoded:
        """Encode items that have content; order is kept, and batch equals single up to rounding."""
        ...
