"""A Hugging Face dataset: an id on the hub, or a folder that `datasets` saved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from ...base.errors import DataError, first_line
from ..dataset import ReadReport
from .batch import Batch, Sheet, checked, one_array
from .log import COLUMNS
from .parts import Parts

PREFIX = "hf:"
BATCH_ROWS = 1 << 16
HUB_TIMEOUT_S = 10


def names_dataset(text: str) -> bool:
    """Whether a path that does not exist can be a hub id."""
    return text.startswith(PREFIX) or re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", text) is not None


def recognizes(folder: Path) -> bool:
    """Whether `datasets` saved this folder."""
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def read_saved(folder: Path, report: ReadReport) -> Parts:
    """What ``Dataset.save_to_disk`` or ``DatasetDict.save_to_disk`` wrote."""
    import datasets  # noqa: PLC0415  (slow to import, needed here only)

    try:
        loaded = datasets.load_from_disk(str(folder))
    except Exception as error:  # the library raises whatever its readers raise
        raise DataError(
            f"not a readable saved dataset: {error}",
            where=str(folder),
            expected="a folder written by save_to_disk",
            fix="save it again",
        ) from error
    return _parts(_splits(loaded), folder, report)


def read_hub(name: str, report: ReadReport) -> Parts:
    """Load ``owner/name`` or ``owner/name:configuration`` from the hub or its cache.

    Configurations "interactions", "items" and "users" are all read where the dataset has them.

    Raises
    ------
    DataError
        If there is neither such a folder nor such a dataset, or the hub cannot be reached.
    """
    import datasets  # noqa: PLC0415

    identity, _, configuration = name.removeprefix(PREFIX).partition(":")
    try:
        splits: dict[str, Any] = {}
        for one in [configuration] if configuration else _configurations(identity):
            splits |= _splits(datasets.load_dataset(identity, one), one or "")
    except Exception as error:  # network, authorization, missing, script-based: all end here
        raise DataError(
            f'"{name}" is no folder here, and could not be loaded as a dataset: {first_line(error)[:200]}',
            where="the hub",
            expected="a data folder, or the id of a dataset on the hub",
            fix="check the path; or, where there is a network, load it once (it stays in the cache) or "
            "save_to_disk and give that folder",
        ) from error
    return _parts(splits, Path(), report)


def _configurations(identity: str) -> list[str | None]:
    """The configurations to read; asks the hub once, and the cache when the hub does not answer."""
    import datasets.config  # noqa: PLC0415
    from huggingface_hub import HfApi  # noqa: PLC0415

    cached = Path(datasets.config.HF_DATASETS_CACHE) / identity.replace("/", "___")
    try:
        HfApi().dataset_info(identity, timeout=HUB_TIMEOUT_S)
        names = datasets.get_dataset_config_names(identity)
    except Exception:  # every later call would retry for half a minute
        if not cached.is_dir():
            raise
        names = sorted(folder.name for folder in cached.iterdir() if folder.is_dir())
    if "interactions" not in names:
        return [None]
    return [name for name in ("interactions", "items", "users") if name in names]


def _splits(loaded: Any, prefix: str = "") -> dict[str, Any]:
    tables = loaded if isinstance(loaded, Mapping) else {"": loaded}
    return {"/".join(filter(None, (prefix, str(split)))): table for split, table in tables.items()}


def _parts(splits: Mapping[str, Any], root: Path, report: ReadReport) -> Parts:
    """Tables by their columns: people with items are a log, items alone items, people alone people."""
    has = {name: set(table.column_names) for name, table in splits.items()}
    logs = [name for name, columns in has.items() if {"user_id", "item_id"} <= columns]
    if not logs:
        found = "; ".join(f"{name or 'table'}: {', '.join(sorted(columns))}" for name, columns in has.items())
        raise DataError(
            f"no table of interactions among: {found[:300]}",
            where=str(root) if root != Path() else "the hub dataset",
            expected="a table with the columns user_id and item_id",
            fix="rename the columns",
        )
    items = [name for name, columns in has.items() if "item_id" in columns and "user_id" not in columns]
    users = [name for name, columns in has.items() if "user_id" in columns and "item_id" not in columns]
    used = [name for name in COLUMNS if any(name in has[log] for log in logs)]
    report.files += [name or "table" for name in (*logs, *items, *users)]
    return Parts(
        root,
        (batch for name in logs for batch in _batches(splits[name], name, used)),
        used,
        _sheet(splits, items),
        _sheet(splits, users),
    )


def _batches(table: Any, name: str, used: list[str] | None = None) -> Iterator[Batch]:
    row = 1
    if used is not None:
        table = table.select_columns([column for column in table.column_names if column in used])
    for piece in table.with_format("arrow").iter(BATCH_ROWS):
        columns = {column: one_array(piece.column(column)) for column in piece.column_names}
        yield checked(Batch(columns, name or "table", row))
        row += piece.num_rows


def _sheet(splits: Mapping[str, Any], names: list[str]) -> Sheet | None:
    pieces = [pa.table(dict(batch.columns)) for name in names for batch in _batches(splits[name], name)]
    if not pieces:
        return None
    return Sheet(pa.concat_tables(pieces, promote_options="permissive"), " and ".join(names), typed=True)
