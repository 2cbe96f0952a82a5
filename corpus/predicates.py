"""Conditions on items: one grammar for filters, wishes and the command line.

A predicate reads one field. The same Arrow code answers for a whole catalogue and for a single item,
so the two cannot disagree.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..base.errors import DataError, nearest
from .catalogue import CORE, Catalogue, Item

Op = Literal["is", "is_not", "at_least", "at_most"]
Mask = NDArray[np.bool_]

_SIGNS: dict[str, Op] = {"=": "is", "==": "is", "!=": "is_not", ">=": "at_least", "<=": "at_most"}
_WORDS: dict[Op, str] = {"is": "is", "is_not": "is not", "at_least": "at least", "at_most": "at most"}
_CONDITION = re.compile(r"([^<>=!]+)(>=|<=|!=|==|=)\s*([^<>=!\s].*)")  # linear: no two parts share a space
_DAY = re.compile(r"\A(\d{4})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\Z")  # any other eight digits are seconds
_DATE = re.compile(r"\d{4}(-\d{2}){0,2}")
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True)
class Predicate:
    """One condition on one field.

    A missing value (null, NaN, empty text, empty list) never satisfies "is", "at_least" or "at_most",
    and always satisfies "is_not".

    Attributes
    ----------
    field
        A core field (:data:`~firstlight.corpus.catalogue.CORE`) or an attribute column.
    op
        "is": equal, or contained for list fields; "is_not": its opposite; "at_least" and "at_most"
        compare numbers and times. Text compares without regard to case.
    value
        What to compare with. For times: seconds since 1970, or an ISO date, which names the whole
        year, month or day ("1990" is every moment of it, and "at_most 1990" includes its last one).
        Four digits are a year and never seconds, and eight a day where they could be one (19900501).
    """

    field: str
    op: Op
    value: str | float

    def holds(self, item: Item) -> bool:
        """Whether the item satisfies this; a field the item does not have counts as missing.

        Raises
        ------
        DataError
            If the field cannot be compared so.
        """
        value = _value(item, self.field)
        if value is None or value in ((), ""):
            return self.op == "is_not"
        column = pa.array([list(value) if isinstance(value, tuple) else value])
        return bool(self._satisfied(column)[0])

    def mask(self, catalogue: Catalogue) -> Mask:
        """Which rows satisfy this, bool [n].

        Raises
        ------
        DataError
            For an unknown field (with the nearest known one), or one that cannot be compared so.
        """
        known = catalogue.table.column_names
        if self.field not in known:
            raise DataError(
                f'unknown field "{self.field}"{nearest(self.field, known)}',
                where=f'the condition "{self}"',
                expected=f"one of {', '.join(known)}",
            )
        return self._satisfied(catalogue.table.column(self.field).combine_chunks())

    def _satisfied(self, column: pa.Array) -> Mask:
        if self.op == "is_not":
            return ~self._compared(column, "is")
        return self._compared(column, self.op)

    def _compared(self, column: pa.Array, op: Op) -> Mask:
        """One of the three positive operators; null is false."""
        if isinstance(column, pa.DictionaryArray):
            column = column.dictionary_decode()
        kind = column.type
        if pa.types.is_null(kind):
            return np.zeros(len(column), dtype=np.bool_)
        if isinstance(column, (pa.ListArray, pa.LargeListArray)):
            return self._contained(column, op)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return self._same_text(column, op)
        if pa.types.is_boolean(kind):
            self._only_is(op, "true or false")
            return column.fill_null(not self._boolean()).to_numpy(zero_copy_only=False) == self._boolean()
        if self.field == "available_from" or pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            return _within(_seconds(column), op, self._moments())
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            return self._numbers(column, op)
        raise self._refused(f"a field of type {kind}", "text, a number, a time, true or false, or a list")

    def _contained(self, column: pa.ListArray | pa.LargeListArray, op: Op) -> Mask:
        self._only_is(op, "a list")
        mask = np.zeros(len(column), dtype=np.bool_)
        mask[column.value_parent_indices().to_numpy()[self._compared(column.flatten(), "is")]] = True
        return mask

    def _same_text(self, column: pa.Array, op: Op) -> Mask:
        """Equal but for case; an empty text is a missing one."""
        self._only_is(op, "text")
        wanted = pc.call_function("utf8_lower", [pa.scalar(str(self.value), column.type)])
        lower = pc.call_function("utf8_lower", [column])
        same = pc.call_function("equal", [lower, wanted]).fill_null(False).to_numpy(zero_copy_only=False)
        return same & (self.value != "")

    def _numbers(self, column: pa.Array, op: Op) -> Mask:
        """As floats; whole numbers are equal only digit by digit, which a float has not room for."""
        number = self._number()
        near = _within(column.cast(pa.float64(), safe=False), op, (number, number))
        if op != "is" or not pa.types.is_integer(column.type) or not re.fullmatch(r"-?\d+", str(self.value)):
            return near
        same = pc.call_function("equal", [column.cast(pa.string()), pa.scalar(str(int(self.value)))])
        return near & same.fill_null(False).to_numpy(zero_copy_only=False)

    def _only_is(self, op: Op, what: str) -> None:
        if op != "is":
            raise self._refused(f"{what} has no order", '"is" or "is not"')

    def _number(self) -> float:
        try:
            number = float(self.value)
        except ValueError:
            number = math.nan
        if math.isnan(number):
            raise self._refused(f'"{self.value}" against a column of numbers', "a number")
        return number

    def _boolean(self) -> bool:
        word = f"{self.value:g}" if isinstance(self.value, (int, float)) else self.value.lower()
        if word not in _YES + _NO:
            raise self._refused(f'"{self.value}" against a column of true and false', "true or false")
        return word in _YES

    def _moments(self) -> tuple[float, float]:
        """The first and the last moment that `value` names, in seconds since 1970."""
        if not isinstance(self.value, str):
            return self._number(), self._number()
        try:
            return _period(self.value)
        except ValueError:
            raise self._refused(
                f'"{self.value}" against a time', "a date such as 1990-05-01, or seconds since 1970"
            ) from None

    def _refused(self, found: str, expected: str) -> DataError:
        return DataError(found, where=f'the condition "{self}"', expected=expected)

    def __str__(self) -> str:
        value = self.value if isinstance(self.value, str) else f"{self.value:.15g}"
        return f"{self.field} {_WORDS[self.op]} {value}"


def parse_predicate(text: str) -> Predicate:
    """Read ``year>=1990``, ``categories=Comedy`` or ``mood!=dark``.

    Raises
    ------
    DataError
        If the text is not a field, an operator and a value.
    """
    match = _CONDITION.fullmatch(text.strip())
    if match is None:
        raise DataError(
            f'"{text}" is not a condition',
            expected="FIELD=VALUE, FIELD!=VALUE, FIELD>=NUMBER or FIELD<=NUMBER",
            fix="quote the condition, so that the shell leaves > and < alone",
        )
    return Predicate(match[1].rstrip(), _SIGNS[match[2]], match[3])


def _value(item: Item, field: str) -> Any:
    """What an item holds under a field's name; None when it holds nothing."""
    if field not in CORE:
        return item.attributes.get(field)
    value = getattr(item, "key" if field == "item_id" else field)
    return str(value) if field == "image" and value is not None else value


