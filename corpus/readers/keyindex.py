"""Keys to numbers, batch by batch, without a Python string for each row."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .values import places

UNKNOWN = -1
_UNSEEN = -2


class KeyIndex:
    """Numbers for keys: a fixed set, or one that grows with every new key.

    Parameters
    ----------
    keys
        The fixed set, in the order of its numbers; None lets the index grow.
    """

    def __init__(self, keys: Iterable[str] | None = None) -> None:
        self.grows = keys is None
        self._numbers: dict[str, int] = {key: number for number, key in enumerate(keys or ())}
        self._dictionary: pa.Array | None = None
        self._known = np.empty(0, dtype=np.int32)

    def __len__(self) -> int:
        return len(self._numbers)

    def encode(self, keys: pa.DictionaryArray) -> NDArray[np.int32]:
        """Number of each key, int32 [n]; `UNKNOWN` for keys outside a fixed set and for null.

        Only keys that stand in a row are looked up: a dictionary may hold the keys of other batches.
        """
        if self._dictionary is None or not keys.dictionary.equals(self._dictionary):
            self._dictionary = keys.dictionary
            self._known = np.full(len(keys.dictionary) + 1, _UNSEEN, dtype=np.int32)
            self._known[-1] = UNKNOWN
        where = places(keys)
        fresh = self._known == _UNSEEN
        stands = np.zeros(len(fresh), dtype=bool)
        stands[where] = True
        new = np.flatnonzero(fresh & stands)
        self._known[new] = self._look_up(keys.dictionary.take(pa.array(new)).to_pylist())
        return self._known[where]

    def _look_up(self, texts: list[str | None]) -> list[int]:
        numbers = self._numbers
        if self.grows:
            return [numbers.setdefault(text, len(numbers)) if text else UNKNOWN for text in texts]
        return [numbers.get(text, UNKNOWN) if text else UNKNOWN for text in texts]

    def in_order(self) -> tuple[list[str], NDArray[np.int32]]:
        """All keys, and where each number's key stands among them.

        A grown index is sorted by key, so that neither file order nor batch size decides a number.
        """
        keys = list(self._numbers)
        if not self.grows:
            return keys, np.arange(len(keys), dtype=np.int32)
        order = sorted(range(len(keys)), key=keys.__getitem__)
        ranks = np.empty(len(keys), dtype=np.int32)
        ranks[order] = np.arange(len(keys), dtype=np.int32)
        return [keys[number] for number in order], ranks
