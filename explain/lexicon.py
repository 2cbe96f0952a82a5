"""Which phrases are titles and which are attribute values somewhere in the catalogue.

A million items fit: only 64-bit hashes of normal forms are kept, sorted, 8 bytes each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..base.hashing import key_hashes
from ..corpus.catalogue import Catalogue
from .profile import CATEGORIES, MAX_VALUE_WORDS, TITLE_YEAR, field_word, short_values
from .words import normal

MAX_TITLE_WORDS = 8
_LAST_PARENTHESIS = re.compile(r"\s*\([^()]*\)\s*$")
_ARTICLE = re.compile(r", (the|a|an)$", re.IGNORECASE)
Hashes = NDArray[np.uint64]


class Lexicon:
    """Membership of a phrase among all titles, all short attribute values and all field names.

    Parameters
    ----------
    catalogue
        Read column by column; not kept.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._titles, _ = _table(Counter(filter(None, _aliases(catalogue.table.column("title")))))
        counts: Counter[str] = Counter()
        for name in (CATEGORIES, *catalogue.attribute_names):
            counts.update(_value_counts(catalogue.table.column(name)))
        self._values, self._counts = _table(counts)
        self._years = _years(catalogue)
        self._n_items = max(1, len(catalogue))
        self.fields = {normal(field_word(name)): name for name in catalogue.attribute_names}
        self.longest = max(MAX_TITLE_WORDS, MAX_VALUE_WORDS)

    def is_title(self, phrase: str) -> bool:
        """Whether some item is called so; `phrase` is in normal form."""
        return _place(self._titles, phrase) is not None

    def is_value(self, phrase: str) -> bool:
        """Whether some item has this attribute value; `phrase` is in normal form."""
        return _place(self._values, phrase) is not None

    def frequency(self, value: str) -> float:
        """The share of items that have a value (in normal form), at least one item's worth."""
        place = _place(self._values, value)
        count = 1 if place is None else int(self._counts[place])
        return min(1.0, count / self._n_items)

    def share_of_years(self, field: str, first: float, last: float) -> float:
        """The share of items whose `field` is a year from `first` to `last`, at least one item's worth."""
        years = self._years.get(field, np.zeros(0))
        low, high = np.searchsorted(years, [first, np.nextafter(last, np.inf)])
        return max(1, int(high - low)) / self._n_items


def _years(catalogue: Catalogue) -> dict[str, NDArray[np.float64]]:
    """The sorted calendar years of each column that holds some; else those that stand behind the titles."""
    found: dict[str, NDArray[np.float64]] = {}
    for name in catalogue.attribute_names:
        column = catalogue.table.column(name)
        if "year" in normal(name).split() and (
            pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        ):
            found[name] = np.sort(column.drop_null().cast(pa.float64()).to_numpy())
    titles = [] if found else filter(None, catalogue.table.column("title").to_pylist())
    behind = [float(match[1]) for title in titles if (match := TITLE_YEAR.search(title))]
    return found or {"year": np.sort(np.array(behind))}


def _aliases(column: pa.ChunkedArray) -> Iterable[str]:
    """Titles in normal form, also without a closing parenthesis and with a trailing article moved."""
    for title in filter(None, column.unique().to_pylist()):
        yield normal(title)
        short = _LAST_PARENTHESIS.sub("", title) if title.endswith(")") else title
        moved = _ARTICLE.sub("", short)
        if moved is not title:
            yield normal(short)
            yield normal(f"{short[len(moved) + 2 :]} {moved}")


def _value_counts(column: pa.ChunkedArray) -> Iterable[str]:
    """One normal form for each item and value of a text or list-of-text column."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        column = pa.chunked_array([chunk.flatten() for chunk in column.chunks], column.type.value_type)
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return {}
    counted: Counter[str] = Counter()
    for entry in column.value_counts().to_pylist():
        for value in short_values(entry["values"]):
            counted[normal(value)] += entry["counts"]
    counted.pop("", None)
    return counted


def _table(counts: Counter[str]) -> tuple[Hashes, NDArray[np.int64]]:
    hashes = key_hashes(counts, "lexicon")
    order = np.argsort(hashes)
    return hashes[order], np.fromiter(counts.values(), dtype=np.int64, count=len(counts))[order]


def _place(hashes: Hashes, phrase: str) -> int | None:
    wanted = key_hashes([phrase], "lexicon")[0]
    place = int(np.searchsorted(hashes, wanted))
    return place if place < len(hashes) and hashes[place] == wanted else None
