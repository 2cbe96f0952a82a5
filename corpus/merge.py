"""Several datasets as one, to learn from them together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ..base.errors import DataError
from .catalogue import Catalogue
from .dataset import Dataset, ReadReport
from .interactions import Interactions


def merged(datasets: Sequence[Dataset]) -> Dataset:
    """One dataset of all items and all people; nobody's history crosses from one into another.

    Keys get their dataset's name before them ("beauty/B00005"). Times are kept where all have
    timestamps; else everyone's interactions are numbered in their order. People's tables and ready-made
    cases are left out.

    Raises
    ------
    DataError
        If two datasets have the same name, or give one column different types.
    """
    if len(datasets) == 1:
        return datasets[0]
    names = [one.name for one in datasets]
    if len(set(names)) < len(names):
        raise DataError(
            f"datasets named {', '.join(names)}",
            expected="each name once: it tells their keys apart",
            fix="rename a folder",
        )
    catalogue = _prefixed(datasets[0])
    for one in datasets[1:]:
        catalogue = catalogue.extended(_prefixed(one))
    report = ReadReport(
        "merged",
        files=[file for one in datasets for file in one.report.files],
        notes=[f"{one.name}: {note}" for one in datasets for note in one.report.notes],
    )
    for one in datasets:
        for reason, rows in one.report.skipped.items():
            report.skip(f"{one.name}: {reason}", rows)
    return Dataset(" + ".join(names), catalogue, _logs(datasets, catalogue), report)


def _prefixed(dataset: Dataset) -> Catalogue:
    table = dataset.catalogue.table
    keys = pa.array([f"{dataset.name}/{key}" for key in dataset.catalogue.keys], pa.string())
    place = table.column_names.index("item_id")
    return Catalogue(table.set_column(place, "item_id", keys), dataset.catalogue.root)


def _logs(datasets: Sequence[Dataset], catalogue: Catalogue) -> Interactions:
    logs = [one.interactions for one in datasets]
    dated = all(log.clock == "timestamp" for log in logs)
    first_user = np.cumsum([0, *(log.n_users for log in logs)])
    first_row = np.cumsum([0, *(len(one.catalogue) for one in datasets)])
    return Interactions.build(
        [f"{one.name}/{key}" for one in datasets for key in one.interactions.user_keys],
        np.concatenate([log.users + start for log, start in zip(logs, first_user, strict=False)]),
        np.concatenate([log.rows + start for log, start in zip(logs, first_row, strict=False)]),
        np.concatenate([log.times if dated else _places(log) for log in logs]),
        item_keys=catalogue.keys,
        values=np.concatenate([log.values for log in logs]),
        clock="timestamp" if dated else "position",
    )


def _places(log: Interactions) -> np.ndarray:
    """Where each interaction stands in its person's order, float64 [n]."""
    return (np.arange(len(log)) - log.offsets[log.users]).astype(np.float64)
