"""The numeric columns of a catalogue, by what they measure: where a limit finds its field."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..corpus.predicates import Predicate
from .wish_limits import Limit
from .wish_words import stems

_NAMES: dict[str, tuple[frozenset[str], ...]] = {  # a column whose name has all words of one set
    "year": (frozenset({"year"}),),
    "length": tuple(
        frozenset(name.split())
        for name in ("runtime", "duration", "playtime", "minute", "running time", "length hour", "length min")
    ),
    "price": (frozenset({"price"}), frozenset({"cost"})),
}
_PER_MINUTE = {"ms": 6e4, "millisecond": 6e4, "sec": 60.0, "second": 60.0, "hr": 1 / 60, "hour": 1 / 60}
_CURRENCIES = ("usd", "eur", "gbp")
_MEANINGLESS = frozenset(
    {"id", "number", "count", "time", "length", "total", "min", "max", "average", "mean"}
)


@dataclass(frozen=True)
class _Field:
    name: str
    whole: bool  # whether the column holds whole numbers only
    span: tuple[float, float] = (-math.inf, math.inf)  # a limit outside of it is of something else
    per_unit: float = 1.0  # column units in one unit of the limit
    currency: str = ""


class NumberFields:
    """Turns limits into predicates, where the catalogue has a field for them.

    A number that names no column is of the price, if there is one price, or else of the only column there is.

    Attributes
    ----------
    names
        Stems that name a numeric column.
    """

    def __init__(self, table: pa.Table) -> None:
        self._fields: dict[str, _Field] = {}
        for column in table.schema:
            if _is_numeric(column.type) and column.name != "available_from":
                self._register(_Field(column.name, _is_whole(table.column(column.name))))
        if "year" not in self._fields and table.column("available_from").null_count < table.num_rows:
            self._fields["year"] = _Field("available_from", whole=True)
        self.names = frozenset(self._fields)
        if len(found := _plain_fields(table)) == 1:
            self._fields["number"] = found[0]

    def _register(self, field: _Field) -> None:
        parts = _parts(field.name)
        for kind, names in _NAMES.items():
            if any(name.issubset(parts) for name in names):
                self._fields.setdefault(kind, _measured(field, kind, parts))
        for part in parts:
            if part not in _MEANINGLESS:
                self._fields.setdefault(part, field)

    def years(self, table: pa.Table) -> list[float | None]:
        """The release year of each row, None where unknown."""
        field = self._fields.get("year")
        if field is None or field.name == "available_from":
            return [None] * table.num_rows
        return table.column(field.name).cast(pa.float64()).to_pylist()

    def predicates(self, limit: Limit) -> tuple[Predicate, ...]:
        """The limit as predicates; empty when the catalogue has no field for it."""
        field = self._fields.get(limit.kind)
        if field is None or not _meant(field, limit):
            return ()
        low, high = (None if bound is None else bound * field.per_unit for bound in (limit.low, limit.high))
        if low is not None:
            low = _first_inside(low, limit.strict, field.whole)
        if high is not None:
            high = -_first_inside(-high, limit.strict, field.whole)
        if low is not None and low == high:
            return (_predicate(field, "is", low),)
        least = () if low is None else (_predicate(field, "at_least", low),)
        most = () if high is None else (_predicate(field, "at_most", high),)
        return least + most


def _plain_fields(table: pa.Table) -> list[_Field]:
    """The columns that a number without a unit can be of."""
    columns = [
        _Field(one.name, _is_whole(table.column(one.name)), span=_span(table.column(one.name)))
        for one in table.schema
        if _is_numeric(one.type) and one.name != "available_from" and "id" not in _parts(one.name)
    ]
    prices = [one for one in columns if any(name.issubset(_parts(one.name)) for name in _NAMES["price"])]
    return [replace(one, span=_Field.span) for one in prices] or columns  # any price can be meant


def _span(column: pa.ChunkedArray) -> tuple[float, float]:
    """The least and the greatest number of a column."""
    numbers = _numbers(column)
    return (float(numbers.min()), float(numbers.max())) if len(numbers) else (math.inf, -math.inf)


def _meant(field: _Field, limit: Limit) -> bool:
    """Whether the column can be meant: "under 30" is no year, and euros are no dollars."""
    if limit.unit and field.currency and limit.unit != field.currency:
        return False
    return all(bound is None or field.span[0] <= bound <= field.span[1] for bound in (limit.low, limit.high))


def _parts(name: str) -> tuple[str, ...]:
    return stems(name.replace("_", " "))


def _measured(field: _Field, kind: str, parts: tuple[str, ...]) -> _Field:
    """The field with the unit its name tells."""
    if kind == "length":
        return replace(field, per_unit=next((_PER_MINUTE[p] for p in parts if p in _PER_MINUTE), 1.0))
    if kind == "price":
        return replace(field, currency=next((p for p in parts if p in _CURRENCIES), ""))
    return field


def _first_inside(low: float, strict: bool, whole: bool) -> float:
    """The smallest number a column can hold that is inside a lower bound."""
    if whole:
        return math.floor(low) + 1 if strict else math.ceil(low)
    return math.nextafter(low, math.inf) if strict else low


def _predicate(field: _Field, op: str, value: float) -> Predicate:
    """A time is compared with the whole year, which it takes as text."""
    return Predicate(field.name, op, str(value) if field.name == "available_from" else value)  # type: ignore[arg-type]


def _is_numeric(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _is_whole(column: pa.ChunkedArray) -> bool:
    return pa.types.is_integer(column.type) or bool(np.all(np.mod(_numbers(column), 1) == 0))


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    numbers = column.cast(pa.float64()).drop_null().to_numpy()
    return numbers[np.isfinite(numbers)]