def _within(column: pa.Array, op: Op, bounds: tuple[float, float]) -> Mask:
    """Compare float64 numbers with the interval `bounds`; null and NaN are false."""
    numbers = column.to_numpy(zero_copy_only=False)  # null becomes NaN
    if op == "at_least":
        return numbers >= bounds[0]
    if op == "at_most":
        return numbers <= bounds[1]
    return (numbers >= bounds[0]) & (numbers <= bounds[1])


def _seconds(column: pa.Array) -> pa.Array:
    """A number, date or timestamp column as seconds since 1970 (UTC), float64."""
    if not pa.types.is_temporal(column.type):
        return column.cast(pa.float64(), safe=False)
    micros = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    return pc.call_function("divide", [micros.cast(pa.float64(), safe=False), pa.scalar(1e6)])


def _period(text: str) -> tuple[float, float]:
    """The first and the last representable second of a date, or a moment; ValueError if it is neither.

    A date that does not exist is no number of seconds either: those would be of 1970.
    """
    text = _DAY.sub(r"\1-\2-\3", text)
    if not _DATE.fullmatch(text):
        second = _moment(text)
        return second, second
    first = np.datetime64(text)  # in the unit it is written in; of any year, where Python's end with 9999
    start, end = (float(day.astype("datetime64[s]").astype(np.int64)) for day in (first, first + 1))
    return start, math.nextafter(end, start)


def _moment(text: str) -> float:
    """Seconds since 1970, given as such or as an ISO moment."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
