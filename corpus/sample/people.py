"""Personas, and the people who are mixtures of them.

A persona is a taste that crosses genres: "eerie harbors drawn in ink, about letters, by these two
creators". Nobody is one persona only, and the mixture drifts slowly over the period.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .items import DAY, DAYS, END, START, Films
from .words import AGE_GROUPS, COUNTRIES, VALUES

PERSONAS = 24
MIXED = 3  # personas of one person
SESSION_GOES_ON = 0.62  # chance that one more slate is looked at in the same session
MOST_SLATES = 220

# kind: (favorites of a persona, weight of each, dislikes, weight of each)
TASTES: dict[str, tuple[int, float, int, float]] = {
    "genre": (2, 0.9, 2, -0.7),
    "setting": (2, 1.3, 2, -0.7),
    "mood": (2, 0.9, 1, -0.9),
    "theme": (2, 1.3, 2, -0.6),
    "hero": (1, 0.6, 1, -0.5),
    "style": (2, 1.0, 1, -0.8),
    "pace": (1, 0.5, 0, 0.0),
    "era": (1, 0.5, 1, -0.4),
}
CREATORS_SHARE, CREATORS_WEIGHT = 0.05, 1.0
PAIR_WEIGHT = 1.0  # a favorite setting told in a favorite mood is more than the sum


@dataclass(frozen=True)
class Personas:
    """What each persona likes.

    Attributes
    ----------
    likes
        By kind, float64 [PERSONAS, values of the kind]; "creator" has one column a creator.
    moods
        The two moods a persona may be in for a session, int64 [PERSONAS, 2].
    share
        How common each persona is, by age group, float64 [age groups, PERSONAS], rows sum to 1.
    """

    likes: dict[str, NDArray[np.float64]]
    moods: NDArray[np.int64]
    share: NDArray[np.float64]

    def parts(
        self, films: Films, persona: int, rows: NDArray[np.integer] | slice
    ) -> dict[str, NDArray[np.float64]]:
        """What each kind of attribute adds to a persona's liking of the films at `rows`."""
        parts = {kind: likes[persona][_codes(films, kind)[rows]] for kind, likes in self.likes.items()}
        second = films.second[rows]
        parts["genre"] = parts["genre"] + np.where(
            second < 0, 0.0, 0.5 * self.likes["genre"][persona][second]
        )
        together = (parts["setting"] > 0) & (parts["mood"] > 0)
        parts["pair"] = np.where(together, PAIR_WEIGHT, 0.0)
        return parts

    def liking(self, films: Films, persona: int, rows: NDArray[np.integer] | slice) -> NDArray[np.float64]:
        """The sum of :meth:`parts`."""
        return np.sum(list(self.parts(films, persona, rows).values()), axis=0)

    def name(self, persona: int) -> str:
        """A short name: favorite mood, style, setting and theme."""
        kinds = ("mood", "style", "setting", "theme")
        return " ".join(VALUES[kind][int(np.argmax(self.likes[kind][persona]))] for kind in kinds)


def _codes(films: Films, kind: str) -> NDArray[np.int16]:
    return getattr(films, kind)


def make_personas(films: Films, seed: int) -> Personas:
    """Draw the personas."""
    rng = np.random.default_rng((seed, 2))
    likes = {}
    for kind, (favorites, plus, dislikes, minus) in TASTES.items():
        ranks = np.argsort(rng.random((PERSONAS, len(VALUES[kind]))), axis=1).argsort(axis=1)
        spread = np.exp(rng.normal(0, 0.2, ranks.shape))
        likes[kind] = spread * np.where(
            ranks < favorites, plus, np.where(ranks >= len(VALUES[kind]) - dislikes, minus, 0.0)
        )
    fans = rng.random((PERSONAS, len(films.creators))) < CREATORS_SHARE
    likes["creator"] = fans * CREATORS_WEIGHT
    share = np.exp(rng.normal(0, 0.6, PERSONAS) + rng.normal(0, 0.6, (len(AGE_GROUPS), PERSONAS)))
    return Personas(
        likes=likes,
        moods=np.argsort(-likes["mood"], axis=1)[:, :2],
        share=share / share.sum(axis=1, keepdims=True),
    )


@dataclass(frozen=True)
class People:
    """A block of people, by column.

    Attributes
    ----------
    age_group, country
        Index into `AGE_GROUPS` and `COUNTRIES`, int64 [n].
    joined
        Seconds since 1970, int64 [n]; the day of the account.
    personas
        int64 [n, MIXED], distinct.
    early, late
        Weights of those personas at the start and the end of the period, float64 [n, MIXED].
    """

    age_group: NDArray[np.int64]
    country: NDArray[np.int64]
    joined: NDArray[np.int64]
    personas: NDArray[np.int64]
    early: NDArray[np.float64]
    late: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.joined)

    def weights(self, who: NDArray[np.integer], times: NDArray[np.floating]) -> NDArray[np.float64]:
        """Mixture weights [len(who), MIXED] at `times`: a slow drift from `early` to `late`."""
        progress = np.clip((times - START) / (END - START), 0.0, 1.0)[:, None]
        return (1 - progress) * self.early[who] + progress * self.late[who]


def make_people(n: int, personas: Personas, rng: np.random.Generator) -> People:
    """Draw a block of people."""
    age = rng.choice(len(AGE_GROUPS), n, p=[0.08, 0.18, 0.26, 0.24, 0.15, 0.09])
    gumbel = np.log(personas.share)[age] + rng.gumbel(size=(n, PERSONAS))  # draws without replacement
    return People(
        age_group=age,
        country=rng.integers(0, len(COUNTRIES), n),
        joined=START + DAY * np.floor(DAYS * np.maximum(0, rng.uniform(-0.35, 0.97, n))).astype(np.int64),
        personas=np.argsort(-gumbel, axis=1)[:, :MIXED],
        early=rng.dirichlet([0.9, 0.5, 0.3], n),
        late=rng.dirichlet([0.9, 0.5, 0.3], n),
    )


@dataclass(frozen=True)
class Plan:
    """When each person of a block opens the library.

    `slates` [n] counts the slates a person will see; `times` [n, widest] holds when (seconds, at the
    earliest), `opens` whether that slate begins a new session.
    """

    slates: NDArray[np.int64]
    times: NDArray[np.float64]
    opens: NDArray[np.bool_]


def plan_visits(people: People, rng: np.random.Generator) -> Plan:
    """Many people who come a few times, few who come all the time."""
    n = len(people)
    slates = np.clip(np.exp(rng.normal(2.05, 1.25, n)), 1, MOST_SLATES).astype(np.int64)
    widest = int(slates.max())
    opens = rng.random((n, widest)) > SESSION_GOES_ON
    opens[:, 0] = True
    begin = people.joined[:, None].astype(np.float64)
    stay = (END - begin) * rng.uniform(0.3, 1.0, (n, 1))
    session = np.cumsum(opens, axis=1) - 1
    sessions = 1 + session[np.arange(n), slates - 1]
    moments = np.where(np.arange(widest) < sessions[:, None], rng.random((n, widest)), np.inf)
    moments = begin + stay * np.sort(moments, axis=1)
    return Plan(slates, np.take_along_axis(moments, session, axis=1), opens)
