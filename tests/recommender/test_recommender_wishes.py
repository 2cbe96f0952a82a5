"""Wishes on the sample world, as `benchmarks/wishes.py` asks them, reduced."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from firstlight.corpus.predicates import parse_predicate
from firstlight.corpus.sample import load_truth
from firstlight.recommender import Recommender

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.slow


def benchmark(name):
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generator():
    return benchmark("sample_wishes")


@pytest.fixture(scope="module")
def marker(generator):
    return benchmark("wishes")


@pytest.fixture(scope="module")
def recommender(pretrained):
    return Recommender.from_pretrained(pretrained)


@pytest.fixture(scope="module")
def truth(world):
    return load_truth(world / "truth")


@pytest.mark.parametrize("half", ["tune", "test", "fresh"])
def test_wishes_are_obeyed_and_beat_search_alone(half, generator, marker, recommender, truth):
    wishes = generator.sample_wishes(truth, recommender.catalogue.table, 36, 4, half)
    assert {one.kind for one in wishes} == set(generator.KINDS)
    found = {
        name: [marker.marks(one, search(one.text)) for one in wishes]
        for name, search in (
            ("ours", marker.ours(recommender)),
            ("alone", marker.text_search(recommender)),
        )
    }
    assert min(one.clean_list for one in found["ours"]) == 1.0
    precision = {name: np.mean([one.precision for one in marks]) for name, marks in found.items()}
    assert precision["ours"] > 1.5 * precision["alone"]


def test_a_wish_rules_where_there_is_no_history(recommender):
    """What is popular only breaks ties: somebody asks for a creator and gets the creator's films first."""
    creators = recommender.catalogue.table.column("creator").to_pylist()
    creator = max(set(creators), key=creators.count)
    answer = recommender.recommend(query=f"anything by {creator}", k=3)
    assert [one.item.attributes["creator"] for one in answer.recommendations] == [creator] * 3


def test_a_wish_that_is_understood_leaves_the_order_to_taste(recommender):
    """How near each film of a genre is to the genre's name says nothing of a person with a history."""
    log, catalogue = recommender.run.log, recommender.catalogue
    person = log.user_keys[int(np.argmax(np.diff(log.offsets)))]
    creators = catalogue.table.column("creator").to_pylist()
    creator = max(set(creators), key=creators.count)
    taste = recommender.recommend(
        user=person, allow=[one.key for one in catalogue if one.attributes["creator"] == creator], k=4
    )
    shown = min(4, len(taste.recommendations))
    wished = recommender.recommend(user=person, query=f"something by {creator}", k=shown)
    assert shown > 1
    assert [one.item.key for one in wished.recommendations] == [one.item.key for one in taste.recommendations]


def test_a_wish_that_nothing_left_can_meet_is_said(recommender):
    years = recommender.catalogue.table.column("year").to_pylist()
    creators = recommender.catalogue.table.column("creator").to_pylist()
    creator, year = creators[0], min(y for y, one in zip(years, creators, strict=True) if one != creators[0])
    before = [y for y, one in zip(years, creators, strict=True) if one == creator]
    assert year not in before, "somebody else's year"
    answer = recommender.recommend(query=f"something by {creator}, only from {year}", k=3)
    assert f"of what is left, nothing meets: creator is {creator}" in answer.notes
    assert not any("nothing meets" in note for note in recommender.recommend(query=f"by {creator}").notes)


def test_answers_of_generated_wishes_are_right(generator, truth, recommender):
    """The known answers, against the catalogue's own columns."""
    items = {item.key: item for item in recommender.catalogue}
    for one in generator.sample_wishes(truth, recommender.catalogue.table, 60, 9, "tune"):
        assert one.right
        assert not one.right & one.forbidden
        if one.kind == "wanted":
            creator = {items[key].attributes["creator"] for key in one.right}
            assert len(creator) == 1
            assert next(iter(creator)) in one.text


def test_the_hand_written_wishes_are_well_formed():
    wishes = yaml.safe_load((BENCHMARKS / "wishes_movielens.yaml").read_text(encoding="utf-8"))
    assert len(wishes) == len({one["wish"] for one in wishes}) == 60
    assert [one["half"] for one in wishes].count("test") == 30
    for one in wishes:
        assert bool(one.get("ids")) != bool(one.get("where"))
        for condition in (*one.get("where", ()), *one.get("never", ())):
            parse_predicate(condition)
