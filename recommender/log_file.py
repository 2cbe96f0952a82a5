"""The log inside a run directory: who did what, by catalogue row, as one Parquet file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..base.errors import ArtifactError
from ..base.files import atomic_file
from ..corpus.interactions import Interactions
from ..corpus.keys import UserKey


def save_log(log: Interactions, path: Path) -> None:
    """Write one row for each interaction, in the log's own order."""
    people = pa.array(np.array(log.user_keys, dtype=object)[log.users], pa.string())
    table = pa.table({"user_id": people, "row": log.rows, "time": log.times, "value": log.values})
    with atomic_file(path) as draft:
        pq.write_table(table.replace_schema_metadata({"clock": log.clock}), draft)


def load_log(path: Path) -> Interactions:
    """Read what :func:`save_log` wrote. People without a single interaction are not in it."""
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(f"not a readable Parquet file: {error}", where=str(path)) from error
    people = table.column("user_id").combine_chunks().dictionary_encode()
    position = (table.schema.metadata or {}).get(b"clock") == b"position"
    return Interactions.from_sorted(
        tuple(UserKey(key) for key in people.dictionary.to_pylist()),
        people.indices.to_numpy().astype(np.int32),
        table.column("row").to_numpy().astype(np.int32),
        table.column("time").to_numpy(),
        table.column("value").to_numpy(),
        "position" if position else "timestamp",
    )
