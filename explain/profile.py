"""What can be said of one item: its spoken name, its traits, its numbers, its words.

Catalogue text is hostile until proven plain: what cannot stand in a sentence (markup, addresses,
control characters, brackets that look like citations) is cleaned away or left unsaid.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

from ..corpus.catalogue import Item
from ..corpus.keys import ItemKey
from ..prompts.clean import clean_text, is_harmless
from .words import FUNCTION, normal, word_set

CATEGORIES = "categories"
MAX_NAME = 80
MAX_VALUE = 40
MAX_VALUE_WORDS = 5
MAX_TEXT = 20_000  # characters of one text that are read

_SPOKEN = str.maketrans(dict.fromkeys('"“”„‟«»〝〞`', "’") | dict(zip("[]{}<>", "()()  ", strict=True)))
_ARTICLE_LAST = re.compile(r"^(.+), (The|A|An|Le|La|Les|Il|El|Der|Die|Das)((?: \([^()]*\))?)$")
TITLE_YEAR = re.compile(r"\((\d{4})\)\s*$")
_SEPARATOR = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_PLAIN_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,6})?")
_UNITS = frozenset({
    "minutes", "hours", "seconds", "mins", "min", "sec", "ms", "usd", "eur", "gbp", "kg", "g", "mg", "lb",
    "lbs", "oz", "km", "m", "cm", "mm", "l", "ml", "w", "kw", "kwh", "v", "mah", "gb", "mb", "tb",
})  # fmt: skip
_SAID_UNITS = {  # those that are said otherwise; "min" may be a minimum
    "mins": "minutes", "sec": "seconds", "min": "", "lbs": "lb", "usd": "USD", "eur": "EUR", "gbp": "GBP",
}  # fmt: skip
# What a yes-or-no column holds, and what says that nothing is known: no reason for anything.
_BLANK = word_set("yes no y n on off true false none null nil nan n/a unknown unspecified")
_PARTS = re.compile(r"\s*[|;]\s*|,\s+")


def spoken_name(title: str) -> str:
    """A title as it stands between quotation marks, or an empty string when it cannot be spoken.

    "Matrix, The (1999)" becomes "The Matrix (1999)"; markup, control characters, quotation marks and
    square brackets go; more than 80 characters are cut; an address or an order to a model makes a title
    unspeakable.
    """
    text = clean_text(title).translate(_SPOKEN)
    text = _ARTICLE_LAST.sub(r"\2 \1\3", " ".join(text.split()))
    if not normal(text) or not is_harmless(text):
        return ""
    return text if len(text) <= MAX_NAME else text[: MAX_NAME - 1].rstrip() + "…"


def speakable(value: str) -> bool:
    """Whether a value can be said as it is: short, plain, on one line, with a letter, and not "no"."""
    return (
        0 < len(value) <= MAX_VALUE
        and len(value.split()) <= MAX_VALUE_WORDS
        and value == clean_text(value)
        and any(one.isalpha() for one in value)
        and normal(value) not in _BLANK
        and not re.search(r"[\[\]<>{}\"“”„«»`()*_#\\|:;,!?…]", value)
        and is_harmless(value)
    )


def is_year(field: str, number: float) -> bool:
    """Whether a numeric column holds calendar years, by its name and its range."""
    return "year" in normal(field).split() and 1000 <= number <= 2999 and float(number).is_integer()


def field_word(field: str) -> str:
    """A column's name as words, without its unit: "length_minutes" is "length", "main_actor" "main actor"."""
    return " ".join(_parts(field)[0])


def unit_of(field: str) -> str:
    """The unit at the end of a column's name: "kg" for "weight_kg", "" where there is none."""
    unit = _parts(field)[1]
    return _SAID_UNITS.get(unit, unit)


def _parts(field: str) -> tuple[list[str], str]:
    """The words of a column's name, and the unit behind them, if one stands there."""
    words = _SEPARATOR.sub(" ", field).lower().split()
    return (words[:-1], words[-1]) if len(words) > 1 and words[-1] in _UNITS else (words, "")


