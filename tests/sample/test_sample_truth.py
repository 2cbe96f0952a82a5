"""The truth is the truth: probabilities match frequencies, reasons match the log, files give them back."""

from __future__ import annotations

import numpy as np
import pytest

from firstlight.base.errors import ArtifactError, UnknownKeyError
from firstlight.corpus.sample import load_truth, oracle_scores, write_sample
from firstlight.corpus.sample.behavior import REASONS, next_pending, simulate
from firstlight.corpus.sample.items import END, START, make_films
from firstlight.corpus.sample.people import make_personas
from firstlight.corpus.sample.policy import DRAWS, SHELVES, State, World, examined

SEED, USERS, ITEMS = 5, 500, 300


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    out = tmp_path_factory.mktemp("truth") / "world"
    write_sample(out, users=USERS, items=ITEMS, seed=SEED, images=False)
    return load_truth(out / "truth")


@pytest.fixture(scope="module")
def world():
    films = make_films(ITEMS, SEED)
    return World(films, make_personas(films, SEED))


@pytest.fixture(scope="module")
def block(world):
    return next(simulate(world, USERS, SEED))


def cases_after(truth, time):
    late = np.flatnonzero(truth.clicks["time"] >= time)
    return (
        [truth.user_keys[user] for user in truth.clicks["user"][late]],
        [truth.item_keys[row] for row in truth.clicks["item"][late]],
        truth.clicks["time"][late].astype(float).tolist(),
    )


def test_files_give_back_the_world_that_was_simulated(truth, world, block):
    np.testing.assert_array_equal(truth.world.liking, world.liking)
    np.testing.assert_array_equal(truth.world.taste, world.taste)
    np.testing.assert_array_equal(truth.people.late, block.people.late)
    np.testing.assert_array_equal(truth.clicks["item"], block.clicks["item"])
    assert truth.world.films.creators == world.films.creators


