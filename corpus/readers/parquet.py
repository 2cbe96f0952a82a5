"""Parquet: one file or a directory of files, read in batches with bounded memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ...base.errors import DataError
from .batch import Batch, distinct

BATCH_ROWS = 1 << 18


def column_names(path: Path) -> list[str]:
    """The columns of all files, in order of appearance."""
    return list(dict.fromkeys(name for file in _files(path) for name in _open(file).schema_arrow.names))


def stream(path: Path, only: Collection[str] | None = None) -> Iterator[Batch]:
    """Rows in batches; a row group is never held as a whole."""
    for file in _files(path):
        row = 1
        handle = _open(file)
        wanted = [name for name in handle.schema_arrow.names if only is None or name in only]
        try:
            for batch in handle.iter_batches(BATCH_ROWS, columns=wanted, use_threads=False):
                yield Batch(dict(zip(batch.schema.names, batch.columns, strict=True)), file.name, row)
                row += batch.num_rows
        except (OSError, pa.ArrowException) as error:
            raise DataError(
                f"damaged after row {row - 1}: {error}", where=str(file), fix="write or copy it again"
            ) from error


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise DataError(
            "no .parquet file", where=str(path), expected="at least one in the folder", fix="check the export"
        )
    return files


def _open(path: Path) -> pq.ParquetFile:
    try:
        found = pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"not a readable Parquet file: {error}",
            where=str(path),
            expected="a complete Parquet file",
            fix="write or copy it again",
        ) from error
    distinct(found.schema_arrow.names, path)
    return found
