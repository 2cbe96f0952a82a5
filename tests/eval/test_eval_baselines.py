from __future__ import annotations

import numpy as np
import pytest

from firstlight.base.errors import DataError, ModelError
from firstlight.corpus import Interactions
from firstlight.corpus.split import leave_one_out, time_split, zero_shot
from firstlight.eval import baseline_set
from firstlight.eval import ease as ease_module
from firstlight.eval import item_graph as item_graph_module
from firstlight.eval.baseline_set import all_baselines
from firstlight.eval.baselines import (
    content_neighbors,
    ensemble,
    popularity,
    profile_weights,
    recent_popularity,
    unit_rows,
    whitened,
)
from firstlight.eval.ease import ease
from firstlight.eval.item_graph import (
    nearest,
    second_order,
    seen_through_content,
    strongest,
    transition_graph,
    transitions,
)
from firstlight.eval.protocol import evaluate

N = 20


def log_of(sentences, times=None, clock="timestamp", n_items=N):
    users = np.concatenate([[u] * len(s) for u, s in enumerate(sentences)]).astype(int)
    times = np.concatenate([np.arange(len(s)) for s in sentences]) if times is None else times
    return Interactions.build(
        [f"u{u}" for u in range(len(sentences))],
        users,
        np.concatenate(sentences).astype(int),
        np.asarray(times, dtype=float),
        item_keys=[f"i{row}" for row in range(n_items)],
        clock=clock,
    )


@pytest.fixture(scope="module")
def ring():
    """People walk around a ring of items from random places, now and then jumping."""
    rng = np.random.default_rng(0)
    return log_of([(rng.integers(N) + np.arange(8) + (rng.random(8) < 0.1)) % N for _ in range(200)])


@pytest.fixture(scope="module")
def split(ring):
    return leave_one_out(ring, train_on_valid=False)


def slow_graph(sentences, n, steps=10):
    graph = np.zeros((n, n))
    for s in sentences:
        for a in range(len(s)):
            for b in range(a + 1, min(a + steps, len(s) - 1) + 1):
                graph[s[a], s[b]] += (b - a) ** -0.5
                graph[s[b], s[a]] += 0.5 * (b - a) ** -0.5
    with np.errstate(divide="ignore"):
        rows, columns = graph.sum(1) ** -0.5, graph.sum(0) ** -0.3
    rows[np.isinf(rows)] = columns[np.isinf(columns)] = 0
    return rows[:, None] * graph * columns


def test_popularity_recommends_the_counts(split):
    counts = np.arange(N)
    assert (popularity(counts)(split.test) == counts).all()


def test_recent_popularity_prefers_what_is_touched_now():
    log = log_of([[0, 0, 0, 1, 1]], times=np.array([0, 0, 0, 100, 100]) * 86_400.0)
    recent = recent_popularity(log, N, half_life_days=30)(leave_one_out(log, train_on_valid=True).test)
    assert recent[0, 1] == 2
    assert recent[0, 0] == pytest.approx(3 * 0.5 ** (100 / 30))
    with pytest.raises(DataError, match="no times to tell what is recent"):
        recent_popularity(log_of([[0, 1]], clock="position"), N)


def test_profiles_weigh_the_last_ten_items(split):
    log = log_of([list(range(14)), [1, 2, 1, 0]])
    weights = profile_weights(leave_one_out(log, train_on_valid=False).test, N).toarray()
    assert weights[0, :3].tolist() == [0, 0, 0]
    assert weights[0, 3:13] == pytest.approx(0.7 ** np.arange(9, -1, -1.0))
    assert weights[1, [1, 2]] == pytest.approx([1 + 0.49, 0.7])


def test_content_neighbors_is_a_cosine(split):
    vectors = np.random.default_rng(0).normal(size=(N, 6)).astype(np.float32)
    vectors[4] = 0
    scores = content_neighbors(vectors)(split.test)
    profiles = profile_weights(split.test, N).toarray() @ unit_rows(vectors)
    expected = unit_rows(profiles) @ unit_rows(vectors).T
    assert scores == pytest.approx(expected, abs=1e-6)
    assert (scores[:, 4] == 0).all()


