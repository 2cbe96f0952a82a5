"""Turns of phrase that say more than a ledger holds, although every word of theirs is true.

Each guard looks at one place of a sentence: motives, tastes and dates that no log has, causes turned
around, "all your picks", other people's wishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from .claims import Unsupported
from .clauses import ENTITIES, Sentence
from .scan import Piece
from .words import (
    CAUSAL,
    LIKING,
    MODAL,
    NEWNESS,
    NUMBERS,
    POPULARITY,
    UNSAID,
    VERBS,
    WISHED,
    normal,
    word_set,
)

YEAR = normal("year")
_CAUSE_FOLLOWS = word_set("because since given thanks due")
_CAUSE_LEADS = word_set(
    "led lead leads drew draw draws brought point points pointed suggests suggest suggested speak speaks"
)
_YOU = word_set("you your")
_PLURAL_VERBS = word_set("are were have share")
_REPEATED = word_set("once twice again")
_LIST_JOINTS = ("and", ",")


def guarded(sentence: Sentence, verbs: frozenset[str]) -> Iterator[Unsupported]:
    """What no ledger can support; `verbs` say that the person picked something."""
    look = Looker(sentence, verbs)
    for place, piece in enumerate(sentence.pieces):
        for guard in _GUARDS:
            if piece.kind in ("word", "content", "group") and (why := guard(look, place, piece)):
                yield Unsupported(why)


class Looker:
    """A sentence and the words around a place in it."""

    def __init__(self, sentence: Sentence, verbs: frozenset[str]) -> None:
        self.pieces: Sequence[Piece] = sentence.pieces
        self.subject = sentence.subject
        self.verbs = verbs
        self.words = {piece.normal for piece in sentence.pieces if piece.kind == "word"}

    def before(self, place: int, reach: int) -> list[str]:
        """The words before a place, in order."""
        return [piece.normal for piece in self.pieces[max(0, place - reach) : place]]

    def after(self, place: int) -> Piece | None:
        """The next piece."""
        return self.pieces[place + 1] if place + 1 < len(self.pieces) else None

    def is_recommended(self, piece: Piece | None) -> bool:
        """Whether a piece means the recommended item, or may mean it."""
        return piece is not None and (piece.kind in ("this", "it") or piece.key == self.subject)

    def nearest(self, pieces: Iterator[Piece] | Sequence[Piece]) -> Piece | None:
        """The first name or pronoun."""
        return next((piece for piece in pieces if piece.kind in ENTITIES), None)


def _unsaid(look: Looker, place: int, piece: Piece) -> str | None:
    if piece.kind == "content" and not UNSAID.isdisjoint(piece.normal.split()):
        return f'"{piece.text}" claims more than a ledger can prove'
    return None


def _taste(look: Looker, place: int, piece: Piece) -> str | None:
    before = look.before(place, 3)
    if piece.normal in LIKING and "you" in before and MODAL.isdisjoint(before):
        return f"it says what you {piece.text}, which no log holds"
    return None


def _motive(look: Looker, place: int, piece: Piece) -> str | None:
    before = look.pieces[max(0, place - 2) : place]
    follows = len(before) == 2 and before[0].normal in look.verbs and before[1].kind == "name"
    if piece.normal in CAUSAL and follows:
        return "it says why you picked something, which no log holds"
    return None


def _reversed_cause(look: Looker, place: int, piece: Piece) -> str | None:
    cause = None
    if piece.normal in _CAUSE_FOLLOWS:
        cause = look.nearest(look.pieces[place + 1 :])
    elif piece.normal in _CAUSE_LEADS:
        cause = look.nearest(look.pieces[:place][::-1])
        if cause is not None and cause.kind == "it":
            cause = None  # "“Alien” is among your picks, and it points here"
    if look.is_recommended(cause):
        return "it makes the recommended item a cause"
    return None


def _superlative(look: Looker, place: int, piece: Piece) -> str | None:
    following = look.after(place)
    if piece.normal == "most" and (following is None or following.normal != "often"):
        return "it says what is most so, which no ledger holds"
    return None


def _loose_year(look: Looker, place: int, piece: Piece) -> str | None:
    """Whether "year" stands without a number, not as "the same year", and nobody asked for years."""
    if piece.normal != YEAR or "same" in look.before(place, 3) or look.words & WISHED:
        return None
    beside = [*look.pieces[max(0, place - 1) : place], look.after(place)]
    numbered = any(one is not None and (one.kind == "number" or one.normal in NUMBERS) for one in beside)
    return None if numbered else f'"{piece.text}" is said without the year'


def _whole_history(look: Looker, place: int, piece: Piece) -> str | None:
    if piece.kind != "group":
        return None
    before, following = look.before(place, 3), look.after(place)
    plural = following is not None and following.normal in _PLURAL_VERBS and "of" not in before
    return "it speaks of all your history" if plural or "both" in before else None


def _other_people(look: Looker, place: int, piece: Piece) -> str | None:
    if piece.normal in WISHED and not look.words & (_YOU | {normal("requested")}):
        return "it speaks of somebody else's wish"
    standing = look.words & (NEWNESS | POPULARITY)
    if piece.normal in look.verbs and not standing and not _YOU.intersection(look.before(place, 4)):
        return "it speaks of somebody else's picks"
    if piece.normal in POPULARITY and "you" in look.words:
        return "it counts you among many"
    return None


def _picked_too(look: Looker, place: int, piece: Piece) -> str | None:
    """Whether the recommended item ends a list of picks: "you picked “Alien” and this one"."""
    listed = list(look.pieces[place + 1 :])
    end = next((i for i, one in enumerate(listed) if look.is_recommended(one)), None)
    if piece.normal not in look.verbs or end is None or end < 2:
        return None
    joined = all(one.kind == "name" or one.normal in _LIST_JOINTS for one in listed[:end])
    bare = listed[end - 1].normal == "and" and listed[end - 2].kind == "name"
    says_more = end + 1 < len(listed) and listed[end + 1].normal in VERBS
    return "it says that you picked the recommended item" if joined and bare and not says_more else None


def _dated_pick(look: Looker, place: int, piece: Piece) -> str | None:
    """Whether a year is when something was picked: "you picked “Alien” in 1979"."""
    following = look.after(place)
    if piece.normal != "in" or following is None or following.kind != "number":
        return None
    since = [one for one in look.pieces[:place] if one.normal in look.verbs or one.normal in VERBS]
    picked = bool(since) and since[-1].normal in look.verbs
    return "it says when something was picked, which the ledger does not hold" if picked else None


def _you_as_item(look: Looker, place: int, piece: Piece) -> str | None:
    following = look.after(place)
    if piece.normal == "you" and following is not None and following.normal == "and":
        return "it speaks of you as of an item"
    return None


def _repeated_wish(look: Looker, place: int, piece: Piece) -> str | None:
    if piece.normal in _REPEATED and look.words & WISHED:
        return "it says how often you asked"
    return None


def _nobody(look: Looker, place: int, piece: Piece) -> str | None:
    nobody = {"nobody", "yet"} & look.words
    if nobody and piece.normal in look.verbs and not look.is_recommended(look.after(place)):
        return "nobody is said to have picked something else"
    return None


_GUARDS: tuple[Callable[[Looker, int, Piece], str | None], ...] = (
    _unsaid,
    _taste,
    _motive,
    _reversed_cause,
    _superlative,
    _loose_year,
    _whole_history,
    _other_people,
    _picked_too,
    _nobody,
    _dated_pick,
    _you_as_item,
    _repeated_wish,
)
