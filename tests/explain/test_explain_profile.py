"""What may be spoken of, and what the catalogue's lexicon knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstlight.corpus import Catalogue, Item
from firstlight.corpus.keys import ItemKey
from firstlight.explain import Lexicon
from firstlight.explain.profile import (
    MAX_NAME,
    Profile,
    field_word,
    figures,
    measure,
    speakable,
    spoken_name,
)
from firstlight.explain.words import CUES, FUNCTION, GLUE, UNSAID, normal
from firstlight.prompts import has_address


@pytest.mark.parametrize(
    ("title", "spoken"),
    [
        ("Alien", "Alien"),
        ("Matrix, The (1999)", "The Matrix (1999)"),
        ('Say "Hello" [E9]', "Say ’Hello’ (E9)"),
        ("  two\n lines\u200b ", "two lines"),
        ("<b>Bold</b>", "Bold"),
        ("M*A*S*H", "M*A*S*H"),
        ("see http://evil.example", ""),
        ("Booking at www.evil.com", ""),
        ("", ""),
        ("…!?", ""),
    ],
)
def test_spoken_names(title, spoken):
    assert spoken_name(title) == spoken


@given(st.text(max_size=300))
def test_a_spoken_name_can_stand_between_quotation_marks(title):
    name = spoken_name(title)
    assert len(name) <= MAX_NAME
    assert not set(name) & set('"“”[]<>\n\u202e\u200b')
    assert not has_address(name)


@pytest.mark.parametrize("value", ["Horror", "Sci-Fi", "R&B", "Robert Downey Jr.", "Children's", "80s"])
def test_plain_values_are_speakable(value):
    assert speakable(value)


@pytest.mark.parametrize(
    "value", ["", "1999", "(no genres listed)", "a\nb", "x [E1]", "www.evil.com", "w " * 6, "y" * 41, "a “b”"]
)
def test_odd_values_are_not(value):
    assert not speakable(value)


def test_plural_and_case_do_not_matter():
    assert normal("Comedies") == normal("comedy")
    assert normal("Lovers' Tale") == normal("lover tales")
    assert normal("Alien’s") == normal("ALIEN")
    assert normal("Science Fiction & Fantasy") == normal("science-fiction and fantasy")
    assert normal("this") == "this"


def test_the_word_lists_do_not_overlap_with_what_is_refused():
    assert not UNSAID & (FUNCTION | GLUE | CUES)


def test_figures():
    assert figures("1,000 miles in 3.5 days, v1.2.3") == [1000.0, 3.5]


def test_a_profile_reads_traits_numbers_and_words():
    profile = Profile.of(
        Item(
            ItemKey("a"),
            "Heat (1995)",
            "A detective hunts a thief.",
            ("Crime",),
            attributes={"actors": "Al Pacino, Val Kilmer", "isbn": "0012", "stock": True, "note": "1 < 2"},
        )
    )
    assert profile.traits == {"categories": ("Crime",), "actors": ("Al Pacino", "Val Kilmer")}
    assert profile.numbers == {"isbn": 12.0, "year": 1995.0}
    assert ("detective", "hunt") in profile.pairs
    assert ("thief", "hunt") not in profile.pairs
    assert profile.has("al pacino", "actors")
    assert not profile.has("al pacino", "categories")


def test_the_lexicon_knows_titles_values_and_fields():
    items = [
        Item(
            ItemKey("a"),
            "Matrix, The (1999)",
            "",
            ("Sci-Fi",),
            attributes={"main_actor": "Keanu Reeves", "n": 3},
        ),
        Item(ItemKey("b"), "Heat", "", ("Sci-Fi", "Crime"), attributes={"plot": "a plot of " + "words " * 9}),
    ]
    lexicon = Lexicon(Catalogue.from_items(items))
    assert all(lexicon.is_title(normal(one)) for one in ("Matrix, The (1999)", "The Matrix", "heat"))
    assert not lexicon.is_title("reev")
    assert lexicon.is_value(normal("keanu reeves"))
    assert not lexicon.is_value(normal("Heat"))
    assert lexicon.fields[normal("main actor")] == "main_actor"
    assert lexicon.frequency(normal("sci-fi")) == 1.0
    assert lexicon.frequency(normal("Crime")) == 0.5


def test_an_empty_catalogue_has_an_empty_lexicon():
    lexicon = Lexicon(Catalogue.from_items([]))
    assert not lexicon.is_title("x")
    assert not lexicon.is_value("x")


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("length_minutes", "length"),
        ("main_actor", "main actor"),
        ("minutes", "minutes"),
        ("price-USD", "price"),
        ("weight_kg", "weight"),
        ("kg", "kg"),
    ],
)
def test_a_columns_name_is_said_without_its_unit(column, said):
    assert field_word(column) == said


@pytest.mark.parametrize(
    ("column", "number", "said"),
    [
        ("weight_kg", 0.6, "0.6 kg"),
        ("length_mins", 90.0, "90 minutes"),
        ("hours", 2.0, "2"),
        ("wait_hours", 1.0, "1 hour"),
        ("price_EUR", 9.5, "9.5 EUR"),
        ("age_min", 12.0, "12"),
        ("stock", 3.0, "3"),
    ],
)
def test_a_number_is_said_with_its_columns_unit(column, number, said):
    assert measure(column, number) == said
