"""From a sentence to its claims.

Reading is strict rather than clever: a value is said of every item its clause names unless it is
tied to one ("“Alien” (1979)"), so a sentence that could be meant falsely is read as false.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..corpus.keys import ItemKey
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
from .clauses import Clause, Sentence
from .guards import YEAR, guarded
from .ledger import Ledger
from .lexicon import Lexicon
from .scan import Piece, Scanner, split_citations
from .words import (
    CAUSAL,
    CONTRAST,
    FUNCTION,
    LATEST,
    NEWNESS,
    POPULARITY,
    PUSHING,
    SHARING,
    SIMILAR,
    WISHED,
    normal,
    word_set,
)

_NEGATION_REACH = 5
_ONE_HAS = ["one", "has"]
_TIMES = normal("times")
_RELATIVES = word_set("which that whom")
_SPOKEN = ("name", "this", "it", "group")
_STATED = (HasAttribute, HasField, HasNumber, HasWords, YearsApart)
_SO_DOES = word_set("do does did is are was were has have")


def parse_claims(sentence: str, ledger: Ledger, lexicon: Lexicon) -> tuple[Claim, ...]:
    """Everything `sentence` claims, each claim once.

    Citation marks decide which items the sentence may name; they are not claims themselves.
    """
    text, cites = split_citations(sentence)
    pieces = Scanner.of(ledger, cites, lexicon).read(text)
    words = ledger.wording
    reader = _Reader(Sentence.of(pieces, ledger.item.key), words.verbs, words.groups)
    return tuple(dict.fromkeys(reader.claims()))


@dataclass(frozen=True)
class _Reader:
    """Reads one sentence; `verbs` say that the person picked something, `picks` are what they picked."""

    sentence: Sentence
    verbs: frozenset[str]
    picks: frozenset[str]

    def claims(self) -> Iterator[Claim]:
        found = [
            *(Foreign(piece.text) for piece in self.sentence.pieces if piece.kind == "foreign"),
            *guarded(self.sentence, self.verbs),
            *self._relations(),
            *self._negations(),
            *self._wishes(),
        ]
        for clause in self.sentence.clauses:
            found += [*self._picks(clause), *self._statements(clause)]
        found += self._sharing(found)
        yield from found
        yield from self._unrelated(found)

    @property
    def whole(self) -> Clause:
        """The sentence as one clause."""
        return Clause(0, len(self.sentence.pieces), ())

    def _fields(self, place: int, clause: Clause) -> tuple[str, ...]:
        return tuple(self.sentence.pieces[one].field for one in self.sentence.fields_at(place, clause))

    def _pieces(self, clause: Clause) -> Sequence[Piece]:
        return self.sentence.pieces[clause.start : clause.stop]

    def _says(self, clause: Clause, cues: frozenset[str]) -> bool:
        return any(piece.kind == "word" and piece.normal in cues for piece in self._pieces(clause))

    def _relations(self) -> Iterator[Claim]:
        """What the whole sentence says: because, like, new, popular."""
        named = self.sentence.named
        if self._causal() and (named or not self._says(self.whole, WISHED)):
            yield from (BecauseOf(key) for key in named or (None,))
        if self._says(self.whole, SIMILAR) and not self._says(self.whole, WISHED):
            yield from (SimilarTo(key) for key in named or (None,))
        yield from (NewItem(items) for items in self._said_with(NEWNESS))
        percent = next(
            (one.number for one, mark in pairwise(self.sentence.pieces) if _is_percent(one, mark)), None
        )
        yield from (Popular(items, percent) for items in self._said_with(POPULARITY))

    def _said_with(self, cues: frozenset[str]) -> Iterator[tuple[ItemKey, ...]]:
        """The items that each cue word is said of."""
        for clause in self.sentence.clauses:
            for place in range(clause.start, clause.stop):
                piece = self.sentence.pieces[place]
                if piece.kind == "word" and piece.normal in cues:
                    yield self.sentence.said_of(place, clause)

    def _causal(self) -> bool:
        """Whether the sentence gives a reason; "so does this one" gives none."""
        pieces = self.sentence.pieces
        return self._pushed() or any(
            piece.normal in CAUSAL
            or (piece.normal == "so" and place + 1 < len(pieces) and pieces[place + 1].normal not in _SO_DOES)
            for place, piece in enumerate(pieces)
            if piece.kind == "word"
        )

    def _pushed(self) -> bool:
        """Whether a pick is said to bring, show or find this item."""
        pieces = self.sentence.pieces
        return any(
            one.kind == "name" and verb.normal in PUSHING and (what.kind == "this" or what.normal == "you")
            for one, verb, what in zip(pieces, pieces[1:], pieces[2:], strict=False)
        )

    def _negations(self) -> Iterator[Claim]:
        """A negation stands only before what the wish excluded."""
        for place in self._negated_places():
            pieces = self.sentence.pieces
            reach = range(place, min(len(pieces), place + _NEGATION_REACH))
            values = [one for one in reach if pieces[one].kind == "value"]
            for one in values:
                fields = self._fields(one, self.whole)
                yield MeetsWish(value=pieces[one].normal, wanted=False, fields=fields)
            if not values:
                yield Unsupported(f'"{pieces[place].text}" denies or contrasts')

    def _negated_places(self) -> list[int]:
        """Where something is denied; "2 more of your picks" and "no one has picked it yet" deny nothing."""
        pieces = self.sentence.pieces
        found = []
        for place, piece in enumerate(pieces):
            counted = piece.normal == "more" and place > 0 and pieces[place - 1].kind == "number"
            nobody = (
                piece.normal == "no" and [one.normal for one in pieces[place + 1 : place + 3]] == _ONE_HAS
            )
            denies = piece.kind == "word" and not CONTRAST.isdisjoint(piece.normal.split())
            if denies and not counted and not (nobody and self._says(self.whole, NEWNESS)):
                found.append(place)
        return found

    def _is_negated(self, place: int) -> bool:
        return any(0 < place - start < _NEGATION_REACH for start in self._negated_places())

    def _picks(self, clause: Clause) -> Iterator[Claim]:
        """That the person picked something, how often, and how lately."""
        pieces, names = self._pieces(clause), self.sentence.names(clause.start, clause.stop)
        standing = self._says(clause, NEWNESS | POPULARITY)
        told = self._says(clause, self.verbs) and not standing
        mine = told or any(piece.kind == "group" for piece in pieces)
        times = self._times(pieces)
        latest = self._says(clause, LATEST) or any(
            one.normal == "just" and verb.normal in self.verbs for one, verb in pairwise(pieces)
        )
        if (told and self._picked_subject(pieces)) or self._subject_is_member(clause):
            yield Picked(self.sentence.subject)
        yield from self._relative_picks(clause)
        if mine and not self._asks_likeness(clause):
            yield from (Picked(key, times, latest) for key in names)
        if (times is not None or latest) and not (mine and names):
            yield Unsupported("it says how often or how lately, but not of which pick")

    def _asks_likeness(self, clause: Clause) -> bool:
        """Whether named items are spoken of as asked for, and not as picked."""
        return (
            self._says(clause, WISHED) and self._says(clause, SIMILAR) and not self._says(clause, self.verbs)
        )

    def _picked_subject(self, pieces: Sequence[Piece]) -> bool:
        """Whether "you picked" is followed by the recommended item."""
        for verb, following in pairwise(pieces):
            if verb.normal not in self.verbs:
                continue
            if following.kind == "this" or (
                following.kind == "name" and following.key == self.sentence.subject
            ):
                return True
            if following.kind == "it" and not self.sentence.named:
                return True
        return False

    def _relative_picks(self, clause: Clause) -> Iterator[Claim]:
        """What "which you picked" is said of; "the drama you picked" says it of no item."""
        pieces = self.sentence.pieces
        for place in range(clause.start + 1, clause.stop):
            if pieces[place].normal not in self.verbs or pieces[place - 1].normal != "you":
                continue
            before = pieces[: place - 1]
            if before and before[-1].normal in _RELATIVES:
                spoken = next((one for one in reversed(before) if one.kind in _SPOKEN), None)
                if spoken is not None and spoken.kind != "group":
                    yield Picked(spoken.key or self.sentence.subject)
            elif before and before[-1].kind in ("value", "field", "content"):
                yield Unsupported(f'"{before[-1].text} you {pieces[place].text}" names no item that was')

    def _subject_is_member(self, clause: Clause) -> bool:
        """Whether "one of your picks" is said of the recommended item."""
        pieces = self.sentence.pieces
        for place in range(clause.start, clause.stop):
            before = [one.normal for one in pieces[max(0, place - 4) : place]]
            if pieces[place].kind == "group" and ("among" in before or before[-3:-1] == ["one", "of"]):
                spoken = [one for one in pieces[:place] if one.kind in ("name", "this", "it")]
                own = spoken and (spoken[-1].kind != "name" or spoken[-1].key == self.sentence.subject)
                if own and not (spoken[-1].kind == "it" and self.sentence.named):
                    return True
        return False

    @staticmethod
    def _times(pieces: Sequence[Piece]) -> int | None:
        if any(piece.normal == "twice" for piece in pieces):
            return 2
        words = [*(piece.normal for piece in pieces), ""]
        if any(word == "once" and after not in ("again", "more") for word, after in pairwise(words)):
            return 1
        for piece, following in pairwise(pieces):
            if piece.kind == "number" and following.normal == _TIMES:
                return _whole(piece.number)
        return None

    def _wishes(self) -> Iterator[Claim]:
        """Which parts of the wish the sentence calls met; a bare "as you asked" is about all of it."""
        asking = [clause for clause in self.sentence.clauses if self._says(clause, WISHED)]
        found = [claim for clause in asking for claim in self._met(clause)]
        if asking and not found:
            found = list(self._met(self.whole))
        if asking and not found and not self._negated_places():
            yield MeetsWish()
        yield from found

    def _met(self, clause: Clause) -> Iterator[MeetsWish]:
        """The values, numbers and likenesses of a clause, as parts of the wish."""
        if self._says(clause, SIMILAR):
            yield from (MeetsWish(item=key) for key in self.sentence.names(clause.start, clause.stop))
        for place in range(clause.start, clause.stop):
            piece = self.sentence.pieces[place]
            fields = self._fields(place, clause)
            if piece.kind == "value" and not self._is_negated(place):
                yield MeetsWish(value=piece.normal, fields=fields)
            elif piece.kind == "number":
                named = fields or tuple(one.field for one in self._pieces(clause) if one.kind == "field")
                yield MeetsWish(number=piece.number, fields=named, unit=piece.unit)

    def _statements(self, clause: Clause) -> Iterator[Claim]:
        """Values, numbers, fields and words said of items."""
        bound: set[int] = set()
        for place in range(clause.start, clause.stop):
            piece = self.sentence.pieces[place]
            near = self.sentence.fields_at(place, clause)
            fields = tuple(self.sentence.pieces[i].field for i in near)
            if piece.kind == "value":
                bound.update(near)
                if not self._is_negated(place):
                    yield HasAttribute(self.sentence.said_of(place, clause), piece.normal, fields)
            elif piece.kind == "number" and (claims := self._number(place, clause, fields)):
                bound.update(near)
                yield from claims
        for place in range(clause.start, clause.stop):
            if self.sentence.pieces[place].kind == "field" and place not in bound:
                items = dict.fromkeys([*clause.items, self.sentence.subject])
                yield HasField(tuple(items), self.sentence.pieces[place].field)
        asked = self._says(clause, WISHED)
        for claim in self._texts(clause):
            yield MeetsWish(value=" ".join(claim.words)) if asked else claim

    def _number(self, place: int, clause: Clause, fields: tuple[str, ...]) -> tuple[Claim, ...]:
        """What a number counts: picks, times, percents, years between, or a column of the item."""
        piece = self.sentence.pieces[place]
        after = self.sentence.pieces[place + 1 : place + 2]
        following = after[0].normal if after else ""
        if following == _TIMES or (after and _is_percent(piece, after[0])):
            return ()  # read by _picks and _relations
        if following == YEAR:
            return (YearsApart((*self.sentence.named, self.sentence.subject), piece.number),)
        of_picks = any(one.kind == "group" for one in self.sentence.pieces[place + 1 : place + 6])
        if of_picks or following in self.picks:
            return tuple(self._shared(clause, _whole(piece.number), following in ("more", "other")))
        if self._says(clause, WISHED):
            return ()  # read by _wishes
        return (
            HasNumber(self.sentence.said_of(place, clause), piece.number, piece.decade, fields, piece.unit),
        )

    def _shared(self, clause: Clause, count: int | None = None, further: bool = False) -> Iterator[Claim]:
        """What a clause says the history shares: its values, else its fields, else something."""
        pieces = self._pieces(clause)
        values = [one.normal for one in pieces if one.kind == "value"]
        fields = [one.field for one in pieces if one.kind == "field"]
        if values:
            yield from (SharesAttribute(value, None, count, further) for value in values)
        elif fields:
            yield from (SharesAttribute(None, field, count, further) for field in fields)
        else:
            yield SharesAttribute(None, None, count, further)

    def _texts(self, clause: Clause) -> Iterator[HasWords]:
        """Runs of content words, which must stand so in the items' own texts."""
        run: list[str] = []
        first = clause.start
        for place in range(clause.start, clause.stop):
            piece = self.sentence.pieces[place]
            if piece.kind == "content":
                first = first if run else place
                run.extend(piece.normal.split())
            elif run and not (piece.kind == "word" and piece.normal in FUNCTION):
                yield HasWords(self.sentence.said_of(first, clause), tuple(run))
                run = []
        if run:
            yield HasWords(self.sentence.said_of(first, clause), tuple(run))

    def _sharing(self, found: Sequence[Claim]) -> Iterator[Claim]:
        """Likeness to the history as a whole: "your picks", "you picked", "another one", "the same mood"."""
        said = any(piece.kind == "group" for piece in self.sentence.pieces)
        said |= self._says(self.whole, self.verbs) and not self._says(self.whole, NEWNESS | POPULARITY)
        said |= self._says(self.whole, SHARING) and not self._says(self.whole, WISHED)
        counted = any(isinstance(claim, SharesAttribute) for claim in found)
        if said and not (counted or self.sentence.named):
            yield from self._shared(self.whole)
        stated = any(isinstance(claim, _STATED) for claim in found)
        if self._says(self.whole, SHARING) and not stated:
            yield from (SimilarTo(key) for key in self.sentence.named)

    def _unrelated(self, found: Sequence[Claim]) -> Iterator[Claim]:
        """A named item about which nothing checkable is said."""
        related = {getattr(claim, "item", None) for claim in found}
        for claim in found:
            if isinstance(claim, _STATED):
                related.update(claim.items if len(claim.items) > 1 else ())
        for key in self.sentence.named:
            if key not in related:
                yield Unsupported("a name stands there without a relation to this item")


def _is_percent(number: Piece, following: Piece) -> bool:
    return number.kind == "number" and following.normal in ("%", "percent")


def _whole(number: float) -> int:
    """A count; -1, which no count is, for anything that is not a whole number."""
    return int(number) if number.is_integer() else -1
