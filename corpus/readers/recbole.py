"""RecBole's atomic files: ``<name>.inter``, ``.item`` and ``.user``, tab-separated with typed headers.

Zhao et al., "RecBole: Towards a Unified, Comprehensive and Efficient Framework for Recommendation
Algorithms", CIKM 2021. Types are token, float, and space-separated sequences of either.
"""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes its compute functions when it is imported)
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ...base.errors import DataError
from ..dataset import ReadReport
from . import tables
from .batch import Sheet, require
from .columns import attribute_column, list_column
from .delimited import Layout
from .log import COLUMNS
from .parts import Parts
from .values import as_numbers

TYPES = ("token", "float", "token_seq", "float_seq")
LAYOUT = Layout(delimiter="\t", quoted=False)
TITLES = ("title", "movie_title", "name", "product_title")
CATEGORIES = ("categories", "category", "genres", "genre", "class")
DESCRIPTIONS = ("description", "overview", "plot")


def recognizes(folder: Path) -> bool:
    """Whether there is an ``.inter`` file."""
    return any(folder.glob("*.inter"))


def read(folder: Path, report: ReadReport) -> Parts:
    """Tokens of a title are its words; those of the categories are a list."""
    path = _only(folder, ".inter")
    types = _types(path)
    names = {header: name for header, (name, _) in types.items()}
    require(list(names.values()), ("user_id", "item_id"), path.name)
    used = {header: name for header, name in names.items() if name in COLUMNS}
    if ignored := [name for name in names.values() if name not in COLUMNS]:
        report.notes.append(f"{path.name}: columns not used: {', '.join(ignored)}")
    stream = tables.stream(path, report, only=list(used), layout=LAYOUT)
    log = (batch.renamed(used) for batch in stream)
    items, users = (_sheet(path.with_suffix(ending), report) for ending in (".item", ".user"))
    return Parts(folder, log, list(used.values()), items, users)


def _only(folder: Path, ending: str) -> Path:
    found = sorted(folder.glob(f"*{ending}"))
    if len(found) > 1:
        raise DataError(
            " and ".join(path.name for path in found),
            where=str(folder),
            expected=f"one {ending} file",
            fix="join the splits into one file; Firstlight makes its own",
        )
    return found[0]


def _types(path: Path) -> dict[str, tuple[str, str]]:
    """{header cell: (name, type)}."""
    types = {}
    for header in tables.column_names(path, LAYOUT):
        name, colon, kind = header.partition(":")
        if not colon or kind not in TYPES:
            raise DataError(
                f'the header "{header}"',
                where=path.name,
                expected=f"name:type with a type of {', '.join(TYPES)}",
                fix="give the column a type",
            )
        types[header] = (name, kind)
    return types


def _sheet(path: Path, report: ReadReport) -> Sheet | None:
    if not path.is_file():
        return None
    types = _types(path)
    key = "item_id" if path.suffix == ".item" else "user_id"
    names = [name for name, _ in types.values()]
    require(names, (key,), path.name)
    table = tables.read_sheet(path, report, layout=LAYOUT).table
    core = _core_names(names) if key == "item_id" else {}
    columns = {
        core.get(name, name): _typed(core.get(name, name), table.column(header), kind, key)
        for header, (name, kind) in types.items()
    }
    return Sheet(pa.table(columns), path.name, typed=True)


def _core_names(names: list[str]) -> Mapping[str, str]:
    """Which columns are the title, the categories and the description."""
    choices = {"title": TITLES, "categories": CATEGORIES, "description": DESCRIPTIONS}
    found = {core: [name for name in known if name in names] for core, known in choices.items()}
    return {name[0]: core for core, name in found.items() if name}


def _typed(name: str, column: pa.ChunkedArray, kind: str, key: str) -> pa.ChunkedArray:
    if name == "categories":
        return list_column(column, " ")
    if name in (key, "title", "description"):
        return column
    if kind == "token":
        recognized = attribute_column(column, typed=False)
        return column if recognized is None else recognized
    if kind == "float":
        numbers = [pa.array(as_numbers(chunk), from_pandas=True) for chunk in column.chunks]
        return pa.chunked_array(numbers, pa.float64())
    parts = pc.utf8_split_whitespace(column)
    return parts if kind == "token_seq" else _float_lists(parts)


def _float_lists(parts: pa.ChunkedArray) -> pa.ChunkedArray:
    lists = [as_numbers(pa.array(value)).tolist() if value else None for value in parts.to_pylist()]
    return pa.chunked_array([pa.array(lists, pa.list_(pa.float64()))])
