from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstlight.eval import beyond_accuracy as beyond

LISTS = np.array([[0, 1, 2], [0, 1, -1], [0, 3, 4]])


def random_lists(seed, n=20, k=5, n_items=40):
    rng = np.random.default_rng(seed)
    lists = np.stack([rng.permutation(n_items)[:k] for _ in range(n)])
    lists[rng.random((n, k)) < 0.1] = -1
    return lists, rng


def slow_gini(x):
    """Half the mean absolute difference over the mean: the textbook definition."""
    return np.abs(x[:, None] - x[None]).mean() / (2 * x.mean())


def test_coverage_and_exposure_count_places():
    assert beyond.exposure(LISTS, 6).tolist() == [3, 2, 1, 1, 1, 0]
    assert beyond.coverage(LISTS, 6) == pytest.approx(5 / 6)
    weighted = beyond.exposure(LISTS, 6, beyond.place_weights(3))
    assert weighted[0] == pytest.approx(3.0)
    assert weighted[4] == pytest.approx(0.5)


@given(st.integers(0, 10_000))
def test_gini_equals_the_mean_difference(seed):
    lists, _ = random_lists(seed)
    assert beyond.gini(lists, 40) == pytest.approx(slow_gini(beyond.exposure(lists, 40)))


def test_gini_at_its_ends():
    assert beyond.gini(np.arange(10)[:, None], 10) == pytest.approx(0)
    assert beyond.gini(np.zeros((50, 1), dtype=int), 10) == pytest.approx(0.9)


@given(st.integers(0, 10_000))
def test_diversity_equals_the_mean_over_pairs(seed):
    lists, rng = random_lists(seed)
    vectors = rng.normal(size=(40, 7))
    vectors[3] = 0
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    found = beyond.intra_list_diversity(lists, vectors)
    for one, value in zip(lists, found, strict=True):
        rows = one[one >= 0]
        pairs = [1 - unit[a] @ unit[b] for i, a in enumerate(rows) for b in rows[:i]]
        assert (np.isnan(value) and not pairs) or value == pytest.approx(np.mean(pairs))


def test_novelty_is_self_information():
    counts = np.array([7, 3, 0, 0, 0, 0])  # 10 interactions, 6 items: p = 8/16, 4/16, 1/16
    found = beyond.novelty(np.array([[0, 1], [2, 2], [-1, -1]]), counts)
    assert found[:2].tolist() == [1.5, 4.0]
    assert np.isnan(found[2])


def test_popularity_lift_compares_with_the_histories():
    counts = np.array([10, 2, 2, 0, 0, 0])
    histories = (np.array([1, 2, 1]), np.array([0, 2, 3, 3]))  # the third person has none
    before = beyond.mean_of_histories(histories, counts)
    assert before[:2].tolist() == [2, 2]
    assert np.isnan(before[2])
    lift = beyond.popularity_lift(np.array([[0, 1], [1, 2], [0, 0]]), counts, before)
    assert lift == pytest.approx(((6 + 2) / 2 - 2) / 2)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.randoms())
def test_deciles_rise_with_count_and_ignore_order(counts, random):
    deciles = beyond.popularity_deciles(np.array(counts))
    order = sorted(range(len(counts)), key=counts.__getitem__)
    assert (np.diff(deciles[order]) >= 0).all()
    assert all(deciles[a] == deciles[b] for a in order for b in order if counts[a] == counts[b])
    random.shuffle(order)
    assert (beyond.popularity_deciles(np.array(counts)[order]) == deciles[order]).all()


def test_decile_exposure_sums_to_one():
    shares = beyond.decile_exposure(np.array([[99, 98], [99, 0]]), np.arange(100))
    assert shares[[0, 9]].tolist() == [0.25, 0.75]
    assert shares.sum() == pytest.approx(1)


def test_serendipity_counts_right_answers_that_were_not_obvious():
    hits = np.array([[True, True, False], [True, False, False], [False, True, True]])
    expected = np.array([[0, 9], [0, 1], [9, 8]])
    assert beyond.serendipity(LISTS, hits, expected).tolist() == pytest.approx([1 / 3, 0, 2 / 3])


def test_calibration_is_zero_for_the_same_mix_and_grows_with_the_gap():
    genres = np.eye(3)[[0, 0, 1, 1, 2, 2]]
    histories = (np.array([0, 2, 0, 2, 0, 2]), np.array([0, 2, 4, 6, 6]))
    lists = np.array([[1, 3], [1, 1], [4, 5], [0, 1]])
    same, half, none, nobody = beyond.calibration(lists, histories, genres)
    assert same == pytest.approx(0)
    assert half == pytest.approx(0.5 * np.log(0.5 / 0.995) + 0.5 * np.log(0.5 / 0.005))
    assert none == pytest.approx(np.log(1 / 0.01))
    assert np.isnan(nobody)


def test_group_exposure_is_fair_when_attention_follows_merit():
    groups = np.array([0, 0, 1, 1])
    lists = np.array([[0, 2], [2, 0]])
    fair = beyond.group_exposure(lists, groups, np.array([1, 0, 1, 0]))
    assert fair[0]["ratio"] == pytest.approx(1)
    unfair = beyond.group_exposure(np.array([[0, 1]]), groups, np.array([1, 1, 1, 1]))
    assert unfair[0]["ratio"] == pytest.approx(2)
    assert unfair[1] == {"exposure": 0.0, "merit": 0.5, "ratio": 0.0}


def test_decile_lift_compares_what_is_shown_with_what_was_taken():
    counts = np.arange(100)
    histories = (np.array([99, 98, 97, 5]), np.array([0, 2, 4]))
    lift = beyond.decile_lift(np.array([[99, 98], [3, -1]]), counts, histories)
    assert lift[9] == pytest.approx((2 / 3) / (3 / 4))
    assert lift[0] == pytest.approx((1 / 3) / (1 / 4))
    assert np.isnan(lift[1:9]).all()


def test_the_attribute_mix_is_the_mean_share():
    attributes = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]])
    assert beyond.attribute_mix(np.array([[0, 1], [2, -1]]), attributes).tolist() == [0.75, 0.25, 0]
    assert beyond.attribute_mix(np.array([2]), attributes).tolist() == [0, 0, 0]
