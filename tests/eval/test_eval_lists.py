from __future__ import annotations

import numpy as np
import pytest

from firstlight.base.errors import ConfigError, DataError
from firstlight.eval import beyond_accuracy, compare, judge, judge_scores, rows_of_lists

KEYS = [f"film {i}" for i in range(12)]


def test_lists_of_any_keys_are_judged_with_intervals_over_people():
    lists = [["a", "b", "c"], [("x", 1), "b"], ["q"]]
    truth = [{"b", "c"}, {("x", 1)}, {"a"}]
    found = judge(lists, truth, people=["ann", "bob", "ann"], ks=(1, 3), name="mine")
    assert found.metric("HR@1").tolist() == [0, 1, 0]
    assert found.metric("Precision@3").tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert found.metric("MRR@3").tolist() == [0.5, 1, 0]
    summary = found.summary(groups={"first": np.array([True, False, False])}, replicates=50)
    assert summary["all"].metrics["HR@1"].mean == pytest.approx(1 / 3)
    assert (summary["all"].n, summary["all"].n_people) == (3, 2)
    assert summary["first"].metrics["Recall@3"].mean == 1.0


def test_two_systems_are_compared_over_the_same_cases():
    rng = np.random.default_rng(0)
    truth = [{rng.integers(50)} for _ in range(300)]
    good = [[*right, 77] if rng.random() < 0.5 else [77] for right in truth]
    bad = [[*right, 77] if rng.random() < 0.2 else [77] for right in truth]
    found = compare(judge(good, truth, name="good"), judge(bad, truth, name="bad"), "MAP@10")
    assert str(found).startswith("good beats bad at MAP@10: 0.")
    assert found.n_people == 300
    with pytest.raises(DataError, match="were not asked the same cases"):
        compare(judge(good, truth), judge(bad[:-1], truth[:-1]))
    with pytest.raises(ConfigError, match=r'no metric "NDCG@5" \(did you mean "NDCG@10"\?\)'):
        compare(judge(good, truth), judge(bad, truth), "NDCG@5")


def test_a_truth_is_a_collection():
    with pytest.raises(DataError, match=r'"i1" alone .in the truth of a list.; expected a collection'):
        judge([["i1", "i2"]], ["i1"])


def test_scores_become_the_lists_that_plain_sorting_gives():
    rng = np.random.default_rng(1)
    scores = rng.random((40, 12))
    truth = [set(rng.choice(KEYS, 3, replace=False)) for _ in range(40)]
    seen = [set(rng.choice(KEYS, 2, replace=False)) for _ in range(40)]
    lists = [
        [KEYS[i] for i in np.argsort(-row) if KEYS[i] not in taken]
        for row, taken in zip(scores, seen, strict=True)
    ]
    found, expected = (
        judge_scores(scores, truth, KEYS, seen=seen, ks=(3, 10)),
        judge(lists, truth, ks=(3, 10)),
    )
    for name in expected.values:
        assert found.metric(name).tolist() == expected.metric(name).tolist()
    assert judge_scores(scores, truth, KEYS).metric("HR@10").mean() > 0


def test_equal_scores_do_not_follow_the_columns():
    truth = [{key} for key in KEYS]
    flat = judge_scores(np.zeros((12, 12)), truth, KEYS, ks=(1,))
    turned = judge_scores(np.zeros((12, 12)), truth, KEYS[::-1], ks=(1,))
    assert flat.metric("HR@1").tolist() == turned.metric("HR@1").tolist()
    assert flat.metric("HR@1").sum() == 1


def test_lists_of_keys_have_figures_beyond_accuracy():
    rows = rows_of_lists([["film 3", "film 1"], ["film 3"]], KEYS, 2)
    assert rows.tolist() == [[3, 1], [3, -1]]
    assert beyond_accuracy.coverage(rows, len(KEYS)) == pytest.approx(2 / 12)
    with pytest.raises(DataError, match='"film 99" in list 0'):
        rows_of_lists([["film 99"]], KEYS, 1)


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(DataError, match="2 lists and 1 truths"):
        judge([["a"], ["b"]], [{"a"}])
    with pytest.raises(DataError, match="1 lists and 2 people"):
        judge([["a"]], [{"a"}], people=["x", "y"])
