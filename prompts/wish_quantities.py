"""Quantities in a wish: "$20", "an hour and a half", "the early 90s", "1994", "300 pages"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .wish_words import stem

_WORD_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40,
    "fifty": 50, "sixty": 60, "ninety": 90,
}  # fmt: skip
_DECADE_WORDS = {
    "twenties": 1920, "thirties": 1930, "forties": 1940, "fifties": 1950, "sixties": 1960, "seventies": 1970,
    "eighties": 1980, "nineties": 1990,
}  # fmt: skip
_DECADE_PARTS = {"early": (0, 3), "mid": (4, 6), "late": (7, 9), None: (0, 9)}
_CURRENCIES = {"$": "usd", "d": "usd", "b": "usd", "u": "usd", "€": "eur", "e": "eur", "£": "gbp", "p": "gbp"}

# Three digits behind a dot or a comma are thousands, in any language; 0.125 is no such number.
_GROUPED = r"[1-9]\d{0,2}(?:(?:,\d{3})+(?:\.\d+)?|(?:\.\d{3})+(?:,\d+)?)(?!\d)"
_SPACED = r"[1-9]\d{0,2}(?:\ \d{3})+(?:[.,]\d+)?(?!\d)"
_DIGITS = rf"(?:{_GROUPED}|\d+(?:[.,]\d+)?)"
_NUMBER = rf"(?:{_DIGITS}|(?:{'|'.join(_WORD_NUMBERS)})\b)"
_QUANTITY = re.compile(
    rf"""(?<![\w.,$€£'])(?:
    (?P<sign>[$€£])\s?(?P<price>{_DIGITS})
  | (?P<amount>{_SPACED}|{_DIGITS}|(?:{"|".join(_WORD_NUMBERS)})(?=\ [a-z]))\s?
        (?P<currency>[$€£]|(?:dollars?|bucks?|usd|euros?|eur|pounds?)\b)
  | (?P<half_hour>half\ an\ hour\b)
  | (?P<hours>{_NUMBER})(?P<half>\ and\ a\ half)?[\s-]*(?:hours?|hrs?|h)(?![a-z])
        (?:(?P<half_more>\ and\ a\ half\b)
          |\s*(?:and\ )?(?P<rest>\d+)(?:\s*(?:minutes?|mins?|m))?(?!\w))?
        (?:\ long\b|\ in\ length\b)?
  | (?P<minutes>{_NUMBER})[\s-]*(?:minutes?|mins?)\b(?:\ long\b|\ in\ length\b)?
  | (?:the\ )?(?:(?P<part>early|mid|late)[\s-]+)?(?:the\ )?
        (?:'?(?P<decade>(?:1[89]|20)?\d0)'?s\b|(?P<decade_word>{"|".join(_DECADE_WORDS)})\b)
  | (?:the\ year\ )?(?P<year>1[89]\d\d|20\d\d)\b(?![.,]?\d)
  | (?P<plain>{_SPACED}|{_NUMBER})(?!\d|_|(?:st|nd|rd|th)\b)
    )""",
    re.VERBOSE,
)
_UNIT = re.compile(
    r"""(?:\+|\ or\ (?:more|less|fewer|higher|lower|over|under)\b)?[\s-]*
    (?!(?:and|or|to|till|until|through|max|tops)\b)(?P<unit>[a-z]+|%)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Quantity:
    """An interval of one kind, and its place in the text.

    `length` is in minutes; a "number" has the stem of the word behind it as `unit`, which ends at
    `unit_end`, and so has a "year", which may turn out to be a number; of a "price", `unit` is the currency.
    """

    kind: Literal["year", "decade", "length", "price", "number"]
    low: float
    high: float
    start: int
    end: int
    unit: str = ""
    unit_end: int = 0
    hours: bool = False  # whether a length was written in hours


def find_quantities(text: str) -> Iterator[Quantity]:
    """All quantities of a :func:`~.wish_words.plain` text, in order."""
    for match in _QUANTITY.finditer(text):
        start, end = match.span()
        if match["price"] or match["amount"]:
            value = _value(match["price"] or match["amount"])
            currency = _CURRENCIES[(match["sign"] or match["currency"])[0]]
            yield Quantity("price", value, value, start, end, currency)
        elif match["half_hour"] or match["hours"] or match["minutes"]:
            minutes = _minutes(match)
            yield Quantity("length", minutes, minutes, start, end, hours=bool(match["hours"]))
        elif match["decade"] or match["decade_word"]:
            first = _DECADE_WORDS.get(match["decade_word"]) or _first_year(int(match["decade"]))
            low, high = _DECADE_PARTS[match["part"]]
            if first in (1800, 1900):  # the 1900s are a century, the 2000s a decade
                low, high = 10 * low, 10 * high + 9
            yield Quantity("decade", first + low, first + high, start, end)
        else:
            value, unit = _value(match["year"] or match["plain"]), _UNIT.match(text, end)
            behind = (stem(unit["unit"]), unit.end()) if unit else ("", end)
            yield Quantity("year" if match["year"] else "number", value, value, start, end, *behind)


def _minutes(match: re.Match[str]) -> float:
    if match["half_hour"]:
        return 30.0
    if match["minutes"]:
        return _value(match["minutes"])
    half = 30.0 if match["half"] or match["half_more"] else 0.0
    return 60.0 * _value(match["hours"]) + half + float(match["rest"] or 0)


def _first_year(digits: int) -> int:
    """The decade of "1990s" or "90s"; of two digits, 00, 10 and 20 mean this century."""
    if digits > 99:
        return digits
    return digits + (1900 if digits >= 30 else 2000)


def _value(text: str) -> float:
    """A number in digits or in words."""
    if text in _WORD_NUMBERS:
        return float(_WORD_NUMBERS[text])
    text = text.replace(" ", "")
    if re.fullmatch(_GROUPED, text):
        text = text.replace(next(one for one in text if one in ".,"), "")
    return float(text.replace(",", "."))
