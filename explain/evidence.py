"""Where evidence comes from: the history, shared traits, neighbors, the wish, and the item itself."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from ..corpus.catalogue import CORE, Item
from ..corpus.keys import ItemKey
from .lexicon import Lexicon
from .profile import CATEGORIES, Profile, field_word, is_year, measure, speakable
from .words import CUES, KNOWN, NUMBERS, Wording, normal

if TYPE_CHECKING:
    from ..corpus.predicates import Predicate
    from ..prompts.wish import Wish

Kind = Literal["history", "attribute", "neighbor", "wish", "new", "popularity", "fact"]

NOISE = 0.05  # drops below this share of the largest one are rounding, not reasons
MIN_COSINE = 0.3
YEARS_NEAR = 5
POPULAR_SHARE = 0.1
MAX_VALUES = 64  # of one field of one item
LIFT = 2.0  # how many times as often a history holds a value that the person goes for
TELLING = 0.25  # below this strength a shared value is a coincidence, and is not evidence


@dataclass(frozen=True)
class Evidence:
    """One checked fact about why an item is recommended.

    Attributes
    ----------
    id
        "E1", "E2", ...: what a sentence cites.
    kind
        "history": removing `item` from the history lowers the score. "attribute": the recommended
        item shares `value` with `count` history items, `item` the strongest. "neighbor": `item` is
        close in content. "wish": a part of the wish that is met (`op` "like": an anchor the item is
        close to). "new": nobody picked it yet. "popularity": among the `value` percent picked most
        often, by however few people.
        "fact": what the recommended item itself is.
    item, title
        The other item it speaks of, and its spoken name.
    count
        How often `item` was picked; for an "attribute", how many picks share it.
    drop
        How far the score falls when `item` leaves the history; None where it was not measured.
    strength
        In [0, 1]; orders the ledger.
    facts
        The same in plain sentences, for people and for the writer.
    """

    id: str
    kind: Kind
    item: ItemKey | None = None
    title: str = ""
    field: str = ""
    op: str = ""
    value: str | float | None = None
    count: int = 0
    drop: float | None = None
    strength: float = 0.0
    facts: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; empty ones are left out."""
        found = {name: value for name, value in vars(self).items() if value not in (None, "", 0, ())}
        return found | {"facts": list(self.facts)}


@dataclass(frozen=True)
class Past:
    """The distinct history items, with how often and how strongly each stands behind the item."""

    profiles: Mapping[ItemKey, Profile]
    drops: Mapping[ItemKey, float | None]
    times: Mapping[ItemKey, int]
    latest: ItemKey | None

    @classmethod
    def of(
        cls,
        history: Sequence[Item],
        drops: Sequence[float] | None,
        *,
        exclude: ItemKey,
        read: Mapping[ItemKey, Profile] = MappingProxyType({}),
    ) -> Past:
        """Fold repeated picks into one with the largest usable drop; leave out the recommended item.

        `read` are profiles that are there already.
        """
        kept = [(one, drops[i] if drops else None) for i, one in enumerate(history) if one.key != exclude]
        measured: dict[ItemKey, float | None] = {}
        for one, drop in kept:
            known = measured.get(one.key)
            usable = None if drop is None or not math.isfinite(drop) else float(drop)
            measured[one.key] = max((d for d in (known, usable) if d is not None), default=None)
        return cls(
            profiles={one.key: read.get(one.key) or Profile.of(one) for one, _ in kept},
            drops=measured,
            times=Counter(one.key for one, _ in kept),
            latest=history[-1].key if history and history[-1].key != exclude else None,
        )

    @property
    def largest_drop(self) -> float:
        """The largest absolute drop, or 0."""
        return max((abs(drop) for drop in self.drops.values() if drop is not None), default=0.0)

    def supports(self, key: ItemKey) -> bool:
        """Whether removing this item clearly lowers the score."""
        drop = self.drops.get(key)
        return drop is not None and drop > max(1e-6, NOISE * self.largest_drop)

    def weight(self, key: ItemKey) -> float:
        """The item's drop as a share of the largest one, in [0, 1]."""
        return max(0.0, self.drops.get(key) or 0.0) / self.largest_drop if self.largest_drop else 0.0

    def strongest_first(self, keys: Sequence[ItemKey]) -> list[ItemKey]:
        """By drop, then by recency; later picks stand later in the mapping."""
        place = {key: i for i, key in enumerate(self.profiles)}
        return sorted(keys, key=lambda key: (-(self.drops.get(key) or 0.0), -place[key]))


