"""Predicates: every operator on every kind of column, missing values, and the same answer for one item."""

import math
import time
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.base.errors import DataError
from firstlight.corpus import Catalogue, Item
from firstlight.corpus.predicates import Predicate, parse_predicate


def seconds(*when):
    return datetime(*when, tzinfo=UTC).timestamp()


CATALOGUE = Catalogue(
    pa.table(
        {
            "item_id": ["a", "b", "c", "d"],
            "title": ["Étoile", "étoile", "Night", None],
            "description": ["", "long", None, "long"],
            "categories": [["Comedy", "Drama"], ["comedy"], [], None],
            "available_from": [seconds(1990, 1, 1), seconds(1990, 12, 31, 23), seconds(1991, 1, 1), None],
            "year": pa.array([1990, 1995, None, 2000], pa.int64()),
            "price": pa.array([9.99, float("nan"), None, 20.0]),
            "cost": pa.array([Decimal("1.50"), None, Decimal("2.00"), Decimal("3.00")]),
            "mood": pa.array(["dark", "Light", "dark", None]).dictionary_encode(),
            "color": pa.array(["red", None, "", "Blue"], pa.large_string()),
            "subtitled": pa.array([True, False, None, True]),
            "sizes": pa.array([[1, 2], [2], None, []], pa.list_(pa.int32())),
            "shot": pa.array([date(1990, 5, 1), date(1991, 5, 1), None, date(1990, 6, 1)]),
            "sold": pa.array([datetime(1990, 5, 1, 12), None, datetime(1990, 5, 2), None]),
            "nothing": pa.nulls(4),
            "long": pa.array([123456789012345678, 123456789012345679, None, 3], pa.int64()),
            "parts": pa.array([{"x": 1}, {"x": 2}, None, {"x": 3}]),
        }
    )
)

CASES = [
    ("long", "is", 123456789012345678, "a"),
    ("long", "is", "123456789012345678", "a"),
    ("long", "is_not", "123456789012345678", "bcd"),
    ("long", "at_least", 3, "abd"),
    ("long", "is", "3.0", "d"),
    ("item_id", "is", "b", "b"),
    ("item_id", "is_not", "b", "acd"),
    ("title", "is", "ÉTOILE", "ab"),
    ("title", "is_not", "night", "abd"),
    ("title", "is", "nigh", ""),
    ("description", "is", "", ""),
    ("description", "is_not", "", "abcd"),
    ("categories", "is", "COMEDY", "ab"),
    ("categories", "is_not", "comedy", "cd"),
    ("categories", "is", "horror", ""),
    ("year", "is", 1995, "b"),
    ("year", "is", "1995", "b"),
    ("year", "is_not", 1995, "acd"),
    ("year", "at_least", 1995, "bd"),
    ("year", "at_most", "1995.5", "ab"),
    ("price", "at_least", 5, "ad"),
    ("price", "at_most", 9.99, "a"),
    ("price", "is_not", 20, "abc"),
    ("cost", "at_least", 2, "cd"),
    ("mood", "is", "DARK", "ac"),
    ("mood", "is_not", "dark", "bd"),
    ("color", "is", "blue", "d"),
    ("color", "is_not", "red", "bcd"),
    ("subtitled", "is", "true", "ad"),
    ("subtitled", "is", "No", "b"),
    ("subtitled", "is", 1, "ad"),
    ("subtitled", "is_not", "yes", "bc"),
    ("sizes", "is", 2, "ab"),
    ("sizes", "is_not", "1", "bcd"),
    ("available_from", "at_least", "1990-12-31", "bc"),
    ("available_from", "at_most", "1990", "ab"),
    ("available_from", "is", "1990", "ab"),
    ("available_from", "is", "1990-12", "b"),
    ("available_from", "is_not", "1990", "cd"),
    ("available_from", "at_least", seconds(1991, 1, 1), "c"),
    ("available_from", "at_least", str(seconds(1991, 1, 1)), "c"),
    ("available_from", "at_most", "1990-12-31T22:59:59", "a"),
    ("available_from", "at_least", "1991-01-01T01:00:00+01:00", "c"),
    ("available_from", "at_most", "9999-12-31", "abc"),
    ("available_from", "at_most", "9999-12", "abc"),
    ("available_from", "at_most", "9999", "abc"),
    ("available_from", "at_least", "9999", ""),
    ("available_from", "is", "19901231", "b"),
    ("available_from", "at_least", "31536000", "abc"),
    ("shot", "at_most", "9999-12-31", "abd"),
    ("shot", "at_most", "1990-05", "a"),
    ("shot", "at_least", "1990-05-02", "bd"),
    ("sold", "is", "1990-05-01", "a"),
    ("nothing", "is", "x", ""),
    ("nothing", "is_not", "x", "abcd"),
]


@pytest.mark.parametrize(("field", "op", "value", "keys"), CASES)
def test_a_mask_and_the_same_for_each_item(field, op, value, keys):
    predicate = Predicate(field, op, value)
    mask = predicate.mask(CATALOGUE)
    assert mask.dtype == np.bool_
    assert "".join(np.array(CATALOGUE.keys)[mask]) == keys
    assert "".join(item.key for item in CATALOGUE if predicate.holds(item)) == keys


