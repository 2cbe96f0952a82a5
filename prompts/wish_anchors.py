"""Which items a wish names. A title counts only where the text shows that one is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .wish_lexicon import TitleIndex, TitleMatch, ValueIndex
from .wish_words import (
    AFTER_TITLE,
    FILLER,
    FONDNESS,
    LIKE_IS_A_VERB_AFTER,
    LIKE_IS_A_WISH_AFTER,
    LIKENESS,
    NEGATIONS,
    PRONOUNS,
    TITLE_NOUNS,
    Token,
    phrase_at,
    plain,
)

_QUOTED = re.compile(r"\"([^\"]+)\"|(?<!\w)'([^']+)'(?!\w)")


@dataclass(frozen=True)
class Named:
    """Items named by the tokens from `start` to `end`, the words "similar to" before them included.

    No rows: somebody quoted a title behind "like", and the catalogue does not hold it.
    """

    start: int
    end: int
    rows: tuple[int, ...]


def find_named(text: str, tokens: Sequence[Token], titles: TitleIndex, values: ValueIndex) -> list[Named]:
    """All items that the text names, in order, none overlapping."""
    finder = _Finder(text, tokens, titles, values)
    found: list[Named] = []
    for source in (finder.quoted(), finder.whole(), finder.after_cues(), finder.capitalized()):
        for named in source:
            if finder.is_pronoun(named) and any(other.end <= named.start for other in found):
                continue
            if all(named.end <= other.start or other.end <= named.start for other in found):
                found.append(named)
    return sorted(found, key=lambda named: named.start)


class _Finder:
    """The ways to name an item, surest first."""

    def __init__(self, text: str, tokens: Sequence[Token], titles: TitleIndex, values: ValueIndex) -> None:
        self.text, self.tokens, self.titles, self.values = text, tokens, titles, values
        self.shouts = all(token.capital for token in tokens)  # then capitals mean nothing

    def quoted(self) -> Iterator[Named]:
        """Titles in quotation marks; behind "like", an unknown one is reported."""
        for match in _QUOTED.finditer(plain(self.text)):
            inside = [i for i, t in enumerate(self.tokens) if match.start() < t.start and t.end < match.end()]
            if not inside:
                continue
            title = self.titles.match(self.tokens, inside[0])
            start = self._cue_start(inside[0])
            if title and title.rows and inside[0] + title.length > inside[-1]:
                yield Named(start, inside[0] + title.length, title.rows)
            elif start < inside[0]:
                yield Named(start, inside[-1] + 1, ())

    def _cue_start(self, place: int) -> int:
        """Where "similar to" begins, if it ends at `place`."""
        for width in range(min(6, place), 0, -1):
            if phrase_at(LIKENESS, self.tokens[:place], place - width) == width:
                return place if self._is_negation(place - width, place) else place - width
        return place

    def _is_negation(self, start: int, end: int) -> bool:
        return phrase_at(NEGATIONS, self.tokens, start) == end - start

    def after_cues(self) -> Iterator[Named]:
        """Titles behind "like", "similar to", "loved", "except": X, and Y after it."""
        place = 0
        while place < len(self.tokens):
            width = phrase_at(LIKENESS, self.tokens, place)
            if width == 1 and self._like_follows(place, LIKE_IS_A_WISH_AFTER):
                place += 1
                continue
            sure = width > 0 and not (width == 1 and self._like_follows(place, LIKE_IS_A_VERB_AFTER))
            if not width:
                width = phrase_at(NEGATIONS, self.tokens, place) or int(self.tokens[place].word in FONDNESS)
            behind = place + width
            if width:
                start = behind if self._is_negation(place, behind) else place
                for named in self._list(start, behind, sure):
                    yield named
                    behind = named.end
            place = max(place + 1, behind)

    def _like_follows(self, place: int, before: frozenset[str]) -> bool:
        token = self.tokens[place]
        return token.word == "like" and place > 0 and not token.gap and self.tokens[place - 1].word in before

    def _list(self, start: int, place: int, sure: bool) -> Iterator[Named]:
        """Titles as in "X, Y or Z"; only the first may lean on a sure cue."""
        while place < len(self.tokens):
            while (title := self._accepted(place, sure)) is None:
                if not sure or place + 1 >= len(self.tokens) or self.tokens[place].word not in TITLE_NOUNS:
                    return
                place += 1  # "like the movie X"
            end = place + title.length
            yield Named(start, end, title.rows)
            if end >= len(self.tokens):
                return
            follower = self._next_in_list(end)
            if follower is None:
                return
            start, place, sure = end, follower, False

    def _accepted(self, place: int, sure: bool) -> TitleMatch | None:
        """The title at `place`, if it can be meant there."""
        title = self.titles.match(self.tokens, place)
        if title is None or not title.rows:
            return None
        capital, year = self._capitalized(place, title), self._ends_in_year(place, title)
        if year or (capital and (sure or not self._is_value(place, title))):
            return title
        if self._is_value(place, title) or not self._ends_phrase(place + title.length, title, sure):
            return None
        return title if sure or self._names_words(place, title) > 1 else None

    def whole(self) -> Iterator[Named]:
        """A text that is nothing but a title in capitals or of two meaningful words, or a list of titles."""
        listed, place = [], 0
        while place < len(self.tokens):
            title = self.titles.match(self.tokens, place)
            if title is None or not title.rows or self._is_value(place, title):
                return
            end = place + title.length
            listed.append(Named(place, end, title.rows))
            place = self._next_in_list(end) if end < len(self.tokens) else end
            if place is None:
                return
        meaningful = sum(token.word not in FILLER for token in self.tokens)
        if len(listed) > 1 or meaningful > 1 or (self.shouts and len(self.tokens) > 1):
            yield from listed

    def _next_in_list(self, end: int) -> int | None:
        """Where a list goes on behind one of its titles; None where it does not."""
        joined = self.tokens[end].word in ("and", "or", "plus", "nor")
        return end + joined if joined or "," in self.tokens[end].gap else None

    def capitalized(self) -> Iterator[Named]:
        """Titles of several words in title case, or with their year."""
        for place in range(len(self.tokens)):
            title = self.titles.match(self.tokens, place)
            if title is None or not title.rows or self._is_value(place, title):
                continue
            several = self._names_words(place, title) > 1 and self._capitalized(place, title)
            if several or self._ends_in_year(place, title):
                yield Named(place, place + title.length, title.rows)

    def is_pronoun(self, named: Named) -> bool:
        """Whether the name is a lower-case "it": in "I loved X, more like it" it means X."""
        last = self.tokens[named.end - 1]
        return last.word in PRONOUNS and not last.capital and not last.gap

    def _capitalized(self, place: int, title: TitleMatch) -> bool:
        """Whether the words are written as a title, in a text that also has words that are not."""
        span = self.tokens[place : place + title.length]
        heavy = [t for t in span if len(t.word) > 3] or span[-1:]
        return (
            not self.shouts
            and all(t.capital for t in heavy)
            and span[-1].capital
            and any(t.capital for t in span if t.start > 0)
        )

    def _ends_in_year(self, place: int, title: TitleMatch) -> bool:
        last = self.tokens[place + title.length - 1]
        return title.length > 1 and "(" in last.gap and last.word.isdigit()

    def _is_value(self, place: int, title: TitleMatch) -> bool:
        """Whether the same words are an attribute: "like a Western" wants westerns."""
        value = self.values.match(self.tokens, place + self._article(place))
        return value is not None and value[0] >= title.length - self._article(place)

    def _article(self, place: int) -> int:
        return int(self.tokens[place].word in ("the", "a", "an"))

    def _names_words(self, place: int, title: TitleMatch) -> int:
        return title.length - self._article(place)

    def _ends_phrase(self, end: int, title: TitleMatch, sure: bool) -> bool:
        """Whether the phrase can end here; behind a sure cue only a single word needs that."""
        if sure and title.length > 1:
            return True
        return end >= len(self.tokens) or bool(self.tokens[end].gap) or self.tokens[end].word in AFTER_TITLE
