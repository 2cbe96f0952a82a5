"""Do IPS and SNIPS intervals hold the true value as often as they say? On the sample world it is known.

    python benchmarks/off_policy.py [--seeds 50] [--people 300] [--items 400]

One world; for each seed other people live in it, and the log of what they were shown is all that the
estimates read: item, place, click, propensity. The new policy shows one film, drawn in proportion to the
films' appeal among those released and not yet seen; its value is the chance of a click on a film that is
looked at. A click is divided by the chance that its place is looked at. The truth is the world's own
utility, averaged over the people of all seeds: what the intervals, which draw people, speak about.
(With few films a slate can stay empty, which no log shows; with 400 hardly any does.)
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from firstlight.corpus.sample.behavior import Block, next_pending, simulate
from firstlight.corpus.sample.items import make_films
from firstlight.corpus.sample.people import make_personas
from firstlight.corpus.sample.policy import State, World, attraction, examined
from firstlight.eval.off_policy import PolicyValue, off_policy_value


@dataclass(frozen=True)
class Log:
    """What an estimate reads, one entry for each exposure, and the true value for each decision."""

    rewards: np.ndarray
    logged: np.ndarray
    target: np.ndarray
    people: np.ndarray
    decisions: np.ndarray
    values: np.ndarray
    own: np.ndarray  # the true value of what the logging policy chose, for each exposure

    def of(self, people: np.ndarray) -> Log:
        """The part of these people."""
        mine = np.isin(self.people, people)
        cut = [getattr(self, name)[mine] for name in ("rewards", "logged", "target", "people", "decisions")]
        return Log(*cut, self.values[np.unique(cut[-1])], self.own[mine])

    def estimate(self, *, floor: float, seed: int = 0) -> PolicyValue:
        """IPS and SNIPS of the new policy's value."""
        columns = (self.rewards, self.logged, self.target, self.people)
        return off_policy_value(*columns, decisions=self.decisions, floor=floor, seed=seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--items", type=int, default=400)
    options = parser.parse_args()
    world = make_world(options.items)
    logs = [read_log(world, options.people, seed) for seed in range(options.seeds)]
    truth = true_value(logs)
    print(f"true value {truth:.4f}; the log's own films {np.mean([log.own.mean() for log in logs]):.4f}")
    for floor in (1e-4, 1e-3, 0.01):
        found = [log.estimate(floor=floor, seed=seed) for seed, log in enumerate(logs)]
        print(
            f"floor {floor:g}: IPS covers {covered([one.ips for one in found], truth)} of {len(found)}, "
            f"mean {np.mean([one.ips.mean for one in found]):.4f}; SNIPS covers "
            f"{covered([one.snips for one in found], truth)}, mean "
            f"{np.mean([one.snips.mean for one in found]):.4f}; clipped "
            f"{np.mean([one.clipped for one in found]):.1%}, mean weight "
            f"{np.mean([one.mean_weight for one in found]):.3f}, effective size "
            f"{np.mean([one.effective_size for one in found]):,.0f} of "
            f"{np.mean([len(log.logged) for log in logs]):,.0f} exposures"
        )


def make_world(items: int, seed: int = 7) -> World:
    films = make_films(items, seed)
    return World(films, make_personas(films, seed))


def true_value(logs: list[Log]) -> float:
    return float(np.concatenate([log.values for log in logs]).mean())


def covered(estimates, truth: float) -> int:
    return sum(one.low <= truth <= one.high for one in estimates)


def read_log(world: World, people: int, seed: int) -> Log:
    """Simulate the people of one seed and look at their log from outside and from inside."""
    parts = [_of_block(world, block) for block in simulate(world, people, seed)]
    firsts = np.cumsum([0, *(len(part.values) for part in parts[:-1])])
    parts = [
        Log(one.rewards, one.logged, one.target, one.people, one.decisions + first, one.values, one.own)
        for one, first in zip(parts, firsts, strict=True)
    ]
    names = ("rewards", "logged", "target", "people", "decisions", "values", "own")
    return Log(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _of_block(world: World, block: Block) -> Log:
    shown = block.exposures
    user, time = shown["user"], shown["time"]
    first = np.append(True, (user[1:] != user[:-1]) | (time[1:] != time[:-1]))
    decision = np.cumsum(first) - 1
    state, open_to = states(world, block, user[first], time[first])
    policy = np.where(open_to, world.films.appeal[: open_to.shape[1]], 0.0)
    policy /= policy.sum(axis=1, keepdims=True)
    rows = np.broadcast_to(np.arange(policy.shape[1]), policy.shape)
    chance = attraction(world.utility(state, rows))
    return Log(
        rewards=shown["clicked"] / examined(shown["position"] - 1),
        logged=shown["propensity"],
        target=policy[decision, shown["item"]],
        people=user,
        decisions=decision,
        values=(policy * chance).sum(axis=1),
        own=chance[decision, shown["item"]],
    )


def states(world: World, block: Block, user: np.ndarray, time: np.ndarray) -> tuple[State, np.ndarray]:
    """Where people stood at each decision, and which films could be shown, bool [n, n_items]."""
    clicks, sessions = block.clicks, block.sessions
    last = _latest(clicks["user"], clicks["time"], user, time, before=True)
    session = _latest(sessions["user"], sessions["time"], user, time, before=False)
    pending = _pending(world, clicks)
    known = last >= 0
    state = State(
        last=np.where(known, clicks["item"][last], -1),
        pending=np.where(known, pending[last], -1),
        persona=sessions["persona"][session],
        mood=sessions["mood"][session],
        released=np.searchsorted(world.films.released, time, side="right"),
    )
    open_to = np.arange(len(world.films)) < state.released[:, None]
    for case, place in enumerate(last):  # films seen by then
        begin = np.searchsorted(clicks["user"], user[case])
        open_to[case, clicks["item"][begin : place + 1]] = False
    return state, open_to


def _latest(users, times, user, time, *, before: bool) -> np.ndarray:
    """The place of each person's latest entry before (or at) a time, -1 where there is none."""
    span = max(times.max(initial=0.0), time.max()) + 1.0
    side = "left" if before else "right"
    place = np.searchsorted(users * span + times, user * span + time, side=side) - 1
    return np.where((place >= 0) & (users[place] == user), place, -1)


def _pending(world: World, clicks) -> np.ndarray:
    """The next part of the series that each person is in, after each of their clicks."""
    users, items = clicks["user"], clicks["item"]
    pending = np.full(len(users), -1)
    now = np.array([-1])
    for place in range(len(items)):
        if place == 0 or users[place] != users[place - 1]:
            now = np.array([-1])
        now = next_pending(world, now, items[place : place + 1])
        pending[place] = now[0]
    return pending


if __name__ == "__main__":
    main()
