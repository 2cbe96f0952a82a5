"""What no recommender may read: why people did what they did, and the best that could be known.

``<sample>/truth`` holds the latent side of the world. :func:`~.records.load_truth` reads it, and
:class:`Truth` answers with the very functions that the simulation drew from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...base.errors import UnknownKeyError, nearest
from .behavior import REASONS, next_pending
from .people import People
from .policy import State, World, attraction
from .words import VALUES

SESSION_GAP_S = 4 * 3600  # after so long without a click a new session is assumed
NAMED = 4  # attributes that a reason names at most
Table = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Truth:
    """The world behind one sample folder.

    Every array over items has one entry for each row of `items.csv`, in that order, as `item_keys`
    has. Times are seconds since 1970.

    Attributes
    ----------
    item_keys, user_keys
        Keys in file order.
    world
        Latent attributes, personas, and the logging policy.
    people
        Everybody's mixture of personas.
    clicks, sessions
        Columns sorted by user number and time.
    """

    item_keys: tuple[str, ...]
    user_keys: tuple[str, ...]
    world: World
    people: People
    clicks: Table
    sessions: Table

    def relevance(self, user_key: str, time: float) -> NDArray[np.float64]:
        """Chance that a slate opened at `time` shows each item and the person clicks it, [n_items].

        Known are the person's mixture and history before `time`; within a session that already has a
        click also its persona and mood, before that the average over what they may be. Items seen
        or not released count 0.
        """
        return self._average(user_key, time, shown=True)

    def attraction(self, user_key: str, time: float) -> NDArray[np.float64]:
        """Chance of a click on each item if it is shown and looked at, [n_items]; 0 as in `relevance`."""
        return self._average(user_key, time, shown=False)

    def _average(self, user_key: str, time: float, *, shown: bool) -> NDArray[np.float64]:
        """The chance of a click, averaged over the states the person may be in."""
        weights, state, history = self._standing(user_key, time)
        seen = np.zeros(state.released[0], np.bool_)
        seen[history] = True
        rows = np.broadcast_to(np.arange(len(seen)), (len(weights), len(seen)))
        click = attraction(self.world.utility(state, rows))
        click *= self.world.attention(state, rows, seen) if shown else ~seen
        scores = np.zeros(len(self.item_keys))
        scores[: len(seen)] = weights @ click
        return scores

    def reason(self, user_key: str, item_key: str) -> str:
        """Why this person clicked this item; for one never clicked, why they would now."""
        user, item = self.user(user_key), self.item(item_key)
        places = self._of(self.clicks, user)
        hit = places[self.clicks["item"][places] == item]
        if len(hit):
            place = int(hit[0])
            reason, after = REASONS[self.clicks["reason"][place]], int(self.clicks["after"][place])
            return self._sentence(reason, item, after, int(self.clicks["persona"][place]))
        _, state, _ = self._standing(user_key, np.inf)
        persona = int(self.people.personas[user, np.argmax(self.people.late[user])])
        last = int(state.last[0])
        if item == state.pending[0]:
            return self._sentence("sequel", item, last, persona)
        if last >= 0 and item in self.world.films.program[last]:
            return self._sentence("program", item, last, persona)
        return self._sentence("taste" if self._shared(persona, item) else "chance", item, last, persona)

    def best_recall(
        self, user_keys: Sequence[str], item_keys: Sequence[str], times: Sequence[float], k: int = 10
    ) -> float:
        """Recall@k of ranking by :meth:`relevance`, over cases "at this time this item came next".

        No recommender can be expected to do better: this one knows everything but the dice.
        """
        hits = 0
        for user_key, item_key, time in zip(user_keys, item_keys, times, strict=True):
            scores = self.relevance(user_key, time)
            hits += int((scores >= scores[self.item(item_key)]).sum() <= k)
        return hits / max(1, len(user_keys))

    def _standing(self, user_key: str, time: float) -> tuple[NDArray[np.float64], State, NDArray[np.int64]]:
        """Weights of the states the person may be in at `time`, those states, and the rows seen."""
        user = self.user(user_key)
        places = self._of(self.clicks, user)
        places = places[self.clicks["time"][places] < time]
        seen = self.clicks["item"][places]
        pending = np.array([-1])
        for row in seen:
            pending = next_pending(self.world, pending, np.array([row]))
        latest = float(self.clicks["time"][places[-1]]) if len(places) else -np.inf
        weights, persona, mood = self._inclinations(user, time, latest)
        n = len(weights)
        released = np.searchsorted(self.world.films.released, time, side="right")
        last = np.full(n, seen[-1] if len(seen) else -1)
        return weights, State(last, np.repeat(pending, n), persona, mood, np.full(n, released)), seen

    def _inclinations(
        self, user: int, time: float, latest: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Weight, persona and mood of each state; one alone inside a session that has shown itself."""
        places = self._of(self.sessions, user)
        begun = places[self.sessions["time"][places] <= time]
        if len(begun) and latest >= self.sessions["time"][begun[-1]] and time - latest < SESSION_GAP_S:
            place = begun[-1]
            return np.ones(1), self.sessions["persona"][[place]], self.sessions["mood"][[place]]
        weights = self.people.weights(np.array([user]), np.array([time]))[0]
        persona = np.repeat(self.people.personas[user], 2)
        return np.repeat(weights / 2, 2), persona, self.world.personas.moods[persona[::2]].ravel()

    def _sentence(self, reason: str, item: int, after: int, persona: int) -> str:
        if reason == "sequel":
            return f"sequel of {self.item_keys[self.world.films.former[item]]}"
        if reason == "program":
            return f"follows {self.item_keys[after]} in an evening program"
        if reason == "taste":
            shared = ", ".join(self._shared(persona, item)) or "no dislike"
            return f'shares {shared} with persona "{self.world.personas.name(persona)}"'
        return reason

    def _shared(self, persona: int, item: int) -> list[str]:
        """The attributes that make a persona like an item, strongest first, as "kind=value"."""
        films = self.world.films
        parts = self.world.personas.parts(films, persona, np.array([item]))
        worth = {kind: float(part[0]) for kind, part in parts.items() if kind != "pair"}
        named = sorted((kind for kind in worth if worth[kind] > 0), key=lambda kind: -worth[kind])[:NAMED]
        values = {**VALUES, "creator": films.creators}
        return [f"{kind}={values[kind][getattr(films, kind)[item]]}" for kind in named]

    def _of(self, table: Table, user: int) -> NDArray[np.int64]:
        return np.arange(*np.searchsorted(table["user"], [user, user + 1]))

    def user(self, key: str) -> int:
        """The number of one person; an unknown key raises :class:`UnknownKeyError`."""
        return _number(self._users, key, "user")

    def item(self, key: str) -> int:
        """The row of one item; an unknown key raises :class:`UnknownKeyError`."""
        return _number(self._items, key, "item")

    @cached_property
    def _users(self) -> dict[str, int]:
        return {key: number for number, key in enumerate(self.user_keys)}

    @cached_property
    def _items(self) -> dict[str, int]:
        return {key: number for number, key in enumerate(self.item_keys)}


def _number(numbers: dict[str, int], key: str, kind: str) -> int:
    if key not in numbers:
        close = nearest(key, list(numbers)[:50_000])
        raise UnknownKeyError(f'unknown {kind} "{key}"{close}', expected="a key of this sample")
    return numbers[key]


def oracle_scores(
    truth: Truth, user_keys: Sequence[str], times: Sequence[float], item_keys: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """:meth:`Truth.relevance` of many cases, [n_cases, n_items], with columns in the order of `item_keys`."""
    columns = slice(None) if item_keys is None else [truth.item(key) for key in item_keys]
    cases = zip(user_keys, times, strict=True)
    return np.stack([truth.relevance(user_key, time)[columns] for user_key, time in cases])
