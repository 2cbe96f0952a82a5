"""Text tables with one delimiter (CSV, TSV, ``::``), streamed through Arrow with every cell as text."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes its compute functions when it is imported)
from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from ...base.errors import DataError, first_line
from ..dataset import ReadReport
from .batch import Batch, distinct, row_too_long
from .streams import ROW_BYTES, delimiter_byte, open_text


@dataclass(frozen=True)
class Layout:
    """How a delimited text file is written; `names` are its columns when it has no header line."""

    delimiter: str = ","
    quoted: bool = True
    names: tuple[str, ...] = ()
    encoding: str = "utf-8"


COMMA = Layout()


def column_names(path: Path, layout: Layout = COMMA) -> list[str]:
    """The columns that the header line (or the layout) names."""
    with open_text(path, encoding=layout.encoding, delimiter=layout.delimiter) as text:
        return list(layout.names) or _header(text, path, layout)


def stream(
    path: Path, report: ReadReport, only: Collection[str] | None = None, layout: Layout = COMMA
) -> Iterator[Batch]:
    """Rows in blocks of at most 4 MiB; rows with a wrong number of cells are counted in `report`."""
    misfits = _Misfits()
    row = 1
    with open_text(path, encoding=layout.encoding, delimiter=layout.delimiter) as text:
        names = list(layout.names) or _header(text, path, layout)
        if not text.peek(1):
            return
        try:
            for batch in _open(text, names, only, layout, misfits):
                piece = Batch(dict(zip(batch.schema.names, batch.columns, strict=True)), path.name, row)
                yield piece if only is None else _without_breaks(piece)
                row = misfits.next_row(row, batch.num_rows)
        except pa.ArrowInvalid as error:
            raise _unreadable(error, path, row, misfits) from error
    report.skip(f"wrong number of cells in {path.name}", len(misfits.skipped))


class _Misfits:
    """Rows with a wrong number of cells: skipped and remembered by number, unless they span lines."""

    def __init__(self) -> None:
        self.skipped: list[int] = []
        self.hole: int | None = None

    def __call__(self, row: pa_csv.InvalidRow) -> str:
        if "\n" in row.text:  # many lines behind one quotation mark: not a row, but a hole in the table
            self.hole = row.number
            return "error"
        self.skipped.append(row.number)
        return "skip"

    def next_row(self, row: int, n_rows: int) -> int:
        """The number of the row after a batch of `n_rows` that starts at `row`."""
        end = row + n_rows
        for number in self.skipped:
            end += row <= number <= end
        return end


def _unreadable(error: pa.ArrowInvalid, path: Path, row: int, misfits: _Misfits) -> DataError:
    if "straddl" in str(error):
        return row_too_long(path, row)
    if misfits.hole is not None:
        found, where = "one row spans several lines and has a wrong number of cells", f"row {misfits.hole}"
    else:
        found, where = f"not a readable table: {first_line(error)[:200]}", f"after row {row - 1}"
    return DataError(
        found,
        where=f"{path}, {where}",
        expected="as many cells in each row as in the header",
        fix="look for a quotation mark that is never closed",
    )


def _without_breaks(batch: Batch) -> Batch:
    """The batch itself: no key, time or number has a line break in it unless a quote was never closed."""
    for name, column in batch.columns.items():
        broken = pc.fill_null(pc.match_substring(column, "\n"), False)
        if pc.any(broken).as_py():
            raise DataError(
                f'a line break in column "{name}"',
                where=batch.where(pc.index(broken, True).as_py()),
                expected="one line for each row",
                fix="look for a quotation mark that is never closed",
            )
    return batch


def _header(text: io.BufferedReader, path: Path, layout: Layout) -> list[str]:
    line = text.readline(ROW_BYTES).decode(errors="replace")
    if not line.strip():
        raise DataError(
            "an empty file", where=str(path), expected="a header line and rows", fix="check the export"
        )
    quoting = csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE
    try:
        cells = next(csv.reader([line], delimiter=delimiter_byte(layout.delimiter), quoting=quoting))
    except csv.Error as error:
        raise DataError(f"the header line cannot be read: {error}", where=str(path)) from error
    names = [cell.strip() or f"column {i + 1}" for i, cell in enumerate(cells)]
    return distinct(names, path)


def _open(
    text: io.BufferedReader,
    names: list[str],
    only: Collection[str] | None,
    layout: Layout,
    skip: Callable[[pa_csv.InvalidRow], str],
) -> pa_csv.CSVStreamingReader:
    wanted = [name for name in names if only is None or name in only]
    return pa_csv.open_csv(
        text,
        read_options=pa_csv.ReadOptions(use_threads=False, block_size=ROW_BYTES, column_names=names),
        parse_options=pa_csv.ParseOptions(
            delimiter=delimiter_byte(layout.delimiter),
            quote_char='"' if layout.quoted else False,
            newlines_in_values=layout.quoted,
            invalid_row_handler=skip,
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in wanted},
            include_columns=wanted,
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
