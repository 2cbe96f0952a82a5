from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from firstlight.base.errors import DataError
from firstlight.eval.off_policy import off_policy_value
from firstlight.eval.power import Baseline, baseline, plan, sample_size

N_ITEMS = 8


@cache
def true_value():
    """The other policy's mean reward over the population that people are drawn from."""
    appeal = np.random.default_rng(99).random((100_000, N_ITEMS)) * 0.5
    weights = np.exp(4 * appeal)
    return ((appeal * weights).sum(axis=1) / weights.sum(axis=1)).mean()


def world(seed, n=4000, people=400):
    """A log made by one known policy, and another policy whose value is known."""
    rng = np.random.default_rng(seed)
    appeal = rng.random((people, N_ITEMS)) * 0.5  # who likes what
    logging = rng.dirichlet(np.ones(N_ITEMS) * 2, people)
    wanted = np.exp(4 * appeal) / np.exp(4 * appeal).sum(axis=1, keepdims=True)
    person = rng.integers(people, size=n)
    shown = (rng.random((n, 1)) > logging[person].cumsum(axis=1)).sum(axis=1).clip(max=N_ITEMS - 1)
    clicked = rng.random(n) < appeal[person, shown]
    return clicked.astype(float), logging[person, shown], wanted[person, shown], person, true_value()


def test_the_truth_is_covered_at_the_stated_level_over_fifty_seeds():
    ips = snips = naive = 0
    for seed in range(50):
        rewards, logged, target, people, truth = world(seed)
        found = off_policy_value(rewards, logged, target, people, floor=1e-4, replicates=400, seed=seed)
        ips += found.ips.low <= truth <= found.ips.high
        snips += found.snips.low <= truth <= found.snips.high
        naive += abs(rewards.mean() - truth) < (found.snips.high - found.snips.low) / 2
        assert 0.8 < found.mean_weight < 1.2
    assert ips >= 44
    assert snips >= 44
    assert naive < 25  # the log's own mean is another policy's value


@pytest.mark.slow
def test_on_the_sample_world_the_truth_is_covered_by_fifty_groups_of_people():
    path = Path(__file__).parents[2] / "benchmarks" / "off_policy.py"
    spec = importlib.util.spec_from_file_location("off_policy_benchmark", path)
    benchmark = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = benchmark
    spec.loader.exec_module(benchmark)
    whole = benchmark.read_log(benchmark.make_world(400), 1500, seed=0)
    logs = [whole.of(np.arange(start, start + 30)) for start in range(0, 1500, 30)]
    truth = benchmark.true_value(logs)
    found = [log.estimate(floor=1e-4, seed=seed) for seed, log in enumerate(logs)]
    assert benchmark.covered([one.ips for one in found], truth) >= 43
    assert benchmark.covered([one.snips for one in found], truth) >= 43
    pooled = whole.estimate(floor=1e-4)
    assert pooled.ips.mean == pytest.approx(truth, rel=0.02)
    assert pooled.mean_weight == pytest.approx(1, abs=0.01)
    naive = np.mean([log.own.mean() for log in logs])  # what the log's own policy earns
    assert abs(naive - truth) > 0.1
    clipped = [log.estimate(floor=0.05, seed=seed) for seed, log in enumerate(logs)]
    assert benchmark.covered([one.ips for one in clipped], truth) < 25
    assert min(one.clipped for one in clipped) > 0.05  # and the report says so


def test_a_slate_is_one_decision():
    rewards, logged, target = np.array([1.0, 0, 1]), np.full(3, 0.5), np.array([0.5, 0.25, 0.5])
    whole = off_policy_value(rewards, logged, target, np.arange(3))
    slates = off_policy_value(rewards, logged, target, np.array([0, 0, 1]), decisions=np.array([4, 4, 9]))
    assert (whole.n, slates.n) == (3, 2)
    assert slates.ips.mean == pytest.approx(2 / 2)
    assert whole.ips.mean == pytest.approx(2 / 3)
    assert slates.snips.mean == whole.snips.mean


def test_equal_policies_give_the_log_mean_and_its_full_size():
    rewards, logged, _, people, _ = world(0)
    found = off_policy_value(rewards, logged, logged, people, floor=1e-9)
    assert found.ips.mean == found.snips.mean == pytest.approx(rewards.mean())
    assert found.effective_size == pytest.approx(len(rewards))
    assert (found.clipped, found.mean_weight) == (0.0, 1.0)


def test_clipping_is_reported_and_shrinks_the_weights():
    rewards, logged, target, people, _ = world(1)
    free = off_policy_value(rewards, logged, target, people, floor=1e-9)
    clipped = off_policy_value(rewards, logged, target, people, floor=0.1)
    assert clipped.clipped == pytest.approx(np.mean(logged < 0.1))
    assert clipped.mean_weight < free.mean_weight
    assert clipped.effective_size > free.effective_size


def test_impossible_probabilities_are_refused():
    one = np.array([1.0])
    with pytest.raises(DataError, match=r"logging propensities 0\.0 to 0\.0.*log the probability"):
        off_policy_value(one, np.array([0.0]), one, np.array([0]))
    with pytest.raises(DataError, match=r"target probabilities 2\.0 to 2\.0"):
        off_policy_value(one, one, one * 2, np.array([0]))


def test_a_planned_test_finds_its_lift_as_often_as_promised():
    rng = np.random.default_rng(0)
    of = Baseline(0.2, 0.4, 1000)
    n = sample_size(of, 0.1)
    assert n == 6280  # 2 (1.95996 + 0.84162)^2 0.4^2 / 0.02^2
    found = 0
    for _ in range(400):
        a, b = rng.normal(0.2, 0.4, n), rng.normal(0.22, 0.4, n)
        z = (b.mean() - a.mean()) / np.sqrt(a.var() / n + b.var() / n)
        found += abs(z) > 1.96
    assert found / 400 == pytest.approx(0.8, abs=0.06)


def test_the_baseline_is_about_people():
    values, people = np.array([1.0, 0, 1, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 1])
    assert baseline(values, people) == Baseline(0.75, pytest.approx(np.std([0.5, 1], ddof=1)), 2)


def test_a_report_plans_a_test():
    of = Baseline(0.2, 0.4, 1000)
    found = plan(of)
    assert (found["mean"], found["deviation"], found["n_people"]) == (0.2, 0.4, 1000)
    assert found["people_in_each_arm"]["+10%"] == sample_size(of, 0.1)
    assert plan(Baseline(0.0, 0.0, 5))["people_in_each_arm"] == {}
