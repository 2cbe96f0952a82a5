"""A wish in plain words, read by rules over the catalogue's own values: no model, no guessing.

What the catalogue can decide becomes predicates; what it has no field for is named as unanswerable;
the rest, without what was refused, is the query to embed. A misspelled word matches nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..corpus.catalogue import Catalogue
from ..corpus.keys import ItemKey
from ..corpus.predicates import Predicate
from .wish_anchors import Named, find_named
from .wish_fields import NumberFields
from .wish_lexicon import TitleIndex, Value, ValueIndex
from .wish_limits import Limit, find_limits
from .wish_scopes import Mention, Scopes, find_scopes
from .wish_words import FILLER, MAKING, STARRING, Token, plain, tokenize

_SIGNS = re.compile(r"(?:[<>]=?|≤|≥)?\s*[$€£']?$")
_QUOTES = tuple('"”»')


@dataclass(frozen=True)
class Wish:
    """What a person typed, taken apart.

    Attributes
    ----------
    text
        As it was typed.
    anchors
        Keys of the items it names as examples: "like X".
    wanted
        Wished attributes, soft.
    unwanted
        Refused ones, hard; each op is "is_not".
    limits
        Hard demands: years, prices, "only comedies".
    unanswerable
        Phrases of demands and refusals the catalogue has no field for.
    query
        What to embed: the wish without names, refusals and limits; empty when nothing is left.
    rest
        Its words that no wanted attribute says already.
    """

    text: str
    anchors: tuple[ItemKey, ...] = ()
    wanted: tuple[Predicate, ...] = ()
    unwanted: tuple[Predicate, ...] = ()
    limits: tuple[Predicate, ...] = ()
    unanswerable: tuple[str, ...] = ()
    query: str = ""
    rest: str = ""


class WishParser:
    """Reads wishes over one catalogue; build it once, it indexes all titles and values.

    Parameters
    ----------
    catalogue
        Its `title`, `categories`, text, list and number columns are what wishes can speak of.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._keys = catalogue.keys
        self._values = ValueIndex(catalogue.table)
        self._fields = NumberFields(catalogue.table)
        titles = catalogue.table.column("title").to_pylist()
        self._titles = TitleIndex(titles, self._fields.years(catalogue.table))

    def parse(self, text: str) -> Wish:
        """Take a wish apart. Any text is a wish; one without meaning has an empty query."""
        tokens = tokenize(text)
        named = find_named(text, tokens, self._titles, self._values)
        limits = self._limits(text, tokens, named)
        taken = {i for span in [*named, *limits] for i in range(span.start, span.end)}
        values = dict(self._valued(tokens, taken))
        mentions = {one.start: Mention(one.start, one.end, "title") for one in named}
        mentions |= {one.start: Mention(one.start, one.end, "limit") for one in limits}
        mentions |= {start: Mention(start, end, "value") for start, (end, _) in values.items()}
        reading = _Reading(text, tokens, find_scopes(tokens, mentions))
        self._add_names(reading, named)
        self._add_limits(reading, limits)
        self._add_values(reading, values)
        return reading.wish()

    def _limits(self, text: str, tokens: Sequence[Token], named: Sequence[Named]) -> list[_TokenLimit]:
        """Limits outside of titles, by token."""
        simple = plain(text)
        for one in named:
            start, end = tokens[one.start].start, tokens[one.end - 1].end
            simple = simple[:start] + "\0" * (end - start) + simple[end:]
        starts, found = [token.start for token in tokens], []
        for limit in find_limits(simple, self._fields.names, self._values.knows):
            first = bisect_right(starts, limit.start) - 1
            first += first < 0 or tokens[first].end <= limit.start
            found.append(_TokenLimit(first, bisect_left(starts, limit.end), limit))
        return found

    def _valued(
        self, tokens: Sequence[Token], taken: set[int]
    ) -> Iterator[tuple[int, tuple[int, tuple[Value, ...]]]]:
        place = 0
        while place < len(tokens):
            match = None if place in taken else self._values.match(tokens, place)
            if match and taken.isdisjoint(range(place, place + match[0])):
                yield place, (place + match[0], match[1])
                place += match[0]
            else:
                place += 1

    def _add_names(self, reading: _Reading, named: Iterable[Named]) -> None:
        for one in named:
            reading.remove(one.start, one.end)
            polarity = reading.polarity(one.start)
            keys = [self._keys[row] for row in one.rows]
            if not keys:
                reading.unanswerable(one.start, one.end)
            elif polarity == "unwanted":
                reading.unwanted.extend(Predicate("item_id", "is_not", key) for key in keys)
            elif polarity == "wanted":
                reading.anchors.extend(keys)

    def _add_limits(self, reading: _Reading, limits: Iterable[_TokenLimit]) -> None:
        for one in limits:
            reading.remove(one.start, one.end)
            polarity = reading.polarity(one.start)
            if polarity == "ignored":
                continue
            refused = polarity == "unwanted"
            predicates = self._fields.predicates(one.limit.flipped() if refused else one.limit)
            reading.limits.extend(predicates)
            if not predicates:
                reading.unanswerable(reading.refusal_start(one.start) if refused else one.start, one.end)

    def _add_values(self, reading: _Reading, values: dict[int, tuple[int, tuple[Value, ...]]]) -> None:
        into = {"unwanted": reading.unwanted, "limit": reading.limits, "wanted": reading.wanted}
        for start, (end, found) in values.items():
            reading.meaningful.update(range(_led(reading.tokens, start), end))
            polarity = reading.polarity(start)
            if polarity in into:
                op = "is_not" if polarity == "unwanted" else "is"
                into[polarity].extend(Predicate(field, op, value) for field, value in found)


