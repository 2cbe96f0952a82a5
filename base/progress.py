"""Progress on standard error: bars when it is a terminal, silence when it is not."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tqdm import tqdm

T = TypeVar("T")


def track(items: Iterable[T], label: str, *, total: int | None = None) -> Iterator[T]:
    """Iterate with a progress bar named `label`."""
    yield from tqdm(items, desc=label, total=total, file=sys.stderr, disable=None, leave=False)


@contextmanager
def bar(total: int | None, label: str, *, unit: str = "it") -> Iterator[Any]:
    """A bar to move by hand: ``with bar(n, "encode") as b: b.update(1)``."""
    with tqdm(total=total, desc=label, unit=unit, file=sys.stderr, disable=None, leave=False) as handle:
        yield handle


def say(message: str) -> None:
    """One line of news on standard error, printed above any open bar."""
    tqdm.write(message, file=sys.stderr)
