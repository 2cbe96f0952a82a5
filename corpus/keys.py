"""Keys and rows, which meet only in the :class:`Vocabulary`.

An `ItemKey` is the user's own string. A *row* is its place in the catalogue, 0..n-1, which indexes
every array about items. A row is never reused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NewType

import numpy as np
from numpy.typing import NDArray

from ..base.errors import DataError, UnknownKeyError, nearest

ItemKey = NewType("ItemKey", str)
UserKey = NewType("UserKey", str)
Rows = NDArray[np.int32]


class Vocabulary:
    """Item keys in row order, and the way back.

    Raises
    ------
    DataError
        If a key stands twice.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys: list[ItemKey] = []
        self._rows: dict[str, int] = {}
        self.extend(keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    @property
    def keys(self) -> Sequence[ItemKey]:
        """All keys, in row order."""
        return self._keys

    def extend(self, keys: Iterable[str]) -> None:
        """Append new keys; rows already given never move. A repeated key changes nothing at all."""
        added = list(keys)
        fresh = dict.fromkeys(added)
        if len(fresh) < len(added) or not self._rows.keys().isdisjoint(fresh):
            seen: set[str] = set(self._rows)
            double = next(k for k in added if k in seen or seen.add(k))
            raise DataError(
                f'item_id "{double}" stands twice',
                where=f"the catalogue, row {len(added) - 1 - added[::-1].index(double) + 1}",
                expected="one row for each item",
                fix="remove or rename one of them",
            )
        start = len(self._keys)
        self._keys.extend(ItemKey(key) for key in added)
        self._rows.update((key, start + i) for i, key in enumerate(added))

    def row(self, key: str) -> int:
        """The row of one key.

        Raises
        ------
        UnknownKeyError
            With the nearest known key.
        """
        try:
            return self._rows[key]
        except KeyError:
            raise UnknownKeyError(
                f'unknown item "{key}"{nearest(key, self._keys[:50_000])}',
                expected="a key of the catalogue",
                fix="add it with add-items, or leave it out",
            ) from None

    def rows(self, keys: Iterable[str]) -> Rows:
        """The rows of many keys; raises as :meth:`row` does."""
        return np.fromiter((self.row(key) for key in keys), dtype=np.int32)

    def known_rows(self, keys: Iterable[str]) -> tuple[Rows, int]:
        """The rows of the known keys, and how many were unknown."""
        found = [self._rows.get(key, -1) for key in keys]
        rows = np.array([row for row in found if row >= 0], dtype=np.int32)
        return rows, len(found) - len(rows)

    def key(self, row: int) -> ItemKey:
        """The key of one row."""
        return self._keys[row]
