"""Pieces of a table on their way from a file to the corpus, and the errors every file format shares."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes its compute functions when it is imported)
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ...base.errors import DataError, nearest
from .streams import ROW_BYTES, TEXT_BYTES

_SHORTEN = "shorten the text, or look for a quotation mark that is never closed"


class Batch(NamedTuple):
    """Some rows of one table: equally long arrays by column name. `first_row` counts data rows from 1."""

    columns: Mapping[str, pa.Array]
    file: str
    first_row: int

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return max((len(column) for column in self.columns.values()), default=0)

    def where(self, index: int) -> str:
        """The place of the row at `index` of this batch, for an error."""
        return f"{self.file}, row {self.first_row + index}"

    def renamed(self, names: Mapping[str, str]) -> Batch:
        """The columns under other names; those that `names` does not list keep theirs."""
        columns = {names.get(name, name): column for name, column in self.columns.items()}
        return self._replace(columns=columns)


@dataclass(frozen=True)
class Sheet:
    """A whole table in memory. `typed` is false where every cell came as text (CSV)."""

    table: pa.Table
    file: str
    typed: bool

    def renamed(self, names: Mapping[str, str]) -> Sheet:
        """The columns under other names; those that `names` does not list keep theirs."""
        table = self.table.rename_columns([names.get(name, name) for name in self.table.column_names])
        return Sheet(table, self.file, self.typed)


def require(columns: Sequence[str], needed: Collection[str], file: str) -> None:
    """Raise a :class:`DataError` that names the nearest column for the first of `needed` that is missing."""
    for name in needed:
        if name not in columns:
            found = ", ".join(columns)[:300] or "none"
            raise DataError(
                f'no column "{name}"{nearest(name, columns)} among: {found}',
                where=file,
                expected=f"the columns {', '.join(needed)}",
                fix="rename the column; a CSV file needs a header line and commas between the cells",
            )


def distinct(names: list[str], path: Path) -> list[str]:
    """The names of a file's columns; a :class:`DataError` if one stands twice."""
    if double := next((name for name in names if names.count(name) > 1), None):
        raise DataError(
            f'the column "{double}" stands twice',
            where=str(path),
            expected="one name for each column",
            fix="rename one of them",
        )
    return names


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow type holds plain text."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_list(kind: pa.DataType) -> bool:
    """Whether an Arrow type holds a list in each cell."""
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """The chunks of a column as one array; for keys and numbers, which stay below Arrow's 2 GiB of text."""
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def checked(batch: Batch) -> Batch:
    """The batch itself.

    Raises
    ------
    DataError
        If a cell holds a text of more than 1 MiB or with a NUL character.
    """
    for name, column in batch.columns.items():
        texts = column.dictionary if isinstance(column, pa.DictionaryArray) else column
        while is_list(texts.type):
            texts = texts.flatten()
        if not is_text(texts.type):
            continue
        texts = texts.cast(pa.large_string())
        longest = pc.max(pc.binary_length(texts)).as_py() or 0
        if longest > TEXT_BYTES:
            raise DataError(
                f'a text of {longest:,} bytes in column "{name}"',
                where=batch.where(_worst(column, lambda text: len(text.encode()))),
                expected=f"at most {TEXT_BYTES:,} bytes in a cell",
                fix=_SHORTEN,
            )
        if pc.any(pc.match_substring(texts, "\0")).as_py():
            raise DataError(
                f'a NUL character in column "{name}"',
                where=batch.where(_worst(column, lambda text: text.count("\0"))),
                expected="text",
                fix="remove the character",
            )
    return batch


def _worst(column: pa.Array, badness: Callable[[str], int]) -> int:
    """The row of the text, or list of texts, that is worst."""

    def of(value: Any) -> int:
        if isinstance(value, list):
            return max(map(of, value), default=0)
        return badness(value) if isinstance(value, str) else 0

    found = [of(value) for value in column.to_pylist()]
    return found.index(max(found))


def row_too_long(path: Path, row: int) -> DataError:
    """The error for a row that does not even fit into a block."""
    return DataError(
        f"a row of more than {ROW_BYTES:,} bytes",
        where=f"{path}, row {row}",
        expected=f"at most {TEXT_BYTES:,} bytes in a cell",
        fix=_SHORTEN,
    )
