"""The log, built while it streams: numbers instead of keys, unusable rows counted by reason."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes its compute functions when it is imported)
from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...base.errors import DataError, nearest
from ..dataset import ReadReport
from ..interactions import Clock
from .batch import Batch
from .keyindex import UNKNOWN, KeyIndex
from .values import TimeReader, as_keys, as_numbers, has_key

COLUMNS = ("user_id", "item_id", "timestamp", "position", "rating", "weight", "event")
DAY_S = 86_400.0
COARSE_S = 1e8  # March 1973: a time of today, read in a unit a thousand times too fine, lies before
NO_USER, NO_ITEM, UNKNOWN_ITEM = "no user_id", "no item_id", "unknown item"
NO_TIME, NO_POSITION = "no timestamp that is a time", "no position that is a number"
TOO_EARLY, TOO_LATE = "timestamp before 1970", "timestamp in the future"
UNUSABLE = (NO_USER, NO_ITEM, UNKNOWN_ITEM, NO_TIME, NO_POSITION, TOO_EARLY, TOO_LATE)


@dataclass(frozen=True)
class LogOptions:
    """Which rows of a log count.

    Attributes
    ----------
    min_rating
        Rows rated lower, or not rated, are left out; None keeps all.
    events
        The kinds of event to keep; None keeps all.
    on_unknown
        What a row that names an item outside the items table does: "skip" counts it, "error" raises.
    """

    min_rating: float | None = None
    events: Sequence[str] | None = None
    on_unknown: Literal["skip", "error"] = "skip"


class GrowingColumn:
    """Numbers of one type, appended in pieces; kept in a `narrow` type for as long as that is exact.

    One allocation that grows in place: small pieces on a list would leave the heap in holes.
    """

    def __init__(self, wide: type[np.generic], narrow: type[np.generic]) -> None:
        self._wide = wide
        self._data = np.empty(0, dtype=narrow)
        self._size = 0

    def append(self, values: NDArray[np.generic]) -> None:
        """Add `values` behind the others."""
        if self._data.dtype != self._wide:
            with np.errstate(invalid="ignore"):
                narrowed = values.astype(self._data.dtype)
            if not np.array_equal(narrowed, values):
                self._data = self._data.astype(self._wide)
        needed = self._size + len(values)
        if needed > len(self._data):
            self._data.resize(max(needed, len(self._data) + len(self._data) // 8), refcheck=False)
        self._data[self._size : needed] = values
        self._size = needed

    def take(self) -> NDArray:
        """The values; the column is empty afterwards."""
        data, self._data = self._data, self._data[:0].copy()
        data.resize(self._size, refcheck=False)
        self._size = 0
        return data


class LogBuilder:
    """Takes batches of the columns :data:`COLUMNS` and keeps 13 to 24 bytes for each usable row.

    Parameters
    ----------
    items
        The catalogue's keys, or an index that grows when there is no items table.
    clock
        Which column orders a person's rows. Without a "position" column every row is tied.
    """

    def __init__(self, items: KeyIndex, clock: Clock, options: LogOptions, report: ReadReport) -> None:
        self.items, self.users = items, KeyIndex()
        self.clock, self.options, self.report = clock, options, report
        self.times_read = TimeReader(since=COARSE_S)
        self.event_counts: dict[str, int] = {}
        self.unreadable_ratings = 0
        self.rows_seen = 0
        self.user_numbers = GrowingColumn(np.int32, np.int32)
        self.item_numbers = GrowingColumn(np.int32, np.int32)
        self.times = GrowingColumn(np.float64, np.uint32)
        self.values = GrowingColumn(np.float32, np.uint8)
        self._latest = time.time() + DAY_S

    def add(self, batch: Batch) -> None:
        """Take one batch; what cannot be used is counted in the report.

        Raises
        ------
        DataError
            For an item outside the items table, when the options ask for that.
        """
        self.rows_seen += batch.rows
        users = as_keys(_column(batch, "user_id"), "user_id", batch.file)
        items = as_keys(_column(batch, "item_id"), "item_id", batch.file)
        times, values = self._times(batch), self._values(batch)
        usable = _Sieve(batch.rows, self.report)
        usable.drop(NO_USER, ~has_key(users))
        usable.drop(NO_ITEM, ~has_key(items))
        self._sieve_times(usable, times)
        self._sieve_values(usable, values)
        self._sieve_events(usable, batch)
        numbers = np.full(batch.rows, UNKNOWN, dtype=np.int32)
        numbers[usable.mask] = self.items.encode(items.filter(pa.array(usable.mask)))
        unknown = numbers == UNKNOWN
        if self.options.on_unknown == "error" and (unknown & usable.mask).any():
            self._refuse_unknown(batch, items, int(np.argmax(unknown & usable.mask)))
        usable.drop(UNKNOWN_ITEM, unknown)
        self.user_numbers.append(self.users.encode(users.filter(pa.array(usable.mask))))
        self.item_numbers.append(numbers[usable.mask])
        self.times.append(times[usable.mask])
        self.values.append(values[usable.mask])

    def _times(self, batch: Batch) -> NDArray[np.float64]:
        if self.clock not in batch.columns:
            return np.full(batch.rows, np.nan if self.clock == "timestamp" else 0.0)
        column = batch.columns[self.clock]
        return self.times_read.seconds(column) if self.clock == "timestamp" else as_numbers(column)

    def _values(self, batch: Batch) -> NDArray[np.float32]:
        column = batch.columns.get("rating", batch.columns.get("weight"))
        if column is None:
            return np.full(batch.rows, np.nan, dtype=np.float32)
        numbers = as_numbers(column)
        numbers[~np.isfinite(numbers)] = np.nan
        given = column.is_valid().to_numpy(zero_copy_only=False)
        self.unreadable_ratings += int(np.count_nonzero(given & np.isnan(numbers)))
        return numbers.astype(np.float32)

    def _sieve_times(self, usable: _Sieve, times: NDArray[np.float64]) -> None:
        if self.clock == "position":
            usable.drop(NO_POSITION, ~np.isfinite(times))
            return
        usable.drop(NO_TIME, ~np.isfinite(times))
        usable.drop(TOO_EARLY, times < 0)
        usable.drop(TOO_LATE, times > self._latest)

    def _sieve_values(self, usable: _Sieve, values: NDArray[np.float32]) -> None:
        least = self.options.min_rating
        if least is not None:
            usable.drop("no rating", np.isnan(values))
            usable.drop(f"rating below {least:g}", values < least)

    def _sieve_events(self, usable: _Sieve, batch: Batch) -> None:
        if "event" not in batch.columns:
            return
        events = as_keys(batch.columns["event"], "event", batch.file)
        for count in pc.value_counts(events.filter(pa.array(usable.mask)).dictionary_decode()).to_pylist():
            name = count["values"] or "(none)"
            self.event_counts[name] = self.event_counts.get(name, 0) + count["counts"]
        if self.options.events is not None:
            wanted = pc.is_in(events.dictionary_decode(), pa.array(self.options.events, pa.string()))
            usable.drop("event not asked for", ~wanted.to_numpy(zero_copy_only=False))

    def _refuse_unknown(self, batch: Batch, items: pa.DictionaryArray, index: int) -> None:
        key = items[index].as_py()
        known = self.items.in_order()[0][:50_000]
        raise DataError(
            f'unknown item "{key}"{nearest(key, known)}',
            where=batch.where(index),
            expected="a key of the items table",
            fix='add the item, or read with on_unknown="skip" to count such rows',
        )


class _Sieve:
    """Which rows are still usable; each lost row counts for the first reason it meets."""

    def __init__(self, rows: int, report: ReadReport) -> None:
        self.mask = np.ones(rows, dtype=bool)
        self._report = report

    def drop(self, reason: str, bad: NDArray[np.bool_]) -> None:
        self._report.skip(reason, int(np.count_nonzero(self.mask & bad)))
        self.mask &= ~bad


def _column(batch: Batch, name: str) -> pa.Array:
    return batch.columns.get(name, pa.nulls(batch.rows, pa.string()))
