"""Progress on standard error: bars when it is a terminal, silence when it is not.

Of several processes that a launcher started only the first speaks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tqdm import tqdm

T = TypeVar("T")


def speaks() -> bool:
    """Whether this process is the only one or the first (torchrun numbers them in RANK)."""
    return os.environ.get("RANK", "0") == "0"


def track(items: Iterable[T], label: str, *, total: int | None = None) -> Iterator[T]:
    """Iterate with a progress bar named `label`."""
    yield from tqdm(items, desc=label, total=total, file=sys.stderr, disable=_hidden(), leave=False)


@contextmanager
def bar(total: int | None, label: str, *, unit: str = "it") -> Iterator[Any]:
    """A bar to move by hand: ``with bar(n, "encode") as b: b.update(1)``."""
    with tqdm(total=total, desc=label, unit=unit, file=sys.stderr, disable=_hidden(), leave=False) as handle:
        yield handle


def say(message: str) -> None:
    """One line of news on standard error, printed above any open bar."""
    if speaks():
        tqdm.write(message, file=sys.stderr)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' own progress bars off: they draw even where there is no terminal."""
    from transformers.utils import logging  # noqa: PLC0415  (who calls this has it imported)

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _hidden() -> bool | None:
    """For tqdm, where None is: unless this is a terminal."""
    return None if speaks() else True
