"""The catalogue as people see it: `items.csv`, with keys, titles, descriptions and gaps."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...base.progress import track
from .items import Films
from .phrases import HERO
from .prose import NUMBERS, Facts, Picker, make_description
from .titles import Titles
from .words import GENRES, HEROES, MOODS, NAMES, PACES, SETTINGS, THEMES

COLUMNS = (
    "item_id",
    "title",
    "description",
    "categories",
    "image",
    "available_from",
    "year",
    "creator",
    "length_minutes",
)
CHUNK = 8192
MISSING = 0.03  # share of films without a description, and of films without a picture


def item_keys(n: int, seed: int) -> list[str]:
    """A key for each row; keys are shuffled, so they tell nothing of age or kind."""
    width = max(4, len(str(n)))
    return [f"f{number:0{width}d}" for number in np.random.default_rng((seed, 4)).permutation(n).tolist()]


def missing(n: int, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which films lack a description, and which lack a picture; never both."""
    luck = np.random.default_rng((seed, 5)).random(n)
    return luck < MISSING, luck > 1 - MISSING


def write_items(path: Path, films: Films, keys: list[str], seed: int, *, images: bool) -> None:
    """Write `items.csv`, a chunk of rows at a time."""
    titles = Titles(films)
    no_text, no_picture = missing(len(films), seed)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in track(range(len(films)), "films"):
            if row % CHUNK == 0:
                rng = np.random.default_rng((seed, 6, row // CHUNK))
                numbers = rng.integers(0, 2**31, (CHUNK, 2 * NUMBERS))
            pick = Picker(numbers[row % CHUNK])
            facts = _facts(films, row, titles.former(row))
            title = titles.add(row, facts, pick)
            text = "" if no_text[row] else make_description(facts, pick)
            image = f"images/{keys[row]}.jpg" if images and not no_picture[row] else ""
            writer.writerow([keys[row], title, text, *_columns(films, row, image)])


def _columns(films: Films, row: int, image: str) -> list[str | int]:
    """What follows title and description."""
    genres = [GENRES[films.genre[row]], *([GENRES[films.second[row]]] if films.second[row] >= 0 else [])]
    released = datetime.fromtimestamp(int(films.released[row]), UTC).date().isoformat()
    creator = films.creators[films.creator[row]]
    return ["|".join(genres), image, released, int(films.year[row]), creator, int(films.length[row])]


def _facts(films: Films, row: int, former: str) -> Facts:
    name = int(films.name[row])
    heroes = HERO[HEROES[films.hero[row]]]
    return Facts(
        genre=GENRES[films.genre[row]],
        setting=SETTINGS[films.setting[row]],
        mood=MOODS[films.mood[row]],
        pace=PACES[films.pace[row]],
        theme=THEMES[films.theme[row]],
        hero=heroes[name % len(heroes)],
        name=NAMES[name],
        former=former,
    )
