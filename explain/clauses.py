"""Which items a value, a number or a word is said of: clauses, and ties inside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..corpus.keys import ItemKey
from .scan import Piece
from .words import NEAR, SHARING, SIMILAR, word_set

_TIES = word_set("a an the from of is in has by")
_APPOSITION = word_set("a an the from by another")
_JOINTS = word_set("and so while then")
_SUBJECTS = word_set("you your here there")
_FIELD_TIES = _TIES | {"both", "same"}
_ALIKE = SHARING | (SIMILAR - NEAR)
ENTITIES = ("name", "this", "it")
_STATEMENTS = ("value", "number", "field", "content")


@dataclass(frozen=True)
class Clause:
    """Pieces ``start..stop-1`` of a sentence; `items` are those it speaks of."""

    start: int
    stop: int
    items: tuple[ItemKey, ...]


@dataclass(frozen=True)
class Sentence:
    """A sentence cut into clauses.

    Attributes
    ----------
    subject
        The recommended item.
    sharing
        Whether it says that things are alike; then it is one clause, and all is said of all.
    """

    pieces: tuple[Piece, ...]
    clauses: tuple[Clause, ...]
    subject: ItemKey
    sharing: bool

    @classmethod
    def of(cls, pieces: Sequence[Piece], subject: ItemKey) -> Sentence:
        """Cut pieces into clauses."""
        words = [piece.normal for piece in pieces if piece.kind == "word"]
        sharing = not _ALIKE.isdisjoint(words) or words.count("as") > 1
        cuts = [] if sharing else [place for place in range(len(pieces)) if _begins_clause(pieces, place)]
        bounds = [0, *cuts, len(pieces)]
        clauses = [
            Clause(start, stop, _items(pieces, start, stop, subject, sharing))
            for start, stop in pairwise(bounds)
        ]
        return cls(tuple(pieces), tuple(clauses), subject, sharing)

    @property
    def named(self) -> tuple[ItemKey, ...]:
        """The named items other than the recommended one, in order."""
        return self.names(0, len(self.pieces))

    def names(self, start: int, stop: int) -> tuple[ItemKey, ...]:
        """The same between two places."""
        keys = [one.key for one in self.pieces[start:stop] if one.kind == "name" and one.key != self.subject]
        return tuple(dict.fromkeys(key for key in keys if key is not None))

    def said_of(self, place: int, clause: Clause) -> tuple[ItemKey, ...]:
        """The items that the statement at `place` is about: those it is tied to, or its clause's.

        Where no name or pronoun leads up to it, it is about the recommended item too.
        """
        inside = _parenthesis_owner(self.pieces, place)
        if inside is not None:
            return self._meant(inside)
        owner = None if self.sharing else _tied_owner(self.pieces, place)
        if owner is not None:
            return self._meant(owner)
        led = any(piece.kind in ENTITIES for piece in self.pieces[clause.start : place])
        return clause.items if led else tuple(dict.fromkeys([*clause.items, self.subject]))

    def fields_at(self, place: int, clause: Clause) -> tuple[int, ...]:
        """Places of the field names beside a value: "quiet mood", "the director is Ines Okafor"."""
        ahead = range(place + 1, clause.stop)
        behind = range(place - 1, clause.start - 1, -1)
        found = (_first_beside(self.pieces, places) for places in (behind, ahead))
        return tuple(one for one in found if one is not None)

    def _meant(self, place: int) -> tuple[ItemKey, ...]:
        return _entities(self.pieces, place, self.subject)


def _first_beside(pieces: Sequence[Piece], places: range) -> int | None:
    """The first place that holds a field name, with nothing but ties before it."""
    for place in places:
        if pieces[place].kind == "field":
            return place
        if pieces[place].text != "," and not (
            pieces[place].kind == "word" and pieces[place].normal in _FIELD_TIES
        ):
            return None
    return None


def _begins_clause(pieces: Sequence[Piece], place: int) -> bool:
    """Whether a new clause with its own subject begins at `place`."""
    mark = pieces[place]
    if mark.kind != "mark" or _depth(pieces, place) > 0:
        return False
    if mark.text in ";:—–":
        return True
    if mark.text != "," or place + 1 >= len(pieces):
        return False
    after = place + 1
    if pieces[after].normal in _JOINTS and after + 1 < len(pieces):
        after += 1
    following = pieces[after]
    return following.kind in ENTITIES or following.normal in _SUBJECTS


def _depth(pieces: Sequence[Piece], place: int) -> int:
    texts = [piece.text for piece in pieces[:place] if piece.kind == "mark"]
    return texts.count("(") - texts.count(")")


def _entities(pieces: Sequence[Piece], place: int, subject: ItemKey) -> tuple[ItemKey, ...]:
    """What a name or pronoun means; "it" after a name means that name and the recommended item.

    After "this one", "it" means the recommended item alone.
    """
    piece = pieces[place]
    if piece.kind == "name" and piece.key is not None:
        return (piece.key,)
    nearest = next((one for one in reversed(pieces[:place]) if one.kind in ("name", "this")), None)
    if piece.kind == "this" or (nearest is not None and nearest.kind == "this"):
        return (subject,)
    earlier = [one.key for one in pieces[:place] if one.kind == "name" and one.key is not None]
    return tuple(dict.fromkeys([subject, *earlier]))


def _items(
    pieces: Sequence[Piece], start: int, stop: int, subject: ItemKey, sharing: bool
) -> tuple[ItemKey, ...]:
    spoken = [place for place in range(start, stop) if pieces[place].kind in ENTITIES]
    keys = [key for place in spoken for key in _entities(pieces, place, subject)]
    if sharing or not keys:
        keys.append(subject)
    return tuple(dict.fromkeys(keys))


def _parenthesis_owner(pieces: Sequence[Piece], place: int) -> int | None:
    """The place of the name right before the parenthesis that `place` stands in."""
    if _depth(pieces, place) <= 0:
        return None
    opening = max(i for i in range(place) if pieces[i].text == "(" and pieces[i].kind == "mark")
    before = opening - 1
    return before if before >= 0 and pieces[before].kind in ("name", "this") else None


def _tied_owner(pieces: Sequence[Piece], place: int) -> int | None:
    """The place of the name or pronoun that a statement follows with nothing but ties between."""
    for back in range(place - 1, -1, -1):
        piece = pieces[back]
        if piece.kind in ENTITIES:
            return None if _is_coordinated(pieces, back) else back
        if not _is_tie(pieces, back):
            return None
    return None


def _is_tie(pieces: Sequence[Piece], place: int) -> bool:
    piece, following = pieces[place], pieces[place + 1]
    if piece.kind in _STATEMENTS:
        return True
    if piece.text == ",":
        return following.normal in _APPOSITION
    if piece.normal == "and":
        return following.kind in _STATEMENTS and pieces[place - 1].kind in _STATEMENTS
    return piece.kind == "word" and piece.normal in _TIES


def _is_coordinated(pieces: Sequence[Piece], place: int) -> bool:
    """Whether "and" joins this name to another one before it."""
    if place < 2 or pieces[place - 1].normal not in ("and", "or"):
        return False
    return pieces[place - 2].kind in ENTITIES
