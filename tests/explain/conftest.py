"""A catalogue of sixty made-up films whose every fact is known, and ledgers over it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from firstlight.corpus import Catalogue, Item
from firstlight.corpus.keys import ItemKey
from firstlight.explain import Ledger, Lexicon, Verifier, build_ledger

CATEGORIES = (
    "Comedy",
    "Horror",
    "Science Fiction",
    "Western",
    "Romance",
    "Mystery",
    "Fantasy",
    "Documentary",
)
MOODS = ("quiet", "playful", "somber", "tense")
DIRECTORS = ("Mara Ellison", "Tomas Varga", "Ines Okafor", "Henrik Sol", "Priya Raman")
FIRST = ("Lanterns", "Harbor", "Orchard", "Winter", "Glass", "Copper", "Velvet", "Thunder", "Paper", "Marble")
SECOND = ("of Orvane", "at Midnight", "in Bloom", "Without Shores", "and Ashes", "Crossing")
PLACES = ("lighthouse", "railway", "monastery", "shipyard", "observatory")


def build_items() -> list[Item]:
    """Sixty items; every attribute is drawn from a seed, every title is its own."""
    rng = np.random.default_rng(7)
    items = []
    for number, title in enumerate(f"{a} {b}" for a in FIRST for b in SECOND):
        chosen = rng.choice(len(CATEGORIES), size=2, replace=False)
        place = PLACES[int(rng.integers(len(PLACES)))]
        items.append(
            Item(
                key=ItemKey(f"film-{number}"),
                title=title,
                description=f"A stranger keeps watch over a {place}. Nobody in town remembers the key.",
                categories=tuple(CATEGORIES[i] for i in sorted(chosen)),
                attributes={
                    "mood": MOODS[int(rng.integers(len(MOODS)))],
                    "director": DIRECTORS[int(rng.integers(len(DIRECTORS)))],
                    "year": int(rng.integers(1950, 2024)),
                    "price": float(rng.integers(2, 40)) + 0.5,
                },
            )
        )
    return items


@dataclass(frozen=True)
class World:
    """The catalogue and what is built from it."""

    items: tuple[Item, ...]
    catalogue: Catalogue
    lexicon: Lexicon
    verifier: Verifier
    known: dict[int, Ledger] = field(default_factory=dict)

    def ledger(self, number: int, **more: object) -> Ledger:
        """A ledger for one item: eight earlier picks, half of which speak for it, two near ones."""
        if not more and number in self.known:
            return self.known[number]
        rng = np.random.default_rng([11, number])
        item = self.items[number % len(self.items)]
        others = [one for one in self.items if one.key != item.key]
        history = [others[i] for i in rng.choice(len(others), size=8, replace=False)]
        drops = [float(x) for x in np.linspace(0.8, -0.6, 8)]
        near = [(history[0], 0.8), (history[5], 0.5)]
        arguments: dict = {"drops": drops, "neighbors": near, "lexicon": self.lexicon, **more}
        ledger = build_ledger(item, history, **arguments)
        return ledger if more else self.known.setdefault(number, ledger)


@pytest.fixture(scope="session")
def world() -> World:
    items = build_items()
    catalogue = Catalogue.from_items(items)
    lexicon = Lexicon(catalogue)
    return World(tuple(items), catalogue, lexicon, Verifier(lexicon))
