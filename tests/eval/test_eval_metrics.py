from __future__ import annotations

import ir_measures
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.functional import retrieval as tm

from firstlight.base.errors import DataError
from firstlight.eval import judge
from firstlight.eval.metrics import METRICS, hits_from_ranks, hits_of_lists, ndcg_of_ranks, per_case

KS = (1, 3, 5, 10, 20)
items = st.integers(0, 14)
ranked = st.lists(items, max_size=20)
distinct = st.lists(items, max_size=20, unique=True)
truths = st.sets(items, min_size=1, max_size=8)


def random_runs(n, seed):
    """Random lists of 1..20 of 40 items and 1..10 right answers each."""
    rng = np.random.default_rng(seed)
    lists = [rng.permutation(40)[: rng.integers(1, 21)].tolist() for _ in range(n)]
    truth = [set(rng.permutation(40)[: rng.integers(1, 11)].tolist()) for _ in range(n)]
    return lists, truth


def test_equal_to_ir_measures_on_random_runs():
    lists, truth = random_runs(1000, seed=0)
    ours = judge(lists, truth, ks=KS).values
    theirs = {"Recall": "R", "Precision": "P", "NDCG": "nDCG", "MAP": "AP", "MRR": "RR", "HR": "Success"}
    qrels = [ir_measures.Qrel(str(q), str(i), 1) for q, right in enumerate(truth) for i in right]
    run = [
        ir_measures.ScoredDoc(str(q), str(i), float(-place))
        for q, one in enumerate(lists)
        for place, i in enumerate(one)
    ]
    names = {f"{theirs[metric]}@{k}": f"{metric}@{k}" for metric in theirs for k in KS}
    measures = [ir_measures.parse_measure(name) for name in names]
    checked = 0
    for found in ir_measures.iter_calc(measures, qrels, run):
        assert ours[names[str(found.measure)]][int(found.query_id)] == pytest.approx(found.value, abs=1e-9)
        checked += 1
    assert checked == 1000 * len(names)


def test_equal_to_torchmetrics_on_random_runs():
    rng = np.random.default_rng(1)
    lists = [rng.permutation(40).tolist() for _ in range(100)]
    truth = [set(rng.permutation(40)[: rng.integers(1, 11)].tolist()) for _ in lists]
    ours = judge(lists, truth, ks=KS).values
    functions = {
        "HR": tm.retrieval_hit_rate,
        "Recall": tm.retrieval_recall,
        "Precision": tm.retrieval_precision,
        "NDCG": tm.retrieval_normalized_dcg,
        "MRR": tm.retrieval_reciprocal_rank,
    }
    for case, (one, right) in enumerate(zip(lists, truth, strict=True)):
        preds, target = torch.linspace(1, 0.1, 40), torch.tensor([item in right for item in one])
        for metric, function in functions.items():
            for k in KS:
                expected = float(function(preds, target, top_k=k))
                assert ours[f"{metric}@{k}"][case] == pytest.approx(expected, abs=1e-6)  # float32 all through


@given(st.lists(st.tuples(ranked, truths), min_size=1, max_size=6))
def test_metrics_stay_between_zero_and_one(pairs):
    for values in judge([p[0] for p in pairs], [p[1] for p in pairs], ks=KS).values.values():
        assert ((values >= 0) & (values <= 1 + 1e-12)).all()


@given(truths)
def test_truth_against_truth_is_perfect(truth):
    found = judge([sorted(truth)], [truth], ks=(len(truth),)).values
    assert {round(float(value[0]), 12) for value in found.values()} == {1.0}


@given(ranked, truths)
def test_recall_grows_with_k(one, truth):
    found = judge([one], [truth], ks=KS).values
    for metric in ("Recall", "HR", "MRR"):
        values = [found[f"{metric}@{k}"][0] for k in KS]
        assert values == sorted(values)


@given(distinct, truths, st.randoms())
def test_what_stands_beyond_k_changes_nothing(one, truth, random):
    head, tail = one[:5], one[5:]
    random.shuffle(tail)
    for values in judge([one, head + tail, head], [truth] * 3, ks=(5,)).values.values():
        assert values[0] == values[1] == values[2]


@given(distinct, truths, st.data())
def test_a_duplicate_never_raises_a_score(one, truth, data):
    if not one:
        return
    again = data.draw(st.sampled_from(one))
    place = data.draw(st.integers(one.index(again) + 1, len(one)))
    doubled = [*one[:place], again, *one[place:]]
    found = judge([one, doubled], [truth] * 2, ks=KS).values
    for values in found.values():
        assert values[1] <= values[0] + 1e-12


def test_an_empty_truth_scores_zero():
    found = judge([["a", "b"]], [[]], ks=(1, 5)).values
    assert {float(value[0]) for value in found.values()} == {0.0}


@given(st.lists(st.one_of(st.integers(1, 30), st.just(np.inf)), min_size=1, max_size=10))
def test_ranks_and_lists_agree(ranks):
    lists = [["x"] * 30 for _ in ranks]
    for one, rank in zip(lists, ranks, strict=True):
        if np.isfinite(rank):
            one[int(rank) - 1] = "right"
    hits = hits_from_ranks(np.array(ranks, dtype=float), 20)
    same, n_relevant = hits_of_lists(lists, [{"right"}] * len(ranks), 20)
    assert (hits == same).all()
    values = per_case(hits, n_relevant, (5, 20))
    assert (values["HR@5"] == values["Recall@5"]).all()
    assert (values["MRR@20"] == np.where(np.array(ranks) <= 20, 1 / np.array(ranks), 0)).all()
    for k in (5, 20):
        assert ndcg_of_ranks(np.array(ranks), k) == pytest.approx(values[f"NDCG@{k}"], abs=1e-12)


def test_one_target_earns_by_its_rank():
    found = ndcg_of_ranks(np.array([1, 3, 10, 11, np.inf]))
    assert found.tolist() == pytest.approx([1, 1 / 2, 1 / np.log2(11), 0, 0])
    assert ndcg_of_ranks(np.array([1, 3, 4]), k=3).tolist() == [1, 0.5, 0]  # counts will do


def test_known_values_by_hand():
    found = judge([["a", "x", "b", "y"]], [{"a", "b", "c"}], ks=(4,)).values
    assert found["NDCG@4"][0] == pytest.approx((1 + 1 / 2) / (1 + 1 / np.log2(3) + 1 / 2))
    assert found["MAP@4"][0] == pytest.approx((1 + 2 / 3) / 3)
    assert (found["Recall@4"][0], found["Precision@4"][0]) == (pytest.approx(2 / 3), 0.5)
    assert set(METRICS) == {"HR", "Recall", "Precision", "NDCG", "MAP", "MRR"}


def test_a_missing_truth_is_refused():
    with pytest.raises(DataError, match="2 lists and 1 truths"):
        judge([[1], [2]], [{1}])
