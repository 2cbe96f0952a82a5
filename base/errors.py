"""Every error Firstlight raises on purpose.

A message answers four questions in one line each: what was found, where, what was expected, and
what to do. Callers catch the class; people read the text.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FirstlightError(Exception):
    """Base of all errors meant for a person.

    Parameters
    ----------
    found
        What was found, as a sentence without a full stop.
    where
        File, row, column or key.
    expected
        What would have been right.
    fix
        What the reader can do about it.
    """

    def __init__(self, found: str, *, where: str = "", expected: str = "", fix: str = "") -> None:
        self.found, self.where, self.expected, self.fix = found, where, expected, fix
        parts = [found if not where else f"{found} (in {where})"]
        if expected:
            parts.append(f"expected {expected}")
        if fix:
            parts.append(fix)
        super().__init__("; ".join(parts))


class DataError(FirstlightError):
    """The user's tables, texts or pictures cannot be used as they are."""


class ConfigError(FirstlightError):
    """A setting is unknown, of the wrong type, or contradicts another."""


class ArtifactError(FirstlightError):
    """A saved directory or file is missing, truncated, altered or of another version."""


class UnknownKeyError(FirstlightError, KeyError):
    """A user or item key that the catalogue or the log does not hold."""

    __str__ = FirstlightError.__str__  # KeyError would print the repr


class ModelError(FirstlightError):
    """A model cannot do what was asked: wrong kind, missing weights, numbers out of range."""


class LimitError(FirstlightError):
    """A request asks for more than the service allows."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``' (did you mean "x"?)'`` for the closest known word, or an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f' (did you mean "{close[0]}"?)' if close else ""


def first_line(error: Exception) -> str:
    """What a library's error says first, or its name where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
