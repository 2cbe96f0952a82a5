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
from .ledger import Ledger
from .lexicon import Lexicon
from .scan import Piece, Scanner, split_citations
from .words import (
    CAUSAL,
    CONTRAST,
    FUNCTION,
    LATEST,
    LIKING,
    MODAL,
    NEWNESS,
    NUMBERS,
    POPULARITY,
    SHARING,
    SIMILAR,
    UNSAID,
    WISHED,
    normal,
    word_set,
)

_NEGATION_REACH = 5
_ONE_HAS = ["one", "has"]
_YEAR, _TIMES = normal("year"), normal("times")
_SO_DOES = word_set("do does did is are was were has have")


def parse_claims(sentence: str, ledger: Ledger, lexicon: Lexicon) -> tuple[Claim, ...]:
    """Everything `sentence` claims, each claim once.

    Citation marks decide which items the sentence may name; they are not claims themselves.
    """
    text, cites = split_citations(sentence)
    pieces = Scanner.of(ledger, cites, lexicon).read(text)
    reader = _Reader(Sentence.of(pieces, ledger.item.key), ledger.wording.verbs)
    return tuple(dict.fromkeys(reader.claims()))


@dataclass(frozen=True)
class _Reader:
    """Reads one sentence; `verbs` say that the person picked something."""

    sentence: Sentence
    verbs: frozenset[str]

    def claims(self) -> Iterator[Claim]:
        found = [
            *self._strangers(),
            *self._unlogged(),
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

    def _pieces(self, clause: Clause) -> Sequence[Piece]:
        return self.sentence.pieces[clause.start : clause.stop]

    def _says(self, clause: Clause, cues: frozenset[str]) -> bool:
        return any(piece.kind == "word" and piece.normal in cues for piece in self._pieces(clause))

    def _strangers(self) -> Iterator[Claim]:
        """Names that are no ledger item's, and words that no ledger proves."""
        for piece in self.sentence.pieces:
            if piece.kind == "foreign":
                yield Foreign(piece.text)
            elif piece.kind == "content" and not UNSAID.isdisjoint(piece.normal.split()):
                yield Unsupported(f'"{piece.text}" claims more than a ledger can prove')

    def _unlogged(self) -> Iterator[Claim]:
        """What no log holds: tastes, motives, dates of picking."""
        pieces = self.sentence.pieces
        for place, piece in enumerate(pieces):
            before = [one.normal for one in pieces[max(0, place - 3) : place]]
            after = [one.normal for one in pieces[place + 1 : place + 2]]
            if piece.kind != "word":
                continue
            if piece.normal in LIKING and "you" in before and MODAL.isdisjoint(before):
                yield Unsupported(f"it says what you {piece.text}, which no log holds")
            if piece.normal in CAUSAL and self._follows_pick(place):
                yield Unsupported("it says why you picked something, which no log holds")
            if piece.normal == "most" and after != ["often"]:
                yield Unsupported("it says what is most so, which no ledger holds")
            if piece.normal == _YEAR and not self._is_counted_year(before, after):
                yield Unsupported(f'"{piece.text}" is said without the year')

    def _follows_pick(self, place: int) -> bool:
        """Whether "you picked X" stands right before."""
        before = self.sentence.pieces[max(0, place - 2) : place]
        return len(before) == 2 and before[0].normal in self.verbs and before[1].kind == "name"

    def _is_counted_year(self, before: list[str], after: list[str]) -> bool:
        """Whether "year" stands with a number, as "the same year", or for the years that were asked for."""
        numbered = any(one[:1].isdigit() or one in NUMBERS for one in [*before[-1:], *after])
        return numbered or "same" in before or self._says(self.whole, WISHED)

    def _relations(self) -> Iterator[Claim]:
        """What the whole sentence says: because, like, new, popular."""
        named = self.sentence.named
        if self._causal() and (named or not self._says(self.whole, WISHED)):
            yield from (BecauseOf(key) for key in named or (None,))
        if self._says(self.whole, SIMILAR) and not self._says(self.whole, WISHED):
            yield from (SimilarTo(key) for key in named or (None,))
        yield from (NewItem(items) for items in self._said_with(NEWNESS))
        percent = next((one.number for one in self.sentence.pieces if one.kind == "number"), None)
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
        return any(
            piece.normal in CAUSAL
            or (piece.normal == "so" and place + 1 < len(pieces) and pieces[place + 1].normal not in _SO_DOES)
            for place, piece in enumerate(pieces)
            if piece.kind == "word"
        )

    def _negations(self) -> Iterator[Claim]:
        """A negation stands only before what the wish excluded."""
        for place in self._negated_places():
            values = [
                one for one in self.sentence.pieces[place : place + _NEGATION_REACH] if one.kind == "value"
            ]
            if values:
                yield from (MeetsWish(value=one.normal, wanted=False) for one in values)
            else:
                yield Unsupported(f'"{self.sentence.pieces[place].text}" denies or contrasts')

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
        latest = self._says(clause, LATEST)
        if (told and self._picked_subject(pieces)) or self._subject_is_member(clause):
            yield Picked(self.sentence.subject)
        if mine:
            yield from (Picked(key, times, latest) for key in names if not self._is_other(key, clause))
        if (times is not None or latest) and not (mine and names):
            yield Unsupported("it says how often or how lately, but not of which pick")

    def _is_other(self, key: ItemKey, clause: Clause) -> bool:
        """Whether a named item is spoken of as asked for, and not as picked."""
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
        for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
            if piece.normal == "twice":
                return 2
            if piece.kind == "number" and following is not None and following.normal == _TIMES:
                return int(piece.number) if piece.number == piece.number else -1
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
            if piece.kind == "value" and not self._is_negated(place):
                yield MeetsWish(value=piece.normal)
            elif piece.kind == "number":
                yield MeetsWish(number=piece.number)

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
                yield HasField(self.sentence.said_of(place, clause), self.sentence.pieces[place].field)
        yield from self._texts(clause)

    def _number(self, place: int, clause: Clause, fields: tuple[str, ...]) -> tuple[Claim, ...]:
        """What a number counts: picks, times, percents, years between, or a column of the item."""
        piece = self.sentence.pieces[place]
        following = self.sentence.pieces[place + 1].normal if place + 1 < len(self.sentence.pieces) else ""
        if following == _TIMES or self._says(clause, POPULARITY):
            return ()  # read by _picks and _relations
        if following == _YEAR:
            return (YearsApart((*self.sentence.named, self.sentence.subject), piece.number),)
        if any(one.kind == "group" for one in self.sentence.pieces[place + 1 : place + 6]):
            count = int(piece.number) if piece.number == piece.number else -1
            return tuple(self._shared(clause, count, following in ("more", "other")))
        if self._says(clause, WISHED):
            return ()  # read by _wishes
        return (HasNumber(self.sentence.said_of(place, clause), piece.number, piece.decade, fields),)

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

    def _texts(self, clause: Clause) -> Iterator[Claim]:
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

    def _unrelated(self, found: Sequence[Claim]) -> Iterator[Claim]:
        """A named item about which nothing checkable is said."""
        related = {getattr(claim, "item", None) for claim in found}
        for claim in found:
            if isinstance(claim, (HasAttribute, HasField, HasNumber, HasWords, YearsApart)):
                related.update(claim.items if len(claim.items) > 1 else ())
        for key in self.sentence.named:
            if key not in related:
                yield Unsupported("a name stands there without a relation to this item")