def history_entries(past: Past, wording: Wording) -> Iterator[Evidence]:
    """The picks whose removal clearly lowers the score."""
    for key in past.strongest_first([key for key in past.profiles if past.supports(key)]):
        name, drop = past.profiles[key].name, past.drops[key]
        if not name or drop is None:
            continue
        often = f" {past.times[key]} times" if past.times[key] > 1 else ""
        yield Evidence(
            "",
            "history",
            item=key,
            title=name,
            count=past.times[key],
            drop=drop,
            strength=0.4 + 0.5 * past.weight(key),
            facts=(
                f"you {wording.verb} “{name}”{often}",
                f"without “{name}” the score falls by {drop:.3g}",
            ),
        )


def attribute_entries(
    profile: Profile, past: Past, lexicon: Lexicon | None, wording: Wording
) -> Iterator[Evidence]:
    """Values that the recommended item shares with picks, where that is more than a coincidence."""
    for field, values in _sayable(profile, wording):
        for value in values[:MAX_VALUES]:
            sharing = [key for key, other in past.profiles.items() if other.has(normal(value), field)]
            named = [key for key in past.strongest_first(sharing) if past.profiles[key].name]
            share = lexicon.frequency(normal(value)) if lexicon else None
            strength = _sharing_strength(len(sharing), len(past.profiles), share)
            if not named or strength < TELLING:
                continue
            key = named[0]
            yield Evidence(
                "",
                "attribute",
                item=key,
                title=past.profiles[key].name,
                field=field,
                value=value,
                count=len(sharing),
                drop=past.drops[key],
                strength=strength * (0.7 + 0.3 * past.weight(key)),
                facts=(
                    f"“{past.profiles[key].name}” and this have the {trait(field, value, wording)}",
                    *([f"{len(sharing)} of your {wording.picks} have it"] if len(sharing) > 1 else []),
                ),
            )


def _sharing_strength(count: int, size: int, share: float | None) -> float:
    """How likely the person goes for something that `count` of their `size` picks have, in [0, 1].

    Poisson odds of `LIFT` times as many picks against as many as the catalogue's `share` of it
    brings by chance, times prior odds of sqrt(share * (1 - share)): of many rare values only few can be
    favorites, and what nearly every item has draws nobody. Checked against the sample world's truth by
    ``benchmarks/reasons.py``; plain lift mostly cites coincidences.
    """
    if share is None:
        return 0.6 * math.sqrt(count / max(1, size))
    log_odds = (
        0.5 * math.log(max(1e-9, share * (1 - share))) + count * math.log(LIFT) - size * share * (LIFT - 1)
    )
    return min(0.95, 1 / (1 + math.exp(-log_odds)))


def year_entries(profile: Profile, past: Past, lexicon: Lexicon | None) -> Iterator[Evidence]:
    """A pick from about the same year, where more picks are than a coincidence brings."""
    for field, year in profile.numbers.items():
        if not is_year(field, year):
            continue
        near = [
            key
            for key, other in past.profiles.items()
            if other.name and abs(other.numbers.get(field, math.inf) - year) <= YEARS_NEAR
        ]
        share = lexicon.share_of_years(field, year - YEARS_NEAR, year + YEARS_NEAR) if lexicon else None
        strength = _sharing_strength(len(near), len(past.profiles), share)
        if strength < TELLING:
            continue
        for key in past.strongest_first(near)[:1]:
            other = past.profiles[key]
            yield Evidence(
                "",
                "attribute",
                item=key,
                title=other.name,
                field=field,
                value=year,
                count=len(near),
                drop=past.drops[key],
                strength=0.4 * strength,
                facts=(f"“{other.name}” is from {other.numbers[field]:.0f}, this is from {year:.0f}",),
            )


def neighbor_entries(
    near: Mapping[ItemKey, tuple[Profile, float]], past: Past, wording: Wording
) -> Iterator[Evidence]:
    """Items close in content; one from the history says more than another."""
    for key, (other, cosine) in near.items():
        if not other.name or not cosine >= MIN_COSINE:
            continue
        known = key in past.profiles
        yield Evidence(
            "",
            "neighbor",
            item=key,
            title=other.name,
            value=round(float(cosine), 4),
            drop=past.drops.get(key),
            strength=min(1.0, cosine) * (0.6 if known else 0.2),
            facts=(f"in content this is close to “{other.name}”", f"cosine {cosine:.2f}")
            + ((f"“{other.name}” is one of your {wording.picks}",) if known else ()),
        )