def measure(field: str, number: float) -> str:
    """A number with its column's unit: "0.6 kg", "1 minute"."""
    unit = unit_of(field)
    if number == 1 and len(unit) > 3:
        unit = unit.removesuffix("s")
    return f"{number_text(number)} {unit}".rstrip()


def number_text(number: float) -> str:
    """15.0 as "15", 15.5 as "15.5"."""
    return str(int(number)) if float(number).is_integer() else f"{number:g}"


@dataclass(frozen=True)
class Profile:
    """Everything a sentence may say about one item.

    Attributes
    ----------
    name
        The spoken name, or an empty string.
    traits
        Speakable values by field ("categories" and the short text columns).
    values
        The same values, and the unspeakable ones, in normal form by field.
    numbers
        Numeric columns, and the year at the end of a title where no column has one.
    texts
        All its texts; read only when a sentence needs them.
    """

    key: ItemKey
    name: str
    traits: Mapping[str, tuple[str, ...]]
    values: Mapping[str, frozenset[str]]
    numbers: Mapping[str, float]
    texts: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, item: Item) -> Profile:
        """Read an item."""
        values = {CATEGORIES: tuple(item.categories)}
        values.update({name: short_values(value) for name, value in item.attributes.items()})
        values = {name: short for name, short in values.items() if short}
        texts = [item.title, item.description, *item.categories]
        texts += [text for value in item.attributes.values() for text in _strings(value)]
        return cls(
            key=item.key,
            name=spoken_name(item.title),
            traits={name: said for name, short in values.items() if (said := _spoken(short))},
            values={name: frozenset(map(normal, short)) for name, short in values.items()},
            numbers=_numbers(item),
            texts=tuple(text[:MAX_TEXT] for text in texts),
        )

    @cached_property
    def figures(self) -> frozenset[float]:
        """Every number written in the item's texts."""
        return frozenset(number for text in self.texts for number in figures(text))

    @cached_property
    def words(self) -> frozenset[str]:
        """Content words of its texts, in normal form."""
        return frozenset(word for text in self.texts for word in content_words(text))

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Which content words follow each other in them."""
        return frozenset(pair for text in self.texts for pair in pairwise(content_words(text)))

    def has(self, value: str, field: str | None = None) -> bool:
        """Whether a value in normal form is one of this item's, in one field or in any."""
        fields = [field] if field is not None else list(self.values)
        return any(value in self.values.get(name, ()) for name in fields)


def _spoken(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if speakable(value)))


def short_values(value: Any) -> tuple[str, ...]:
    """The names in an attribute: a list's entries, or the parts of "Tom Hanks, Tim Allen".

    A text (a plot, a review) has no short values.
    """
    found = tuple(part for text in _strings(value) for part in _PARTS.split(text) if part)
    short = all(len(one) <= MAX_VALUE and len(one.split()) <= MAX_VALUE_WORDS for one in found)
    return found if short else ()


def _strings(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, (list, tuple)) else (value,):
        if isinstance(one, str):
            yield one


def _numbers(item: Item) -> dict[str, float]:
    found = {
        name: number for name, value in item.attributes.items() if (number := _number(value)) is not None
    }
    year = TITLE_YEAR.search(item.title)
    if year and not any(is_year(name, number) for name, number in found.items()):
        found["year"] = float(year.group(1))
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, datetime.date):
        return float(value.year)
    if isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def figures(text: str) -> list[float]:
    """The numbers written in a text; "1,000" and "3.5" are one number each."""
    found = (one.group().replace(",", "") for one in _NUMBER.finditer(text))
    return [float(one) for one in found if one.count(".") <= 1]


def content_words(text: str) -> list[str]:
    """Words of a text in normal form, in order, without function words; a negation stays."""
    return [word for word in normal(text).split() if word not in FUNCTION]
