"""The streamed log in its final order, with little more memory than the result itself takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...base.hashing import key_hashes, mix
from ..interactions import Clock, Interactions
from ..keys import UserKey
from .log import GrowingColumn, LogBuilder

BLOCK_ROWS = 1 << 18


def finish_log(
    builder: LogBuilder, item_keys: Sequence[str], item_ranks: NDArray[np.int32], clock: Clock
) -> tuple[Interactions, int]:
    """Sort by person, time and the hash of both keys, as :meth:`Interactions.build` does; count duplicates.

    A counting sort moves every row to its person's place, one column at a time and freeing it; then
    blocks of people are sorted where they lie. Peak: about 21 to 24 bytes for each row.

    Parameters
    ----------
    builder
        Emptied by this call.
    item_keys, item_ranks
        All keys in row order, and the row of each of the builder's item numbers.

    Returns
    -------
    The log, without rows that repeat person, item and time, and how many those were.
    """
    pa.default_memory_pool().release_unused()  # what reading left behind is needed here
    keys, ranks = builder.users.in_order()
    users = builder.user_numbers.take()
    _renumber(users, ranks)
    counts = _counts(users, len(keys))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    places = _places(users, offsets)
    del users
    times = _moved(builder.times, places, np.float64)
    rows = _moved(builder.item_numbers, places, np.int32)
    values = _moved(builder.values, places, np.float32)
    del places
    _renumber(rows, item_ranks)
    hashes = key_hashes(keys, "user"), key_hashes(item_keys, "item")
    kept = _sort_blocks(offsets, rows, times, values, *hashes)
    repeated = int(len(rows) - kept.sum())
    offsets = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    if repeated:
        for column in (rows, times, values):
            column.resize(offsets[-1], refcheck=False)
    sorted_users = np.repeat(np.arange(len(keys), dtype=np.int32), kept)
    user_keys = tuple(UserKey(key) for key in keys)
    return Interactions(user_keys, sorted_users, rows, times, values, offsets, clock), repeated


def _blocks(n_rows: int) -> list[slice]:
    return [slice(start, start + BLOCK_ROWS) for start in range(0, n_rows, BLOCK_ROWS)]


def _renumber(numbers: NDArray[np.int32], ranks: NDArray[np.int32]) -> None:
    for block in _blocks(len(numbers)):
        numbers[block] = ranks[numbers[block]]


def _counts(users: NDArray[np.int32], n_users: int) -> NDArray[np.int64]:
    counts = np.zeros(n_users, dtype=np.int64)
    for block in _blocks(len(users)):
        counts += np.bincount(users[block], minlength=n_users)
    return counts


def _places(users: NDArray[np.int32], offsets: NDArray[np.int64]) -> NDArray[np.integer]:
    """Where each row goes: behind the person's rows that came before it. int32 where that is enough."""
    places = np.empty(len(users), dtype=np.int32 if len(users) < 2**31 else np.int64)
    cursors = offsets[:-1].copy()
    for block in _blocks(len(users)):
        order = np.argsort(users[block], kind="stable")
        ordered = users[block][order]
        starts = np.flatnonzero(np.diff(ordered, prepend=-1))
        lengths = np.diff(np.append(starts, len(ordered)))
        within = np.arange(len(ordered)) - np.repeat(starts, lengths)
        target = places[block]
        target[order] = cursors[ordered] + within
        cursors[ordered[starts]] += lengths
    return places


def _moved(column: GrowingColumn, places: NDArray[np.integer], kind: type[np.generic]) -> NDArray:
    source = column.take()
    moved = np.empty(len(source), dtype=kind)
    for block in _blocks(len(source)):
        moved[places[block]] = source[block]
    return moved


def _sort_blocks(
    offsets: NDArray[np.int64],
    rows: NDArray[np.int32],
    times: NDArray[np.float64],
    values: NDArray[np.float32],
    user_hashes: NDArray[np.uint64],
    item_hashes: NDArray[np.uint64],
) -> NDArray[np.int64]:
    """Sort whole people in place and close the gaps of repeated rows; how many rows each person keeps."""
    kept = np.diff(offsets)
    first, end = 0, 0
    while first < len(kept):
        last = max(first + 1, int(np.searchsorted(offsets, offsets[first] + BLOCK_ROWS, "right")) - 1)
        part = slice(offsets[first], offsets[last])
        users = np.repeat(np.arange(first, last), np.diff(offsets[first : last + 1]))
        ties = mix(user_hashes[users], item_hashes[rows[part]])
        order = np.lexsort((values[part], ties, times[part], users))
        new = _not_repeated(users[order], rows[part][order], times[part][order])
        kept[first:last] = np.bincount(users[order][new] - first, minlength=last - first)
        target = slice(end, end + int(new.sum()))
        for column in (rows, times, values):
            column[target] = column[part][order][new]
        first, end = last, target.stop
    return kept


def _not_repeated(
    users: NDArray[np.integer], rows: NDArray[np.int32], times: NDArray[np.float64]
) -> NDArray[np.bool_]:
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (np.diff(users) != 0) | (np.diff(rows) != 0) | (times[1:] != times[:-1])
    return new
