"""The same promise on sentences that nobody tuned on, over a catalogue of another kind.

The frames were written once, before the verifier was run on any of them, and stay as they were: what it
gets wrong here is mended in the verifier by rules, never by these words. Lies are drawn from the sample
world, where every fact is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from firstlight.corpus.predicates import Predicate
from firstlight.corpus.readers import read_items
from firstlight.corpus.sample import write_sample
from firstlight.explain import Explainer, Ledger, Lexicon, TemplateWriter, Verifier, build_ledger
from firstlight.prompts.wish import Wish

CASES = 100
GENRES = "Adventure Comedy Mystery Romance Science_Fiction Fantasy Drama Thriller Musical Fable".replace(
    "_", " "
).split()


@dataclass(frozen=True)
class Shop:
    items: list
    lexicon: Lexicon
    verifier: Verifier

    def ledger(self, number: int, **more) -> Ledger:
        rng = np.random.default_rng([23, number])
        item = self.items[number % len(self.items)]
        others = [one for one in self.items if one.key != item.key]
        history = [others[i] for i in rng.choice(len(others), size=7, replace=False)]
        twin = next(
            (one for one in others if set(one.categories) & set(item.categories) and one not in history), None
        )
        if twin is not None:
            history[int(rng.integers(7))] = twin
        drops = rng.normal(0.2, 0.5, 7).tolist()
        near = [(history[int(rng.integers(7))], 0.7)]
        arguments = {"drops": drops, "neighbors": near, "lexicon": self.lexicon, **more}
        return build_ledger(item, history, **arguments)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Shop:
    folder = tmp_path_factory.mktemp("shop") / "world"
    write_sample(folder, users=5, items=160, seed=77, images=False)
    catalogue = read_items(folder / "items.csv")
    lexicon = Lexicon(catalogue)
    return Shop(list(catalogue), lexicon, Verifier(lexicon))


def first(ledger, kind, **conditions):
    return next(
        (
            one
            for one in ledger.entries
            if one.kind == kind and all(getattr(one, name) == value for name, value in conditions.items())
        ),
        None,
    )


def choose(rng, options):
    return options[int(rng.integers(len(options)))]


def wrong_genre(shop, rng, number):
    ledger = shop.ledger(number)
    entry = first(ledger, "attribute", field="categories")
    if entry is None:
        return None
    both = {*ledger.item.categories, *ledger.others[entry.item].traits.get("categories", ())}
    lie = choose(rng, [one for one in GENRES if one not in both])
    frame = choose(
        rng,
        [
            "As someone who picked “{n}”, you get more {x} here",
            "{x} through and through, just as “{n}” was",
            "Here comes a {x} title in the footsteps of “{n}”",
            "If “{n}” spoke to you, its {x} side does so here as well",
            "Your history has {x} in it, and so does this one",
            "A {x} for the evening, after “{n}”",
            "What ties it to “{n}” is {x}",
            "Both this and “{n}” are filed as {x}",
            "This {x} sits next to “{n}” on the shelf",
            "Another {x}, another evening: you know “{n}” already",
        ],
    )
    return ledger, frame, entry.id, {"n": entry.title, "x": lie}


def wrong_creator(shop, rng, number):
    ledger = shop.ledger(number)
    entry = ledger.entries[0]
    own = ledger.item.attributes["creator"]
    creators = {one.attributes["creator"] for one in shop.items} - {own}
    creators -= {one for other in ledger.others.values() for one in other.traits.get("creator", ())}
    frame = choose(
        rng,
        [
            "It was made by {x}",
            "{x} is behind this one",
            "The creator is {x}, and that shows",
            "This comes from {x}",
            "{x} made it in the same spirit",
            "You get {x} as the creator here",
            "A work of {x}",
            "With {x} in charge, this one is a fit",
        ],
    )
    return ledger, frame, entry.id, {"x": choose(rng, sorted(creators))}


def unrelated_title(shop, ledger, rng):
    known = {ledger.item.key, *ledger.others}
    return choose(rng, [one.title for one in shop.items if one.key not in known])


def title_not_in_history(shop, rng, number):
    ledger = shop.ledger(number)
    entry = first(ledger, "history")
    if entry is None:
        return None
    lie = unrelated_title(shop, ledger, rng)
    frame = choose(
        rng,
        [
            "It all goes back to “{n}”",
            "Having picked “{n}”, you may look this way",
            "“{n}” in your history put this one forward",
            "We go from “{n}” to this",
            "Your time with “{n}” is what brings this up",
            "After “{n}”, this is the next stop",
            "You have “{n}” to thank for this one",
            "One of your picks, “{n}”, is the reason",
            "Remember {n}? You picked it, and this came up",
            "This follows from {n}, which you picked",
        ],
    )
    return ledger, frame, entry.id, {"n": lie}


def wrong_year(shop, rng, number):
    ledger = shop.ledger(number)
    entry = ledger.entries[0]
    own = int(ledger.item.attributes["year"])
    known = {own, *(int(one.numbers["year"]) for one in ledger.others.values())}
    lie = choose(rng, [one for one in range(1955, 2026) if one not in known])
    frame = choose(
        rng,
        [
            "It dates back to {x}",
            "A title of {x}",
            "First shown in {x}",
            "The year is {x}",
            "Made in {x}, it is here for you now",
            "This one, from {x}, is next",
            "{x} was its year",
            "It came out around {x}",
        ],
    )
    return ledger, frame, entry.id, {"x": lie}


def wrong_length(shop, rng, number):
    ledger = shop.ledger(number)
    own = int(ledger.item.attributes["length_minutes"])
    numbers = {own, int(ledger.item.attributes["year"]) % 100}
    lie = choose(rng, [one for one in range(4, 180) if one not in numbers])
    frame = choose(
        rng,
        [
            "It runs {x} minutes",
            "At {x} minutes it is over soon",
            "The length is {x} minutes",
            "{x} minutes, no more",
            "You need {x} minutes for it",
            "A piece of {x} minutes",
        ],
    )
    return ledger, frame, ledger.entries[0].id, {"x": lie}


def wrong_count(shop, rng, number):
    ledger = shop.ledger(number)
    entry = next(
        (o for o in ledger.entries if o.kind == "attribute" and o.count > 1 and isinstance(o.value, str)),
        None,
    )
    if entry is None:
        return None
    lie = choose(rng, [one for one in range(2, 15) if one not in (entry.count, entry.count - 1)])
    frame = choose(
        rng,
        [
            "You have {c} picks with {x} already, and this is one more",
            "{c} times you went for {x}; here it is again",
            "No fewer than {c} of your picks have {x}",
            "In {c} of your picks there was {x} as well",
            "{x}: {c} of your picks share it with this one",
            "Your list holds {c} picks with {x}, like this one",
        ],
    )
    return ledger, frame, entry.id, {"x": entry.value, "c": lie}


def wrong_direction(shop, rng, number):
    """Every pick speaks against the item, and one is given as the reason."""
    ledger = shop.ledger(number, drops=[-0.1 * i for i in range(1, 8)])
    entry = next((one for one in ledger.entries if one.item in ledger.times), None)
    if entry is None:
        return None
    frame = choose(
        rng,
        [
            "“{n}” is the reason this one made it",
            "You owe this one to “{n}”",
            "It was “{n}” that tipped the scale",
            "Your pick “{n}” speaks for this one",
            "Having picked “{n}” earned this one its place",
            "This is here on account of “{n}”",
            "“{n}” pulled this one up",
            "We chose this for you because of “{n}”",
        ],
    )
    return ledger, frame, entry.id, {"n": entry.title}


def unmet_wish(shop, rng, number):
    item = shop.items[number % len(shop.items)]
    missing = [one for one in GENRES if one not in item.categories]
    asked = choose(rng, missing)
    wish = Wish(
        text="wish",
        wanted=(Predicate("categories", "is", item.categories[0]), Predicate("categories", "is", asked)),
        limits=(Predicate("length_minutes", "at_most", 60.0),),
    )
    ledger = shop.ledger(number, wish=wish)
    entry = first(ledger, "wish", field="categories")
    if entry is None:
        return None
    frame = choose(
        rng,
        [
            "You said {x}, and {x} it is",
            "Your request for {x} is granted",
            "{x} was your wish, and it comes true here",
            "Here is the {x} you asked for",
            "It ticks the box for {x}",
            "As wished: {x}",
            "This one gives you {x}, which you wanted",
        ],
    )
    return ledger, frame, entry.id, {"x": asked}


def broken_exclusion(shop, rng, number):
    """The item has what the sentence says it leaves out, or nobody asked for that."""
    item = shop.items[number % len(shop.items)]
    excluded = choose(rng, [one for one in GENRES if one not in item.categories])
    wish = Wish(text="wish", unwanted=(Predicate("categories", "is_not", excluded),))
    ledger = shop.ledger(number, wish=wish)
    entry = first(ledger, "wish")
    if entry is None:
        return None
    lie = choose(rng, [*item.categories, *(one for one in GENRES if one != excluded)])
    frame = choose(
        rng,
        [
            "You wanted no {x}, and there is none",
            "Free of {x}, as you asked",
            "It does without {x}, as you wished",
            "Not a trace of {x}, as requested",
            "{x} is left out, as you asked",
        ],
    )
    return ledger, frame, entry.id, {"x": lie}


def false_neighbor(shop, rng, number):
    ledger = shop.ledger(number)
    entry = first(ledger, "neighbor")
    if entry is None:
        return None
    lie = unrelated_title(shop, ledger, rng)
    frame = choose(
        rng,
        [
            "Its closest relative is “{n}”",
            "It tells a story much like that of “{n}”",
            "Side by side with “{n}”, you see how alike they are",
            "“{n}” and this one resemble each other",
            "It stands right beside “{n}” in content",
        ],
    )
    return ledger, frame, entry.id, {"n": lie}


def made_up(shop, rng, number):
    """Praise, other people, feelings, promises: nothing a ledger can hold."""
    ledger = shop.ledger(number)
    entry = ledger.entries[0]
    said = choose(
        rng,
        [
            "Critics adored it",
            "It won the jury prize at the festival",
            "People like you could not stop watching",
            "It will make you cry",
            "You always choose well",
            "Nobody has made a finer one",
            "Most viewers rate it five stars",
            "It changed the genre forever",
            "Your friends have seen it too",
            "It is trending this week",
            "The soundtrack alone is worth it",
            "Based on a true story",
            "The director spent ten years on it",
            "You will not regret it",
            "It sold out within days",
            "It is free this weekend",
        ],
    )
    return ledger, said, entry.id, {}


KINDS = {
    "genre": wrong_genre,
    "creator": wrong_creator,
    "title": title_not_in_history,
    "year": wrong_year,
    "length": wrong_length,
    "count": wrong_count,
    "direction": wrong_direction,
    "wish": unmet_wish,
    "exclusion": broken_exclusion,
    "neighbor": false_neighbor,
    "made up": made_up,
}


def planted(shop, kind):
    """Lies of one kind, each with its ledger; half begin with a true clause."""
    rng = np.random.default_rng([0, *kind.encode()])
    lies = []
    for number in range(12 * CASES):
        made = KINDS[kind](shop, rng, number) if len(lies) < CASES else None
        if made is None:
            continue
        ledger, frame, ids, slots = made
        entry = first(ledger, "history")
        if entry is not None and number % 2:  # then the citation is right, whatever the frame speaks of
            frame, ids = (
                f"You picked “{entry.title}”: {frame}",
                f"{entry.id}, {ids}" if entry.id != ids else ids,
            )
        lies.append((ledger, f"{frame.format(**slots)} [{ids}]."))
    return lies


@pytest.mark.parametrize("kind", list(KINDS))
def test_fresh_lies_are_caught(shop, kind):
    lies = planted(shop, kind)
    missed = [text for ledger, text in lies if shop.verifier.check(text, ledger).ok]
    assert len(lies) == CASES
    assert len(missed) <= 0.05 * CASES, missed


def test_every_shown_sentence_passes(shop):
    """Templates over many ledgers, with wishes and without."""
    wish = Wish(
        text="wish",
        wanted=(Predicate("categories", "is", "Fantasy"),),
        unwanted=(Predicate("categories", "is_not", "Thriller"),),
        limits=(Predicate("length_minutes", "at_most", 25.0), Predicate("year", "at_least", 2000.0)),
    )
    ledgers = [shop.ledger(n, wish=wish if n % 2 else None, cold=n % 3 == 0) for n in range(120)]
    shown = Explainer(shop.verifier, TemplateWriter()).explain(ledgers)
    sentences = [(ledger, s) for ledger, one in zip(ledgers, shown, strict=True) for s in one.sentences]
    assert len(sentences) > 200
    assert all(shop.verifier.check(s.marked, ledger).ok for ledger, s in sentences)
    assert sum(bool(one.sentences) for one in shown) >= 0.99 * len(shown)
