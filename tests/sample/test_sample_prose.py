"""Titles and descriptions read like English and tell what they should, but never the style."""

from __future__ import annotations

import re
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.corpus.sample import phrases, titles
from firstlight.corpus.sample.items import make_films
from firstlight.corpus.sample.prose import NUMBERS, Facts, Picker, article, make_description
from firstlight.corpus.sample.titles import Titles, make_title
from firstlight.corpus.sample.words import (
    GENRES,
    HE,
    HEROES,
    MOODS,
    NAMES,
    PACES,
    SETTINGS,
    SHE,
    STYLES,
    THEMES,
)

facts = st.builds(
    Facts,
    genre=st.sampled_from(GENRES),
    setting=st.sampled_from(SETTINGS),
    mood=st.sampled_from(MOODS),
    pace=st.sampled_from(PACES),
    theme=st.sampled_from(THEMES),
    hero=st.sampled_from([phrase for pool in phrases.HERO.values() for phrase in pool]),
    name=st.sampled_from(NAMES),
    former=st.sampled_from(["", "The Salt Letters"]),
)
numbers = st.lists(st.integers(0, 2**31 - 1), min_size=NUMBERS, max_size=NUMBERS).map(np.array)


@settings(deadline=None)
@given(facts, numbers)
def test_a_description_is_two_to_four_well_formed_sentences(film, dice):
    text = make_description(film, Picker(dice))
    sentences = re.split(r"(?<=\.) ", text)
    assert 2 <= len(sentences) <= 4
    assert all(re.fullmatch(r"[A-Z][^{}|]*\.", sentence) for sentence in sentences)
    assert not re.search(r"  |\.\.| ,|\b[Aa] [aeiou]|\b[Aa]n [^aeiouh]", text)
    assert film.name in text
    assert film.hero in text
    assert film.former in text


@settings(deadline=None)
@given(facts, numbers)
def test_a_description_tells_theme_and_setting(film, dice):
    text = make_description(film, Picker(dice))
    told = {
        "theme": phrases.PREMISE[film.theme],
        "setting": (*phrases.WHERE[film.setting], *phrases.SCENE[film.setting]),
    }
    for pool in told.values():
        assert any(phrase.lower() in text.lower() for phrase in pool)


@settings(deadline=None)
@given(facts, numbers)
def test_pronouns_agree_with_the_name(film, dice):
    text = f" {make_description(film, Picker(dice))} ".lower()
    wrong = r"\b(he|him|his)\b" if film.name in SHE else r"\b(she|her)\b"
    assert not re.search(wrong, text)


@pytest.mark.parametrize(
    ("pools", "values"),
    [
        (phrases.HERO, HEROES),
        (phrases.PREMISE, THEMES),
        (phrases.TURN, THEMES),
        (phrases.ABOUT, THEMES),
        (phrases.WHERE, SETTINGS),
        (phrases.SCENE, SETTINGS),
        (phrases.FEEL, MOODS),
        (phrases.TOLD, PACES),
        (phrases.RHYTHM, PACES),
        (phrases.TWIST, GENRES),
        (titles.THINGS, THEMES),
        (titles.SIGHTS, SETTINGS),
        (titles.COLORS, MOODS),
    ],
)
def test_every_value_has_its_own_phrases(pools, values):
    assert set(pools) == set(values)
    everything = [phrase for pool in pools.values() for phrase in pool]
    assert len(everything) == len(set(everything))
    fields = {name for phrase in everything for _, name, _, _ in string.Formatter().parse(phrase) if name}
    assert fields <= {"name", "he", "him", "his"}


def test_no_text_tells_the_style():
    pools = [
        phrases.HERO,
        phrases.PREMISE,
        phrases.TURN,
        phrases.WHERE,
        phrases.SCENE,
        phrases.TOLD,
        phrases.TWIST,
    ]
    words = " ".join(phrase for pool in pools for phrases_ in pool.values() for phrase in phrases_).lower()
    assert not any(re.search(rf"\b{style}\b", words) for style in set(STYLES) - {"print"})


def test_names_are_either_or():
    assert not set(SHE) & set(HE)
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize(
    ("word", "right"), [("uncanny", "an"), ("Hourglass", "an"), ("hopeful", "a"), ("Atlas", "an")]
)
def test_article(word, right):
    assert article(word) == right


def test_titles_are_unique_and_series_are_numbered():
    films = make_films(3000, 1)
    shelf, given_titles = Titles(films), []
    one = Facts("Drama", "sea", "eerie", "slow", "maps", "a stray cat", "Nell")
    dice = np.random.default_rng(0).integers(0, 2**31, (3000, 2 * NUMBERS))
    for row in range(3000):  # every film has the same attributes: titles soon run short
        film = Facts(**{**one.__dict__, "former": shelf.former(row)})
        assert bool(film.former) == (films.part[row] > 1)
        given_titles.append(shelf.add(row, film, Picker(dice[row])))
    assert len(set(given_titles)) == 3000
    for row in np.flatnonzero(films.part > 1):
        first = re.sub(r", Part \d$", "", given_titles[films.former[row]])
        assert given_titles[row] == f"{first}, Part {films.part[row]}"


def test_equal_dice_give_equal_words():
    film = Facts("Drama", "sea", "eerie", "slow", "maps", "a stray cat", "Nell")
    dice = np.arange(NUMBERS) * 7
    assert make_title(film, Picker(dice)) == make_title(film, Picker(dice))
    assert make_description(film, Picker(dice)) == make_description(film, Picker(dice))
