"""Limits in a wish: what stands around a quantity and makes it a bound ("under", "since", "or less")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from .wish_quantities import Quantity, find_quantities
from .wish_words import stem


@dataclass(frozen=True)
class Limit:
    """An interval of one quantity, and where the text says so.

    `kind` is "year", "length" (minutes), "price", the stem of a column's name or unit, "years ago"
    (which no catalogue can answer without a clock), or "with a gap" (an interval with a hole, which no
    two bounds can say). A bound is None where the interval is open; `strict` bounds are not
    part of it. `unit` is the currency of a price, if one was named.
    """

    start: int
    end: int
    kind: str
    low: float | None = None
    high: float | None = None
    strict: bool = False
    unit: str = ""

    def flipped(self) -> Limit:
        """The opposite: "nothing over 2 hours" is "at most 2 hours"."""
        if self.low is not None and self.high is not None:
            return replace(self, kind="with a gap")
        return replace(self, low=self.high, high=self.low, strict=not self.strict)


def _alternatives(text: str) -> list[str]:
    return [" ".join(phrase.split()) for phrase in text.split("|")]


_BELOW = _alternatives(
    """under | below | less than | fewer than | lower than | smaller than | shorter than | cheaper than | <
    | before | earlier than | older than | prior to | pre"""
)
_AT_MOST = _alternatives(
    """at most | up to | max | max. | maximum | maximum of | no more than | not more than | no longer than
    | not longer than | no later than | not later than | not over | not above | until | till | within | <= | ≤
    | no newer than"""
)
_ABOVE = _alternatives(
    """over | above | more than | longer than | greater than | higher than | bigger than | > | after
    | later than | newer than | more recent than | post | beyond | exceed | exceeds | exceeding"""
)
_AT_LEAST = _alternatives(
    """at least | min | min. | minimum | minimum of | no less than | not less than | no fewer than
    | no shorter than | not shorter than | no older than | not older than | no earlier than | not under
    | not below | since
    | >= | ≥"""
)
_ABOUT_TIME = _alternatives(
    """before | earlier than | older than | prior to | pre | no later than | not later than | until | till
    | no newer than | after | later than | newer than | more recent than | post | no older than
    | not older than | no earlier than | since"""
)
_IMPLIED = {"shorter than": "length", "longer than": "length", "cheaper than": "price"}
_SIGNS: dict[str, tuple[str, bool]] = {  # which bound, and whether it is strict
    **dict.fromkeys(_BELOW, ("high", True)),
    **dict.fromkeys(_AT_MOST, ("high", False)),
    **dict.fromkeys(_ABOVE, ("low", True)),
    **dict.fromkeys(_AT_LEAST, ("low", False)),
}
_SIGN_BEFORE = re.compile(
    rf"(?<![\w-])(?P<sign>{'|'.join(sorted((re.escape(s) for s in _SIGNS), key=len, reverse=True))})"
    r"[\s-]*(?:(?:about|around|roughly|of|a total of)\s+)*$"
)
_SIGN_BEHIND = re.compile(
    r"""\s*(?:
    (?P<high>(?:or|and)\ (?:less|fewer|under|below|shorter|cheaper|earlier|older|before)\b
        |max\b|maximum\b|tops\b|at\ (?:the\ )?most\b)
  | (?P<low>\+|(?:or|and)\ (?:more|over|above|longer|later|newer|after|up|onwards?)\b
        |min\b|minimum\b|at\ (?:the\ )?least\b|onwards?\b|on\b(?=\s*(?:$|[,.;!?])))
    )""",
    re.VERBOSE,
)
_COLUMN_BEFORE = re.compile(r"(?<!\w)(?P<name>[a-z]+)(?:\s+(?:is|are|of|be))?\s*$")
_COLUMN_ALIASES = {"star": "rating", "rated": "rating"}
_UNITS_OF_OTHER_CATALOGUES = ("page", "rating", "player", "episode", "season", "volume", "chapter")
_TIME_UNITS = ("year", "decade", "month")

_RANGE_BEFORE = re.compile(r"(?<!\w)(?:between|from)\s+$")
_RANGE_MIDDLE = re.compile(r"\s*(?:(?P<and>and)|to|until|till|through|-)\s*(?:the\s+)?")
_LIST_MIDDLE = re.compile(r"\s*(?:,|/|&|,?\s*(?:and|or))\s*(?:from\s+)?(?:the\s+)?")
_RELEASED_BEFORE = re.compile(
    r"""(?<!\w)(?:(?:made|released|published|produced|out|dating)\s+(?:(?:from|in)\s+)?
    |(?:from|in|of)\s+)(?:the\s+)?$""",
    re.VERBOSE,
)
_RELEASED_BEHIND = re.compile(r"\s+(?:movies?|films?|books?|releases?|games?|albums?|songs?|classics?)\b")
_SETTING_BEFORE = re.compile(
    r"""(?<!\w)(?:set|sets|setting|place|happen\w*|about|life|era|story|stories|war)\s+
    (?:back\s+)?(?:(?:in|of|from|during)\s+)?(?:the\s+)?$""",
    re.VERBOSE,
)
_SETTING_BEHIND = re.compile(
    r"[\s-]+(?:styled?|music|vibes?|inspired|nostalgia|aesthetics?|fashion|feel\w*|sett?ing|set|era)\b"
)
_PAST = re.compile(
    r"""(?<!\w)(?:(?:from|in|of|within|over)\s+)?(?:the\s+)?(?:last|past)\s+
    (?:(?:few|couple\ of|\w+)\s+)?(?:years?|decades?|months?)\b""",
    re.VERBOSE,
)
_UNTIL_TODAY = re.compile(r"\s*(?:to|until|till|through|-)\s*(?:today|now|the\ present|this\ day)\b")
_OR = re.compile(r"\s*,?\s*or\s*")
_CONTEXT = 60  # characters looked back


def find_limits(text: str, columns: frozenset[str] = frozenset()) -> list[Limit]:
    """All limits of a :func:`~.wish_words.plain` text, in order.

    Parameters
    ----------
    text
        The wish in lower case.
    columns
        Stems that name numeric columns: "rating" in "rating above 4", "page" in "under 300 pages".
    """
    limits = [Limit(*match.span(), "years ago") for match in _PAST.finditer(text)]
    quantities = list(find_quantities(text))
    while quantities:
        limit, used = _limit_of(text, quantities, columns)
        quantities = quantities[used:]
        if limit and not any(limit.start < other.end and other.start < limit.end for other in limits):
            limits.append(limit)
    return _joined(text, sorted(limits, key=lambda limit: limit.start))


def _joined(text: str, limits: Sequence[Limit]) -> list[Limit]:
    """Two limits that "or" joins, and that leave something out between them, are one with a gap."""
    found = list(limits[:1])
    for two in limits[1:]:
        one = found[-1]
        if one.kind == two.kind and _OR.fullmatch(text, one.end, two.start) and _apart(one, two):
            found[-1] = replace(one, end=two.end, kind="with a gap")
        else:
            found.append(two)
    return found


def _apart(one: Limit, two: Limit) -> bool:
    """Whether one is open below, the other above, and nothing lies in both."""
    below, above = (one, two) if one.low is None else (two, one)
    if below.low is not None or above.high is not None or below.high is None or above.low is None:
        return False
    return below.high < above.low


def _limit_of(text: str, ahead: Sequence[Quantity], columns: frozenset[str]) -> tuple[Limit | None, int]:
    """What the next quantity says, and how many quantities were needed to say it."""
    if len(ahead) > 1 and (limit := _range(text, ahead[0], ahead[1], columns)):
        return limit, 2
    if limit := _bounded(text, ahead[0], columns):
        return limit, 1
    if ahead[0].kind == "decade":
        return _decades(text, ahead)
    if ahead[0].kind == "year":
        return _single_year(text, ahead[0]), 1
    return None, 1


def _range(text: str, one: Quantity, two: Quantity, columns: frozenset[str]) -> Limit | None:
    """As in "between 1990 and 2000", "from the 70s to the 90s", "90-120 minutes", "$10 to $20"."""
    middle = _RANGE_MIDDLE.fullmatch(text, one.end, two.start)
    before = _RANGE_BEFORE.search(_left(text, one.start))
    kind = _kind(two, columns)
    if middle is None or kind is None or (middle["and"] and not before) or one.low > two.high:
        return None
    if one.kind != "number" and _kind(one, columns) != kind:
        return None
    if two.hours and one.kind == "number":  # "1 to 2 hours"
        one = replace(one, low=60 * one.low)
    start = one.start - len(before[0]) if before else one.start
    return Limit(start, _end(two), kind, one.low, two.high, unit=two.unit if kind == "price" else "")


def _bounded(text: str, quantity: Quantity, columns: frozenset[str]) -> Limit | None:
    """As in "under 90 minutes", "no older than 1990", "rating above 4", "$20 or less", "rated 4 or more"."""
    left = _left(text, quantity.start)
    before = _SIGN_BEFORE.search(left)
    behind = None if before else _SIGN_BEHIND.match(text, _end(quantity))
    if before is None and behind is None:
        return None
    head = left[: before.start()] if before else left
    kind, end, start = _kind(quantity, columns), _end(quantity), quantity.start - len(left) + len(head)
    if named := _named_column(head, columns):
        kind, start, end = named[0], start - named[1], quantity.end
    if behind:
        released = _RELEASED_BEFORE.search(head) if kind == "year" else None
        start, end = start - (len(released[0]) if released else 0), behind.end()
        return _one_sided(start, end, kind, "high" if behind["high"] else "low", False, quantity)
    sign = before["sign"] if before else ""
    if kind is None and not quantity.unit:
        kind = _IMPLIED.get(sign)
    if not named and sign != "up to" and (kind in ("year", "years ago")) != (sign in _ABOUT_TIME):
        return None
    return _one_sided(start, end, kind, *_SIGNS[sign], quantity)


def _one_sided(
    start: int, end: int, kind: str | None, side: str, strict: bool, quantity: Quantity
) -> Limit | None:
    """Below an interval means below its start; up to it means up to its end."""
    if kind is None:
        return None
    value = quantity.low if (side == "high") == strict else quantity.high
    low, high = (None, value) if side == "high" else (value, None)
    return Limit(start, end, kind, low, high, strict, quantity.unit if kind == "price" else "")


def _decades(text: str, ahead: Sequence[Quantity]) -> tuple[Limit | None, int]:
    """As in "from the 90s", "80s and 90s"; not as in "set in the 80s" or "80s music"."""
    low, high, used, kind = ahead[0].low, ahead[0].high, 1, "year"
    for before, after in pairwise(ahead):
        if after.kind != "decade" or not _LIST_MIDDLE.fullmatch(text, before.end, after.start):
            break
        touching = after.low <= high + 1 and low <= after.high + 1
        low, high, used = min(low, after.low), max(high, after.high), used + 1
        kind = kind if touching else "with a gap"
    left, end = _left(text, ahead[0].start), ahead[used - 1].end
    if _SETTING_BEFORE.search(left) or _SETTING_BEHIND.match(text, end):
        return None, used
    released = _RELEASED_BEFORE.search(left)
    start = ahead[0].start - (len(released[0]) if released else 0)
    return Limit(start, end, kind, low, high), used


def _single_year(text: str, quantity: Quantity) -> Limit | None:
    """As in "from 1994", "1994 movies"; not as in "set in 1944"."""
    left = _left(text, quantity.start)
    released = _RELEASED_BEFORE.search(left)
    width = len(released[0]) if released else 0
    if _SETTING_BEFORE.search(left) or not (width or _RELEASED_BEHIND.match(text, quantity.end)):
        return None
    if today := _UNTIL_TODAY.match(text, quantity.end):
        return Limit(quantity.start - width, today.end(), "year", quantity.low)
    return Limit(quantity.start - width, quantity.end, "year", quantity.low, quantity.high)


def _kind(quantity: Quantity, columns: frozenset[str]) -> str | None:
    """What a quantity measures; None for a number without a unit we know."""
    if quantity.kind != "number":
        return "year" if quantity.kind == "decade" else quantity.kind
    if quantity.unit in _TIME_UNITS:
        return "years ago"
    unit = quantity.unit if quantity.unit in columns else _COLUMN_ALIASES.get(quantity.unit, quantity.unit)
    return unit if unit in columns or unit in _UNITS_OF_OTHER_CATALOGUES else None


def _named_column(left: str, columns: frozenset[str]) -> tuple[str, int] | None:
    """The column named at the end of `left`, and how many characters that takes."""
    match = _COLUMN_BEFORE.search(left)
    if match is None:
        return None
    name = stem(match["name"])
    name = name if name in columns else _COLUMN_ALIASES.get(name, "")
    return (name, len(left) - match.start()) if name in columns else None


def _end(quantity: Quantity) -> int:
    """Where the quantity ends, its unit included."""
    return quantity.unit_end or quantity.end


def _left(text: str, place: int) -> str:
    return text[max(0, place - _CONTEXT) : place]