def _led(tokens: Sequence[Token], start: int) -> int:
    """Where the verb begins that only leads to the attribute at `start`: "written by X", "made in X"."""
    before = [token.word for token in tokens[max(0, start - 2) : start]]
    if before and before[-1] in STARRING:
        return start - 1
    if len(before) == 2 and before[0] in MAKING and before[1] in ("by", "in", "from", "of"):
        return start - 2
    return start


@dataclass(frozen=True)
class _TokenLimit:
    start: int
    end: int
    limit: Limit


class _Reading:
    """Collects the parts of one wish; token places in, text and predicates out."""

    def __init__(self, text: str, tokens: Sequence[Token], scopes: Scopes) -> None:
        self.text, self.tokens, self.scopes = text, tokens, scopes
        self.anchors: list[ItemKey] = []
        self.wanted: list[Predicate] = []
        self.unwanted: list[Predicate] = []
        self.limits: list[Predicate] = []
        self.meaningful: set[int] = set()  # tokens of attributes, never trimmed as filler
        self._unanswerable = list(scopes.unknown)
        self._removed = list(scopes.removed)

    def polarity(self, start: int) -> str:
        return self.scopes.polarity.get(start, "wanted")

    def refusal_start(self, place: int) -> int:
        """Where the refusal that reaches `place` begins."""
        return next((start for start, end in self.scopes.removed if start <= place < end), place)

    def remove(self, start: int, end: int) -> None:
        self._removed.append((start, end))

    def unanswerable(self, start: int, end: int) -> None:
        self._unanswerable.append((start, end))

    def wish(self) -> Wish:
        """All parts, each without repetition; what is refused is not wanted."""
        refused = {(one.field, one.value) for one in self.unwanted}
        return Wish(
            text=self.text,
            anchors=tuple(k for k in dict.fromkeys(self.anchors) if ("item_id", k) not in refused),
            wanted=tuple(p for p in dict.fromkeys(self.wanted) if (p.field, p.value) not in refused),
            unwanted=tuple(dict.fromkeys(self.unwanted)),
            limits=tuple(dict.fromkeys(self.limits)),
            unanswerable=tuple(self._phrase(*span) for span in sorted(set(self._unanswerable))),
            query=self._query(),
            rest=" ".join(self.tokens[i].word for i in self._kept() if self._says_more(i)),
        )

    def _phrase(self, start: int, end: int) -> str:
        """The words as they were typed, with the sign before the first and the quote that closes the last."""
        first, last = self.tokens[start].start, self.tokens[end - 1].end
        if sign := _SIGNS.search(self.text, 0, first):
            first = sign.start() if sign[0].strip() else first
        last += self.text[last : last + 1] == "+"
        last += self.text[last : last + 1] in _QUOTES and plain(self.text[first:last]).count('"') % 2
        return self.text[first:last]

    def _is_filler(self, place: int) -> bool:
        return self.tokens[place].word in FILLER and place not in self.meaningful

    def _says_more(self, place: int) -> bool:
        return place not in self.meaningful and not self._is_filler(place)

    def _kept(self) -> list[int]:
        gone = {i for start, end in self._removed for i in range(start, end)}
        return [i for i in range(len(self.tokens)) if i not in gone]

    def _query(self) -> str:
        """The text without what was removed, and without filler at its ends."""
        kept = self._kept()
        while kept and self._is_filler(kept[0]):
            kept.pop(0)
        while kept and self._is_filler(kept[-1]):
            kept.pop()
        parts = []
        for before, i in zip([-1, *kept], kept, strict=False):
            start, end = self.tokens[i].start, self.tokens[i].end
            joint = self.text[self.tokens[before].end : start] if before == i - 1 and parts else " "
            parts.append(joint + self.text[start:end])
        return re.sub(r"\s+", " ", "".join(parts)).strip()
