"""What can be asked, and what it means for this run: a history, a wish, a mask of allowed rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ConfigError, UnknownKeyError, nearest
from ..corpus.interactions import Interactions
from ..corpus.keys import Rows, Vocabulary
from ..corpus.predicates import Predicate


@dataclass(frozen=True)
class Question:
    """One request for recommendations; every part is optional and they mix freely.

    Attributes
    ----------
    user
        A person of the log; their history is looked up.
    history
        Item keys, oldest first; comes after the looked-up history when both are given.
    query
        A wish in plain words.
    image
        A picture to look alike: a file or its bytes.
    k
        How many items.
    explain
        Whether to say why.
    allow, deny, where
        Keys to choose from (None: all), keys never to return, conditions on fields.
    repeats
        Whether items of the history may be recommended again.
    on_unknown
        Unknown keys in `history`, `allow` and `deny`: "error" raises, "count" leaves them out and says how
        many.
    """

    user: str | None = None
    history: Sequence[str] = ()
    query: str = ""
    image: Path | bytes | None = None
    k: int = 10
    explain: bool = False
    allow: Sequence[str] | None = None
    deny: Sequence[str] = ()
    where: tuple[Predicate, ...] = ()
    repeats: bool = False
    on_unknown: Literal["error", "count"] = "error"

    def __post_init__(self) -> None:
        if not isinstance(self.k, Integral) or self.k < 1:
            raise ConfigError(f"k = {self.k!r}", expected="a whole number of at least 1")
        _need_text(self.query, "query")
        for name, keys in (("history", self.history), ("allow", self.allow or ()), ("deny", self.deny)):
            if isinstance(keys, str):
                raise ConfigError(f'"{keys}" alone', where=name, expected="a list of item keys")
            for key in keys:
                _need_text(key, name)
        if self.user is not None:
            _need_text(self.user, "user")


def _need_text(key: object, where: str) -> None:
    """Keys are text, also those that look like numbers."""
    if not isinstance(key, str):
        raise ConfigError(f"{key!r}, {type(key).__name__}", where=where, expected=f'text, as "{key}"')


@dataclass(frozen=True)
class Person:
    """A history as the models read it.

    `rows` is int32 [h], oldest first; `times` float64 [h] beside it, on the log's clock.
    """

    rows: Rows
    times: NDArray[np.float64]
    unknown: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def newest(self, most: int) -> Rows:
        """The rows of the last `most` items, oldest first."""
        return self.rows[max(0, len(self.rows) - most) :]


class People:
    """Finds the person a question is about."""

    def __init__(self, log: Interactions, vocabulary: Vocabulary) -> None:
        self.log, self.vocabulary = log, vocabulary
        self._numbers: dict[str, int] = {key: number for number, key in enumerate(log.user_keys)}
        self._now = float(log.times.max()) if len(log) else 0.0

    def find(self, question: Question) -> Person:
        """The question's history: the log's for its user, then the keys it names.

        Keys named in a question carry the log's last moment as their time: they are now.

        Raises
        ------
        UnknownKeyError
            For an unknown user, or an unknown item unless they are only counted.
        """
        rows, times = self._logged(question.user)
        if question.on_unknown == "count":
            named, unknown = self.vocabulary.known_rows(question.history)
        else:
            named, unknown = self.vocabulary.rows(question.history), 0
        return Person(
            np.concatenate([rows, named]).astype(np.int32),
            np.concatenate([times, np.full(len(named), self._now)]),
            unknown,
        )

    def _logged(self, user: str | None) -> tuple[Rows, NDArray[np.float64]]:
        if user is None:
            return np.zeros(0, np.int32), np.zeros(0)
        if user not in self._numbers:
            raise UnknownKeyError(
                f'unknown user "{user}"{nearest(user, list(self._numbers)[:50_000])}',
                expected="a user of the log",
                fix="ask with a history instead: a newcomer needs no account",
            )
        number = self._numbers[user]
        span = slice(self.log.offsets[number], self.log.offsets[number + 1])
        return self.log.rows[span], self.log.times[span]
