"""What to say about a ledger, and how to say it without a language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..base.hashing import key_hashes
from .evidence import Evidence, noun, quoted_if_everyday, trait
from .ledger import Ledger
from .phrases import PHRASES
from .profile import CATEGORIES, is_year, measure, number_text
from .words import NUMBER_WORDS

MAX_POINTS = 3


@dataclass(frozen=True)
class Point:
    """What one sentence is to say: a family of phrases, the entries it cites, and the slots' contents."""

    family: str
    entries: tuple[Evidence, ...]
    slots: Mapping[str, str]

    @property
    def cites(self) -> tuple[str, ...]:
        """The ids of its entries."""
        return tuple(entry.id for entry in self.entries)

    def render(self, phrase: str) -> str:
        """The phrase with its slots filled and its citations before the full stop."""
        return cited(self.filled(phrase), self.cites)

    def filled(self, phrase: str) -> str:
        """The phrase with its slots filled."""
        said = {name.capitalize(): value[:1].upper() + value[1:] for name, value in self.slots.items()}
        return phrase.format(**said, **self.slots)


def cited(text: str, cites: Sequence[str]) -> str:
    """The sentence with citation marks before its final stop."""
    body = text.rstrip()
    stop = body[-1] if body[-1:] in (".", "!", "?") else ""
    return f"{body[: len(body) - len(stop)]} [{', '.join(cites)}]{stop or '.'}"


def plan(ledger: Ledger) -> tuple[Point, ...]:
    """One to three points, strongest first; of each kind one, unless that leaves a single point.

    A named item is spoken of once, and bare facts about the item only where there is nothing else.
    """
    points: list[Point] = []
    for repeat in (False, True):
        for entry in ledger.entries:
            if len(points) < (2 if repeat else MAX_POINTS) and _adds(entry, points, repeat):
                points.append(_point(entry, ledger))
    return tuple(points)


def _adds(entry: Evidence, points: Sequence[Point], repeat: bool) -> bool:
    """Whether an entry says something that the points do not say yet."""
    told = [one for point in points for one in point.entries]
    if entry.kind == "fact" and points and not all(one.kind == "fact" for one in told):
        return False
    if any(one.id == entry.id or (one.item and one.item == entry.item) for one in told):
        return False
    if any(_is_bound(one) and _is_bound(entry) and one.field == entry.field for one in told):
        return False  # "from 1990" and "to 1999" are met by one year
    return repeat or entry.kind == "wish" or all(point.entries[0].kind != entry.kind for point in points)


def _is_bound(entry: Evidence) -> bool:
    return entry.kind == "wish" and isinstance(entry.value, float)


def _point(entry: Evidence, ledger: Ledger) -> Point:
    if entry.kind == "history":
        return _because(entry, ledger)
    if entry.kind == "attribute" and isinstance(entry.value, float):
        return _years(entry, ledger)
    return _say(_family(entry, ledger), (entry,), ledger)


def _family(entry: Evidence, ledger: Ledger) -> str:
    """The family of phrases for an entry that stands alone."""
    if entry.kind == "wish":
        return _wish_family(entry)
    if entry.kind == "fact":
        return _fact_family(entry, ledger)
    families = {
        "attribute": "group" if entry.count > 1 else "shared",
        "neighbor": "near" if entry.item in ledger.times else "near_other",
    }
    return families.get(entry.kind, entry.kind)


def _fact_family(entry: Evidence, ledger: Ledger) -> str:
    """Whether "Its creator is X" can be said: of a field with one value and no plural name."""
    if isinstance(entry.value, float):
        return "fact_year"
    word = noun(entry.field, ledger.wording)
    several = len(ledger.profile.values[entry.field]) > 1 or word.endswith("s")
    return "fact" if several or entry.field == CATEGORIES else "fact_is"


