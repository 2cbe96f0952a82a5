"""Plain tables: ``interactions.*`` with ``items.*``, ``users.*`` and cases (``valid.*``, ``test.*``)."""

from __future__ import annotations

from pathlib import Path

from ..dataset import ReadReport
from . import cases, tables
from .batch import Sheet, require
from .log import COLUMNS
from .parts import Parts
from .tables import find_table

EXPECTED = (
    "interactions.csv, .csv.gz, .parquet or .jsonl with items.*; or items.* with valid.csv and test.csv"
)


def recognizes(folder: Path) -> bool:
    """Whether there are interactions or cases."""
    return any(find_table(folder, stem) for stem in ("interactions", *cases.NAMES))


def read(folder: Path, report: ReadReport) -> Parts:
    """The tables as they are; columns of the log that mean nothing to us are noted."""
    found = {name: path for name in cases.NAMES if (path := find_table(folder, name))}
    log_path = find_table(folder, "interactions")
    items = _sheet(folder, "items", "item_id", report)
    users = _sheet(folder, "users", "user_id", report)
    if log_path is None:
        return Parts(folder, items=items, users=users, case_files=found)
    columns = tables.column_names(log_path)
    require(columns, ("user_id", "item_id"), log_path.name)
    used = [name for name in columns if name in COLUMNS]
    if "rating" in used and "weight" in used:
        used.remove("weight")
    if ignored := [name for name in columns if name not in used]:
        report.notes.append(f"{log_path.name}: columns not used: {', '.join(ignored)}")
    log = tables.stream(log_path, report, only=used)
    return Parts(folder, log, used, items, users, found)


def _sheet(folder: Path, stem: str, key: str, report: ReadReport) -> Sheet | None:
    path = find_table(folder, stem)
    if path is None:
        return None
    require(tables.column_names(path), (key,), path.name)
    return tables.read_sheet(path, report)
