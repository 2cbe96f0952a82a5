"""What a catalogue's items are: text and picture vectors by row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ..base.errors import ArtifactError, DataError, ModelError
from ..base.files import atomic_file
from ..base.hashing import digest
from ..base.progress import bar, say
from ..corpus.catalogue import Catalogue, Item
from .cache import EmbeddingCache
from .contract import Encoded, Encoder, identity

CHUNK = 512  # items between two visits to the cache: what a kill can cost
MODALITIES = ("text", "image")
NOTES = "notes"
NOTHING = ""  # the key of an item that has nothing to encode
NO_REASON = "the encoder gave no vector"


@dataclass(frozen=True)
class Content:
    """Vectors by catalogue row; a modality that was not encoded is None."""

    text: Encoded | None
    image: Encoded | None

    def __len__(self) -> int:
        return max((len(part) for part in (self.text, self.image) if part is not None), default=0)

    @property
    def failures(self) -> dict[str, dict[str, str]]:
        """For each modality {item key: reason} of what exists but could not be used."""
        parts = {"text": self.text, "image": self.image}
        return {name: dict(part.failures) for name, part in parts.items() if part is not None}

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Content:
        """The chosen rows, in that order."""
        parts = (None if part is None else part.take(rows) for part in (self.text, self.image))
        return Content(*parts)

    def concat(self, other: Content) -> Content:
        """These rows, then `other`'s (what add-items encoded).

        Raises
        ------
        ModelError
            If the two were made by different encoders, or only one has a modality.
        """
        return Content(_joined("text", self.text, other.text), _joined("image", self.image, other.image))

    def save(self, path: Path) -> None:
        """Write one safetensors file, atomically."""
        tensors: dict[str, NDArray] = {}
        notes: dict[str, Any] = {}
        for name in MODALITIES:
            part: Encoded | None = getattr(self, name)
            if part is not None:
                tensors |= {f"{name}.vectors": part.vectors, f"{name}.present": part.present}
                notes[name] = {"encoder": part.encoder, "failures": dict(part.failures)}
        with atomic_file(path) as draft:  # one note only: safetensors writes several in random order
            save_file(tensors, draft, metadata={NOTES: json.dumps(notes, sort_keys=True)})

    @classmethod
    def load(cls, path: Path) -> Content:
        """Read what :meth:`save` wrote.

        Raises
        ------
        ArtifactError
            If the file is missing, truncated, or something else.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                notes = _notes(file.metadata() or {})
                return cls(**{name: _read(file, name, notes.get(name)) for name in MODALITIES})
        except (OSError, SafetensorError, ValueError, KeyError) as error:
            raise ArtifactError(
                f"not readable content vectors: {error}", where=str(path), fix="encode the catalogue again"
            ) from error


def encode_catalogue(
    catalogue: Catalogue,
    text: Encoder | None = None,
    image: Encoder | None = None,
    cache: EmbeddingCache | None = None,
) -> Content:
    """Encode every item's text and picture.

    Items of equal content are encoded once. What `cache` holds is not encoded at all, and each
    finished chunk goes into it, so a killed run goes on where it was. An item that cannot be used
    is reported in `Content.failures` and never stops the run.

    Raises
    ------
    ModelError
        If an encoder breaks its contract (`encoders.contract.Encoder`).
    """
    return Content(
        _encode_column(catalogue, "text", text, cache),
        _encode_column(catalogue, "image", image, cache),
    )


def _encode_column(
    catalogue: Catalogue, label: str, encoder: Encoder | None, cache: EmbeddingCache | None
) -> Encoded | None:
    if encoder is None:
        return None
    vectors = np.zeros((len(catalogue), encoder.dim), dtype=np.float32)
    present = np.zeros(len(catalogue), dtype=np.bool_)
    failures: dict[str, str] = {}
    with bar(len(catalogue), f"encode {label}", unit="item") as progress:
        for start, items in _chunks(catalogue):
            part = _encode_chunk(items, encoder, cache)
            vectors[start : start + len(items)] = part.vectors
            present[start : start + len(items)] = part.present
            failures |= part.failures
            progress.update(len(items))
    if failures:
        key, reason = next(iter(failures.items()))
        say(f"{label}: {len(failures):,} of {len(catalogue):,} items could not be used, as {key}: {reason}")
    return Encoded(vectors, present, failures, identity(encoder))


def _chunks(catalogue: Catalogue) -> Iterator[tuple[int, list[Item]]]:
    items = iter(catalogue)
    start = 0
    while chunk := list(islice(items, CHUNK)):
        yield start, chunk
        start += len(chunk)


