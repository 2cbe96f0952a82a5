"""Cells to keys, numbers and times. What cannot be read becomes null or NaN, to be counted by the caller."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes its compute functions when it is imported)
from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...base.errors import DataError
from .batch import is_text

FIRST_YEAR, LAST_YEAR = 1800, 2200  # as seconds, numbers between these would all be of one hour of 1970
# Larger numbers than this many seconds (the year 5138) are read in the next finer unit.
_UNITS = ((1e17, 1e-9, "nanoseconds"), (1e14, 1e-6, "microseconds"), (1e11, 1e-3, "milliseconds"))


def as_keys(column: pa.Array, name: str, where: str) -> pa.DictionaryArray:
    """Keys as dictionary-encoded text; :func:`has_key` says where there is one.

    Raises
    ------
    DataError
        If the column holds lists or other nested values.
    """
    try:
        if pa.types.is_null(column.type) or is_text(column.type):
            column = column.cast(pa.string())
        encoded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
        texts = encoded.dictionary
        if not is_text(texts.type):
            texts = pa.array([_key(value) for value in texts.to_pylist()], pa.string())
    except (pa.ArrowException, ValueError) as error:
        raise DataError(
            f'the column "{name}" is of type {column.type}',
            where=where,
            expected="text or whole numbers",
            fix="write the keys as text",
        ) from error
    return pa.DictionaryArray.from_arrays(encoded.indices.cast(pa.int32()), texts)


def _key(value: object) -> str | None:
    """Text of one key; whole numbers that had to become floats, to make room for a null, are whole again."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value.is_integer() else str(value)
    if value is None or isinstance(value, str | int):
        return None if value is None else str(value)
    raise ValueError(type(value))


def has_key(keys: pa.DictionaryArray) -> NDArray[np.bool_]:
    """Where the key is neither null nor empty, bool [n]."""
    filled = pc.fill_null(pc.greater(pc.binary_length(keys.dictionary), 0), False)
    good = np.append(filled.to_numpy(zero_copy_only=False), False).astype(bool)  # the last: null
    return good[places(keys)]


def places(keys: pa.DictionaryArray) -> NDArray[np.int32]:
    """Each row's place in the dictionary, -1 for null."""
    return keys.indices.fill_null(-1).to_numpy(zero_copy_only=False)


def as_numbers(column: pa.Array) -> NDArray[np.float64]:
    """Numbers, NaN where there is none or where the cell is not a number."""
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    try:
        numbers = column.cast(pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        numbers = pa.array([_number(value) for value in column.to_pylist()], pa.float64())
    return numbers.to_numpy(zero_copy_only=False).astype(np.float64)


def _number(value: object) -> float | None:
    if not isinstance(value, str) or "_" in value:  # float("1_0") is 10
        return None
    try:
        return float(value)
    except ValueError:
        return None


@dataclass
class TimeReader:
    """Times as seconds since 1970 (UTC). The unit of plain numbers is settled by the first ones seen.

    Attributes
    ----------
    since
        Plain numbers from 1970 up to this second are in a coarser unit than the others and so no times,
        unless the others are seconds themselves. A log sets it; release times may well be of 1971.
    scale
        Seconds for one unit of a plain number; None before any was seen.
    unit
        Its name, or an empty string for seconds. Plain numbers may count nothing, but be "years" (1999) or
        "days" (19990501).
    """

    since: float = 0.0
    scale: float | None = None
    unit: str = ""

    def seconds(self, column: pa.Array) -> NDArray[np.float64]:
        """Read numbers, ISO text, or Arrow's own dates and timestamps; NaN where it is none of them."""
        if isinstance(column, pa.DictionaryArray):
            column = column.dictionary_decode()
        if pa.types.is_temporal(column.type):
            return _epoch(column)
        numbers = as_numbers(column)
        self._settle(numbers)
        if self.unit in _WRITTEN:
            seconds = _calendar(numbers, self.unit)
        else:
            seconds = numbers * (self.scale or 1.0)
            if self.unit:
                seconds[(seconds >= 0) & (seconds < self.since)] = np.nan
        if is_text(column.type):
            written = np.isnan(numbers) & column.is_valid().to_numpy(zero_copy_only=False)
            if written.any():
                seconds[written] = _iso(column.filter(pa.array(written)))
        return seconds

    def _settle(self, numbers: NDArray[np.float64]) -> None:
        finite = numbers[np.isfinite(numbers)]
        if self.scale is not None or not len(finite):
            return
        middle = float(np.median(finite))
        found = next(((scale, unit) for least, scale, unit in _UNITS if middle > least), (1.0, ""))
        written = next((name for name, are in _WRITTEN.items() if are(finite).all()), "")
        self.scale, self.unit = (1.0, written) if written else found


def _are_years(numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (numbers == np.floor(numbers)) & (numbers >= FIRST_YEAR) & (numbers <= LAST_YEAR)


def _are_days(numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which are days as YYYYMMDD."""
    year, rest = np.divmod(numbers, 10_000)
    month, day = np.divmod(rest, 100)
    return _are_years(year) & (month >= 1) & (month <= 12) & (day == np.floor(day)) & (day >= 1) & (day <= 31)


_WRITTEN = {"years": _are_years, "days": _are_days}


def _calendar(numbers: NDArray[np.float64], written: str) -> NDArray[np.float64]:
    """Seconds at which these years, or days as YYYYMMDD, begin; NaN for what is none, as 31 February."""
    seconds, good = np.full(len(numbers), np.nan), _WRITTEN[written](numbers)
    whole = numbers[good].astype(np.int64)
    if written == "years":
        moments = (whole - 1970).astype("datetime64[Y]")
    else:
        months = ((whole // 10_000 - 1970) * 12 + whole // 100 % 100 - 1).astype("datetime64[M]")
        moments = months.astype("datetime64[D]") + (whole % 100 - 1)
        moments[moments.astype("datetime64[M]") != months] = np.datetime64("NaT")
    begun = moments.astype("datetime64[s]")
    seconds[good] = np.where(np.isnat(begun), np.nan, begun.astype(np.float64))
    return seconds


def _epoch(column: pa.Array) -> NDArray[np.float64]:
    try:
        micros = column.cast(pa.timestamp("us", getattr(column.type, "tz", None)), safe=False).cast(
            pa.int64()
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return np.full(len(column), np.nan)
    return micros.to_numpy(zero_copy_only=False).astype(np.float64) / 1e6


def _iso(texts: pa.Array) -> NDArray[np.float64]:
    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
        try:
            return _epoch(texts.cast(kind))
        except pa.ArrowInvalid:
            continue
    return np.array([_iso_one(text) for text in texts.to_pylist()], dtype=np.float64)


def _iso_one(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return float("nan")
