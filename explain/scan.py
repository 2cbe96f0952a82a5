"""A sentence as pieces: names, attribute values, field names, numbers, pronouns, words and marks.

Longest match first, so that a title inside another title, or "Science" inside "Science Fiction",
is read as what it is. What stands between quotation marks is one piece, whatever it says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..corpus.keys import ItemKey
from .ledger import Ledger
from .lexicon import Lexicon
from .profile import CATEGORIES, Profile, unit_of
from .words import KNOWN, NUMBERS, normal, word_set

PieceKind = Literal[
    "name", "foreign", "value", "field", "number", "this", "it", "group", "word", "content", "mark"
]

CITATION = re.compile(r"\s*\[(E\d{1,3}(?:, ?E\d{1,3})*)\]")
_TOKEN = re.compile(r"“[^“”]*”|\"[^\"]*\"|\d+(?:[.,]\d+)+|[^\W_]+(?:['’][^\W_]+)*|\S")
_BARRIERS = '“";—–'
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*s?")
PRONOUNS = word_set("it its they their them these those")
_GROUPS = word_set("pick choice history list taste")


@dataclass(frozen=True)
class Piece:
    """One read part of a sentence.

    Attributes
    ----------
    text
        As written.
    normal
        In normal form; a mark stays itself.
    key
        The item a "name" stands for.
    field
        The column a "field" stands for.
    number, unit
        The value of a "number", and the unit behind it in normal form.
    decade
        Whether the number was written like "1990s".
    """

    kind: PieceKind
    text: str
    normal: str
    key: ItemKey | None = None
    field: str = ""
    number: float = 0.0
    unit: str = ""
    decade: bool = False


def split_citations(sentence: str) -> tuple[str, tuple[str, ...]]:
    """The sentence without its citation marks such as " [E1, E2]", and the ids in order."""
    cites = [one.strip() for group in CITATION.findall(sentence) for one in group.split(",")]
    return CITATION.sub("", sentence), tuple(dict.fromkeys(cites))


@dataclass(frozen=True)
class Scanner:
    """Reads sentences about one ledger.

    `names` maps normal forms to the recommended item and the items that cited entries speak of; `held`
    are the values of those items and of the ledger, which a new item may have and the lexicon not.
    """

    lexicon: Lexicon
    names: Mapping[str, ItemKey]
    held: frozenset[str]
    fields: Mapping[str, str]
    known: frozenset[str]
    groups: frozenset[str]
    things: frozenset[str]
    units: frozenset[str]

    @classmethod
    def of(cls, ledger: Ledger, cites: Sequence[str], lexicon: Lexicon) -> Scanner:
        """Prepare for sentences that cite `cites`.

        Of two items with one name the cited one is meant, and a cited value that is the recommended
        item's name too ("Up") is meant as the value.
        """
        words = ledger.wording
        cited = [entry.item for entry in ledger.entries if entry.id in cites and entry.item is not None]
        named = [ledger.profile, *(ledger.others[key] for key in cited)]
        values = {normal(str(entry.value)) for entry in ledger.entries if entry.id in cites and entry.value}
        spoken = {normal(one.name): one.key for one in named if one.name}
        category = {normal(words.category): CATEGORIES, normal(CATEGORIES): CATEGORIES}
        known = KNOWN | words.words
        return cls(
            lexicon=lexicon,
            names={name: key for name, key in spoken.items() if key in cited or name not in values},
            held=_held(named) | {normal(str(entry.value)) for entry in ledger.entries if entry.value},
            fields={**{word: name for word, name in lexicon.fields.items() if word not in known}, **category},
            known=known,
            groups=_GROUPS | words.groups,
            things=frozenset({"one", normal(words.thing)}),
            units=frozenset(
                normal(unit_of(name)) for name in (*lexicon.fields.values(), *ledger.profile.numbers)
            ),
        )

    def read(self, text: str) -> list[Piece]:
        """The pieces of `text`, in order."""
        tokens = list(_TOKEN.finditer(text))
        pieces: list[Piece] = []
        place = 0
        while place < len(tokens):
            piece, used = self._longest(text, tokens, place) or (self._single(tokens[place].group()), 1)
            pieces.append(piece)
            place += used
        pieces = _with_units(_with_things(pieces, self.things), self.units)
        return _with_groups(pieces, self.groups)

    def _longest(self, text: str, tokens: Sequence[re.Match[str]], start: int) -> tuple[Piece, int] | None:
        if not tokens[start].group()[0].isalnum():
            return None
        reach = min(len(tokens), start + 2 * self.lexicon.longest)
        barrier = next((i for i in range(start, reach) if tokens[i].group()[0] in _BARRIERS), reach)
        for stop in range(barrier, start, -1):
            phrase = text[tokens[start].start() : tokens[stop - 1].end()]
            if phrase[-1].isalnum() or phrase[-1] == ")":
                piece = self._phrase(phrase)
                if piece is not None:
                    return piece, stop - start
        return None

    def _phrase(self, phrase: str) -> Piece | None:
        """A name, value, foreign title or field, when the phrase is one and is not mere everyday words."""
        form = normal(phrase)
        if form in self.fields:
            return Piece("field", phrase, form, field=self.fields[form])
        words = form.split()
        if all(word in self.known or word.isdigit() or word in NUMBERS for word in words):
            return None
        if self._is_value(form):
            return Piece("value", phrase, form)
        if form == "brand new":  # "brand" alone is a shop's column
            return Piece("word", phrase, "new")
        return self._name(phrase, form)

    def _name(self, phrase: str, form: str) -> Piece | None:
        as_name = phrase[0].isupper() or phrase[0].isdigit() or " " in form
        if as_name and form in self.names:
            return Piece("name", phrase, form, key=self.names[form])
        if as_name and self.lexicon.is_title(form) and not self._is_value(form.removeprefix("the ")):
            return Piece("foreign", phrase, form)  # "the War genre" is no film "The War"
        return None

    def _is_value(self, form: str) -> bool:
        return form in self.held or self.lexicon.is_value(form)

    def _single(self, text: str) -> Piece:
        form = normal(text)
        if text[0] in '“"' and len(text) > 1:
            return self._quoted(text[1:-1])
        if not form:
            return Piece("mark", text, text)
        if _FIGURE.fullmatch(text) or form in NUMBERS:
            return _number(text, form)
        return Piece(self._word_kind(form), text, form)

    def _word_kind(self, form: str) -> PieceKind:
        if form == "this":
            return "this"
        if form in PRONOUNS:
            return "it"
        return "word" if all(word in self.known for word in form.split()) else "content"

    def _quoted(self, inside: str) -> Piece:
        form = normal(inside)
        if form in self.names:
            return Piece("name", inside, form, key=self.names[form])
        is_value = form in self.held or (self.lexicon.is_value(form) and not self.lexicon.is_title(form))
        return Piece("value" if is_value else "foreign", inside, form)


def _held(profiles: Sequence[Profile]) -> frozenset[str]:
    return frozenset(value for one in profiles for values in one.values.values() for value in values)


def _number(text: str, form: str) -> Piece:
    """A number in digits or as a word; "1.2.3" is a number that equals none."""
    digits = text.rstrip("s").replace(",", "")
    if form in NUMBERS:
        return Piece("number", text, form, number=float(NUMBERS[form]))
    value = float(digits) if digits.count(".") <= 1 else math.nan
    return Piece("number", text, form, number=value, decade=text.endswith("s"))


def _with_things(pieces: Sequence[Piece], things: frozenset[str]) -> list[Piece]:
    """Read "this one" as one piece."""
    return [
        piece
        for place, piece in enumerate(pieces)
        if not (
            place and piece.kind == "word" and piece.normal in things and pieces[place - 1].kind == "this"
        )
    ]


def _with_units(pieces: Sequence[Piece], units: frozenset[str]) -> list[Piece]:
    """Read "0.6 kg" as one number, where some column is measured so."""
    found: list[Piece] = []
    for piece in pieces:
        if found and found[-1].kind == "number" and piece.kind == "content" and piece.normal in units:
            found[-1] = replace(found[-1], unit=piece.normal)
        else:
            found.append(piece)
    return found


def _with_groups(pieces: Sequence[Piece], groups: frozenset[str]) -> list[Piece]:
    """Read "picks" in "your (earlier, latest) picks" as the person's history."""
    found: list[Piece] = []
    for place, piece in enumerate(pieces):
        before = [one.normal for one in pieces[max(0, place - 3) : place]]
        grouped = piece.kind == "word" and piece.normal in groups and "your" in before
        found.append(replace(piece, kind="group") if grouped else piece)
    return found
