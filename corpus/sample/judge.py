"""Judges whether what a recommender cites as its reasons is what really draws the person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .behavior import CLEAR_TASTE
from .policy import APPEAL, BASE, LIKING, attraction
from .truth import Truth
from .words import ERAS, GENRES

KINDS = {"categories": "genre", "creator": "creator", "year": "era"}
"""The columns of `items.csv` that a reason can cite, and the latent kind behind each."""
PRESENT = 0.2  # a persona with a smaller share of a person is seldom the one who chooses


@dataclass(frozen=True)
class Judge:
    """Compares cited reasons with the truth of one sample world."""

    truth: Truth

    def draws(self, user_key: str, time: float, item_key: str, field: str, value: str | float) -> bool:
        """Whether a value of an item's column is liked by the persona that would most likely choose the item.

        Parameters
        ----------
        time
            Seconds since 1970; a person's mixture of personas drifts.
        field, value
            A column of :data:`KINDS` and a value that the item has in it.
        """
        persona = self._chooser(user_key, time, item_key)
        kind = KINDS[field]
        likes = self.truth.world.personas.likes[kind][persona]
        return bool(likes[self._code(kind, value)] > 0)

    def relation(self, user_key: str, time: float, item_key: str, other_key: str) -> str:
        """How two items really belong together for a person, or an empty string.

        "series": parts of one series. "program": one follows the other in an evening program. "taste":
        a persona that makes up a fifth of the person or more clearly likes both.
        """
        films = self.truth.world.films
        one, other = self.truth.item(item_key), self.truth.item(other_key)
        if one in self._series(other):
            return "series"
        if one in films.program[other] or other in films.program[one]:
            return "program"
        personas, weights = self._mixture(user_key, time)
        liking = self.truth.world.liking[personas[weights >= PRESENT]][:, [one, other]]
        return "taste" if bool((liking > CLEAR_TASTE).all(axis=1).any()) else ""

    def _chooser(self, user_key: str, time: float, item_key: str) -> int:
        """The persona that would most likely be the one who chooses the item."""
        personas, weights = self._mixture(user_key, time)
        row, world = self.truth.item(item_key), self.truth.world
        appeal = APPEAL * np.log(world.films.appeal[row])
        return int(
            personas[np.argmax(weights * attraction(BASE + LIKING * world.liking[personas, row] + appeal))]
        )

    def _mixture(self, user_key: str, time: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        user, people = self.truth.user(user_key), self.truth.people
        return people.personas[user], people.weights(np.array([user]), np.array([time]))[0]

    def _series(self, row: int) -> set[int]:
        """All parts of the series of one film, itself included."""
        films, found = self.truth.world.films, {row}
        for links in (films.former, films.sequel):
            part = int(links[row])
            while part >= 0:
                found.add(part)
                part = int(links[part])
        return found

    def _code(self, kind: str, value: str | float) -> int:
        if kind == "era":
            return ERAS.index(f"{int(value) // 10 * 10}s")
        return (GENRES if kind == "genre" else self.truth.world.films.creators).index(str(value))
