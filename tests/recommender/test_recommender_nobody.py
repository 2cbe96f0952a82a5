"""Somebody without a history gets what most people take, where validation says that is better."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from firstlight.corpus.interactions import Cases, Interactions
from firstlight.foundation import FoundationConfig, FoundationModel, ItemFeatures
from firstlight.foundation.memory import TransitionMemory
from firstlight.foundation.scorer import FoundationScorer
from firstlight.recommender import Recommender
from firstlight.recommender.newcomers import SHARES, popular_share
from firstlight.recommender.question import Person

N, PEOPLE = 60, 400
COUNTS = np.random.default_rng(1).permutation(N)


@pytest.fixture(scope="module")
def features() -> ItemFeatures:
    vectors = np.random.default_rng(0).normal(size=(N, 8)).astype(np.float32)
    return ItemFeatures.build(COUNTS, text=(vectors, np.ones(N, dtype=bool)))


@pytest.fixture
def scorer(features, memory) -> FoundationScorer:
    torch.manual_seed(0)
    net = FoundationModel(FoundationConfig(n_items=N, text_dim=8, hidden_size=16, max_items=8)).eval()
    with torch.no_grad():
        net.tower.bias_table.zero_()
    return FoundationScorer(net, features, memory)


@pytest.fixture
def memory(empty_log) -> TransitionMemory:
    return TransitionMemory.of(empty_log, N)


@pytest.fixture(scope="module")
def empty_log() -> Interactions:
    none, keys = np.zeros(0), [f"i{row}" for row in range(N)]
    return Interactions.build([], none.astype(np.int32), none.astype(np.int32), none, item_keys=keys)


def people(targets: np.ndarray, history: int = 3) -> Cases:
    """One case each, with a history that is to be looked away from."""
    n = len(targets)
    rows = np.tile(np.arange(history, dtype=np.int32), n)
    offsets = np.arange(n + 1) * history
    keys = tuple(f"u{one}" for one in range(n))
    return Cases.of(keys, rows, np.zeros(n * history), offsets, targets, np.ones(n))


def drawn(scores: np.ndarray, seed: int = 0) -> np.ndarray:
    """Targets from softmax(scores)."""
    noise = np.random.default_rng(seed).gumbel(size=(PEOPLE, N))
    return np.argmax(scores[None] + noise, axis=1)


def nobody(scorer: FoundationScorer) -> np.ndarray:
    return scorer(people(np.zeros(1, int), history=0))[0]


def test_popularity_is_added_where_people_follow_it(scorer):
    assert popular_share(scorer, people(drawn(3 * np.log1p(COUNTS))), None) > 0


def test_the_foundation_stays_alone_where_it_knows_better(scorer):
    own = nobody(scorer)
    spread = 8 * (own - own.mean()) / own.std()
    assert popular_share(scorer, people(drawn(spread)), None) == 0


def test_chance_moves_nothing_and_neither_does_one_person(scorer):
    weights = [popular_share(scorer, people(drawn(np.zeros(N), seed)), None) for seed in range(20)]
    assert np.mean(np.array(weights) == 0) >= 0.6  # a gain must be larger than its standard error
    assert popular_share(scorer, people(np.array([int(COUNTS.argmax())])), None) == 0


def test_each_person_is_asked_for_once(scorer):
    """Somebody who comes back a hundred times does not outweigh the others."""
    cases = people(drawn(3 * np.log1p(COUNTS)))
    again = np.concatenate([np.arange(PEOPLE), np.zeros(5000, int)])
    assert popular_share(scorer, cases.take(again), None) == popular_share(scorer, cases, None)


def test_what_is_not_out_yet_competes_with_nothing(scorer):
    """The ten most popular come out later; among the others people follow popularity."""
    later = np.zeros(N)
    later[np.argsort(-COUNTS)[:10]] = 5.0
    targets = drawn(np.where(later > 1, -np.inf, 3 * np.log1p(COUNTS)))
    assert popular_share(scorer, people(targets), later) > 0
    assert popular_share(scorer, people(targets), None) == 0


def test_only_people_without_a_history_are_shown_it(scorer, memory):
    cases = people(np.zeros(2, int))
    cases = cases.newest(np.arange(2), np.array([0, 3]))
    before = scorer(cases)
    memory.popular = 0.8
    after = scorer(cases)
    np.testing.assert_allclose(after[0], 0.2 * before[0] + 0.8 * np.log1p(COUNTS), rtol=1e-5)
    np.testing.assert_array_equal(after[1], before[1])


def test_the_largest_share_is_plain_popularity(scorer, memory):
    memory.popular = SHARES[-1]
    np.testing.assert_array_equal(np.argsort(-nobody(scorer))[:10], np.argsort(-COUNTS)[:10])


def test_it_is_kept_with_the_memory(memory, empty_log, tmp_path):
    memory.share, memory.popular = 0.2, 0.9
    memory.save(tmp_path / "memory.safetensors")
    read = TransitionMemory.load(tmp_path / "memory.safetensors")
    for one in (read, read.extended(N + 3), read.recounted(empty_log)):
        assert (one.share, one.popular) == (0.2, 0.9)


@pytest.mark.slow
def test_what_is_served_is_what_is_evaluated(tuned):
    """The most popular items of the catalogue reach the list, though no vector is near them."""
    recommender = Recommender.from_pretrained(tuned)
    run = recommender.run
    run.memory.popular = SHARES[-1]
    for pool in (run.config.serve.pool, 10):
        recommender.run = replace(run, config=replace(run.config, serve=replace(run.config.serve, pool=pool)))
        shown = [one.item.key for one in recommender.recommend(k=5).recommendations]
        counts = run.counts[run.catalogue.vocabulary.rows(shown)]
        np.testing.assert_array_equal(counts, np.sort(run.counts)[::-1][:5])


@pytest.mark.slow
def test_reasons_measure_one_pick_as_before(tuned):
    """Without it nothing is left of the history, and popularity is no measure of what it did."""
    recommender = Recommender.from_pretrained(tuned)
    person, rows = Person(np.array([3], np.int32), np.zeros(1)), np.arange(10, 20)
    before = recommender.reasons.drops(person, rows)
    recommender.run.memory.popular = SHARES[-1]
    np.testing.assert_array_equal(recommender.reasons.drops(person, rows), before)


@pytest.mark.parametrize("whose", ["mixer", "network"])
def test_an_only_pick_gets_no_credit_for_what_is_new(tuned, whose):
    """Whoever has a history is shown new items raised; taking away the only pick takes that away in a list."""
    recommender = Recommender.from_pretrained(tuned)
    new = np.flatnonzero(recommender.run.counts == 0)[:3]
    person, scorer = Person(np.array([4], np.int32), np.zeros(1)), recommender.voting.scorer
    if whose == "network":
        scorer.mixing = scorer.memory = None
    before = recommender.reasons.drops(person, new)
    if whose == "mixer":
        scorer.mixing.mixer.cold_shift.add_(3.0)
    else:
        scorer.bias[recommender.run.counts == 0] += 3.0
        scorer._raised[recommender.run.counts == 0] += 3.0
    np.testing.assert_allclose(recommender.reasons.drops(person, new), before, atol=1e-4)
