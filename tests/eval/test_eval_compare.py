from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstlight.base.errors import ConfigError, DataError
from firstlight.eval.compare import against_all_in_parts, compare, corrected, holm
from firstlight.eval.results import CaseResults


def results(name, ranks, people=None):
    n = len(ranks)
    people = np.arange(n) if people is None else people
    ones = np.ones(n, dtype=int)
    return CaseResults(name, np.asarray(ranks, float), np.zeros((n, 1), np.int32), people, ones, ones)


def random_ranks(rng, hit_chance, n=400):
    return np.where(rng.random(n) < hit_chance, rng.integers(1, 11, n), np.inf)


def test_a_clear_winner_is_named_and_an_equal_pair_is_not():
    rng = np.random.default_rng(0)
    good, bad = results("good", random_ranks(rng, 0.6)), results("bad", random_ranks(rng, 0.3))
    won = compare(good, bad)
    assert won.holds
    assert str(won).startswith("good beats bad at NDCG@10: ")
    assert str(compare(bad, good)).startswith("good beats bad")
    assert compare(bad, good).difference.mean == pytest.approx(-won.difference.mean)
    even = compare(results("one", random_ranks(rng, 0.3)), bad)
    assert not even.holds
    assert "one and bad cannot be told apart" in str(even)
    same = compare(bad, bad)
    assert (same.difference.mean, same.p_value) == (0.0, 1.0)


def test_the_interval_agrees_with_the_normal_formula():
    rng = np.random.default_rng(1)
    a, b = results("a", random_ranks(rng, 0.5, 3000)), results("b", random_ranks(rng, 0.4, 3000))
    found = compare(a, b)
    d = a.values()["NDCG@10"] - b.values()["NDCG@10"]
    half = 1.96 * d.std() / np.sqrt(len(d))
    assert found.difference.low == pytest.approx(d.mean() - half, abs=0.1 * half)
    assert found.difference.high == pytest.approx(d.mean() + half, abs=0.1 * half)


def test_under_no_difference_false_claims_stay_near_five_percent():
    rng = np.random.default_rng(2)
    claims = sum(
        compare(
            results("a", random_ranks(rng, 0.3)), results("b", random_ranks(rng, 0.3)), replicates=400
        ).holds
        for _ in range(200)
    )
    assert claims <= 20


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 8, 12])
def test_few_people_claim_no_more(n):
    rng = np.random.default_rng(3)
    pairs = (
        (results("a", random_ranks(rng, 0.5, n)), results("b", random_ranks(rng, 0.5, n))) for _ in range(150)
    )
    assert sum(compare(a, b, replicates=200).holds for a, b in pairs) <= 15


def test_the_sign_flip_p_value_is_fishers():
    a, b = results("a", [1, 1, 1, 1, 1, 1, 2]), results("b", [2, 2, 2, 2, 2, 2, 1])
    gain = 1 - 1 / np.log2(3)
    differences = gain * np.array([1, 1, 1, 1, 1, 1, -1])
    worlds = [np.sum(differences * signs) for signs in itertools.product([-1, 1], repeat=7)]
    expected = np.mean(np.abs(worlds) >= differences.sum() - 1e-9)
    assert compare(a, b).p_value == pytest.approx(expected)
    assert compare(results("a", [1]), results("b", [5])).p_value == 1.0


def test_people_are_drawn_whole():
    rng = np.random.default_rng(3)
    ranks_a, ranks_b = random_ranks(rng, 0.5, 40), random_ranks(rng, 0.3, 40)
    repeated = [np.repeat(ranks, 25) for ranks in (ranks_a, ranks_b)]  # 25 copies of the same evidence
    people = np.repeat(np.arange(40), 25)
    clustered = compare(results("a", repeated[0], people), results("b", repeated[1], people))
    plain = compare(results("a", ranks_a), results("b", ranks_b))
    assert clustered.difference.low == pytest.approx(plain.difference.low, abs=1e-9)
    assert clustered.n_people == 40


def test_one_lucky_seed_does_not_decide():
    rng = np.random.default_rng(4)
    base = results("base", random_ranks(rng, 0.30, 2000))
    lucky = [results("new", random_ranks(rng, chance, 2000)) for chance in (0.42, 0.27, 0.29)]
    assert compare(lucky[0], base).holds
    assert not compare(lucky, base).holds
    assert compare(lucky, base).n_seeds == 3
    assert str(compare(lucky, base)).endswith("2000 people, 3 seeds")
    steady = [results("new", random_ranks(rng, 0.42, 2000)) for _ in range(3)]
    assert compare(steady, base).holds


def test_a_segment_can_be_compared_alone():
    ranks = np.array([1.0] * 50 + [np.inf] * 50)
    a, b = results("a", ranks), results("b", np.full(100, np.inf))
    where = np.arange(100) >= 50
    assert compare(a, b, where=~where).difference.mean == 1.0
    assert compare(a, b, where=where).difference.mean == 0.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_lowers_keeps_order_and_caps_at_one(p_values):
    adjusted = holm(p_values)
    assert all(a >= p for a, p in zip(adjusted, p_values, strict=True))
    assert max(adjusted) <= 1
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_looks_at_several_parts_are_corrected_together():
    rng = np.random.default_rng(6)
    system = results("new", random_ranks(rng, 0.38))
    others = {f"old{i}": results("x", random_ranks(rng, 0.3)) for i in range(4)}
    parts = {"first": np.arange(400) < 200, "rest": np.arange(400) >= 200, "none": np.zeros(400, bool)}
    found = against_all_in_parts(system, others, parts)
    assert {name: [one.b for one in several] for name, several in found.items()} == {
        "first": list(others),
        "rest": list(others),
    }
    alone = [compare(system, one, where=mask) for mask in list(parts.values())[:2] for one in others.values()]
    p_values = [one.p_value for several in found.values() for one in several]
    assert p_values == holm([one.p_value for one in alone])


def test_what_is_printed_beside_counts_as_a_look_too():
    rng = np.random.default_rng(5)
    system, other = (
        results(name, random_ranks(rng, chance)) for name, chance in (("new", 0.45), ("old", 0.3))
    )
    everyone = {"all": np.ones(400, bool)}
    alone = against_all_in_parts(system, {"old": other}, everyone)["all"]
    assert alone == [compare(system, other)]
    further = [compare(other, other)] * 3
    together = against_all_in_parts(system, {"old": other}, everyone, beside={"more": further})
    assert together["all"] == corrected([*alone, *further])[:1]
    assert together["all"][0].p_value == pytest.approx(4 * alone[0].p_value)
    assert len(together["more"]) == 3


def test_other_cases_are_refused():
    with pytest.raises(DataError, match='"a" and "b" were not asked the same cases'):
        compare(results("a", [1, 2]), results("b", [1, 2, 3]))


def test_an_unknown_metric_is_named_with_the_nearest():
    one = results("a", [1, 2])
    with pytest.raises(ConfigError, match=r'no metric "NDCG@5" \(did you mean "NDCG@10"\?\) \(in a\)'):
        compare(one, one, "NDCG@5")
