"""Who is shown what, and who likes what: the probabilities behind the log, written once.

The simulation draws from these functions and :class:`~.truth.Truth` evaluates the same ones, so the
oracle is exact by construction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .items import Films
from .people import PERSONAS, Personas
from .words import MOODS

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]

DRAWS = 8  # places of a slate; repeats and films already seen leave it shorter
SHELVES = ("series", "program", "taste", "mood", "popular", "new", "any")
SHELF_SHARE = np.array([0.10, 0.18, 0.33, 0.12, 0.13, 0.08, 0.06])
PROGRAM_SHARE = np.array([0.60, 0.25, 0.15])
PATIENCE = 0.7  # position bias: the place after p others is looked at with chance (1 + p) ** -PATIENCE
NEW_SHARE = 0.02  # the newest part of what is released

# Utility of a film that is looked at; the chance of a click is its sigmoid.
BASE, LIKING, SAME_MOOD, SEQUEL, PROGRAMMED, APPEAL = -1.5, 0.95, 0.7, 2.6, 1.5, 0.35


@dataclass(frozen=True)
class State:
    """Where people stand when they open a slate; every array is [n], -1 stands for none.

    Attributes
    ----------
    last
        Row of the film watched last.
    pending
        Row of the next part of the series watched last.
    persona, mood
        What they are in the mood for during this session.
    released
        How many rows are released.
    """

    last: Ints
    pending: Ints
    persona: Ints
    mood: Ints
    released: Ints

    def at(self, index: Ints) -> State:
        """The states at `index`, in that order."""
        return State(*(getattr(self, field.name)[index] for field in fields(self)))


@dataclass(frozen=True)
class World:
    """Films and personas, with the running sums that make drawing from millions of films cheap."""

    films: Films
    personas: Personas

    @cached_property
    def liking(self) -> NDArray[np.float32]:
        """Each persona's liking of each film, standardized by persona, float32 [PERSONAS, n]."""
        table = np.empty((PERSONAS, len(self.films)), np.float32)
        for persona in range(PERSONAS):
            raw = self.personas.liking(self.films, persona, slice(None))
            table[persona] = (raw - raw.mean()) / max(float(raw.std()), 1e-9)
        return table

    @cached_property
    def taste(self) -> Floats:
        """Running share of the taste shelf, [PERSONAS, n + 1]."""
        return _running(np.exp(2.0 * row + 0.4 * np.log(self.films.appeal)) for row in self.liking)

    @cached_property
    def mood(self) -> Floats:
        """Running share of the mood shelf, [moods, n + 1]."""
        return _running((self.films.mood == mood) * self.films.appeal for mood in range(len(MOODS)))

    @cached_property
    def popular(self) -> Floats:
        """Running share of the popular shelf, [1, n + 1]."""
        return _running([self.films.appeal])

    def shelf_shares(self, state: State) -> Floats:
        """Chance of each shelf, [n, shelves]; what an empty shelf would show goes to taste."""
        share = np.tile(SHELF_SHARE, (len(state.last), 1))
        share[(state.pending < 0) | (state.pending >= state.released), 0] = 0.0
        share[state.last < 0, 1] = 0.0
        share[self.mood[state.mood, state.released] <= 0, 3] = 0.0
        share[:, 2] += 1.0 - share.sum(axis=1)
        return share

    def draw(self, state: State, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """A slate for each state: rows (-1: nothing to show) and shelves, both int64 [n, DRAWS]."""
        n = len(state.last)
        bounds = np.cumsum(self.shelf_shares(state), axis=1)
        shelf = (rng.random((n, DRAWS))[..., None] > bounds[:, None, :-1]).sum(axis=2)
        spin = rng.random((n, DRAWS))
        rows = np.full((n, DRAWS), -1, np.int64)
        for number, name in enumerate(SHELVES):
            person, place = np.nonzero(shelf == number)
            rows[person, place] = self._from_shelf(name, state.at(person), spin[person, place])
        rows[rows >= state.released[:, None]] = -1
        return rows, shelf

    def _from_shelf(self, name: str, state: State, spin: Floats) -> NDArray[np.int64]:
        """One row from shelf `name` for each state."""
        if name == "series":
            return state.pending.astype(np.int64)
        if name == "program":
            step = np.searchsorted(np.cumsum(PROGRAM_SHARE)[:-1], spin, side="right")
            return self.films.program[state.last, step].astype(np.int64)
        if name == "any":
            return (spin * state.released).astype(np.int64)
        return _invert(*self._line(name, state), state.released, spin)

    def _line(self, name: str, state: State) -> tuple[Floats, Ints, Ints]:
        """Running shares of a shelf: the table, the line of it for each state, and the first row on it."""
        zero = np.zeros(len(state.released), np.int64)
        if name == "taste":
            return self.taste, state.persona, zero
        if name == "mood":
            return self.mood, state.mood, zero
        return self.popular, zero, _newest(state.released) if name == "new" else zero

    def draw_chance(self, state: State, rows: Ints) -> Floats:
        """Chance that one draw for state i is film ``rows[i, j]`` (released), [n, m]."""
        share = self.shelf_shares(state)
        followers = self.films.program[np.maximum(state.last, 0)]
        chance = share[:, [0]] * (rows == state.pending[:, None]) + share[:, [6]] / state.released[:, None]
        for place, among in enumerate(PROGRAM_SHARE):
            chance += share[:, [1]] * among * (rows == followers[:, [place]])
        for number in range(2, 6):
            line = self._line(SHELVES[number], state)
            chance += share[:, [number]] * _density(*line, state.released, rows)
        return chance

    def propensity(self, state: State, rows: Ints) -> Floats:
        """Chance that film ``rows[i, j]``, unseen and released, is in the slate of state i, [n, m]."""
        return 1.0 - (1.0 - self.draw_chance(state, rows)) ** DRAWS

    def attention(self, state: State, rows: Ints, seen: NDArray[np.bool_]) -> Floats:
        """Chance that film ``rows[i, j]`` is in the slate of state i *and* is looked at, [n, m].

        `rows` holds everything released, `seen` marks what is never shown again. The sum runs over
        the draw that brings a film first; the films ahead of it enter by their expected number
        (exact but for the curvature of the examination curve).
        """
        chance = np.where(seen, 0.0, self.draw_chance(state, rows))
        total = np.zeros(chance.shape)
        for draw in range(DRAWS):
            absent = (1.0 - chance) ** draw
            ahead = (1.0 - absent).sum(axis=1, keepdims=True) - (1.0 - absent)
            total += absent * chance * examined(ahead)
        return total

    def utility(self, state: State, rows: Ints) -> Floats:
        """How much each film attracts, in logits, [n, m]."""
        films, last = self.films, np.maximum(state.last, 0)
        followers = np.where(state.last[:, None] < 0, -2, films.program[last])
        programmed = (rows[..., None] == followers[:, None, :]).any(axis=2)
        return (
            BASE
            + LIKING * self.liking[state.persona[:, None], rows]
            + SAME_MOOD * (films.mood[rows] == state.mood[:, None])
            + SEQUEL * (rows == state.pending[:, None])
            + PROGRAMMED * programmed
            + APPEAL * np.log(films.appeal[rows])
        )


def examined(ahead: NDArray[Any]) -> Floats:
    """Chance that a place is looked at, by how many stand ahead of it."""
    return (1.0 + ahead) ** -PATIENCE


def attraction(utility: Floats) -> Floats:
    """Chance of a click on a film that is looked at."""
    return 1.0 / (1.0 + np.exp(-utility))


def _running(rows: Iterable[NDArray[Any]]) -> Floats:
    """Cumulative sums with a leading 0, each row scaled to end at 1 (a row without mass stays 0)."""
    sums = [np.concatenate([[0.0], np.cumsum(row, dtype=np.float64)]) for row in rows]
    return np.stack([one / one[-1] if one[-1] > 0 else one for one in sums])


def _newest(released: Ints) -> NDArray[np.int64]:
    """Where the newest films begin."""
    return (released - np.maximum(np.ceil(released * NEW_SHARE), 1)).astype(np.int64)


def _invert(table: Floats, line: Ints, low: Ints, high: Ints, spin: Floats) -> NDArray[np.int64]:
    """Draw a row in [low, high) from the running shares `table[line]`, by inversion."""
    begin = table[line, low]
    target = begin + spin * (table[line, high] - begin)
    rows = np.empty(len(spin), np.int64)
    for one in np.unique(line):
        chosen = line == one
        rows[chosen] = np.searchsorted(table[one], target[chosen], side="right") - 1
    return np.clip(rows, low, high - 1)


def _density(table: Floats, line: Ints, low: Ints, high: Ints, rows: Ints) -> Floats:
    """Chance that :func:`_invert` draws each of ``rows[i]`` for state i, [n, m]."""
    mass = (table[line, high] - table[line, low])[:, None]
    share = (table[line[:, None], rows + 1] - table[line[:, None], rows]) / np.where(mass > 0, mass, 1.0)
    return np.where((rows >= low[:, None]) & (rows < high[:, None]), share, 0.0)
