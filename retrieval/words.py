"""Search by words: BM25 over the items' own texts, beside the search by meaning.

A sentence encoder blurs names and rare words, which is what tells that two items are of one kind; it is used
for "like X" (benchmarks/wishes.py: success@10 .57 without, .72 with it; for other wishes it brought nothing).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from ..prompts.wish_words import FILLER, stem, words

SATURATION, LENGTH = 1.2, 0.75  # k1 and b, as usual
MOST_CHARACTERS = 5_000  # of one text


class WordIndex:
    """Texts by row, ready to be searched.

    Parameters
    ----------
    texts
        One for each row; an empty one is never found.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._columns: dict[str, int] = {}
        rows, columns, counts, lengths = [], [], [], []
        for row, text in enumerate(texts):
            found = Counter(terms(text[:MOST_CHARACTERS]))
            lengths.append(found.total())
            for term, count in found.items():
                rows.append(row)
                columns.append(self._columns.setdefault(term, len(self._columns)))
                counts.append(count)
        self._weights = _weighted(
            rows, columns, counts, np.array(lengths, dtype=np.float64), len(self._columns)
        )

    def scores(self, query: str) -> NDArray[np.float32]:
        """BM25 of every text for the words of `query`, float32 [n]; zeros where no word is known.

        Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), equation 3.15, with the
        idf that cannot be negative.
        """
        known = [self._columns[one] for one in dict.fromkeys(terms(query)) if one in self._columns]
        return np.asarray(self._weights[:, known].sum(axis=1), dtype=np.float32).reshape(-1)


def terms(text: str) -> list[str]:
    """The stems of a text's meaningful words."""
    return [stem(word) for word in words(text) if word not in FILLER and len(word) > 1]


def _weighted(
    rows: list[int], columns: list[int], counts: list[int], lengths: NDArray[np.float64], n_terms: int
) -> csc_matrix:
    """What each word adds to each text's score, [n texts, n terms]."""
    n = len(lengths)
    frequency = np.bincount(columns, minlength=n_terms)
    idf = np.log1p((n - frequency + 0.5) / (frequency + 0.5))
    tf = np.array(counts, dtype=np.float64)
    norm = 1 - LENGTH + LENGTH * lengths / max(1e-9, float(lengths.mean()) if n else 1.0)
    row, column = np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64)
    values = idf[column] * tf * (SATURATION + 1) / (tf + SATURATION * norm[row])
    return csc_matrix((values.astype(np.float32), (row, column)), shape=(n, n_terms))
