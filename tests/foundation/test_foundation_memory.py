"""Network and memory are mixed as probabilities, by the written formula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.special import softmax

from firstlight.foundation.memory import FADING, TransitionMemory

N_ITEMS = 9
HISTORIES = [
    np.array([0, 1], np.int32),
    np.array([2], np.int32),
    np.array([3], np.int32),
    np.zeros(0, np.int32),
]


@pytest.fixture
def memory() -> TransitionMemory:
    graph = np.zeros((N_ITEMS, N_ITEMS), np.float32)
    graph[0, [4, 5]], graph[1, [5, 6]], graph[2, 7] = [0.5, 0.25], [0.75, 0.1], 0.9  # nothing follows row 3
    return TransitionMemory(sparse.csr_matrix(graph), share=0.3)


def written(memory: TransitionMemory, scores: np.ndarray, share: float) -> np.ndarray:
    """The formula at the head of `foundation/memory.py`, case by case."""
    rows = []
    for history, said in zip(HISTORIES, scores.astype(float), strict=True):
        weights = np.zeros(N_ITEMS)
        for age, row in enumerate(history[::-1]):
            weights[row] += FADING**age
        mass = (weights @ memory.graph.toarray()) ** 2
        alone = softmax(said)
        mixed = (1 - share) * alone + share * mass / mass.sum() if mass.sum() else alone
        rows.append(np.where(np.isneginf(said), 0.0, mixed))
    return np.array(rows)


@pytest.mark.parametrize("share", [0.0, 0.1, None])
def test_it_is_the_written_formula(memory, share):
    scores = np.random.default_rng(0).normal(size=(4, N_ITEMS)).astype(np.float32)
    scores[0, 5] = scores[1, 0] = -np.inf  # remembered but closed, and closed
    found = memory.mixed(scores, HISTORIES, share)
    expected = written(memory, scores, memory.share if share is None else share)
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-5)
    assert found.dtype == np.float32


def test_what_the_network_finds_all_but_impossible_keeps_its_order(memory):
    """There is no floor below which items tie."""
    scores = np.array([[0.0, -90.0, -95.0, 0, 0, 0, 0, 0, 0]] * 4, np.float32)
    found = memory.mixed(scores, HISTORIES)
    assert np.all(found[:, 1] > found[:, 2])


def test_what_is_hardly_remembered_and_all_but_impossible_keeps_the_network_s_word():
    graph = np.zeros((3, 3), np.float32)
    graph[0] = [0, 1, 1e-30]  # its square is nothing
    memory = TransitionMemory(sparse.csr_matrix(graph), share=0.3)
    found = memory.mixed(np.array([[0.0, 0.0, -150.0]], np.float32), [np.array([0], np.int32)])
    assert found[0, 2] == pytest.approx(-150 - np.log(2) + np.log(0.7), rel=1e-6)


def test_the_scores_it_is_given_stay_as_they_are(memory):
    scores = np.random.default_rng(0).normal(size=(4, N_ITEMS)).astype(np.float32)
    before = scores.copy()
    found = memory.mixed(scores, HISTORIES)
    np.testing.assert_array_equal(scores, before)
    assert memory.mixed(scores, HISTORIES, out=scores) is scores  # unless they are to be written over
    np.testing.assert_array_equal(scores, found)