def wish_entries(
    item: Item,
    profile: Profile,
    wish: Wish | None,
    near: Mapping[ItemKey, tuple[Profile, float]],
    wording: Wording,
) -> Iterator[Evidence]:
    """The parts of the wish that the item meets, and anchors it is close to."""
    if wish is None:
        return
    for part in (*wish.wanted, *wish.limits, *wish.unwanted):
        entry = _wish_entry(part, profile) if part.holds(item) and noun(part.field, wording) else None
        if entry is not None:
            yield entry
    for key in wish.anchors:
        other, cosine = near.get(key, (None, 0.0))
        if other is not None and other.name and cosine >= MIN_COSINE:
            yield Evidence(
                "",
                "wish",
                item=key,
                title=other.name,
                op="like",
                value=round(float(cosine), 4),
                strength=1.0,
                facts=(f"you asked for something like “{other.name}”", f"cosine {cosine:.2f}"),
            )


def _wish_entry(part: Predicate, profile: Profile) -> Evidence | None:
    """A met part of the wish, where it can be said in words that the item's own columns prove."""
    if part.field in profile.numbers:
        return _number_wish(part, profile.numbers[part.field])
    value = str(part.value)
    column = part.field == CATEGORIES or part.field not in CORE
    if part.op not in ("is", "is_not") or not column or not speakable(value):
        return None
    if part.op == "is" and not profile.has(normal(value), part.field):
        return None
    if part.op == "is_not" and not profile.traits.get(part.field):
        return None  # nothing is known of it: that is no proof
    strength = 1.0 if part.op == "is" else 0.9
    return Evidence(
        "", "wish", field=part.field, op=part.op, value=value, strength=strength,
        facts=(f"you asked for: {part}",),
    )  # fmt: skip


def _number_wish(part: Predicate, own: float) -> Evidence | None:
    try:
        bound = float(part.value)
    except ValueError:
        return None
    if part.op == "is_not" or not math.isfinite(bound) or own == 0:
        return None
    facts = (f"you asked for: {part}", f"its {field_word(part.field)} is {measure(part.field, own)}")
    return Evidence("", "wish", field=part.field, op=part.op, value=bound, strength=1.0, facts=facts)


def unmet_parts(item: Item, wish: Wish | None) -> tuple[str, ...]:
    """The parts of the wish the item does not meet, and those nothing can answer."""
    if wish is None:
        return ()
    parts = (*wish.wanted, *wish.limits, *wish.unwanted)
    return (*(str(part) for part in parts if not part.holds(item)), *wish.unanswerable)


def standing_entries(cold: bool, popularity: float | None, wording: Wording) -> Iterator[Evidence]:
    """That nobody picked the item yet, or that it was picked often."""
    if cold:
        fact = f"this is new here: nobody has {wording.verb} it yet"
        yield Evidence("", "new", strength=0.45, facts=(fact,))
    elif popularity is not None and 0 <= popularity <= POPULAR_SHARE:
        percent = max(1, math.ceil(100 * popularity))
        yield Evidence(
            "", "popularity", value=float(percent), strength=0.15,
            facts=(f"this is among the {percent} % {wording.verb} most often",),
        )  # fmt: skip


def fact_entries(profile: Profile, wording: Wording) -> Iterator[Evidence]:
    """What the recommended item is, for when nothing else can be said."""
    for field, values in _sayable(profile, wording):
        strength = 0.1 if field == CATEGORIES else 0.08
        for place, value in enumerate(values[:2]):
            fact = f"this has the {trait(field, value, wording)}"
            yield Evidence(
                "", "fact", field=field, value=value, strength=strength - 0.01 * place, facts=(fact,)
            )  # fmt: skip
    for field, number in profile.numbers.items():
        if is_year(field, number):
            yield Evidence(
                "", "fact", field=field, value=number, strength=0.05, facts=(f"this is from {number:.0f}",)
            )  # fmt: skip


def noun(field: str, wording: Wording) -> str:
    """What a field is called; "" where its name is a word that sentences need for something else."""
    word = wording.category if field == CATEGORIES else field_word(field)
    return "" if normal(word) in CUES else word


def _sayable(profile: Profile, wording: Wording) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The traits whose field has a noun: "the same Kestrel" alone says nothing."""
    return ((field, values) for field, values in profile.traits.items() if noun(field, wording))


def trait(field: str, value: str, wording: Wording, comma: str = "") -> str:
    """A value as a noun phrase without article: "Horror category", "quiet mood", "director Ridley Scott".

    `comma` stands between noun and name, for "the same director, Ridley Scott".
    """
    word, said = noun(field, wording), quoted_if_everyday(value, wording)
    if set(normal(word).split()) <= set(normal(value).split()):
        return said
    before = field == CATEGORIES or value[:1].islower()
    return f"{said} {word}" if before else f"{word}{comma} {said}"


def quoted_if_everyday(value: str, wording: Wording) -> str:
    """A value that could be read as plain words ("New", "Up") goes between quotation marks."""
    everyday = KNOWN | wording.words
    plain = all(word in everyday or word in NUMBERS or word.isdigit() for word in normal(value).split())
    return f"“{value}”" if plain else value
