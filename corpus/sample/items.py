"""The catalogue's latent side: every attribute of every film, drawn at once as columns.

Rows stand in order of release, so "everything released by time t" is a prefix of every array.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .words import GENRES, HEROES, HOME_SETTINGS, MOODS, NAMES, PACES, SETTINGS, STYLES, SURNAMES, THEMES

DAY = 86_400
START = 1_672_531_200  # 2023-01-01, UTC
DAYS = 730
END = START + DAYS * DAY
BEFORE, LATE = 0.50, 0.17  # shares released before the start, and in the last fifth
PROGRAM = 6  # films in an evening program
SERIES = ((2, 0.08), (3, 0.09), (4, 0.05))  # parts, and the share of films in such series
MOST_CREATORS = 3_000

Codes = NDArray[np.int16]
Links = NDArray[np.int32]


@dataclass(frozen=True)
class Films:
    """Latent attributes by row; codes index the tuples of :mod:`.words`.

    Attributes
    ----------
    released
        Seconds since 1970, int64 [n], non-decreasing.
    genre, second
        Main genre, and a second one or -1, int16 [n].
    setting, mood, pace, theme, hero, style, name, creator, year, length
        int16 [n]; `name` is the hero's, `length` in minutes.
    appeal
        How widely liked and shown a film is, float64 [n], log-normal.
    part
        1 for the first part of a series and for single films, int16 [n].
    former, sequel
        The row of the part before and after, -1 for none, int32 [n].
    program
        The films that follow this one in the evening programs the library screens, nearest first,
        int32 [n, 3], -1 for none. No column, text or picture tells of it.
    creators
        The creators' names.
    """

    released: NDArray[np.int64]
    genre: Codes
    second: Codes
    setting: Codes
    mood: Codes
    pace: Codes
    theme: Codes
    hero: Codes
    style: Codes
    name: Codes
    creator: Codes
    year: Codes
    length: Codes
    appeal: NDArray[np.float64]
    part: Codes
    former: Links
    sequel: Links
    program: Links
    creators: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.released)

    @property
    def era(self) -> Codes:
        """Decade of the year, an index into `ERAS`."""
        return ((self.year - 1980) // 10).astype(np.int16)


def make_films(n: int, seed: int) -> Films:
    """Draw `n` films."""
    rng = np.random.default_rng((seed, 1))
    released = _release_times(n, rng)
    former, sequel, part = _series(n, rng)
    columns = _attributes(n, released, rng)
    _inherit(columns, former, part, rng)
    return Films(
        released=released,
        former=former,
        sequel=sequel,
        part=part,
        program=_programs(n, rng),
        appeal=np.exp(rng.normal(0.0, 1.0, n)),
        creators=_creator_names(int(columns["creator"].max()) + 1, rng),
        **columns,
    )


def _release_times(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Whole days: half before the start, the rest over the period, LATE of all in its last fifth."""
    spot = (np.arange(n) + rng.random(n)) / n
    knots = [0.0, BEFORE, 1.0 - LATE, 1.0]
    days = np.interp(spot, knots, [-3 * 365, 0, DAYS * 0.8, DAYS - 5])
    days[0] = min(days[0], -30.0)  # the library never stands empty
    return START + np.floor(days).astype(np.int64) * DAY


