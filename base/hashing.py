"""Hashes that decide ties and name content. Stable across runs, machines and file order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

SEPARATOR = b"\x1f"


def digest(*parts: str | bytes | tuple[int, Iterable[bytes]]) -> str:
    """Hex digest (128 bits) of the parts, unambiguous about where one ends.

    A part too long to be held comes as the number of its bytes and its pieces in order.
    """
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        length, pieces = data if isinstance(data, tuple) else (len(data), (data,))
        state.update(length.to_bytes(8, "little"))
        for piece in pieces:
            state.update(piece)
    return state.hexdigest()


def key_hashes(keys: Iterable[str], salt: str = "") -> NDArray[np.uint64]:
    """A uint64 for each key: the tie-breaker used wherever two things are otherwise equal."""
    prefix = salt.encode() + SEPARATOR
    return np.fromiter(
        (
            int.from_bytes(
                hashlib.blake2b(prefix + key.encode("utf-8", "surrogatepass"), digest_size=8).digest(),
                "little",
            )
            for key in keys
        ),
        dtype=np.uint64,
    )


def mix(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Combine two hash arrays (splitmix64 finalizer), order-sensitive."""
    with np.errstate(over="ignore"):
        value = left * np.uint64(0x9E3779B97F4A7C15) + right
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return value ^ (value >> np.uint64(31))