def _because(entry: Evidence, ledger: Ledger) -> Point:
    """A history item with what it shares, where it shares something."""
    shared = next(
        (one for one in ledger.entries if one.kind == "attribute" and one.item == entry.item
         and isinstance(one.value, str)), None,
    )  # fmt: skip
    if shared is None:
        return _say("because", (entry,), ledger)
    family = "because_shared"
    if entry.count == 2:
        family += "_twice"
    elif entry.item == ledger.latest:
        family += "_latest"
    return _say(family, (entry, shared), ledger)


def _years(entry: Evidence, ledger: Ledger) -> Point:
    other = ledger.others[entry.item].numbers[entry.field] if entry.item is not None else 0.0
    own = _number(entry)
    if other == own:
        return _say("years_same", (entry,), ledger)
    year = number_text(other)
    said = "" if year in entry.title else f" ({year})"  # many titles hold their year
    return _say("years_close", (entry,), ledger, x=said, y=number_text(own))


def _wish_family(entry: Evidence) -> str:
    if entry.op == "like":
        return "wish_like"
    if entry.op == "is_not":
        return "wish_without"
    if isinstance(entry.value, float):
        return "wish_year" if is_year(entry.field, entry.value) else "wish_number"
    return "wish"


def _say(family: str, entries: tuple[Evidence, ...], ledger: Ledger, **more: str) -> Point:
    words, last = ledger.wording, entries[-1]
    slots = {"v": words.verb, "picks": words.picks, "pick": words.pick, "thing": words.thing}
    named = next((entry.title for entry in entries if entry.title), "")
    if named:
        slots["n"] = f"“{named}”"
    if isinstance(last.value, str):
        slots["f"] = noun(last.field, words)
        slots["t"] = trait(last.field, last.value, words)
        slots["a"] = trait(last.field, last.value, words, comma=",")
        slots["x"] = quoted_if_everyday(last.value, words)
        slots["w"] = slots["x"] if last.field == CATEGORIES else f"the {slots['t']}"
    elif last.value is not None:
        slots["f"] = noun(last.field, words)
        slots["x"] = measure(last.field, ledger.profile.numbers.get(last.field, last.value))
    if last.count:
        slots["m"] = _count(last.count)
    return Point(family, entries, slots | more)


def _number(entry: Evidence) -> float:
    return entry.value if isinstance(entry.value, float) else float("nan")


def _count(number: int) -> str:
    return NUMBER_WORDS[number] if 1 < number < len(NUMBER_WORDS) else str(number)


class TemplateWriter:
    """Plain, warm sentences from :data:`~firstlight.explain.phrases.PHRASES`.

    Over one list of recommendations no phrase comes back before all of its family were used; which
    one begins is decided by a hash of the list's keys, so equal lists read equally.
    """

    def alternatives(
        self, ledgers: Sequence[Ledger], plans: Sequence[Sequence[Point]]
    ) -> list[list[tuple[str, ...]]]:
        """For each point of each ledger every way to say it with citation marks, the one to prefer first."""
        deck = _Deck("\x1f".join(ledger.item.key for ledger in ledgers))
        return [[deck.draw(point) for point in points] for points in plans]


class _Deck:
    """Phrases of each family in an order drawn from a salt; each draw begins one phrase further."""

    def __init__(self, salt: str) -> None:
        self._salt = salt
        self._drawn: dict[str, int] = {}

    def draw(self, point: Point) -> tuple[str, ...]:
        """All phrases of the point's family, filled, beginning with the next one."""
        family, adorned = point.family, point.family.endswith(("_twice", "_latest"))
        phrases = self._order(family)
        turn = self._drawn.get(family, 0)
        self._drawn[family] = turn + 1
        if adorned and turn >= len(phrases):  # an adornment is said once a list, not ten times
            return self.draw(Point("because_shared", point.entries, point.slots))
        turn %= len(phrases)
        return tuple(point.render(phrase) for phrase in (*phrases[turn:], *phrases[:turn]))

    def _order(self, family: str) -> list[str]:
        phrases = PHRASES[family]
        ranks = key_hashes(phrases, f"{self._salt}/{family}")
        return [phrases[i] for i in np.argsort(ranks, kind="stable")]
