"""An items table, cleaned: core columns in their types, everything else a typed attribute."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes its compute functions when it is imported)
from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...base.errors import DataError
from ..catalogue import CORE
from ..dataset import ReadReport
from .batch import Sheet, one_array
from .columns import attribute_column, list_column, text_column
from .values import TimeReader, as_keys, has_key

SYNONYMS = {"genres": "categories", "genre": "categories", "overview": "description", "plot": "description"}
YEAR = r"\((?P<year>(?:18|19|20)\d\d)\)\s*$"
YEAR_SHARE = 0.8


def clean_items(sheet: Sheet, report: ReadReport) -> pa.Table:
    """The catalogue's columns, those of :data:`CORE` as far as they are there, and the attributes.

    Parameters
    ----------
    sheet
        A table with an "item_id" column.
    report
        Gets a count of rows without a key, and a note for each column that was renamed or left out.

    Raises
    ------
    DataError
        If an item stands twice, or a core column holds something else than its type.
    """
    sheet = _with_synonyms(sheet, report)
    sheet = _unique(sheet, "item_id", report)
    columns: dict[str, pa.ChunkedArray] = {}
    for name, column in zip(sheet.table.column_names, sheet.table.columns, strict=True):
        cleaned = _clean(name, column, sheet, report)
        if cleaned is None:
            report.notes.append(f'{sheet.file}: the column "{name}" ({column.type}) was left out')
            continue
        columns[name] = cleaned
    return _without_links(pa.table(columns), report)


def clean_users(sheet: Sheet, report: ReadReport) -> pa.Table:
    """The people table: "user_id" as text, the rest as typed attributes."""
    sheet = _unique(sheet, "user_id", report)
    columns = {"user_id": sheet.table.column("user_id")}
    for name, column in zip(sheet.table.column_names, sheet.table.columns, strict=True):
        if name != "user_id" and (kept := attribute_column(column, typed=sheet.typed)) is not None:
            columns[name] = kept
    return pa.table(columns)


def with_year(table: pa.Table, report: ReadReport) -> pa.Table:
    """Add the attribute "year" where titles end in one, as in "Toy Story (1995)"."""
    if "year" in table.column_names or "title" not in table.column_names or not table.num_rows:
        return table
    found = pc.extract_regex(table.column("title"), YEAR)
    years = pc.struct_field(found, "year").cast(pa.int64())
    if table.num_rows - years.null_count < YEAR_SHARE * table.num_rows:
        return table
    report.notes.append("year: read from the end of the titles")
    return table.append_column("year", years)


def _with_synonyms(sheet: Sheet, report: ReadReport) -> Sheet:
    present = set(sheet.table.column_names)
    names = {}
    for name, core in SYNONYMS.items():
        if name in present and core not in present:
            names[name] = core
            present.add(core)
            report.notes.append(f'{sheet.file}: the column "{name}" is read as {core}')
    return sheet.renamed(names)


def _unique(sheet: Sheet, key: str, report: ReadReport) -> Sheet:
    """The rows with a key, which becomes text; a key that stands twice is an error."""
    encoded = as_keys(one_array(sheet.table.column(key)), key, sheet.file)
    present = has_key(encoded)
    texts = encoded.dictionary_decode()
    counts = pc.value_counts(texts.filter(pa.array(present)))
    doubles = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    if len(doubles):
        rows = np.flatnonzero(pc.is_in(texts, doubles).to_numpy(zero_copy_only=False) & present)
        double = texts[int(rows[0])].as_py()
        same = rows[[texts[int(row)].as_py() == double for row in rows]]
        raise DataError(
            f'{key} "{double}" stands twice',
            where=f"{sheet.file}, rows {same[0] + 1} and {same[1] + 1}",
            expected=f"one row for each {key}",
            fix="remove or rename one of them",
        )
    report.skip(f"no {key} in {sheet.file}", int((~present).sum()))
    place = sheet.table.column_names.index(key)
    table = sheet.table.set_column(place, key, texts)
    table = table if present.all() else table.filter(pa.array(present))
    if not table.num_rows:
        raise DataError(
            "no row has a key", where=sheet.file, expected=f'a filled column "{key}"', fix="fill it"
        )
    return Sheet(table, sheet.file, sheet.typed)


def _clean(name: str, column: pa.ChunkedArray, sheet: Sheet, report: ReadReport) -> pa.ChunkedArray | None:
    if name not in CORE:
        return attribute_column(column, typed=sheet.typed)
    if name == "available_from":
        return _release_times(column, sheet.file, report)
    try:
        return list_column(column) if name == "categories" else text_column(column)
    except pa.ArrowException as error:
        raise DataError(
            f'the column "{name}" is of type {column.type}',
            where=sheet.file,
            expected="a list of texts" if name == "categories" else "text",
            fix="write it as text, or rename the column to keep it out",
        ) from error


def _release_times(column: pa.ChunkedArray, file: str, report: ReadReport) -> pa.ChunkedArray:
    seconds = TimeReader().seconds(one_array(column))
    given = column.is_valid().to_numpy()
    if unread := int((given & ~np.isfinite(seconds)).sum()):
        report.notes.append(f"{file}: {unread} release times (available_from) are neither seconds nor dates")
    return pa.chunked_array([pa.array(seconds, mask=~np.isfinite(seconds))])


def _without_links(table: pa.Table, report: ReadReport) -> pa.Table:
    """Pictures on the web become the attribute "image_link": nothing here fetches an address."""
    if "image" not in table.column_names:
        return table
    images = table.column("image")
    linked = pc.fill_null(pc.match_substring_regex(images, r"^[a-z]+://"), False)
    if not pc.any(linked).as_py():
        return table
    nothing = pa.scalar(None, pa.string())
    report.notes.append(
        f'{pc.sum(linked).as_py()} pictures are links and are kept as the attribute "image_link"; '
        "download them and join the folder to use them"
    )
    place = table.column_names.index("image")
    table = table.set_column(place, "image", pc.if_else(linked, nothing, images))
    if "image_link" in table.column_names:
        return table
    return table.append_column("image_link", pc.if_else(linked, images, nothing))
