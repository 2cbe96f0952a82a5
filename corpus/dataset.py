"""What a reader returns: the catalogue, the log, the people, ready-made cases, and what was odd."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from .catalogue import Catalogue
from .interactions import Cases, Interactions


@dataclass
class ReadReport:
    """What a reader found; `skipped` counts unusable rows by reason, so nothing is dropped in silence."""

    kind: str
    files: list[str] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def skip(self, reason: str, rows: int) -> None:
        """Count `rows` rows as unusable for `reason`."""
        if rows:
            self.skipped[reason] = self.skipped.get(reason, 0) + int(rows)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"kind": self.kind, "files": self.files, "skipped": self.skipped, "notes": self.notes}


@dataclass(frozen=True)
class Dataset:
    """One data folder, read.

    `interactions` is empty for a domain that has only ready-made `cases` ("valid", "test").
    `users` holds the optional people table by `user_id`.
    """

    name: str
    catalogue: Catalogue
    interactions: Interactions
    report: ReadReport
    users: pa.Table | None = None
    cases: dict[str, Cases] = field(default_factory=dict)
