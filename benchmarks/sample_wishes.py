"""Wishes on the sample world with known answers, drawn from the truth by a seed, in several phrasings.

Each wish has between one and `MOST` right answers, and what the top of a list must never hold: items that
break a hard limit or have what was refused. Phrasings come in three parts: the parser was mended with "tune"
in view; "test" was kept aside, and one gap that it showed ("horror excluded") was mended afterwards; "fresh"
was written after that, and one more gap ("max.") was mended because of it, so no part is untouched any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from firstlight.corpus.sample import Truth
from firstlight.corpus.sample.words import GENRES, MOODS, SETTINGS, THEMES

MOST = 25
ALIKE = 4  # of the latent kinds that an item must share to be "like" another
KINDS = ("wanted", "scene", "limit", "refusal", "anchor", "mixture")
LATENT = ("genre", "setting", "mood", "theme", "hero", "pace", "style", "creator")

SCENES = {
    "sea": "at sea", "forest": "in the woods", "city": "in a big city", "desert": "in the desert",
    "mountains": "high up in the mountains", "space": "in space", "village": "in a small village",
    "lighthouse": "in a lighthouse", "ice": "in the ice and snow", "caves": "in caves under the ground",
    "clouds": "up in the clouds", "river": "on a river",
}  # fmt: skip
ABOUT = {
    "letters": "old letters", "inventions": "an invention", "homecoming": "coming home",
    "friendship": "friendship", "rivalry": "two rivals", "music": "music", "maps": "a map",
    "secrets": "a family secret", "memory": "memories", "gardens": "a garden", "cooking": "cooking",
    "time": "time and clocks",
}  # fmt: skip

# g: genre, h: another genre, c: creator, m: minutes, y/z: years, s: scene, a: about, f: feeling, t: title
PHRASES: dict[str, dict[str, tuple[str, ...]]] = {
    "tune": {
        "wanted": ("a {g} by {c}", "{c}, {g}", "I would love a {g} made by {c}"),
        "scene": ("a {f} story {s} about {a}", "something {f}, set {s}, with {a}"),
        "limit": (
            "a {g} {s}, under {m} minutes",
            "{g} from {y} on, no longer than {m} minutes",
            "a {g} made between {y} and {z}, please, at most {m} minutes",
        ),
        "refusal": (
            "a {g} {s}, but no {h}",
            "{g} about {a}, without any {h} and not by {c}",
            "I want a {g} {s}. Anything but {h}",
        ),
        "anchor": ("like {t}", 'something similar to "{t}" but shorter than {m} minutes'),
        "mixture": (
            "a {f} {g} {s}, no {h}, under {m} minutes",
            "{g} about {a}, from {y} or later, not a {h}, {m} minutes at most",
        ),
    },
    "test": {
        "wanted": ("anything in the {g} line that {c} made", "show me a {g} of {c}'s"),
        "scene": ("a film {s} that feels {f} and deals with {a}", "{a}, {s}, in a {f} mood"),
        "limit": (
            "could you find a {g} {s} that takes less than {m} minutes?",
            "a {g} no older than {y} and not longer than {m} minutes",
            "I have {m} minutes at most and feel like a {g} from {y} to {z}",
        ),
        "refusal": (
            "I'm tired of {h}; rather a {g} {s}",
            "a {g} about {a} that isn't a {h}, and nothing by {c}",
            "{g} {s} - avoid {h}",
        ),
        "anchor": ("I loved {t}, more of that", "in the spirit of {t}, max {m} minutes"),
        "mixture": (
            "tonight a {g} {s}, {f} if possible, max {m} minutes and definitely no {h}",
            "not newer than {z}: a {g} about {a}, shorter than {m} minutes, {h} excluded",
        ),
    },
    "fresh": {
        "wanted": ("is there a {g} from {c}?", "my favorite is {c} - which {g} should I see"),
        "scene": ("take me {s}: {f}, and {a}", "{f} tale of {a} that plays {s}"),
        "limit": (
            "a short {g} {s}, {m} minutes or less",
            "some {g} that came out after {y} and is over in less than {m} minutes",
            "{g}, {y} to {z}, max. {m} min",
        ),
        "refusal": (
            "{g} {s}, minus the {h}",
            "please no {h} and no {c}; a {g} about {a}",
            "I can't stand {h}. Got a {g} {s}?",
        ),
        "anchor": (
            "what else is there like {t}?",
            "{t} was great - something along those lines, under {m} minutes",
        ),
        "mixture": (
            "with the kids: {g} {s}, not over {m} minutes, but skip {h}",
            "{g} with {a}. Nothing before {y}, nothing longer than {m} minutes and no {h}",
        ),
    },
}


@dataclass(frozen=True)
class Asked:
    """One wish with what is known of its answer.

    Attributes
    ----------
    right
        Keys of the items that meet all of it.
    forbidden
        Keys of the items that break a hard limit or have what was refused.
    """

    kind: str
    text: str
    right: frozenset[str]
    forbidden: frozenset[str] = field(default=frozenset())


def sample_wishes(truth: Truth, items: pa.Table, n: int, seed: int, half: str) -> list[Asked]:
    """`n` wishes of all kinds; `items` is the catalogue's table, in the truth's order."""
    drawer = _Drawer(truth, items, np.random.default_rng((seed, list(PHRASES).index(half))), PHRASES[half])
    found: list[Asked] = []
    while len(found) < n:
        wish = drawer.draw(KINDS[len(found) % len(KINDS)])
        if 1 <= len(wish.right) <= MOST:
            found.append(wish)
    return found


@dataclass(frozen=True)
class _Facts:
    """A film, a genre it has not, a creator (a stranger in a refusal), and bounds that the film keeps."""

    row: int
    other: int
    creator: int
    refusal: bool
    low: int
    high: int
    most: int


class _Drawer:
    """Draws an item to be asked for, and words a wish that it meets."""

    def __init__(self, truth: Truth, items: pa.Table, rng: np.random.Generator, phrases: dict) -> None:
        self.films, self.keys, self.rng, self.phrases = (
            truth.world.films,
            np.array(truth.item_keys),
            rng,
            phrases,
        )
        self.titles = items.column("title").to_pylist()
        films = self.films
        self.genres = np.stack([(films.genre == g) | (films.second == g) for g in range(len(GENRES))])

    def draw(self, kind: str) -> Asked:
        row = int(self.rng.integers(len(self.films)))
        phrase = str(self.rng.choice(self.phrases[kind]))
        facts = self._facts(row, refusal=kind == "refusal")
        used = {phrase[place + 1] for place, one in enumerate(phrase) if one == "{"}
        everything = np.ones(len(self.films), bool)
        allowed = np.all([everything, *self._hard(used, phrase, facts)], axis=0)
        right = np.all([allowed, *self._soft(used, facts)], axis=0)
        text = phrase.format(**self._slots(facts))
        return Asked(
            kind, text, frozenset(self.keys[right].tolist()), frozenset(self.keys[~allowed].tolist())
        )

    def _facts(self, row: int, *, refusal: bool) -> _Facts:
        """What is asked for with one film in mind."""
        films, rng = self.films, self.rng
        other = int(rng.choice(np.flatnonzero(~self.genres[:, row])))
        stranger = int(rng.choice(np.flatnonzero(films.creator != films.creator[row])))
        year, minutes = int(films.year[row]), int(films.length[row])
        low, high, more = (int(rng.integers(*span)) for span in ((0, 6), (0, 6), (1, 8)))
        creator = int(films.creator[stranger if refusal else row])
        return _Facts(row, other, creator, refusal, year - low, year + high, minutes + more)

    def _slots(self, facts: _Facts) -> dict[str, object]:
        films, row = self.films, facts.row
        return {
            "g": GENRES[films.genre[row]].lower(),
            "h": GENRES[facts.other].lower(),
            "c": films.creators[facts.creator],
            "m": facts.most,
            "y": facts.low,
            "z": facts.high,
            "s": SCENES[SETTINGS[films.setting[row]]],
            "a": ABOUT[THEMES[films.theme[row]]],
            "f": MOODS[films.mood[row]],
            "t": self.titles[row],
        }

    def _soft(self, used: set[str], facts: _Facts) -> Iterator[np.ndarray]:
        """What a right answer has."""
        films, row = self.films, facts.row
        if "g" in used:
            yield self.genres[films.genre[row]]
        if "c" in used and not facts.refusal:
            yield films.creator == facts.creator
        for slot, name in (("s", "setting"), ("a", "theme"), ("f", "mood")):
            if slot in used:
                yield getattr(films, name) == getattr(films, name)[row]
        if "t" in used:
            yield (
                np.sum([getattr(films, kind) == getattr(films, kind)[row] for kind in LATENT], axis=0)
                >= ALIKE
            )

    def _hard(self, used: set[str], phrase: str, facts: _Facts) -> Iterator[np.ndarray]:
        """What every shown item must obey."""
        films = self.films
        if "h" in used:
            yield ~self.genres[facts.other]
        if "c" in used and facts.refusal:
            yield films.creator != facts.creator
        if "m" in used:
            strict = any(words in phrase for words in ("under {m}", "shorter than {m}", "less than {m}"))
            yield films.length < facts.most if strict else films.length <= facts.most
        if "y" in used:
            yield films.year > facts.low if "after {y}" in phrase else films.year >= facts.low
        if "z" in used:
            yield films.year <= facts.high
        if "t" in used:
            yield np.arange(len(films)) != facts.row
