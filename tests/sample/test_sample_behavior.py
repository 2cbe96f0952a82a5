"""The default world has what recommenders live on: sequence, taste, popularity, cold and short cases."""

from __future__ import annotations

import numpy as np
import pytest

from firstlight.corpus.sample import behavior
from firstlight.corpus.sample.items import END, START, make_films
from firstlight.corpus.sample.people import MIXED, TASTES, make_people, make_personas
from firstlight.corpus.sample.policy import World
from firstlight.corpus.sample.words import VALUES

USERS, ITEMS, SEED = 2000, 1200, 7


@pytest.fixture(scope="module")
def world():
    films = make_films(ITEMS, SEED)
    return World(films, make_personas(films, SEED))


@pytest.fixture(scope="module")
def clicks(world):
    return next(behavior.simulate(world, USERS, SEED)).clicks


@pytest.fixture(scope="module")
def cases(clicks):
    """A time cut at 80 % of the clicks: training mask, and a fifth of the later clicks with histories."""
    train = clicks["time"] < np.quantile(clicks["time"], 0.8)
    begin = np.searchsorted(clicks["user"], clicks["user"])
    late = [place for place in np.flatnonzero(~train)[::5] if place > begin[place]]
    return train, [(clicks["item"][begin[place] : place], int(clicks["item"][place])) for place in late]


def transitions(clicks, train):
    graph = np.zeros((ITEMS, ITEMS))
    same = (clicks["user"][1:] == clicks["user"][:-1]) & train[1:]
    np.add.at(graph, (clicks["item"][:-1][same], clicks["item"][1:][same]), 1.0)
    return graph


def looks(films):
    """All attributes as unit vectors: what a perfect reader of text and pictures would compare."""
    blocks = [np.eye(len(VALUES[kind]))[getattr(films, kind)] for kind in TASTES]
    table = np.hstack(blocks) - np.hstack(blocks).mean(axis=0)
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def hits(score, cases, allowed):
    """Recall@10 over `cases` with history left out, among the items in `allowed`."""
    found = []
    for history, target in cases:
        values = np.where(allowed, score(history), -np.inf)
        values[history] = -np.inf
        found.append((values >= values[target]).sum() <= 10)
    return float(np.mean(found))


def test_sizes_and_history_lengths(clicks):
    assert 35_000 <= len(clicks["user"]) <= 60_000
    lengths = np.bincount(clicks["user"], minlength=USERS)
    assert (lengths <= 5).mean() >= 0.25
    assert np.quantile(lengths, 0.9) > 40
    assert (lengths == 0).any()


def test_popularity_is_steep_but_not_everything(clicks):
    counts = np.sort(np.bincount(clicks["item"], minlength=ITEMS))[::-1]
    assert 0.25 < counts[: ITEMS // 10].sum() / counts.sum() < 0.6
    assert (counts > 0).mean() > 0.97


def test_what_came_last_tells_what_comes_next(world, clicks, cases):
    train, questions = cases
    counts = np.bincount(clicks["item"][train], minlength=ITEMS)
    graph, space = transitions(clicks, train) + 1e-4 * counts, looks(world.films)
    warm = [case for case in questions if counts[case[1]] > 0]
    everything = np.ones(ITEMS, bool)
    by_sequence = hits(lambda history: graph[history[-1]] / graph[history[-1]].sum(), warm, everything)
    by_content = hits(lambda history: space @ space[history[-10:]].sum(axis=0), warm, everything)
    by_popularity = hits(lambda history: counts.astype(float), warm, everything)
    assert by_sequence > 1.5 * by_content
    assert by_sequence > 1.5 * by_popularity


def test_attributes_tell_which_new_films_are_liked(world, clicks, cases):
    train, questions = cases
    cold = np.bincount(clicks["item"][train], minlength=ITEMS) == 0
    asked = [case for case in questions if cold[case[1]]]
    space = looks(world.films)
    by_content = hits(lambda history: space @ space[history[-10:]].sum(axis=0), asked, cold)
    assert 0.08 < cold.mean() < 0.2
    assert len(asked) > 150
    assert by_content > 2 * 10 / cold.sum()  # twice what chance gives


def test_taste_drifts_slowly(world):
    people = make_people(500, world.personas, np.random.default_rng(0))
    everyone = np.arange(500)
    early, middle, late = (people.weights(everyone, np.full(500, t)) for t in (START, (START + END) / 2, END))
    for weights in (early, middle, late):
        np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    np.testing.assert_allclose(middle, (early + late) / 2)
    assert (np.abs(early - late).sum(axis=1) > 0.5).mean() > 0.3
    assert all(len(set(row)) == MIXED for row in people.personas.tolist())


def test_personas_differ_and_cross_genres(world):
    agreement = np.corrcoef(world.liking)
    assert np.abs(agreement - np.eye(len(agreement))).max() < 0.7
    favorites = [world.films.genre[np.argsort(-row)[:40]] for row in world.liking]
    assert all(len(np.unique(genres)) >= 3 for genres in favorites)


def test_sequels_follow_their_first_part(world):
    films = world.films
    later = np.flatnonzero(films.part > 1)
    assert 0.1 < len(later) / ITEMS < 0.2
    assert (films.released[later] >= films.released[films.former[later]]).all()
    assert (films.sequel[films.former[later]] == later).all()
    assert (films.part[later] == films.part[films.former[later]] + 1).all()
    for kind in ("setting", "creator", "style", "name", "hero"):
        assert (getattr(films, kind)[later] == getattr(films, kind)[films.former[later]]).all()


def test_people_stay_the_same_when_more_of_them_are_asked_for(world, monkeypatch):
    """Blocks have seeds of their own, so the first block does not depend on how many follow."""
    monkeypatch.setattr(behavior, "BLOCK", 64)
    small, large = (list(behavior.simulate(world, users, SEED)) for users in (64, 70))
    np.testing.assert_array_equal(small[0].clicks["item"], large[0].clicks["item"])
    assert large[1].first == 64
    assert set(np.unique(large[1].exposures["user"])) == set(range(64, 70))