def test_whitening_uses_the_given_rows_only():
    rng = np.random.default_rng(0)
    vectors = (rng.normal(size=(300, 5)) @ rng.normal(size=(5, 8)) + 3).astype(np.float32)  # rank 5 of 8
    fit = np.arange(300) < 200
    white = whitened(vectors, fit)
    assert white.shape == (300, 5)
    assert np.cov(white[fit], rowvar=False) == pytest.approx(np.eye(5), abs=1e-4)
    wide = rng.normal(size=(40, 30)).astype(np.float32)
    assert whitened(wide, np.arange(40)).shape == (40, 10)  # 40 rows say little about 30 directions
    moved = vectors.copy()
    moved[250:] += 100
    assert whitened(moved, fit)[:250] == pytest.approx(white[:250], abs=1e-4)


def test_the_graph_equals_its_definition(ring):
    found = transition_graph(ring, N).toarray()
    assert found == pytest.approx(slow_graph(list(ring.sentences()), N), abs=1e-5)


@pytest.mark.parametrize("entries", [1, 40, 1000])
def test_the_graph_is_the_same_however_many_rows_are_counted_at_a_time(ring, monkeypatch, entries):
    whole = transition_graph(ring, N)
    monkeypatch.setattr(item_graph_module, "ENTRIES", entries)
    assert abs(transition_graph(ring, N) - whole).max() < 1e-7
    assert abs(transition_graph(ring, N, keep=3) - strongest(whole, 3)).max() < 1e-7


def test_the_graph_of_a_log_that_touches_few_rows(monkeypatch):
    monkeypatch.setattr(item_graph_module, "ENTRIES", 1)
    log = log_of([[7, 2, 7], [2, 9]])
    found = transition_graph(log, N, steps=2, backward=0.5).toarray()
    assert found == pytest.approx(slow_graph([[7, 2, 7], [2, 9]], N, steps=2), abs=1e-6)


def test_later_rows_have_nearest_of_their_own():
    vectors = unit_rows(np.random.default_rng(2).normal(size=(30, 5)).astype(np.float32))
    whole = nearest(lambda rows: vectors[rows] @ vectors.T, 30, 4)
    later = nearest(lambda rows: vectors[rows] @ vectors.T, 30, 4, first=22)
    assert later.shape == (8, 30)
    assert abs(whole[22:] - later).max() == 0


def test_the_graph_finds_the_ring_and_never_joins_two_people(split):
    graph = transition_graph(split.train, N)
    found = evaluate(transitions(graph), split.test, counts=split.train.counts(N), ks=(3,))
    assert found.values()["HR@3"].mean() > 0.9
    assert transition_graph(log_of([[0], [1], [2]]), N).nnz == 0


def test_two_steps_reach_further():
    graph = transition_graph(log_of([[0, 1], [1, 2], [2, 3]]), N)
    two = second_order(graph)
    assert graph[0, 2] == 0
    assert two[0, 2] > 0
    assert second_order(graph, keep=1).getnnz(axis=1).max() == 1


def test_content_lends_a_cold_item_its_look_alikes_followers():
    vectors = np.eye(N, dtype=np.float32)
    vectors[9] = vectors[1] + 0.01 * vectors[9]  # nobody touched 9; it looks like 1
    log = log_of([[0, 1, 2]] * 30 + [[5, 6, 7]] * 30)
    system = transitions(transition_graph(log, N))
    cases = leave_one_out(log, train_on_valid=False).test.take(np.array([0, 30]))
    plain, smooth = system(cases), seen_through_content(system, vectors, neighbors=2)(cases)
    assert plain[0, 9] == 0
    assert smooth[0, 9] == pytest.approx(plain[0, 1], rel=1e-3)
    assert smooth[1, 9] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("block", [7, 1024])
def test_ease_equals_the_closed_form(split, monkeypatch, block):
    monkeypatch.setattr(ease_module, "BLOCK", block)
    touched = np.zeros((split.train.n_users, N))
    touched[split.train.users, split.train.rows] = 1
    inverse = np.linalg.inv(touched.T @ touched + 5 * np.eye(N))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    history = np.zeros((len(split.test), N))
    for case in range(len(split.test)):
        history[case, split.test.history(case)] = 1
    found = ease(split.train, N, regularization=5)(split.test)
    assert found == pytest.approx(history @ weights, abs=1e-4)


