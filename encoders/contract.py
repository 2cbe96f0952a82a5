"""What every encoder promises, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ModelError
from ..corpus.catalogue import Item

UNREADABLE = "the model returned numbers that are not finite"


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
    encoder
        "name@revision" of the encoder, or empty; vectors of different encoders do not mix.
    """

    vectors: NDArray[np.float32]
    present: NDArray[np.bool_]
    failures: Mapping[str, str] = field(default_factory=dict)
    encoder: str = ""

    @classmethod
    def scatter(
        cls,
        items: Sequence[Item],
        rows: Sequence[int],
        vectors: NDArray[np.float32],
        failures: Mapping[str, str] | None = None,
    ) -> Encoded:
        """Put `vectors` [len(rows), dim] at `rows`; every other item is absent.

        Vectors are brought to unit length; one that is not finite or zero becomes a failure.
        """
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        usable = np.isfinite(norms[:, 0]) & (norms[:, 0] > 0)
        places = np.asarray(rows, dtype=np.int64)
        reasons = dict(failures or {}) | {items[row].key: UNREADABLE for row in places[~usable]}
        full = np.zeros((len(items), vectors.shape[1]), dtype=np.float32)
        present = np.zeros(len(items), dtype=np.bool_)
        full[places[usable]] = vectors[usable] / norms[usable]
        present[places[usable]] = True
        return cls(full, present, reasons)

    def __len__(self) -> int:
        return len(self.present)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Encoded:
        """The chosen rows in that order; `failures` names items by key, so it is kept whole."""
        return Encoded(self.vectors[rows], self.present[rows], self.failures, self.encoder)

    def concat(self, other: Encoded) -> Encoded:
        """These rows, then `other`'s.

        Raises
        ------
        ModelError
            If the two come from different encoders, or differ in length of the vectors.
        """
        if (self.encoder, self.vectors.shape[1]) != (other.encoder, other.vectors.shape[1]):
            raise ModelError(
                f"vectors of {_origin(other)} beside vectors of {_origin(self)}",
                expected="one encoder for all items",
                fix="encode the new items with the old ones' model, or encode all of them again",
            )
        return Encoded(
            np.concatenate([self.vectors, other.vectors]),
            np.concatenate([self.present, other.present]),
            {**self.failures, **other.failures},
            self.encoder,
        )


def _origin(encoded: Encoded) -> str:
    return f"{encoded.encoder or 'an unnamed encoder'} (length {encoded.vectors.shape[1]})"


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
        """The bytes that decide this item's vector, or None when there is nothing to encode.

        Raises
        ------
        DataError
            If there is something that cannot be read; the item then goes without, for this reason.
        """
        ...

    def encode(self, items: Sequence[Item]) -> Encoded:
        """Encode in the given order; batch equals single up to rounding; no content, not present."""
        ...


def identity(encoder: Encoder) -> str:
    """The string ``name@revision``: encoders of one identity give equal content the same vector.

    What of an item is content is not part of it: whether descriptions are read or not, the space is one.
    """
    return f"{encoder.name}@{encoder.revision}"
