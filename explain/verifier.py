"""Checks every sentence against its ledger before anyone reads it (DESIGN promise 6).

A sentence passes when it cites entries that exist and that it speaks of, and when each claim read
from it follows from the cited entries and the catalogue's own columns. Whatever cannot be read as a
supported claim counts as unsupported.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..corpus.keys import ItemKey
from ..prompts.clean import has_address
from .claims import (
    BecauseOf,
    Claim,
    Foreign,
    HasAttribute,
    HasField,
    HasNumber,
    HasWords,
    MeetsWish,
    NewItem,
    Picked,
    Popular,
    SharesAttribute,
    SimilarTo,
    Unsupported,
    YearsApart,
)
from .evidence import Evidence
from .ledger import Ledger
from .lexicon import Lexicon
from .profile import Profile, is_year, number_text, unit_of
from .reading import parse_claims
from .scan import split_citations
from .words import normal

MAX_SENTENCE = 400
_QUOTED = re.compile(r"“[^“”]*”|\"[^\"]*\"")
_MARKS = frozenset(".,;:—–-()!?'’&%/…“”\"")


@dataclass(frozen=True)
class Verdict:
    """Whether a sentence may be shown; `reasons` say in plain words why not."""

    ok: bool
    reasons: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"ok": self.ok, "reasons": list(self.reasons)}


@dataclass(frozen=True)
class Facts:
    """One ledger and the entries a sentence cites: what its claims are held against."""

    ledger: Ledger
    cited: tuple[Evidence, ...]

    @classmethod
    def of(cls, ledger: Ledger, cites: Sequence[str]) -> Facts:
        """The ledger with those of the ids that it holds."""
        return cls(ledger, tuple(entry for cite in cites if (entry := ledger.get(cite)) is not None))

    def of_kind(self, *kinds: str) -> list[Evidence]:
        """The cited entries of some kinds."""
        return [entry for entry in self.cited if entry.kind in kinds]

    def profile(self, key: ItemKey) -> Profile:
        """The recommended item's profile, or another's."""
        return self.ledger.profile if key == self.ledger.item.key else self.ledger.others[key]

    def profiles(self, keys: Sequence[ItemKey]) -> list[Profile]:
        """Several of them."""
        return [self.profile(key) for key in keys]


class Verifier:
    """Decides which sentences may be shown.

    Parameters
    ----------
    lexicon
        The catalogue's titles and values, so that a foreign name or a wrong value is known as one.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon

    def check(self, sentence: str, ledger: Ledger) -> Verdict:
        """Check one sentence with its citation marks, for example "Nobody has picked it yet [E2]."."""
        reasons = list(_surface_faults(sentence))
        if not reasons:
            _, cites = split_citations(sentence)
            facts = Facts.of(ledger, cites)
            claims = parse_claims(sentence, ledger, self.lexicon)
            reasons += [f"{cite} is not in the ledger" for cite in cites if ledger.get(cite) is None]
            reasons += [reason for claim in claims if (reason := refute(claim, facts)) is not None]
            reasons += [
                f"it cites {entry.id} but does not speak of it"
                for entry in facts.cited
                if not any(_speaks_of(claim, entry) for claim in claims)
            ]
        return Verdict(not reasons, tuple(dict.fromkeys(reasons)))

    def refuted(self, sentence: str, ledger: Ledger) -> list[Claim]:
        """The claims of a sentence that do not follow from what it cites."""
        facts = Facts.of(ledger, split_citations(sentence)[1])
        return [claim for claim in parse_claims(sentence, ledger, self.lexicon) if refute(claim, facts)]