def test_draws_come_as_often_as_the_policy_says(world):
    films = world.films
    last = int(np.flatnonzero(films.sequel[: ITEMS // 3] >= 0)[0])
    n = 20_000
    state = State(*(np.full(n, value) for value in (last, films.sequel[last], 2, 3, ITEMS)))
    rows, shelves = world.draw(state, np.random.default_rng(0))
    counts = np.bincount(rows[rows >= 0], minlength=ITEMS) / (n * DRAWS)
    chance = world.draw_chance(state.at(np.array([0])), np.arange(ITEMS)[None])[0]
    assert chance.sum() == pytest.approx(1.0)
    assert set(np.unique(shelves)) == set(range(len(SHELVES)))
    np.testing.assert_allclose(counts, chance, atol=5 * np.sqrt(chance.max() / (n * DRAWS)))


def test_propensity_is_the_frequency_of_being_in_a_slate(world):
    n = 20_000
    state = State(*(np.full(n, value) for value in (-1, -1, 0, 1, ITEMS // 2)))
    rows, _ = world.draw(state, np.random.default_rng(1))
    held = np.array([(rows == row).any(axis=1).mean() for row in range(ITEMS // 2)])
    one = State(
        *(values[:1] for values in (state.last, state.pending, state.persona, state.mood, state.released))
    )
    said = world.propensity(one, np.arange(ITEMS // 2)[None])[0]
    np.testing.assert_allclose(held, said, atol=0.02)
    assert rows.max() < ITEMS // 2  # nothing unreleased


def test_people_look_at_the_top_and_click_what_attracts(world, block):
    """Clicks by place, divided by the click rate at the top, follow the stated examination curve."""
    shown = block.exposures
    rate = np.array([shown["clicked"][shown["position"] == place + 1].mean() for place in range(DRAWS)])
    by_place = np.array(
        [world.films.appeal[shown["item"][shown["position"] == place + 1]].mean() for place in range(DRAWS)]
    )
    assert by_place.std() / by_place.mean() < 0.1  # what is shown does not depend on the place
    np.testing.assert_allclose(rate[:5] / rate[0], examined(np.arange(5)), atol=0.08)


def test_relevance_is_the_click_probability_when_a_slate_opens(truth, block):
    """Over all first slates, expected clicks by the oracle equal the clicks that happened."""
    shown = block.exposures
    users, first = np.unique(shown["user"], return_index=True)
    expected = happened = 0.0
    for user, start in zip(users.tolist(), first.tolist(), strict=True):
        time = shown["time"][start]
        scores = truth.relevance(truth.user_keys[user], time)
        expected += scores.sum()
        happened += shown["clicked"][(shown["user"] == user) & (shown["time"] == time)].sum()
    assert happened == pytest.approx(expected, abs=3 * np.sqrt(expected))


def test_relevance_leaves_out_what_is_seen_or_not_released(truth):
    user = int(truth.clicks["user"][np.argmax(np.bincount(truth.clicks["user"])[truth.clicks["user"]])])
    middle = (START + END) / 2
    scores = truth.relevance(truth.user_keys[user], middle)
    mine = truth.clicks["item"][(truth.clicks["user"] == user) & (truth.clicks["time"] < middle)]
    assert (scores[mine] == 0).all()
    assert (scores[truth.world.films.released > middle] == 0).all()
    assert (scores > 0).sum() == (truth.world.films.released <= middle).sum() - len(mine)
    assert (truth.attraction(truth.user_keys[user], middle) >= scores).all()


def test_the_oracle_beats_popularity_by_far(truth):
    cut = np.quantile(truth.clicks["time"], 0.9)
    users, items, times = cases_after(truth, cut)
    before = truth.clicks["time"] < cut
    popular = np.bincount(truth.clicks["item"][before], minlength=ITEMS)
    top = {truth.item_keys[row] for row in np.argsort(-popular)[:10]}
    by_popularity = np.mean([item in top for item in items])
    best = truth.best_recall(users, items, times)
    assert best > 3 * by_popularity
    assert truth.best_recall(users, items, times, k=50) > best


def test_best_recall_of_nothing_is_zero_and_of_everything_is_one(truth):
    assert truth.best_recall([], [], []) == 0.0
    users, items, times = (column[:20] for column in cases_after(truth, START))
    assert truth.best_recall(users, items, times, k=ITEMS) == 1.0


def test_oracle_scores_follow_the_order_of_the_keys_asked_for(truth):
    backward = truth.item_keys[::-1]
    plain = oracle_scores(truth, ["u00001", "u00002"], [END, END])
    np.testing.assert_array_equal(
        oracle_scores(truth, ["u00001", "u00002"], [END, END], backward), plain[:, ::-1]
    )


def test_reasons_agree_with_the_log(truth):
    """Each reason is checked against the history it speaks of, computed here anew."""
    films, clicks = truth.world.films, truth.clicks
    checked = set()
    for place in range(len(clicks["user"])):
        user, item = int(clicks["user"][place]), int(clicks["item"][place])
        kind = REASONS[clicks["reason"][place]]
        text = truth.reason(truth.user_keys[user], truth.item_keys[item])
        before = clicks["item"][(clicks["user"] == user) & (clicks["time"] < clicks["time"][place])]
        if kind == "sequel":
            assert text == f"sequel of {truth.item_keys[films.former[item]]}"
            assert films.former[item] in before
        elif kind == "program":
            after = text.removeprefix("follows ").removesuffix(" in an evening program")
            assert item in films.program[truth.item(after)]
            assert truth.item(after) in before
        elif kind == "taste":
            assert text.startswith("shares ")
            assert truth.world.personas.name(int(clicks["persona"][place])) in text
            assert clicks["persona"][place] in truth.people.personas[user]
        else:
            assert text == kind
        checked.add(kind)
        if place > 1500 and checked == set(REASONS):
            break
    assert checked == set(REASONS)


def test_reason_of_a_film_never_clicked_speaks_of_now(truth):
    films = truth.world.films
    user = int(truth.clicks["user"][0])
    seen = truth.clicks["item"][truth.clicks["user"] == user]
    last = seen[-1]
    unseen = [
        row for row in films.program[last] if row >= 0 and row not in seen and row != films.sequel[last]
    ]
    if unseen:
        text = truth.reason(truth.user_keys[user], truth.item_keys[unseen[0]])
        assert text.startswith((f"follows {truth.item_keys[last]}", "sequel of"))
    rows = np.setdiff1d(np.arange(ITEMS), seen)
    texts = {truth.reason(truth.user_keys[user], truth.item_keys[row]).split()[0] for row in rows}
    assert texts <= {"shares", "follows", "sequel", "chance"}
    assert {"shares", "chance"} <= texts


def test_a_series_stays_pending_until_its_next_part_is_seen(world):
    films = world.films
    first = int(
        np.flatnonzero((films.part == 1) & (films.sequel >= 0) & (films.sequel[films.sequel] >= 0))[0]
    )
    second = int(films.sequel[first])
    single = int(np.flatnonzero((films.sequel < 0) & (films.former < 0))[0])
    pending = np.array([-1])
    for watched, expected in ((first, second), (single, second), (second, films.sequel[second])):
        pending = next_pending(world, pending, np.array([watched]))
        assert pending[0] == expected


def test_unknown_keys_are_named(truth):
    with pytest.raises(UnknownKeyError, match=r'unknown user "u0001" \(did you mean "u0'):
        truth.relevance("u0001", END)
    with pytest.raises(UnknownKeyError, match='unknown item "nothing"; expected a key of this sample'):
        truth.reason("u00001", "nothing")


def test_another_folder_is_not_a_truth(tmp_path):
    with pytest.raises(ArtifactError, match="no such file"):
        load_truth(tmp_path)
    (tmp_path / "world.json").write_text('{"kind": "else"}')
    with pytest.raises(ArtifactError, match=r"not the truth of a sample world .*folder truth/"):
        load_truth(tmp_path)
