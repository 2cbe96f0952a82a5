"""Search by words against the formula written out, and where it must find and not find."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.retrieval.words import WordIndex, terms

TEXTS = [
    "A keeper of a lighthouse writes letters. The lighthouse is cold.",
    "Letters from a desert: letters and sand.",
    "A comedy of two rivals in the city",
    "",
]


def plainly(texts, query):
    """BM25 by the book, one text at a time."""
    found = [terms(text) for text in texts]
    mean = sum(map(len, found)) / len(found)
    scores = []
    for own in found:
        total = 0.0
        for term in dict.fromkeys(terms(query)):
            n = sum(term in other for other in found)
            if n:
                idf = math.log1p((len(texts) - n + 0.5) / (n + 0.5))
                tf = own.count(term)
                total += idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * len(own) / mean))
        scores.append(total)
    return scores


@pytest.mark.parametrize("query", ["lighthouse letters", "a letter", "rival comedies", "nothing known", ""])
def test_scores_are_the_formula(query):
    np.testing.assert_allclose(WordIndex(TEXTS).scores(query), plainly(TEXTS, query), rtol=1e-5)


def test_the_rare_word_decides():
    assert np.argmax(WordIndex(TEXTS).scores("letters and a lighthouse")) == 0
    assert WordIndex(TEXTS).scores("the of and").tolist() == [0, 0, 0, 0]


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), max_size=6), st.text(max_size=40))
def test_any_texts_give_finite_scores(texts, query):
    scores = WordIndex(texts).scores(query)
    assert scores.shape == (len(texts),)
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
