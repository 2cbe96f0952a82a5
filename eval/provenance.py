"""What makes figures repeatable: DESIGN promise 8."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata

PACKAGES = (
    "firstlight",
    "numpy",
    "scipy",
    "torch",
    "transformers",
    "peft",
    "sentence-transformers",
    "faiss-cpu",
)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide figures, those installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True)
class Provenance:
    """Where the figures of a report come from.

    `split` and `digest` are the name and digest of :class:`firstlight.corpus.split.Split`.
    """

    command: str
    split: str
    digest: str
    seeds: Sequence[int]
    wall_seconds: float
    versions: Mapping[str, str] = field(default_factory=versions)
    notes: Sequence[str] = ()
