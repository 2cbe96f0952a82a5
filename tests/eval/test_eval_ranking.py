from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from firstlight.base.errors import ModelError
from firstlight.base.hashing import key_hashes
from firstlight.eval.metrics import hits_from_ranks, per_case
from firstlight.eval.ranking import Candidates, Seen, rank, ranks_of_targets, top_rows


def slow_list(scores, seen, allowed, hashes):
    """All candidates of one case, best first, by plain sorting."""
    rows = [r for r in range(len(scores)) if r not in seen and allowed[r] and scores[r] > -np.inf]
    return sorted(rows, key=lambda r: (-scores[r], hashes[r]))


@st.composite
def questions(draw):
    n_cases, n_items = draw(st.integers(1, 5)), draw(st.integers(1, 300))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, draw(st.sampled_from([1, 3, 1000])) + 1, (n_cases, n_items)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.1] = -np.inf
    lengths = rng.integers(0, 5, n_cases)
    offsets = np.concatenate([[0], lengths.cumsum()])
    seen = Seen(rng.integers(0, n_items, offsets[-1]), offsets)
    allowed = rng.random(n_items if draw(st.booleans()) else (n_cases, n_items)) < 0.8
    hashes = key_hashes(str(row) for row in range(n_items))
    return scores, rng.integers(0, n_items, n_cases), Candidates(seen, allowed, hashes)


@given(questions(), st.integers(1, 12))
def test_ranks_and_lists_equal_plain_sorting(question, k):
    scores, targets, candidates = question
    ranks, lists = rank(scores, targets, candidates, k=k)
    for case in range(len(scores)):
        rows, offsets = candidates.seen
        seen = set(rows[offsets[case] : offsets[case + 1]].tolist())
        allowed = np.broadcast_to(candidates.allowed, scores.shape)[case]
        expected = slow_list(scores[case], seen, allowed, candidates.tie_hashes)
        found = lists[case][lists[case] >= 0].tolist()
        assert found == expected[:k]
        place = expected.index(targets[case]) + 1 if targets[case] in expected else np.inf
        assert ranks[case] == place


@given(hnp.arrays(np.float32, (4, 9), elements=st.sampled_from([0.0, 1.0, 2.0])), st.randoms())
def test_ties_do_not_depend_on_the_order_of_rows(scores, random):
    hashes = key_hashes("abcdefghi")
    targets = np.array([0, 3, 5, 8])
    before = rank(scores, targets, Candidates(tie_hashes=hashes), k=5)
    shuffled = list(range(9))
    random.shuffle(shuffled)
    order = np.array(shuffled)  # new row j holds what was row order[j]
    moved = np.argsort(order)[targets]
    after = rank(scores[:, order], moved, Candidates(tie_hashes=hashes[order]), k=5)
    assert (before.ranks == after.ranks).all()
    assert (before.lists == order[after.lists]).all()


def test_without_hashes_the_target_comes_last_among_its_equals():
    scores = np.array([[1, 1, 1, 0], [5, 1, 1, 1]], dtype=np.float32)
    assert ranks_of_targets(scores, np.array([0, 0])).tolist() == [3, 1]
    hashes = np.array([9, 1, 5, 2], dtype=np.uint64)
    assert ranks_of_targets(scores, np.array([2, 3]), Candidates(tie_hashes=hashes)).tolist() == [2, 3]


def test_a_target_that_does_not_compete_is_never_found():
    scores = np.array([[3, 2, -np.inf]] * 3, dtype=np.float32)
    seen = Seen(np.array([0]), np.array([0, 1, 1, 1]))
    allowed = np.array([[True] * 3, [False, True, True], [True] * 3])
    found = ranks_of_targets(scores, np.array([0, 0, 2]), Candidates(seen, allowed))
    assert np.isposinf(found).all()
    assert set(per_case(hits_from_ranks(found, 3), np.ones(3, int), (3,))["HR@3"]) == {0.0}


def test_lists_end_where_candidates_end():
    scores = np.array([[3, 2, 1]], dtype=np.float32)
    candidates = Candidates(allowed=np.array([True, False, True]))
    assert top_rows(scores, 5, candidates).tolist() == [[0, 2, -1, -1, -1]]
    assert top_rows(np.empty((0, 3), dtype=np.float32), 2).shape == (0, 2)


def test_nan_scores_are_refused():
    with pytest.raises(ModelError, match="a score is NaN"):
        ranks_of_targets(np.array([[1, np.nan]], dtype=np.float32), np.array([0]))
    infinite = np.array([[np.inf, -np.inf]], dtype=np.float32)
    assert ranks_of_targets(infinite, np.array([0])).tolist() == [1]


@pytest.mark.slow
def test_full_catalogue_metrics_are_quick_and_lean():
    rng = np.random.default_rng(0)
    n_cases, n_items = 5_000, 12_101  # a quarter of the benchmark's 22,363 people
    scores = rng.random((n_cases, n_items), dtype=np.float32)
    targets = rng.integers(0, n_items, n_cases)
    offsets = np.arange(n_cases + 1) * 8
    candidates = Candidates(
        Seen(rng.integers(0, n_items, offsets[-1]), offsets),
        None,
        rng.permuted(np.arange(n_items, dtype=np.uint64)),
    )
    began = time.process_time()
    outcome = rank(scores, targets, candidates, k=10)
    per_case(hits_from_ranks(outcome.ranks, 10), np.ones(n_cases, dtype=int), (1, 5, 10))
    assert time.process_time() - began < 3.0
    tracemalloc.start()
    rank(scores, targets, candidates, k=10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20
