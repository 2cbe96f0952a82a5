"""What every format reader hands over, and how that becomes a :class:`Dataset`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...base.errors import DataError
from ...base.progress import bar
from ..catalogue import Catalogue
from ..dataset import Dataset, ReadReport
from ..interactions import Clock, Interactions
from .batch import Batch, Sheet
from .cases import CaseTable, read_cases
from .items import clean_items, clean_users, with_year
from .join import join_all
from .keyindex import KeyIndex
from .log import LogBuilder, LogOptions
from .sort import finish_log


@dataclass(frozen=True)
class Parts:
    """A folder's tables under our column names, not yet read further than their headers.

    Attributes
    ----------
    root
        Where relative picture paths and joined files start.
    log
        Batches with the columns of :data:`log.COLUMNS`.
    log_columns
        The names that the log has; decides the clock.
    items, users
        Tables with "item_id" and "user_id".
    case_files
        Files of ready-made cases by name.
    """

    root: Path
    log: Iterable[Batch] = ()
    log_columns: Sequence[str] = ()
    items: Sheet | None = None
    users: Sheet | None = None
    case_files: Mapping[str, Path] = field(default_factory=dict)


def assemble(
    name: str, parts: Parts, options: LogOptions, join: Sequence[Path | str], report: ReadReport
) -> Dataset:
    """Catalogue, log, people and cases out of the parts.

    Raises
    ------
    DataError
        If nothing usable is left, an option does not fit the data, or a reader finds bad input.
    """
    clock = _clock(parts.log_columns, report)
    _check_options(parts.log_columns, options)
    table = clean_items(parts.items, report) if parts.items else None
    items = KeyIndex(None if table is None else table.column("item_id").to_pylist())
    builder = LogBuilder(items, clock, options, report)
    _fill(builder, parts.log)
    case_tables = {name: read_cases(path, items, report) for name, path in parts.case_files.items()}
    _check_usable(builder, parts, case_tables, report)
    keys, ranks = items.in_order()
    log = _finished(builder, keys, ranks, clock, report)
    if table is None:
        table = pa.table({"item_id": pa.array(keys, pa.string())})
        report.notes.append("no items table: the catalogue holds the keys alone")
    table = with_year(join_all(table, parts.root, join, report), report)
    _note_content(table, report)
    return Dataset(
        name=name,
        catalogue=Catalogue(table, parts.root),
        interactions=log,
        report=report,
        users=clean_users(parts.users, report) if parts.users else None,
        cases={name: cases.cases(ranks) for name, cases in case_tables.items()},
    )


def _clock(columns: Sequence[str], report: ReadReport) -> Clock:
    if "timestamp" in columns:
        if "position" in columns:
            report.notes.append("timestamp and position are both there: position is not used")
        return "timestamp"
    if columns and "position" not in columns:
        report.notes.append(
            "neither timestamp nor position: the order of a person's rows is unknown, and is drawn from "
            'a hash of the keys; add "position" if the rows are in order'
        )
    return "position"


def _check_options(columns: Sequence[str], options: LogOptions) -> None:
    wanted = {"rating": options.min_rating is not None, "event": options.events is not None}
    for column, asked in wanted.items():
        if asked and column not in columns and not (column == "rating" and "weight" in columns):
            raise DataError(
                f'no column "{column}" among: {", ".join(columns) or "none"}',
                where="the interactions",
                expected=f'a column "{column}" to select by',
                fix="leave min_rating out" if column == "rating" else "leave events out",
            )


def _fill(builder: LogBuilder, log: Iterable[Batch]) -> None:
    with bar(None, "reading interactions", unit="row") as progress:
        for batch in log:
            builder.add(batch)
            progress.update(batch.rows)


def _finished(
    builder: LogBuilder, keys: Sequence[str], ranks: NDArray[np.int32], clock: Clock, report: ReadReport
) -> Interactions:
    log, repeated = finish_log(builder, keys, ranks, clock)
    report.skip("same person, item and time as another row", repeated)
    if builder.times_read.unit:
        report.notes.append(f"timestamps are in {builder.times_read.unit}")
    if builder.unreadable_ratings:
        report.notes.append(f"ratings that are not numbers, read as none: {builder.unreadable_ratings:,}")
    if builder.event_counts:
        counts = ", ".join(f"{name} {count:,}" for name, count in sorted(builder.event_counts.items()))
        report.notes.append(f"events: {counts}; those kept all count alike")
    return log


def _check_usable(
    builder: LogBuilder, parts: Parts, cases: Mapping[str, CaseTable], report: ReadReport
) -> None:
    unseen = sorted(set(builder.options.events or ()) - builder.event_counts.keys())
    if unseen and builder.rows_seen:
        raise DataError(
            f'no row has the event "{unseen[0]}"',
            where="the interactions",
            expected=f"one of {', '.join(sorted(builder.event_counts))}",
            fix="check events",
        )
    usable = len(builder.users) > 0 or any(len(table.targets) for table in cases.values())
    if usable:
        return
    if parts.log_columns and not builder.rows_seen and not cases:
        raise DataError(
            "no rows", where="the interactions", expected="at least one row", fix="check the export"
        )
    reasons = "; ".join(f"{reason}: {rows:,}" for reason, rows in report.skipped.items())
    raise DataError(
        f"no usable row ({reasons})",
        where="the interactions" if parts.log_columns else "the cases",
        expected="at least one row with a known item and a valid time",
        fix="check the columns' meaning and units",
    )


def _note_content(table: pa.Table, report: ReadReport) -> None:
    empty = [
        name
        for name in ("title", "description", "categories", "image")
        if name not in table.column_names or table.column(name).null_count == table.num_rows
    ]
    if {"title", "description", "categories"} <= set(empty):
        report.notes.append("no text at all: titles, descriptions and categories are empty")
    if "image" in empty:
        report.notes.append("no pictures")