def _series(n: int, rng: np.random.Generator) -> tuple[Links, Links, Codes]:
    """Link rows into series whose parts are released about a quarter of the catalogue apart."""
    former, sequel = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    part = np.ones(n, np.int16)
    free = rng.permutation(n)
    for length, share in SERIES:
        count = int(n * share) // length
        chosen, free = np.sort(free[: count * length]), free[count * length :]
        stride = max(1, -(-count // 2))  # two waves of series, so that parts lie near each other
        for start in range(0, count, stride):
            width = min(stride, count - start)
            parts = chosen[start * length : (start + width) * length].reshape(length, width)
            former[parts[1:]], sequel[parts[:-1]] = parts[:-1], parts[1:]
            part[parts] = np.arange(1, length + 1, dtype=np.int16)[:, None]
    return former, sequel, part


def _programs(n: int, rng: np.random.Generator) -> Links:
    """Rings of PROGRAM films in random order: the next three of each."""
    order = rng.permutation(n).astype(np.int32)
    place = np.arange(n)
    begin = place // PROGRAM * PROGRAM
    size = np.minimum(PROGRAM, n - begin)
    program = np.full((n, 3), -1, np.int32)
    for step in range(1, 4):
        follower = order[begin + (place - begin + step) % size]
        program[order, step - 1] = np.where(size > step, follower, -1)
    return program


def _attributes(n: int, released: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Codes]:
    """Attributes of films as if each stood alone; creators pull theirs toward a signature."""
    creator = _creators_of(n, rng)
    known = int(creator.max()) + 1
    genre = _signed(len(GENRES), creator, known, 0.65, rng)
    homes = np.array([[SETTINGS.index(s) for s in HOME_SETTINGS[g]] for g in GENRES])
    at_home = rng.random(n) < 0.45
    setting = np.where(at_home, homes[genre, rng.integers(0, 3, n)], rng.integers(0, len(SETTINGS), n))
    pace = rng.integers(0, len(PACES), n)
    base = np.array([26.0, 18.0, 11.0])[pace]
    made = 1970 + released // (DAY * 365.25)
    debut = rng.integers(1980, 2012, known)[creator]
    year = np.minimum(debut + rng.integers(0, 14, n), made - rng.integers(0, 2, n))
    columns = {
        "genre": genre,
        "second": np.where(rng.random(n) < 0.35, (genre + rng.integers(1, len(GENRES), n)) % len(GENRES), -1),
        "setting": setting,
        "mood": _signed(len(MOODS), creator, known, 0.5, rng),
        "pace": pace,
        "theme": rng.integers(0, len(THEMES), n),
        "hero": rng.integers(0, len(HEROES), n),
        "style": _signed(len(STYLES), creator, known, 0.75, rng),
        "name": rng.integers(0, len(NAMES), n),
        "creator": creator,
        "year": year,
        "length": np.clip(np.round(base * np.exp(rng.normal(0, 0.3, n))), 3, 58),
    }
    return {name: values.astype(np.int16) for name, values in columns.items()}


def _creators_of(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """About 14 films a creator, a few creators many more."""
    known = min(max(2, n // 14), MOST_CREATORS)
    share = np.exp(rng.normal(0, 0.7, known))
    return np.searchsorted(np.cumsum(share / share.sum())[:-1], rng.random(n))


def _signed(
    values: int, creator: NDArray[np.int64], known: int, faith: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """A value for each film: its creator's signature with probability `faith`, else any."""
    signature = rng.integers(0, values, known)
    faithful = rng.random(len(creator)) < faith
    return np.where(faithful, signature[creator], rng.integers(0, values, len(creator)))


def _inherit(columns: dict[str, Codes], former: Links, part: Codes, rng: np.random.Generator) -> None:
    """Later parts take over the look, the hero and the maker of the part before."""
    for number in range(2, int(part.max()) + 1):
        rows = np.flatnonzero(part == number)
        for name in ("genre", "second", "setting", "hero", "name", "creator", "style", "pace"):
            columns[name][rows] = columns[name][former[rows]]
        same = rng.random(len(rows)) < 0.8
        columns["mood"][rows[same]] = columns["mood"][former[rows[same]]]
        columns["year"][rows] = np.maximum(columns["year"][rows], columns["year"][former[rows]])


def _creator_names(count: int, rng: np.random.Generator) -> tuple[str, ...]:
    pairs = rng.permutation(len(NAMES) * len(SURNAMES))[:count].tolist()
    return tuple(f"{NAMES[pair // len(SURNAMES)]} {SURNAMES[pair % len(SURNAMES)]}" for pair in pairs)