def _surface_faults(sentence: str) -> Iterator[str]:
    """What no sentence may hold, whatever it says."""
    text, cites = split_citations(sentence)
    outside = _QUOTED.sub(" ", text)
    if not cites:
        yield "it cites no evidence"
    if not any(one.isalpha() for one in outside):
        yield "it says nothing"
    if len(text) > MAX_SENTENCE:
        yield f"it is longer than {MAX_SENTENCE} characters"
    if any(unicodedata.category(one) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") for one in text):
        yield "it holds control characters"
    if has_address(text):
        yield "it holds an address"
    strange = {one for one in outside if not (one.isalnum() or one.isspace() or one in _MARKS)}
    strange -= {one for one in strange if unicodedata.category(one) in ("Mn", "Mc")}
    strange |= {one for one in outside if one in '“”"'}
    if strange:
        yield f"it holds the signs {' '.join(sorted(strange))}"


def refute(claim: Claim, facts: Facts) -> str | None:
    """Why a claim does not follow from the facts, in plain words; None when it does."""
    return _RULES[type(claim)](claim, facts)


def _foreign(claim: Foreign, facts: Facts) -> str | None:
    return f"“{claim.name}” is not an item that the cited evidence speaks of"


def _unsupported(claim: Unsupported, facts: Facts) -> str | None:
    return claim.why


def _has_attribute(claim: HasAttribute, facts: Facts) -> str | None:
    for profile in facts.profiles(claim.items):
        fields = claim.fields or (None,)
        if not any(profile.has(claim.value, field) for field in fields):
            return f'"{claim.value}" is not true of {_called(profile)}'
    return None


def _has_number(claim: HasNumber, facts: Facts) -> str | None:
    for profile in facts.profiles(claim.items):
        fields = claim.fields or (tuple(profile.numbers) if claim.unit else ())
        named = [
            profile.numbers[field]
            for field in fields
            if field in profile.numbers and claim.unit in ("", normal(unit_of(field)))
        ]
        years = [number for field, number in profile.numbers.items() if is_year(field, number)]
        if claim.decade:
            right = any(number // 10 * 10 == claim.number for number in years)
        elif named or claim.unit:
            right = claim.number in named
        elif years and is_year("year", claim.number):
            right = claim.number in years
        else:
            right = claim.number in profile.figures or claim.number in profile.numbers.values()
        if not right:
            return f"the number {number_text(claim.number)} is not true of {_called(profile)}"
    return None


def _has_words(claim: HasWords, facts: Facts) -> str | None:
    for profile in facts.profiles(claim.items):
        unknown = [word for word in claim.words if word not in profile.words]
        if unknown:
            return f'nothing known of {_called(profile)} supports "{" ".join(unknown)}"'
        if any(pair not in profile.pairs for pair in pairwise(claim.words)):
            return f'"{" ".join(claim.words)}" does not stand so in the text of {_called(profile)}'
    return None


def _has_field(claim: HasField, facts: Facts) -> str | None:
    profiles = facts.profiles(claim.items)
    held = [profile.values.get(claim.field, frozenset()) for profile in profiles]
    numbers = {profile.numbers.get(claim.field) for profile in profiles}
    if frozenset.intersection(*held) or (len(numbers) == 1 and None not in numbers):
        return None
    return f'"{claim.field}" is not known, or not the same, for the items named'


def _shares(claim: SharesAttribute, facts: Facts) -> str | None:
    entries = facts.of_kind("attribute")
    if claim.value is None and claim.field is None and claim.count is None and facts.of_kind("neighbor"):
        return None
    if claim.value is not None:
        entries = [entry for entry in entries if normal(str(entry.value)) == claim.value]
    if claim.field is not None:
        entries = [entry for entry in entries if entry.field == claim.field]
    if not entries:
        return "no cited evidence says that your history shares this"
    if claim.count is not None and claim.count not in {entry.count - claim.further for entry in entries}:
        return f"the count {claim.count} is wrong"
    return None


def _years_apart(claim: YearsApart, facts: Facts) -> str | None:
    found = [
        [number for field, number in profile.numbers.items() if is_year(field, number)]
        for profile in facts.profiles(claim.items)
    ]
    if len(found) == 2 and any(abs(a - b) == claim.number for a in found[0] for b in found[1]):
        return None
    return f"{number_text(claim.number)} years is wrong"


def _picked(claim: Picked, facts: Facts) -> str | None:
    times = facts.ledger.times.get(claim.item, 0)
    if times == 0:
        return f"{_called(facts.profile(claim.item))} is not in your history"
    if claim.times is not None and claim.times != times:
        return f"{_called(facts.profile(claim.item))} was not picked {claim.times} times"
    if claim.latest and facts.ledger.latest != claim.item:
        return f"{_called(facts.profile(claim.item))} is not your latest"
    return None


def _because_of(claim: BecauseOf, facts: Facts) -> str | None:
    if claim.item is None:
        if any(entry.drop is not None and entry.drop > 0 for entry in facts.of_kind("history", "attribute")):
            return None
        return "no cited evidence shows that this moved the score"
    drop = facts.ledger.drops.get(claim.item)
    if drop is None or drop <= 0:
        return f"the score does not depend so on {_called(facts.profile(claim.item))}"
    return None


def _similar_to(claim: SimilarTo, facts: Facts) -> str | None:
    entries = facts.of_kind("neighbor", "attribute")
    if claim.item is None and entries:
        return None
    if any(entry.item == claim.item for entry in entries):
        return None
    return "no cited evidence says that the two are alike"


def _meets_wish(claim: MeetsWish, facts: Facts) -> str | None:
    entries = facts.of_kind("wish")
    if any(_is_met_by(claim, entry, facts) for entry in entries):
        return None
    if claim.value is None and claim.number is None and claim.item is None:
        return "parts of your wish are not met" if entries else "no cited evidence speaks of your wish"
    return "no cited evidence says that this part of your wish is met"


def _is_met_by(claim: MeetsWish, entry: Evidence, facts: Facts) -> bool:
    if claim.item is not None:
        return entry.op == "like" and entry.item == claim.item
    if claim.fields and entry.field not in claim.fields:
        return False
    if claim.value is not None:
        return normal(str(entry.value)) == claim.value and (entry.op == "is_not") != claim.wanted
    if claim.number is not None:
        own = facts.ledger.profile.numbers.get(entry.field)
        same_unit = claim.unit in ("", normal(unit_of(entry.field)))
        return entry.op != "like" and same_unit and claim.number in (entry.value, own)
    return not facts.ledger.unmet


def _new_item(claim: NewItem, facts: Facts) -> str | None:
    if claim.items == (facts.ledger.item.key,) and facts.of_kind("new"):
        return None
    return "no cited evidence says that it is new"


def _popular(claim: Popular, facts: Facts) -> str | None:
    entries = facts.of_kind("popularity")
    if claim.items == (facts.ledger.item.key,) and entries and claim.percent in (None, entries[0].value):
        return None
    return "no cited evidence says that it is picked so often"


_RULES: dict[type, Callable[[Any, Facts], str | None]] = {
    BecauseOf: _because_of,
    Foreign: _foreign,
    HasAttribute: _has_attribute,
    HasField: _has_field,
    HasNumber: _has_number,
    HasWords: _has_words,
    MeetsWish: _meets_wish,
    NewItem: _new_item,
    Picked: _picked,
    Popular: _popular,
    SharesAttribute: _shares,
    SimilarTo: _similar_to,
    Unsupported: _unsupported,
    YearsApart: _years_apart,
}


def _called(profile: Profile) -> str:
    return f"“{profile.name}”" if profile.name else f'the item "{profile.key}"'


def _speaks_of(claim: Claim, entry: Evidence) -> bool:
    """Whether a claim is about what an entry says, so that citing it makes sense."""
    if entry.kind == "new":
        return isinstance(claim, NewItem)
    if entry.kind == "popularity":
        return isinstance(claim, Popular)
    if entry.kind in ("history", "neighbor") or entry.op == "like":
        return entry.item is not None and entry.item in _items_of(claim)
    return _says_value(claim, entry)


def _says_value(claim: Claim, entry: Evidence) -> bool:
    """Whether a claim is about the value or the field of an entry."""
    if isinstance(claim, (HasAttribute, SharesAttribute, MeetsWish)) and claim.value is not None:
        return claim.value == normal(str(entry.value))
    if isinstance(claim, (HasField, SharesAttribute)):
        return claim.field == entry.field
    if isinstance(claim, MeetsWish):
        return entry.kind == "wish"
    return isinstance(claim, (HasNumber, YearsApart)) and isinstance(entry.value, float)


def _items_of(claim: Claim) -> tuple[ItemKey | None, ...]:
    return (*getattr(claim, "items", ()), getattr(claim, "item", None))
