"""One table file, whatever its format: its columns, its rows piece by piece, or the whole of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa

from ...base.errors import DataError
from ..dataset import ReadReport
from . import delimited, jsonl, parquet
from .batch import Batch, Sheet, checked
from .delimited import COMMA, Layout

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".jsonl", ".jsonl.gz")


def find_table(folder: Path, stem: str) -> Path | None:
    """The one table file called `stem` in `folder`, or None.

    Raises
    ------
    DataError
        If there are several: which one to read would be a guess.
    """
    found = [path for suffix in SUFFIXES if (path := folder / f"{stem}{suffix}").exists()]
    if len(found) > 1:
        raise DataError(
            f"{' and '.join(path.name for path in found)}",
            where=str(folder),
            expected=f"one table of {stem}",
            fix="move all but one of them out of the folder",
        )
    return found[0] if found else None


def column_names(path: Path, layout: Layout = COMMA) -> list[str]:
    """The column names of a table; a JSONL file's are those of its first rows."""
    if path.suffix == ".parquet":
        return parquet.column_names(path)
    return jsonl.column_names(path) if _is_json(path) else delimited.column_names(path, layout)


def stream(
    path: Path, report: ReadReport, *, only: Collection[str] | None = None, layout: Layout = COMMA
) -> Iterator[Batch]:
    """Read a table piece by piece, in bounded memory.

    Parameters
    ----------
    path
        CSV (also .gz), JSONL (also .gz), or Parquet: a file, or a directory of files.
    report
        Gets the file's name, and a count of rows with a wrong number of cells.
    only
        The columns to read; all when None.
    layout
        How a delimited text file is written.

    Raises
    ------
    DataError
        For a file that is not what its name says, and for a text of more than 1 MiB or with a NUL in a cell.
    """
    report.files.append(path.name)
    if path.suffix == ".parquet":
        batches = parquet.stream(path, only)
    elif _is_json(path):
        batches = jsonl.stream(path, only)
    else:
        batches = delimited.stream(path, report, only, layout)
    return map(checked, batches)


def read_sheet(path: Path, report: ReadReport, *, layout: Layout = COMMA) -> Sheet:
    """Read a whole table.

    Raises
    ------
    DataError
        As :func:`stream` does, and for a table without a row.
    """
    pieces = [pa.table(dict(batch.columns)) for batch in stream(path, report, layout=layout)]
    if not sum(piece.num_rows for piece in pieces):
        raise DataError("no rows", where=str(path), expected="at least one row", fix="check the export")
    typed = path.suffix == ".parquet" or _is_json(path)
    return Sheet(_concatenated(pieces), path.name, typed)


def _concatenated(pieces: list[pa.Table]) -> pa.Table:
    """One table; where pieces disagree about a type and cannot be widened, the column becomes text."""
    try:
        return pa.concat_tables(pieces, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        names = dict.fromkeys(name for piece in pieces for name in piece.column_names)
        rows = [row for piece in pieces for row in piece.to_pylist()]
        return pa.table({name: jsonl.array_of([row.get(name) for row in rows]) for name in names})


def _is_json(path: Path) -> bool:
    return path.name.endswith((".jsonl", ".jsonl.gz"))
