"""One thing a leak check found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..corpus.interactions import Cases

Severity = Literal["leak", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: in how many of how many, an example, and what to do."""

    check: str
    severity: Severity
    count: int
    total: int
    example: str
    fix: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.check}: {self.count} of {self.total}, e.g. {self.example}; {self.fix}"


def finding(
    check: str, severity: Severity, hit: NDArray[np.bool_], example: str, fix: str
) -> Iterator[Finding]:
    """One finding about the places where `hit` (bool [total]) is true; nothing when there are none."""
    if hit.any():
        yield Finding(check, severity, int(np.count_nonzero(hit)), len(hit), example, fix)


def example(cases: Cases, hit: NDArray[np.bool_]) -> str:
    """The first hit case in words."""
    if not hit.any():
        return ""
    case = int(hit.argmax())
    return f'person "{cases.user_keys[case]}", row {cases.targets[case]}'
