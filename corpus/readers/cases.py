"""Ready-made cases: ``valid.csv`` and ``test.csv`` with a person, a history and the item that came next."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes its compute functions when it is imported)
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...base.errors import DataError
from ..dataset import ReadReport
from ..interactions import Cases
from ..keys import UserKey
from . import tables
from .batch import is_list, one_array, require
from .keyindex import UNKNOWN, KeyIndex
from .values import as_keys, has_key

NAMES = ("valid", "test")
COLUMNS = ("user_id", "history", "item_id")


@dataclass(frozen=True)
class CaseTable:
    """One file's cases with item numbers instead of keys; lengths count known items only."""

    user_keys: tuple[UserKey, ...]
    history: NDArray[np.int32]
    lengths: NDArray[np.int64]
    targets: NDArray[np.int32]

    def cases(self, ranks: NDArray[np.int32]) -> Cases:
        """The cases by catalogue row; `ranks` is the row of each item number."""
        offsets = np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)
        return Cases.of(
            self.user_keys,
            ranks[self.history],
            np.full(len(self.history), np.nan),
            offsets,
            ranks[self.targets],
            np.full(len(self.targets), np.nan),
        )


def read_cases(path: Path, items: KeyIndex, report: ReadReport) -> CaseTable:
    """Read one file of cases.

    A history is a list, or item ids separated by spaces, oldest first. Unknown items in histories are
    left out and counted; a case whose answer is unknown is left out and counted.
    """
    require(tables.column_names(path), COLUMNS, path.name)
    sheet = tables.read_sheet(path, report)
    table = sheet.table
    people = as_keys(one_array(table.column("user_id")), "user_id", path.name)
    answers = as_keys(one_array(table.column("item_id")), "item_id", path.name)
    targets = items.encode(answers)
    named = has_key(people) & has_key(answers)
    known = named & (targets != UNKNOWN)
    report.skip(f"no user_id or item_id in {path.name}", int((~named).sum()))
    report.skip(f"unknown item as the answer in {path.name}", int((named & ~known).sum()))
    chosen = table.filter(pa.array(known))
    parts = _histories(one_array(chosen.column("history")), path.name)
    tokens = as_keys(parts.flatten(), "history", path.name)
    numbers = items.encode(tokens)
    owners = np.repeat(np.arange(len(parts)), pc.list_value_length(parts).to_numpy())
    found = numbers != UNKNOWN
    report.skip(f"unknown item in a history of {path.name}", int((~found & has_key(tokens)).sum()))
    keys = people.filter(pa.array(known)).dictionary_decode().to_pylist()
    return CaseTable(
        tuple(UserKey(key) for key in keys),
        numbers[found],
        np.bincount(owners[found], minlength=len(parts)).astype(np.int64),
        targets[known],
    )


def _histories(column: pa.Array, file: str) -> pa.ListArray:
    """A list of keys for each case; null is an empty history."""
    if is_list(column.type):
        return pc.if_else(column.is_valid(), column, pa.scalar([], column.type))
    try:
        texts = column.cast(pa.string()).fill_null("")
    except pa.ArrowException as error:
        raise DataError(
            f"histories of type {column.type}", where=file, expected="item ids separated by spaces"
        ) from error
    return pc.utf8_split_whitespace(texts)
