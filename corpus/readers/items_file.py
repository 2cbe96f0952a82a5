"""One table of items by itself: what `add-items` takes."""

from __future__ import annotations

from pathlib import Path

from ...base.errors import DataError
from ...base.progress import say
from ..catalogue import Catalogue
from ..dataset import ReadReport
from . import tables
from .batch import require
from .items import clean_items


def read_items(path: Path | str) -> Catalogue:
    """Read a table of items (CSV, JSONL or Parquet); image paths are relative to the table.

    Rows that cannot be used are counted, and said.

    Raises
    ------
    DataError
        If the file is missing or cannot be used.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError("no such file", where=str(path), expected="a table of items", fix="check the path")
    require(tables.column_names(path), ("item_id",), path.name)
    report = ReadReport("items")
    items = Catalogue(clean_items(tables.read_sheet(path, report), report), path.parent)
    for line in (
        *(f"{rows} rows left out: {reason}" for reason, rows in report.skipped.items()),
        *report.notes,
    ):
        say(f"{path.name}: {line}")
    return items
