"""Vectors on disk, so that only what changed is encoded again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..base.files import cache_home
from ..base.hashing import digest
from ..base.progress import say
from .contract import Encoder, identity

T = TypeVar("T")
Row = tuple[str, bytes, bytes]  # key, vector, seal

AT_ONCE = 500  # keys in one query
PATIENCE_S = 60.0  # how long to wait while another process writes
SETUP = """
PRAGMA page_size = 16384;
CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL, seal BLOB NOT NULL);
"""


class EmbeddingCache:
    """One SQLite file for each encoder; its transactions make it safe to kill and to share.

    A row is sealed with a digest of its key and vector. A row with a broken seal is a miss, and a file
    that is no longer a database is dropped with a word about it: both are encoded again. A place
    that cannot be written costs time, never the run.

    Parameters
    ----------
    folder
        By default ``embeddings`` in the user's cache (`base.files.cache_home`).
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = Path(folder) if folder is not None else cache_home() / "embeddings"
        self._complained = False

    def path(self, encoder: Encoder) -> Path:
        """The file that holds this encoder's vectors."""
        return self.folder / f"{digest(identity(encoder))}.sqlite"

    def get(self, encoder: Encoder, keys: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Look up vectors; returns float32 [n, dim], zero where missing, and bool [n]: found."""
        rows = self._run(encoder, lambda database: _select(database, keys)) or []
        good = {key: vector for key, vector, seal in rows if seal == _seal(key, vector)}
        vectors = np.zeros((len(keys), encoder.dim), dtype=np.float32)
        found = np.zeros(len(keys), dtype=np.bool_)
        for place, key in enumerate(keys):
            if len(good.get(key, b"")) == encoder.dim * vectors.itemsize:
                vectors[place] = np.frombuffer(good[key], dtype="<f4")
                found[place] = True
        return vectors, found

    def put(self, encoder: Encoder, keys: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store vectors [n, dim] under their keys: all of them, or none."""
        blobs = [row.astype("<f4").tobytes() for row in vectors]
        rows = [(key, blob, _seal(key, blob)) for key, blob in zip(keys, blobs, strict=True)]
        self._run(encoder, lambda database: _insert(database, rows))

    def _run(self, encoder: Encoder, action: Callable[[sqlite3.Connection], T]) -> T | None:
        """Open, act, close; None when the file had to be dropped or cannot be used."""
        path = self.path(encoder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(path, timeout=PATIENCE_S)) as database:
                database.executescript(SETUP)
                return action(database)
        except (OSError, sqlite3.OperationalError) as error:  # no room, no right, or a lock that stays
            self._complain(f"{path}: {error}")
        except sqlite3.DatabaseError as error:
            self._drop(path, error)
        return None

    def _drop(self, path: Path, error: sqlite3.DatabaseError) -> None:
        say(f"embedding cache: {path.name} is damaged ({error}); its vectors are encoded again")
        try:
            for leftover in (path, path.with_name(f"{path.name}-journal")):
                leftover.unlink(missing_ok=True)
        except OSError as reason:  # it stays, and is a miss every time
            self._complain(f"{path}: {reason}")

    def _complain(self, reason: str) -> None:
        if not self._complained:
            say(f"embedding cache: going on without it ({reason})")
        self._complained = True


def _select(database: sqlite3.Connection, keys: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        marks = ",".join("?" * len(some))
        query = f"SELECT key, vector, seal FROM vectors WHERE key IN ({marks})"  # noqa: S608 (marks only)
        rows += database.execute(query, some).fetchall()
    return rows


def _insert(database: sqlite3.Connection, rows: Sequence[Row]) -> None:
    with database:
        database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)


def _seal(key: str, vector: bytes) -> bytes:
    return bytes.fromhex(digest(key, vector))
