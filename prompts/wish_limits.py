"""Limits in a wish: what stands around a quantity and makes it a bound ("under", "since", "or less")."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from .wish_quantities import Quantity, find_quantities
from .wish_words import (
    AMOUNTING,
    CLAUSE_BREAKS,
    FILLER,
    MAKING,
    MEASURES,
    MODIFIERS,
    PEOPLE,
    PREPOSITIONS,
    STARRING,
    stem,
)


@dataclass(frozen=True)
class Limit:
    """An interval of one quantity, and where the text says so.

    `kind` is "year", "length" (minutes), "price", the stem of a column's name or unit, "number" (it names
    neither), or one that no catalogue can answer: "years ago" (which takes a clock), "with a gap" (an
    interval with a hole, which no two bounds can say), "no column" (a unit of no column), "relative"
    ("cheaper"). A bound is None where the interval is open; `strict` bounds are not part of it.
    `unit` is the currency of a price, if one was named.
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
    """under | below | less than | fewer than | lower than | smaller than | shorter than | cheaper than
    | less expensive than | lighter than | narrower than | slower than | <
    | before | earlier than | older than | prior to | pre"""
)
_AT_MOST = _alternatives(
    """at most | up to | max | max. | maximum | maximum of | no more than | not more than | no longer than
    | not longer than | no later than | not later than | not over | not above | until | till | within | <= | ≤
    | no newer than | budget | budget of | budget is | for | around | about | roughly"""
)
_ABOVE = _alternatives(
    """over | above | more than | longer than | greater than | higher than | bigger than | > | after
    | better than | larger than | heavier than | taller than | wider than | deeper than | faster than
    | pricier than | more expensive than | later than | newer than | more recent than | post | beyond | exceed
    | exceeds | exceeding"""
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
_OF_PRICES = ("for", "around", "about", "roughly")  # signs of nothing else
_UNMEASURED = ("number", "no column")
_IMPLIED = {
    "shorter": "length", "longer": "length", "cheaper": "price", "pricier": "price", "expensive": "price",
    "budget": "price", "lighter": "weight", "heavier": "weight", "taller": "height", "wider": "width",
    "narrower": "width", "deeper": "depth", "smaller": "size", "larger": "size", "bigger": "size",
    "slower": "speed", "faster": "speed", "older": "no column", "newer": "no column",
}  # fmt: skip
_SIGNS: dict[str, tuple[str, bool]] = {  # which bound, and whether it is strict
    **dict.fromkeys(_BELOW, ("high", True)),
    **dict.fromkeys(_AT_MOST, ("high", False)),
    **dict.fromkeys(_ABOVE, ("low", True)),
    **dict.fromkeys(_AT_LEAST, ("low", False)),
}
_LONGEST_FIRST = sorted((re.escape(sign) for sign in _SIGNS), key=len, reverse=True)
_SIGN_BEFORE = re.compile(
    rf"(?:(?<![\w-])|(?<=\w)(?=[<>≤≥]))(?P<sign>{'|'.join(_LONGEST_FIRST)})"
    r"[\s:-]*(?:(?:about|around|roughly|of|a total of)\s+)*$"
)
_SIGN_BEHIND = re.compile(
    r"""\s*(?:
    (?P<high>(?:or|and)\ (?:less|fewer|under|below|lower|smaller|lighter|shorter|cheaper
            |earlier|older|before)\b
        |max\b|maximum\b|tops\b|at\ (?:the\ )?most\b)
  | (?P<low>\+|(?:or|and)\ (?:more|over|above|higher|greater|better|larger|bigger|heavier|longer
            |later|newer|after|up|onwards?)\b
        |min\b|minimum\b|at\ (?:the\ )?least\b|onwards?\b|on\b(?=\s*(?:$|[,.;!?])))
    )""",
    re.VERBOSE,
)
_PERSON_BEFORE = re.compile(r"(?<!\w)(?P<who>[a-z]+)(?:\s+(?:who|that))?(?:\s+(?:is|are))?\s*$")
_ONE = ("a", "an", "one")
_COLUMN_BEFORE = re.compile(r"(?<!\w)(?P<name>[a-z]+)(?:\s+(?:is|are|of|be))?\s*:?\s*$")
_COLUMN_ALIASES = {
    "star": "rating", "rated": "rating", "aged": "age", "weighing": "weight",
    **dict.fromkeys(("priced", "costing", "cost"), "price"),
}  # fmt: skip
_NO_UNITS = frozenset(
    stem(word) for word in FILLER | PREPOSITIONS | CLAUSE_BREAKS | MODIFIERS | MAKING | AMOUNTING | STARRING
)
_TIMELY_BEHIND = ("earlier", "older", "before", "later", "newer", "after", "on", "onward", "onwards")
_COUNTED = ("page", "rating", "player", "episode", "season", "volume", "chapter")
_KNOWN_UNITS = _COLUMN_ALIASES | {unit: unit for unit in _COUNTED}
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
_LED = re.compile(
    rf"""(?<!\w)(?:(?:that|which)\s+)?(?:(?:is|are|was|were|been|has|have|came|comes|come)\s+)*
    (?:{"|".join(MAKING | AMOUNTING)})\s+(?:(?:at|for|from|in)\s+)?$""",
    re.VERBOSE,
)
# Less or more than something else; of words that also tell of people, only at the end of a clause.
_RELATIVE = re.compile(
    r"""(?<![\w-])(?P<price>cheaper|pricier|(?:less|more)\ expensive)\b
    |(?:^|[\0,;.!?]|\b(?:but|something|anything|ones?|much))\s*
        \b(?P<other>shorter|longer|newer|older|heavier|smaller|larger)\b(?=\s*(?:$|[,.;!?]|(?:please|than|but)\b))""",
    re.VERBOSE,
)
_PAST = re.compile(
    r"""(?<!\w)(?:(?:from|in|of|within|over)\s+)?(?:the\s+)?(?:last|past)\s+
    (?:(?:few|couple\ of|\w+)\s+)?(?:years?|decades?|months?)\b""",
    re.VERBOSE,
)
_UNTIL_TODAY = re.compile(r"\s*(?:to|until|till|through|-)\s*(?:today|now|the\ present|this\ day)\b")
_AND = re.compile(r"\s*(?:,|,?\s*(?:and|but)\b)?\s*")
_OR = re.compile(r"\s*,?\s*or\s*")
_CONTEXT = 60  # characters looked back
_MOST = 100  # numbers read of a wish: nobody means more, and each is compared with all limits before it


def find_limits(
    text: str, columns: frozenset[str] = frozenset(), is_value: Callable[[str], bool] = lambda word: False
) -> list[Limit]:
    """All limits of a :func:`~.wish_words.plain` text, in order.

    Parameters
    ----------
    text
        The wish in lower case.
    columns
        Stems that name numeric columns: "rating" in "rating above 4", "page" in "under 300 pages".
    is_value
        Whether a word is an attribute: "red" is no unit in "under 50 red".
    """
    limits = [Limit(*match.span(), "years ago") for match in _PAST.finditer(text)]
    found = islice(find_quantities(text), _MOST)
    quantities = [_without_filler(one, columns, is_value) for one in found]
    while quantities:
        limit, used = _limit_of(text, quantities, columns)
        quantities = quantities[used:]
        if limit:
            _add(limits, replace(limit, start=_led(text, limit.start)))
    for match in _RELATIVE.finditer(text):
        start, end = match.span(match.lastgroup or 0)
        if not is_value(text[start:end]):
            _add(limits, Limit(start, end, "relative"))
    return _joined(text, sorted(limits, key=lambda limit: limit.start))


def _add(limits: list[Limit], limit: Limit) -> None:
    """Keep what overlaps no other."""
    if not any(limit.start < other.end and other.start < limit.end for other in limits):
        limits.append(limit)


def _without_filler(quantity: Quantity, columns: frozenset[str], is_value: Callable[[str], bool]) -> Quantity:
    """The quantity without a unit that is none: the "with" of "under 50 with a cord"."""
    unit = quantity.unit
    if quantity.kind not in ("number", "year") or unit in ("", *columns, *_KNOWN_UNITS):
        return quantity
    if unit in _NO_UNITS or is_value(unit):
        return replace(quantity, unit="", unit_end=quantity.end)
    return quantity


def _led(text: str, start: int) -> int:
    """Where the verb begins that leads to a limit: "published before 1950", "priced under $20"."""
    led = _LED.search(_left(text, start))
    return start - len(led[0]) if led else start


def _joined(text: str, limits: Sequence[Limit]) -> list[Limit]:
    """Limits side by side, made one where they mean one thing.

    Two that "or" joins, and that leave something out between them, are one with a gap; in "at least 2 and at
    most 4 players" the first has the unit of the second.
    """
    found = list(limits[:1])
    for two in limits[1:]:
        one = found[-1]
        if _AND.fullmatch(text, one.end, two.start) and _shared(one, two):
            one = found[-1] = replace(one, kind=two.kind, unit=two.unit)
        if one.kind == two.kind and _OR.fullmatch(text, one.end, two.start) and _apart(one, two):
            found[-1] = replace(one, end=two.end, kind="with a gap")
        else:
            found.append(two)
    return found


def _shared(one: Limit, two: Limit) -> bool:
    """Whether the unit of the second may be that of the first, too: they are the two ends of an interval."""
    ends = sorted(bound is None for bound in (one.low, one.high, two.low, two.high))
    opposite = (one.low is None) != (two.low is None) and ends == [False, False, True, True]
    return opposite and one.kind == "number" and two.kind not in ("year", "years ago")


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
    """As in "between 1990 and 2000", "from the 70s to the 90s", "90-120 minutes", "price from 20 to 60"."""
    middle = _RANGE_MIDDLE.fullmatch(text, _end(one), two.start)
    left = _left(text, one.start)
    before = _RANGE_BEFORE.search(left)
    if middle is None or (middle["and"] and not before) or one.low > two.high:
        return None
    two = _like(one, two)
    head = left[: before.start()] if before else left
    named = _named_column(head, columns)
    kind = named[0] if named else _kind(two, columns)
    if kind in _UNMEASURED and text[two.start : two.end] in _ONE:  # "one to one"
        return None
    if kind == "number" and not before:  # "apollo 11-13"
        return None
    if (kind := _unless_age(kind, head, two.high)) is None:
        return None
    if (one.kind != "number" or one.unit) and _kind(one, columns) != _kind(two, columns):
        return None
    if two.hours and one.kind == "number":  # "1 to 2 hours"
        one = replace(one, low=60 * one.low)
    start = one.start - len(left) + len(head) - (named[1] if named else 0)
    return Limit(start, _end(two), kind, one.low, two.high, unit=two.unit if kind == "price" else "")


def _like(one: Quantity, two: Quantity) -> Quantity:
    """The second of a range, read like the first: "$10 to 20", "500 to 2000"."""
    if one.kind == "price" and two.kind == "number" and not two.unit:
        return replace(two, kind="price", unit=one.unit)
    if one.kind == "number" and one.low < 1000 and two.kind == "year":
        return replace(two, kind="number")
    return two


def _bounded(text: str, quantity: Quantity, columns: frozenset[str]) -> Limit | None:
    """As in "under 90 minutes", "no older than 1990", "rating above 4", "$20 or less", "rated 4 or more"."""
    if text[quantity.start : quantity.end] in _ONE and _kind(quantity, columns) in _UNMEASURED:
        return None  # "over a bridge", "more than one killer"
    left = _left(text, quantity.start)
    before = _SIGN_BEFORE.search(left)
    behind = _SIGN_BEHIND.match(text, _end(quantity)) or _SIGN_BEHIND.match(text, quantity.end)
    if before and before["sign"] in _OF_PRICES and (behind or quantity.kind != "price"):
        before = None
    if before:
        return _bounded_before(left, before, quantity, columns)
    return _bounded_behind(left, behind, quantity, columns) if behind else None


def _bounded_before(
    left: str, before: re.Match[str], quantity: Quantity, columns: frozenset[str]
) -> Limit | None:
    """A bound whose sign stands before it: "under 90 minutes"."""
    sign, head = before["sign"], left[: before.start()]
    of_time = sign in _ABOUT_TIME or (sign == "up to" and "year" in columns)
    if quantity.kind == "year" and not of_time:  # "under 2000"
        quantity = replace(quantity, kind="number")
    start, end = quantity.start - len(left) + len(head), _end(quantity)
    if named := _named_column(head, columns):
        return _one_sided(start - named[1], quantity.end, named[0], *_SIGNS[sign], quantity)
    kind = _unless_age(_implied(_kind(quantity, columns), sign), head, quantity.high)
    if kind is None or not _fits(sign, kind):
        return None
    return _one_sided(start, end, kind, *_SIGNS[sign], quantity)


def _fits(sign: str, kind: str) -> bool:
    """Whether the sign can bound such a quantity: "before" none but a year, "under" none."""
    if sign not in _ABOUT_TIME:
        return kind != "year" or sign == "up to"
    if kind in _UNMEASURED:
        return kind == "no column" and sign.endswith("than")  # "older than 10"
    return kind in ("year", "years ago") or sign in ("until", "till")


def _bounded_behind(
    left: str, behind: re.Match[str], quantity: Quantity, columns: frozenset[str]
) -> Limit | None:
    """A bound whose sign stands behind it: "90 minutes or less"."""
    timely = behind[0].split()[-1] in _TIMELY_BEHIND
    if quantity.kind == "year" and not timely and "year" not in columns:  # "2000 or less"
        quantity = replace(quantity, kind="number")
    start, end, kind = quantity.start, max(behind.end(), _end(quantity)), _kind(quantity, columns)
    if named := _named_column(left, columns):
        kind, start = named[0], start - named[1]
    elif kind in _UNMEASURED:
        kind = "no column" if behind[0].strip() == "+" else _implied(kind, behind[0])  # "18+" is an age
        kind = _unless_age(kind, left, quantity.high)
        if timely or kind is None:
            return None
    if kind == "year" and (released := _RELEASED_BEFORE.search(left)):
        start -= len(released[0])
    return _one_sided(start, end, kind, "high" if behind["high"] else "low", False, quantity)


def _implied(kind: str, sign: str) -> str:
    """What a sign measures by itself: "shorter than" a length."""
    found = [_IMPLIED[word] for word in sign.split() if word in _IMPLIED]
    return found[0] if found and kind == "number" else kind


def _unless_age(kind: str, head: str, number: float) -> str | None:
    """An age is of no column, and that of a child tells what is wished: "for kids under 10"."""
    match = _PERSON_BEFORE.search(head)
    if kind not in _UNMEASURED or number > 99 or match is None or stem(match["who"]) not in PEOPLE:
        return kind
    return "no column" if number > 18 else None


def _one_sided(start: int, end: int, kind: str, side: str, strict: bool, quantity: Quantity) -> Limit:
    """Below an interval means below its start; up to it means up to its end."""
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


def _kind(quantity: Quantity, columns: frozenset[str]) -> str:
    """What a quantity measures."""
    if quantity.kind != "number":
        return "year" if quantity.kind == "decade" else quantity.kind
    if not quantity.unit:
        return "number"
    if quantity.unit in _TIME_UNITS:
        return "years ago"
    if quantity.unit in columns:
        return quantity.unit
    return _KNOWN_UNITS.get(quantity.unit, "no column")


def _named_column(left: str, columns: frozenset[str]) -> tuple[str, int] | None:
    """The column named at the end of `left`, and how many characters that takes."""
    match = _COLUMN_BEFORE.search(left)
    if match is None:
        return None
    name = stem(match["name"])
    name = name if name in columns else _COLUMN_ALIASES.get(name, name)
    return (name, len(left) - match.start()) if name in columns or name in MEASURES else None


def _end(quantity: Quantity) -> int:
    """Where the quantity ends, its unit included."""
    return quantity.unit_end if quantity.kind == "number" else quantity.end


def _left(text: str, place: int) -> str:
    return text[max(0, place - _CONTEXT) : place]
