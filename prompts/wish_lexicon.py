"""What a catalogue's own words mean in a wish: its titles, and the values of its text columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from .wish_words import ARTICLES, FUNCTION_WORDS, SYNONYMS, Token, is_verb, stem, stems, tokenize, words

_YEAR = re.compile(r"\((\d{4})\)\s*$")
_ASIDE = re.compile(r"\(([^()]+)\)")
_ALSO_KNOWN = re.compile(r"^a\.?k\.?a\.?\s+", re.IGNORECASE)
_TRAILING_ARTICLE = re.compile(
    r",\s+(the|an?|les?|la|l'|un|une|der|die|das|ein|eine|el|los|las|una|il|lo|gli|i|o|os|as|den|det|de|het)\s*$",
    re.IGNORECASE,
)
_PARTS = re.compile(r"\s*(?:&|/|,|\band\b)\s*", re.IGNORECASE)
_MOST_NAMESAKES = 12  # a name that more items share names none of them
_MOST_WORDS = 6  # a longer value is a sentence, not an attribute
_MOST_VALUES = 64  # of a column in a small catalogue; half the items in a larger one
_NOT_ATTRIBUTES = ("item_id", "title", "description", "image", "available_from")

Value = tuple[str, str]  # field, value


@dataclass(frozen=True)
class TitleMatch:
    """`length` words name the items at `rows`; `rows` is empty when the year given is of none of them."""

    length: int
    rows: tuple[int, ...]


class TitleIndex:
    """Finds titles in a wish: any case and punctuation, with or without the year or the article.

    Besides its full form, a title is known by its alternate names ("Seven (a.k.a. Se7en)") and, where
    no full title fits, by the part before a colon ("Star Wars: Episode IV").
    """

    def __init__(self, titles: Sequence[str | None], years: Sequence[float | None]) -> None:
        self._names: dict[tuple[str, ...], list[int]] = {}
        self._heads: dict[tuple[str, ...], list[int]] = {}
        self._years: dict[int, str] = {}
        self._articled: set[int] = set()
        for row, (title, year) in enumerate(zip(titles, years, strict=True)):
            self._add(row, title or "", year)
        for head in self._heads.keys() & self._names.keys():
            del self._heads[head]
        self._longest: dict[str, int] = {}
        for name in (*self._names, *self._heads):
            self._longest[name[0]] = max(self._longest.get(name[0], 0), len(name))

    def _add(self, row: int, title: str, year: float | None) -> None:
        match = _YEAR.search(title)
        if match:
            title, self._years[row] = title[: match.start()], match[1]
        elif year is not None and year.is_integer():
            self._years[row] = str(int(year))
        if _starts_with_article(title):
            self._articled.add(row)
        for name in {_key(one) for one in _names(title)}:
            if name:
                self._names.setdefault(name, []).append(row)
        head, colon, _ = title.partition(": ")
        if colon and (key := _key(head)):
            self._heads.setdefault(key, []).append(row)

    def match(self, tokens: Sequence[Token], place: int) -> TitleMatch | None:
        """The longest title that starts at `place`."""
        article = int(tokens[place].word in ARTICLES)
        return (self._match(tokens, place + 1, 1) if article else None) or self._match(tokens, place, 0)

    def _match(self, tokens: Sequence[Token], place: int, skipped: int) -> TitleMatch | None:
        if place >= len(tokens):
            return None
        longest = min(self._longest.get(tokens[place].word, 0), len(tokens) - place)
        for length in range(longest, 0, -1):
            key = tuple(token.word for token in tokens[place : place + length])
            rows = self._names.get(key) or self._headed(key, tokens, place + length)
            if rows and len(rows) <= _MOST_NAMESAKES:
                return self._chosen(rows, tokens, place - skipped, skipped + length)
        return None

    def _headed(self, key: tuple[str, ...], tokens: Sequence[Token], behind: int) -> list[int]:
        """The items of a head; none if the wish has a colon there too, so means another title."""
        colon = behind < len(tokens) and tokens[behind].gap.startswith(":")
        return [] if colon else self._heads.get(key, [])

    def _chosen(self, rows: Sequence[int], tokens: Sequence[Token], place: int, length: int) -> TitleMatch:
        """Of the items of one name, those of the year behind it, or those with the article before it."""
        behind = place + length
        if behind < len(tokens) and re.fullmatch(r"\d{4}", tokens[behind].word):
            of_year = tuple(row for row in rows if self._years.get(row) == tokens[behind].word)
            if of_year or "(" in tokens[behind].gap:
                return TitleMatch(length + 1, of_year)
        article = tokens[place].word in ARTICLES
        exact = tuple(row for row in rows if (row in self._articled) == article)
        return TitleMatch(length, exact or tuple(rows))


def _names(title: str) -> Iterator[str]:
    """A title without its year, without its asides, and the asides that are names themselves."""
    yield title
    if "(" not in title:
        return
    main = _ASIDE.sub("", title).strip()
    if main:
        yield main
    for aside in _ASIDE.findall(title):
        if _ALSO_KNOWN.search(aside) or _TRAILING_ARTICLE.search(aside):
            yield _ALSO_KNOWN.sub("", aside)


def _key(name: str) -> tuple[str, ...]:
    """The words of a name, without an article at its start or behind a comma."""
    key = words(_TRAILING_ARTICLE.sub("", name))
    return key[1:] if len(key) > 1 and key[0] in ARTICLES else key


def _starts_with_article(title: str) -> bool:
    """Whether a title has an article, before it or moved behind it."""
    return title.lower().startswith(("the ", "a ", "an ")) or bool(
        _TRAILING_ARTICLE.search(_ASIDE.sub("", title).rstrip())
    )


class ValueIndex:
    """Finds attribute values in a wish: those of `categories` and of text columns with few values.

    Singular and plural are the same; where the catalogue lacks a word, :data:`.SYNONYMS` and
    comparatives ("darker") lead to the value it has.
    """

    def __init__(self, table: pa.Table) -> None:
        self._values: dict[tuple[str, ...], tuple[Value, ...]] = {}
        columns = {name: _distinct(table.column(name)) for name in _columns(table)}
        for field, values in columns.items():
            for value in values:
                self._add(stems(value), ((field, value),))
        for value in columns.get("categories", ()):
            for part in _PARTS.split(value):
                self._add(stems(part), (("categories", value),))
        for word, targets in SYNONYMS.items():
            self._add(stems(word), self._first_known(targets))
        self.longest = max((len(key) for key in self._values), default=0)

    def _add(self, key: tuple[str, ...], values: tuple[Value, ...]) -> None:
        meaningless = len("".join(key)) < 3 or all(word in _EMPTY or word.isdigit() for word in key)
        if not values or meaningless or len(key) > _MOST_WORDS:
            return
        self._values.setdefault(key, values)
        self._values.setdefault(("".join(key),), values)  # "sci-fi" is also typed "scifi"

    def _first_known(self, targets: Sequence[str]) -> tuple[Value, ...]:
        for target in targets:
            found = [self._values.get(stems(part), ()) for part in target.split("+")]
            if all(found):
                return tuple(value for values in found for value in values)
        return ()

    def match(self, tokens: Sequence[Token], place: int) -> tuple[int, tuple[Value, ...]] | None:
        """The longest value that starts at `place`: how many words, and which fields and values."""
        key = [stem(token.word) for token in tokens[place : place + self.longest]]
        for length in range(len(key), 0, -1):
            values = self._values.get(tuple(key[:length]))
            if values and not (length == 1 and is_verb(tokens, place)):
                return length, values
        for base in _positives(tokens[place].word if key else ""):
            if values := self._values.get((base,)):
                return 1, values
        return None

    def knows(self, word: str) -> bool:
        """Whether a word is a value by itself."""
        return self.match(tokenize(word), 0) is not None


_EMPTY = frozenset(stem(word) for word in FUNCTION_WORDS)


def _positives(word: str) -> Iterator[str]:
    """What "word" may be the comparative of: darker, nicer, funnier, sadder."""
    if len(word) > 4 and word.endswith("er"):
        yield from (word[:-2], word[:-1])
        if word.endswith("ier"):
            yield word[:-3] + "y"
        if word[-3] == word[-4]:
            yield word[:-3]


def _columns(table: pa.Table) -> list[str]:
    """Columns that hold text or lists of text, categories first."""
    return [
        field.name
        for field in table.schema
        if field.name not in _NOT_ATTRIBUTES and _is_text(getattr(field.type, "value_type", field.type))
    ]


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _distinct(column: pa.ChunkedArray) -> list[str]:
    """The values of a column in order of appearance; none if nearly every item has its own."""
    flat = column.combine_chunks()
    if isinstance(flat, pa.DictionaryArray):
        flat = flat.dictionary_decode()
    is_list = isinstance(flat, (pa.ListArray, pa.LargeListArray))
    values = (flat.flatten() if is_list else flat).unique().drop_null().to_pylist()
    return values if is_list or len(values) <= max(_MOST_VALUES, len(column) // 2) else []
