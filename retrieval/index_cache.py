"""An index file is a cache of the vectors, and FAISS's reader trusts every byte of what it reads.

So a file is parsed only when its sha256 is one this user wrote: the hashes of files we wrote are kept
in the user's own cache, not beside the index, where whoever forged one could forge the other. Anything
else (altered, foreign, of other vectors, of another FAISS) is rebuilt and overwritten.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ArtifactError
from ..base.files import atomic_file, cache_home, read_json, write_json
from ..base.hashing import digest
from ..base.progress import say


def write_index(index: Any, path: Path, kind: str, vectors: NDArray[np.floating]) -> str:
    """Write a FAISS index and its record ``<path>.json``; return the sha256 of the file.

    Raises
    ------
    ArtifactError
        If the disk is full or not writable.
    """
    import faiss  # noqa: PLC0415

    data = faiss.serialize_index(index).tobytes()
    name = hashlib.sha256(data).hexdigest()
    with atomic_file(path) as draft:
        draft.write_bytes(data)
    write_json(_record_path(path), {"index_sha256": name, **_made_from(kind, vectors)})
    write_json(_ours(name), {"index_sha256": name})
    return name


def read_index(path: Path, kind: str, vectors: NDArray[np.floating]) -> Any | None:
    """The index of these vectors, or None if it has to be built.

    Parameters
    ----------
    path
        What :func:`write_index` wrote.
    kind, vectors
        What the index must have been made from.
    """
    try:
        record, data = read_json(_record_path(path)), path.read_bytes()
    except (ArtifactError, OSError):
        return None
    name = hashlib.sha256(data).hexdigest()
    current = {"index_sha256": name, **_made_from(kind, vectors)}
    if record != current:
        say(f"{path.name} does not belong to these vectors: building it again")
        return None
    if not _ours(name).is_file():
        say(f"{path.name} was not written here: building it again")
        return None
    import faiss  # noqa: PLC0415

    return faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))


def _made_from(kind: str, vectors: NDArray[np.floating]) -> dict[str, Any]:
    """What an index depends on."""
    import faiss  # noqa: PLC0415

    plain = np.ascontiguousarray(vectors, dtype=np.float32)
    return {
        "kind": kind,
        "faiss": faiss.__version__,
        "vectors": digest(str(plain.shape), plain.tobytes()),
    }


def _record_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _ours(name: str) -> Path:
    return cache_home() / "indexes" / f"{name}.json"
