"""A run that counts its validation items after they have decided everything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from firstlight.corpus.split import time_split, user_cold
from firstlight.recommender import evaluate, pretrain
from firstlight.recommender.mixture import as_fitted
from firstlight.recommender.run_directory import load_run
from firstlight.recommender.splitting import make_split


@pytest.fixture(scope="module")
def runs(world, small_config, tmp_path_factory):
    """Two runs of one configuration, with the only difference that the second counts validation too."""
    folder = tmp_path_factory.mktemp("counting")
    plain = replace(
        small_config,
        content=replace(small_config.content, image="none"),
        pretrain=replace(small_config.pretrain, epochs=1),
    )
    both = replace(plain, split=replace(plain.split, train_on_valid=True))
    return [load_run(pretrain(world, folder / name, one)) for name, one in (("plain", plain), ("both", both))]


@pytest.fixture
def plain(runs):
    return runs[0]


@pytest.fixture
def counting(runs):
    return runs[1]


def test_what_is_fitted_stays_and_what_is_counted_is_made_again(counting, plain):
    weights = plain.model.state_dict()
    for name, one in counting.model.state_dict().items():  # several threads round differently now and then
        torch.testing.assert_close(one, weights[name], atol=0.02, rtol=0)
    taught, same = counting.training["curves"][0], plain.training["curves"][0]
    assert taught["loss"] == pytest.approx(same["loss"], abs=1e-3), "the same sentences taught both"
    fitted, alike = counting.training["validation"]["mixer"], plain.training["validation"]["mixer"]
    assert fitted["cases"] == alike["cases"]
    assert fitted["held_out"][0] == pytest.approx(alike["held_out"][0], abs=0.02)
    train = time_split(counting.log, train_on_valid=True).train
    assert np.array_equal(counting.counts, train.counts(len(counting.catalogue)))
    assert counting.counts.sum() > plain.counts.sum()
    assert counting.memory.share == plain.memory.share
    assert counting.memory.graph.nnz > plain.memory.graph.nnz
    assert counting.traces.following.nnz > plain.traces.following.nnz


def test_what_is_fitted_on_validation_sees_the_run_without_it(counting, plain):
    before = as_fitted(counting)
    assert np.array_equal(before.counts, plain.counts)
    assert before.memory.share == plain.memory.share
    assert abs(before.memory.graph - plain.memory.graph).max() < 1e-6
    assert abs(before.traces.far - plain.traces.far).max() < 1e-6
    assert as_fitted(plain) is plain


def test_the_evaluation_names_the_convention_and_finds_no_leak(counting):
    outcome = evaluate(counting.path, most_cases=60)
    assert "validation part trained on" in outcome.split.name
    assert not outcome.findings


def test_a_run_for_serving_counts_everything(counting, small_config):
    config = replace(small_config.split, protocol="none")
    final, fitting = make_split(counting.log, config), make_split(counting.log, config, fitting=True)
    assert len(final.train) == len(counting.log)
    assert final.train_on_valid
    assert 0 < len(fitting.train) < len(counting.log)
    assert len(fitting.valid) and not len(final.test)


def test_held_out_people_come_back_into_training(counting):
    plain = user_cold(counting.log, share=0.2, valid=0.1)
    both = user_cold(counting.log, share=0.2, valid=0.1, train_on_valid=True)
    asked = {key for key in plain.valid.user_keys}
    back = {counting.log.user_keys[user] for user in both.train.users} - {
        counting.log.user_keys[user] for user in plain.train.users
    }
    assert asked and asked <= back
    assert not back & set(both.test.user_keys)
    assert "validation people trained on" in both.name