def test_ease_leaves_untouched_items_out_and_refuses_what_cannot_fit(monkeypatch):
    log = log_of([[0, 1, 2, 5]] * 4, n_items=2000)
    scores = ease(log, 2000)(leave_one_out(log, train_on_valid=True).test)
    assert scores.shape == (4, 2000)
    assert np.flatnonzero(scores.any(axis=0)).tolist() == [0, 1, 2, 5]
    monkeypatch.setattr(ease_module, "LIMIT", 3)
    with pytest.raises(ModelError, match=r"4 items occur in training \(in ease\); expected at most 3"):
        ease(log, 2000)


def test_an_ensemble_weighs_standardized_scores(split):
    one = popularity(np.arange(N) * 1000)
    other = popularity(np.arange(N)[::-1].copy())
    assert ensemble([(1.0, one), (1.0, other)])(split.test) == pytest.approx(0, abs=1e-5)
    leaning = ensemble([(0.6, one), (0.4, other)])(split.test)
    assert (leaning.argmax(axis=1) == N - 1).all()
    assert np.isfinite(ensemble([(1.0, popularity(np.ones(N)))])(split.test)).all()


def test_batch_equals_single(split):
    vectors = np.random.default_rng(1).normal(size=(N, 4)).astype(np.float32)
    graph = transition_graph(split.train, N)
    systems = [content_neighbors(vectors), transitions(graph), ease(split.train, N), popularity(np.arange(N))]
    systems.append(ensemble([(0.5, systems[0]), (0.5, systems[1])]))
    for system in systems:
        whole = system(split.test)
        single = np.concatenate([system(split.test.take(np.array([i]))) for i in range(len(split.test))])
        np.testing.assert_allclose(single, whole, atol=1e-5)


def test_every_baseline_of_a_report_is_there_and_says_what_is_not(split, monkeypatch):
    vectors = np.random.default_rng(1).normal(size=(N, 4)).astype(np.float32)
    found = all_baselines(split, N, vectors)
    assert list(found.systems) == [
        "popularity", "recent popularity", "content neighbors", "item transitions",
        "two-step transitions", "EASE", "transitions + content",
    ]  # fmt: skip
    counts = split.train.counts(N)
    quality = {
        name: evaluate(system, split.test, counts=counts, ks=(3,)).values()["HR@3"].mean()
        for name, system in found.systems.items()
    }
    assert quality["item transitions"] > 0.9 > quality["popularity"]
    assert quality["transitions + content"] > 0.9  # validation found that content is noise here
    assert "transitions + content: weights 0.85 and 0.15, chosen on validation" in found.notes
    monkeypatch.setattr(baseline_set, "EASE_ITEMS", 5)
    monkeypatch.setattr(baseline_set, "GRAPH_ITEMS", 5)
    less = all_baselines(split, N)
    assert list(less.systems) == ["popularity", "recent popularity", "item transitions"]
    assert f"no EASE: {N} items in training, more than 5" in less.notes
    assert "no content neighbors: the items have no content" in less.notes


def test_where_nothing_is_trained_content_is_the_only_baseline(split):
    found = all_baselines(zero_shot(split), N, np.eye(N, dtype=np.float32))
    assert list(found.systems) == ["content neighbors"]
    assert "nothing is trained on this domain, so content is the only baseline" in found.notes


def test_the_half_life_is_chosen_on_validation():
    rng = np.random.default_rng(2)
    sentences, times = [], []
    for person in range(300):  # every tenth of the people live in a week with its own two items
        week = person // 30
        sentences.append(
            rng.permutation([2 * week % N, (2 * week + 1) % N, rng.integers(N), rng.integers(N)])
        )
        times.append(week * 7 * 86_400 + person + np.arange(4.0))
    split = time_split(log_of(sentences, times=np.concatenate(times)))
    assert "recent popularity: half life 7 days, chosen on validation" in all_baselines(split, N).notes
