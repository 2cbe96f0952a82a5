"""More about the items from elsewhere: tables by item key, and folders of pictures named by it."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes its compute functions when it is imported)
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ...base.errors import DataError
from ..dataset import ReadReport
from ..pictures import SUFFIXES
from . import tables
from .batch import Sheet
from .items import clean_items

KEY_NAMES = ("item_id", "movieId", "parent_asin", "asin")
PERSON_NAMES = ("user_id", "userId")
MOST_TAGS = 10


def join_all(table: pa.Table, root: Path, entries: Sequence[Path | str], report: ReadReport) -> pa.Table:
    """The items table with every entry joined, in order; what is there already is never overwritten.

    Parameters
    ----------
    table
        A cleaned items table.
    root
        The data folder, from which relative entries start.
    entries
        Tables with an item key (other columns become the description or attributes; people's tags
        become the attribute "tags"), or folders of pictures ``<item key>.jpg``, ``.png`` or ``.webp``.

    Raises
    ------
    DataError
        For an entry that is missing, has no item key, or has a column of another type than the catalogue's.
    """
    for entry in entries:
        path = _found(root, Path(entry))
        if path.is_dir() and path.suffix != ".parquet":
            extra = _pictures(path, root)
            report.files.append(f"{path.name}/")
        else:
            extra = _extra_columns(path, report)
        table = _joined(table, extra, path.name, report)
    return table


def _found(root: Path, entry: Path) -> Path:
    for path in (root / entry, entry):
        if path.exists():
            return path
    raise DataError(
        f'nothing called "{entry}" to join',
        where=str(root),
        expected="a table or a folder of pictures, beside the data or by its full path",
        fix="check --join",
    )


def _extra_columns(path: Path, report: ReadReport) -> pa.Table:
    sheet = tables.read_sheet(path, report)
    names = sheet.table.column_names
    key = next((name for name in KEY_NAMES if name in names), None)
    if key is None:
        raise DataError(
            f"the columns {', '.join(names)[:300]}",
            where=path.name,
            expected=f"an item key: {' or '.join(KEY_NAMES)}",
            fix="rename the column that holds the item keys",
        )
    sheet = sheet.renamed({key: "item_id"})
    person = next((name for name in PERSON_NAMES if name in names), None)
    if person and "tag" in names:
        report.notes.append(
            f"{path.name}: the tags people gave, at any time, are an attribute; a tag given after a cut "
            "tells a test the future, so leave this file out of an evaluation over time"
        )
        sheet = _tags(sheet, person)
    return clean_items(sheet, report)


def _tags(sheet: Sheet, person: str) -> Sheet:
    """Each item's tags, those of most people first; equally frequent ones in alphabetical order."""
    tags = pc.utf8_trim_whitespace(pc.utf8_lower(sheet.table.column("tag").cast(pa.string())))
    table = pa.table({"item_id": sheet.table["item_id"], "tag": tags, "person": sheet.table[person]})
    table = table.filter(pc.greater(pc.binary_length(tags), 0))
    counted = table.group_by(["item_id", "tag"]).aggregate([("person", "count_distinct")])
    ordered = counted.sort_by([("person_count_distinct", "descending"), ("tag", "ascending")])
    best: dict[object, list[str]] = {}
    for item, tag in zip(ordered["item_id"].to_pylist(), ordered["tag"].to_pylist(), strict=True):
        best.setdefault(item, []).append(tag)
    lists = pa.array([found[:MOST_TAGS] for found in best.values()], pa.list_(pa.string()))
    return Sheet(pa.table({"item_id": pa.array(list(best)), "tags": lists}), sheet.file, typed=True)


def _pictures(folder: Path, root: Path) -> pa.Table:
    """The pictures of a folder by their names without the ending; paths relative to `root` if inside it."""
    inside = folder.resolve().is_relative_to(root.resolve())
    start = folder.resolve().relative_to(root.resolve()) if inside else folder.resolve()
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    by_key = {path.stem: str(start / path.name) for path in files}
    if not by_key:
        raise DataError(
            "no picture",
            where=str(folder),
            expected=f"files named by item key: <item_id>{', '.join(SUFFIXES)}",
            fix="check --join",
        )
    return pa.table({"item_id": list(by_key), "image": list(by_key.values())})


def _joined(table: pa.Table, extra: pa.Table, name: str, report: ReadReport) -> pa.Table:
    places = pc.index_in(table.column("item_id"), value_set=extra.column("item_id"))
    matched = len(places) - places.null_count
    report.skip(f"unknown item in {name}", extra.num_rows - matched)
    report.notes.append(f"{name}: joined to {matched:,} of {table.num_rows:,} items")
    for column in extra.column_names:
        if column != "item_id":
            table = _filled(table, column, extra.column(column).take(places), name)
    return table


def _filled(table: pa.Table, column: str, values: pa.ChunkedArray, name: str) -> pa.Table:
    if column not in table.column_names:
        return table.append_column(column, values)
    present = table.column(column)
    if present.type != values.type:
        raise DataError(
            f'the column "{column}" is of type {values.type}',
            where=name,
            expected=f"{present.type}, as the catalogue has it already",
            fix="rename the column",
        )
    return table.set_column(table.column_names.index(column), column, pc.coalesce(present, values))