def _encode_chunk(items: Sequence[Item], encoder: Encoder, cache: EmbeddingCache | None) -> Encoded:
    """One chunk: each distinct content from the cache, or encoded once and put there."""
    keys, unread = _keys(encoder, items)
    rows = np.flatnonzero(keys != NOTHING)
    distinct, first, which = np.unique(keys[rows], return_index=True, return_inverse=True)
    vectors = np.zeros((len(distinct), encoder.dim), dtype=np.float32)
    found = np.zeros(len(distinct), dtype=np.bool_)
    if cache is not None:
        vectors, found = cache.get(encoder, distinct.tolist())
    missing = np.flatnonzero(~found)
    samples = [items[row] for row in rows[first[missing]].tolist()]
    fresh = _encode_checked(encoder, samples)
    vectors[missing], found[missing] = fresh.vectors, fresh.present
    if cache is not None and fresh.present.any():
        unchanged = _keys(encoder, samples)[0] == distinct[missing]  # a file may have been replaced meanwhile
        kept = np.flatnonzero(fresh.present & unchanged)
        cache.put(encoder, distinct[missing[kept]].tolist(), fresh.vectors[kept])

    reasons = dict(zip(missing, (fresh.failures.get(one.key, NO_REASON) for one in samples), strict=True))
    failures: dict[str, str] = unread | {
        items[row].key: reasons[i] for row, i in zip(rows.tolist(), which, strict=True) if not found[i]
    }
    whole = np.zeros((len(items), encoder.dim), dtype=np.float32)
    present = np.zeros(len(items), dtype=np.bool_)
    whole[rows], present[rows] = vectors[which], found[which]
    return Encoded(whole, present, failures)


def _keys(encoder: Encoder, items: Sequence[Item]) -> tuple[NDArray[np.str_], dict[str, str]]:
    """The cache key of each item, and {item key: reason} of those that cannot be read."""
    keys, unread = [], {}
    for item in items:
        try:
            content = encoder.content(item)
        except DataError as error:
            content, unread[item.key] = None, error.found
        keys.append(NOTHING if content is None else digest(encoder.name, encoder.revision, content))
    return np.array(keys, dtype=np.str_), unread


def _encode_checked(encoder: Encoder, items: Sequence[Item]) -> Encoded:
    """What the encoder returns, held to its contract."""
    if not items:
        return Encoded(np.zeros((0, encoder.dim), dtype=np.float32), np.zeros(0, dtype=np.bool_))
    encoded = encoder.encode(items)
    vectors = np.asarray(encoded.vectors, dtype=np.float32)
    present = np.asarray(encoded.present, dtype=np.bool_)
    if vectors.shape != (len(items), encoder.dim) or present.shape != (len(items),):
        raise ModelError(
            f"vectors {vectors.shape} and present {present.shape} for {len(items)} items",
            where=f"the encoder {encoder.name}",
            expected=f"vectors {(len(items), encoder.dim)} and present {(len(items),)}",
        )
    lengths = np.linalg.norm(vectors[present], axis=1)
    if not np.allclose(lengths, 1.0, atol=1e-3):  # also false for NaN
        raise ModelError(
            f"a vector of length {lengths[np.argmax(np.abs(lengths - 1.0))]:.3g}",
            where=f"the encoder {encoder.name}",
            expected="length 1",
            fix="divide each vector by its length, and report those that have none as not present",
        )
    return Encoded(np.where(present[:, None], vectors, np.float32(0)), present, encoded.failures)


def _joined(name: str, old: Encoded | None, new: Encoded | None) -> Encoded | None:
    if old is None and new is None:
        return None
    if old is None or new is None:
        raise ModelError(
            f"{name} vectors for {'the new' if old is None else 'the old'} items only",
            expected="the same modalities for all items",
            fix=f"encode the {name} of both, or of neither",
        )
    return old.concat(new)


def _notes(metadata: dict[str, str]) -> dict[str, Any]:
    """What stands beside the tensors; until 24 Nov 2026 each modality had a note of its own."""
    if NOTES in metadata:
        return json.loads(metadata[NOTES])
    return {name: json.loads(metadata[name]) for name in MODALITIES if name in metadata}


def _read(file: Any, name: str, kept: Any) -> Encoded | None:
    if kept is None:
        return None
    vectors, present = file.get_tensor(f"{name}.vectors"), file.get_tensor(f"{name}.present")
    if vectors.ndim != 2 or present.shape != vectors.shape[:1]:
        raise ValueError(f"{name}: vectors {vectors.shape} and present {present.shape}")
    return Encoded(vectors, present, kept["failures"], kept["encoder"])