@pytest.mark.parametrize(
    ("field", "op", "value", "message"),
    [
        ("yaer", "is", 1, r'unknown field "yaer" \(did you mean "year"\?\) \(in the condition "yaer is 1"\)'),
        ("year", "is", "abc", '"abc" against a column of numbers .*; expected a number'),
        ("year", "at_least", float("nan"), '"nan" against a column of numbers'),
        ("title", "at_least", "a", 'text has no order .*; expected "is" or "is not"'),
        ("categories", "at_most", "a", "a list has no order"),
        ("subtitled", "at_least", "true", "true or false has no order"),
        ("subtitled", "is", "maybe", '"maybe" against a column of true and false'),
        ("available_from", "at_least", "May", '"May" against a time .*; expected a date such as 1990-05-01'),
        ("available_from", "is", "1990-13", '"1990-13" against a time'),
        ("available_from", "at_least", "19990231", '"19990231" against a time'),
        ("parts", "is", "1", "a field of type struct"),
    ],
)
def test_what_cannot_be_compared_is_refused(field, op, value, message):
    with pytest.raises(DataError, match=message):
        Predicate(field, op, value).mask(CATALOGUE)


def test_a_field_an_item_does_not_have_is_missing():
    item = Item(key="x", title="x")
    assert not Predicate("year", "is", 1).holds(item)
    assert not Predicate("year", "at_least", 1).holds(item)
    assert Predicate("year", "is_not", 1).holds(item)


def test_items_hold_dates_and_lists_as_python_does():
    item = Item(key="x", title="x", attributes={"shot": date(1990, 5, 1), "tags": ("A", "b")})
    assert Predicate("shot", "is", "1990-05").holds(item)
    assert Predicate("tags", "is", "a").holds(item)


@pytest.mark.parametrize(
    ("text", "field", "op", "value", "words"),
    [
        ("year>=1990", "year", "at_least", "1990", "year at least 1990"),
        ("year <= 1990", "year", "at_most", "1990", "year at most 1990"),
        ("genre!=Horror", "genre", "is_not", "Horror", "genre is not Horror"),
        ("categories=Comedy", "categories", "is", "Comedy", "categories is Comedy"),
        ("categories==Sci-Fi", "categories", "is", "Sci-Fi", "categories is Sci-Fi"),
        (" running time = a = b ", "running time", "is", "a = b", "running time is a = b"),
    ],
)
def test_parsing_what_the_command_line_takes(text, field, op, value, words):
    predicate = parse_predicate(text)
    assert predicate == Predicate(field, op, value)
    assert str(predicate) == words


@pytest.mark.parametrize(
    "text", ["", "year", "year>", "year>1990", "=Comedy", "year=", "year=>1990", "a<>b", " = 1"]
)
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(DataError, match=r"is not a condition; expected FIELD=VALUE"):
        parse_predicate(text)


@pytest.mark.parametrize(
    "text", [" " * 40_000, "a=b" + " " * 40_000 + "<", "a" + " " * 40_000, "a=" + " " * 40_000]
)
def test_however_many_spaces_are_read_at_once(text):
    begin = time.monotonic()
    with suppress(DataError):
        parse_predicate(text)
    assert time.monotonic() - begin < 0.2


def test_numbers_are_written_without_noise():
    assert str(Predicate("year", "at_least", 1990.0)) == "year at least 1990"
    assert str(Predicate("price", "at_most", 9.99)) == "price at most 9.99"


WORDS = st.text("aAéÉßİſ ", max_size=2)


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.none() | WORDS, min_size=1, max_size=6),
    lists=st.lists(st.none() | st.lists(WORDS, max_size=3), min_size=6, max_size=6),
    numbers=st.lists(st.none() | st.floats(width=32), min_size=6, max_size=6),
    op=st.sampled_from(["is", "is_not"]),
    data=st.data(),
)
def test_mask_equals_holds_for_any_values(texts, lists, numbers, op, data):
    n = len(texts)
    catalogue = Catalogue(
        pa.table(
            {
                "item_id": [str(i) for i in range(n)],
                "word": pa.array(texts, pa.string()),
                "words": pa.array(lists[:n], pa.list_(pa.string())),
                "number": pa.array(numbers[:n], pa.float64()),
            }
        )
    )
    word = data.draw(st.sampled_from([t or "x" for t in texts]) | WORDS)
    number = data.draw(st.sampled_from([0.0, *[v for v in numbers if v is not None and not math.isnan(v)]]))
    for predicate in (
        Predicate("word", op, word),
        Predicate("words", op, word),
        Predicate("number", op, number),
        Predicate("number", "at_least", number),
        Predicate("number", "at_most", number),
    ):
        mask = predicate.mask(catalogue)
        assert mask.tolist() == [predicate.holds(item) for item in catalogue]
    positive = Predicate("word", "is", word).mask(catalogue)
    assert (positive != Predicate("word", "is_not", word).mask(catalogue)).all()
