"""JSON lines: one object in each line, parsed row by row so that a bad line has a number."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from ...base.errors import DataError
from .batch import Batch, row_too_long
from .streams import ROW_BYTES, open_text

BATCH_ROWS = 1 << 14


def column_names(path: Path) -> list[str]:
    """The keys of the file's first rows."""
    return list(dict.fromkeys(name for row in next(row_batches(path), []) for name in row))


def stream(path: Path, only: Collection[str] | None = None) -> Iterator[Batch]:
    """Rows in batches; a column is there from the first batch in which a row has its key."""
    first = 1
    names: dict[str, None] = {}
    for rows in row_batches(path):
        names |= dict.fromkeys(name for row in rows for name in row if only is None or name in only)
        columns = {name: array_of([row.get(name) for row in rows]) for name in names}
        yield Batch(columns, path.name, first)
        first += len(rows)


def array_of(values: list[Any]) -> pa.Array:
    """Arrow's own type for the values; text where they are of several kinds."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, ValueError):
        texts = [v if v is None or isinstance(v, str) else json.dumps(v, default=str) for v in values]
        return pa.array(texts, pa.string())


def row_batches(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The objects themselves, some thousands at a time."""
    rows: list[dict[str, Any]] = []
    number = 0
    with open_text(path) as text:
        while line := text.readline(ROW_BYTES + 1):
            number += 1
            if len(line) > ROW_BYTES:
                raise row_too_long(path, number)
            if line.strip():
                rows.append(_row(line, f"{path}, row {number}"))
            if len(rows) == BATCH_ROWS:
                yield rows
                rows = []
    if rows:
        yield rows


def _row(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line.decode())
        if b"\\ud" in line.lower():  # an escaped half of a surrogate pair is JSON, but is no text
            json.dumps(row, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"not valid JSON: {error}",
            where=where,
            expected="one JSON object in each line",
            fix="write the line again, or remove it",
        ) from None
    if not isinstance(row, dict):
        raise DataError(f"a JSON {type(row).__name__}", where=where, expected="one JSON object in each line")
    return row
