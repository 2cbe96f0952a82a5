"""The simulation: people open slates, look from the top down, and watch what they like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .people import People, Plan, make_people, plan_visits
from .policy import SHELVES, State, World, attraction, examined

BLOCK = 4096  # people simulated at once; part of the world's definition, as each block has its own seed
PAUSE_S, GLANCE_S = 120, 12
RATED = 0.6
REASONS = ("sequel", "program", "taste", "popular", "chance")
CLEAR_TASTE = 0.5  # standardized liking from which a persona explains a click

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Block:
    """What one block of people was and did; `user` counts over all blocks.

    `clicks`, `exposures` and `sessions` are columns of equal length, sorted by user and time.
    """

    first: int
    people: People
    clicks: Columns
    exposures: Columns
    sessions: Columns


def simulate(world: World, users: int, seed: int) -> Iterator[Block]:
    """All people, block by block, so that memory does not grow with their number."""
    for first in range(0, users, BLOCK):
        rng = np.random.default_rng((seed, 3, first // BLOCK))
        people = make_people(min(BLOCK, users - first), world.personas, rng)
        yield _Run(world, people, plan_visits(people, rng), rng).block(first)


class _Run:
    """The moving parts of one block: everybody's state, and the log so far."""

    def __init__(self, world: World, people: People, plan: Plan, rng: np.random.Generator) -> None:
        n = len(people)
        self.world, self.people, self.plan, self.rng = world, people, plan, rng
        self.last, self.pending = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
        self.persona, self.mood = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.clock = np.zeros(n)
        self.seen = np.full((n, 16), -1, np.int64)
        self.count = np.zeros(n, np.int64)
        self.log: dict[str, list[Columns]] = {"clicks": [], "exposures": [], "sessions": []}

    def block(self, first: int) -> Block:
        """Run every slate of the plan."""
        for step in range(self.plan.times.shape[1]):
            self._step(np.flatnonzero(self.plan.slates > step), step)
        return Block(first, self.people, **{name: _sorted(parts, first) for name, parts in self.log.items()})

    def _step(self, who: NDArray[np.int64], step: int) -> None:
        """Slate number `step` of the people `who`."""
        self.clock[who] = np.floor(np.maximum(self.clock[who] + PAUSE_S, self.plan.times[who, step]))
        self._open_sessions(who[self.plan.opens[who, step]])
        state = self._state(who)
        rows, shelf = self.world.draw(state, self.rng)
        shown = (rows >= 0) & _first_of_row(rows) & ~self._has_seen(who, rows)
        place = np.cumsum(shown, axis=1) - 1
        utility = self.world.utility(state, np.maximum(rows, 0))
        chance = examined(np.maximum(place, 0)) * attraction(utility)
        clicked = shown & (self.rng.random(rows.shape) < chance)
        propensity = self.world.propensity(state, np.maximum(rows, 0))
        person = np.nonzero(shown)[0]
        self.log["exposures"].append(
            {
                "user": who[person],
                "item": rows[shown],
                "time": self.clock[who][person],
                "position": place[shown] + 1,
                "clicked": clicked[shown].astype(np.int64),
                "propensity": np.round(propensity[shown], 6),
            }
        )
        self._watch(who, state, rows, shelf, place, utility, clicked)

    def _open_sessions(self, who: NDArray[np.int64]) -> None:
        """Draw the persona that came tonight, and its mood."""
        weights = self.people.weights(who, self.clock[who])
        slot = (self.rng.random(len(who))[:, None] > np.cumsum(weights, axis=1)[:, :-1]).sum(axis=1)
        self.persona[who] = self.people.personas[who, slot]
        self.mood[who] = self.world.personas.moods[self.persona[who], self.rng.integers(0, 2, len(who))]
        self.log["sessions"].append(
            {"user": who, "time": self.clock[who], "persona": self.persona[who], "mood": self.mood[who]}
        )

    def _state(self, who: NDArray[np.int64]) -> State:
        released = np.searchsorted(self.world.films.released, self.clock[who], side="right")
        return State(self.last[who], self.pending[who], self.persona[who], self.mood[who], released)

    def _has_seen(self, who: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        seen = self.seen[who, : max(1, int(self.count[who].max()))]
        return (rows[:, :, None] == seen[:, None, :]).any(axis=2)

    def _watch(
        self,
        who: NDArray[np.int64],
        state: State,
        rows: NDArray[np.int64],
        shelf: NDArray[np.int64],
        place: NDArray[np.int64],
        utility: NDArray[np.float64],
        clicked: NDArray[np.bool_],
    ) -> None:
        """Log the clicked films one after the other, and move everybody on."""
        person = np.nonzero(clicked)[0]  # by person, then from the top of the slate down
        items, wish = rows[clicked], utility[clicked]
        share = np.clip(0.35 + 0.3 * attraction(wish) + self.rng.normal(0.15, 0.3, len(wish)), 0.03, 1.0)
        dwell = np.zeros(rows.shape)
        dwell[clicked] = np.maximum(5, np.round(share * 60 * self.world.films.length[items]))
        begin = self.clock[who][:, None] + GLANCE_S * (place + 1) + np.cumsum(dwell, axis=1) - dwell
        stars = np.clip(np.round(3.1 + 0.5 * wish + self.rng.normal(0, 0.7, len(wish))), 1, 5)
        rated = self.rng.random(len(wish)) < RATED
        inside = state.at(person)
        self.log["clicks"].append(
            {
                "user": who[person],
                "item": items,
                "time": begin[clicked],
                "rating": np.where(rated, stars, np.nan),
                "share": share,
                "dwell": dwell[clicked],
                "persona": inside.persona,
                "mood": inside.mood,
                "shelf": shelf[clicked],
                "reason": why(self.world, inside, items, shelf[clicked]),
                "after": inside.last,
            }
        )
        self._remember(who[person], items)
        self.clock[who] += np.sum(dwell, axis=1)

    def _remember(self, users: NDArray[np.int64], items: NDArray[np.int64]) -> None:
        """Add what was watched; where somebody watched several films, the last one stays `last`."""
        if not len(users):
            return
        place = np.arange(len(users)) - np.searchsorted(users, users)
        widest = int((self.count[users] + place).max()) + 1
        if widest > self.seen.shape[1]:
            grown = np.full((len(self.seen), 2 * widest), -1, np.int64)
            grown[:, : self.seen.shape[1]] = self.seen
            self.seen = grown
        self.seen[users, self.count[users] + place] = items
        np.add.at(self.count, users, 1)
        final = np.append(users[1:] != users[:-1], True)
        self.last[users[final]] = items[final]
        for number in range(int(place.max()) + 1):  # in the order of watching
            now, film = users[place == number], items[place == number]
            self.pending[now] = next_pending(self.world, self.pending[now], film)


def next_pending(
    world: World, pending: NDArray[np.integer], watched: NDArray[np.integer]
) -> NDArray[np.integer]:
    """The next part of the series somebody is in, after watching one more film."""
    in_series = (world.films.sequel[watched] >= 0) | (watched == pending)
    return np.where(in_series, world.films.sequel[watched], pending)


def why(
    world: World, state: State, items: NDArray[np.integer], shelf: NDArray[np.integer]
) -> NDArray[np.int64]:
    """The strongest true reason of each click, an index into `REASONS`; all arrays [n]."""
    followers = np.where(state.last[:, None] < 0, -2, world.films.program[np.maximum(state.last, 0)])
    taste = world.liking[state.persona, items] > CLEAR_TASTE
    shown_to_all = np.isin(shelf, [SHELVES.index("popular"), SHELVES.index("new")])
    conditions = [items == state.pending, (items[:, None] == followers).any(axis=1), taste, shown_to_all]
    return np.select(conditions, [0, 1, 2, 3], default=4)


def _first_of_row(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True where a row's value stands for the first time."""
    same = rows[:, :, None] == rows[:, None, :]
    return ~np.tril(same, k=-1).any(axis=2)


def _sorted(parts: list[Columns], first: int) -> Columns:
    """One column set for the whole block, by user and then in the order things happened."""
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(columns["user"], kind="stable")
    columns = {name: values[order] for name, values in columns.items()}
    columns["user"] = columns["user"] + first
    return columns
