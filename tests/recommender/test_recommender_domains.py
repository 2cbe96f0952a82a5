"""Learning from several datasets at once, and going on from another run's network."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from firstlight.base.errors import ConfigError, ModelError
from firstlight.corpus.sample import write_sample
from firstlight.recommender import Recommender, evaluate, pretrain
from firstlight.recommender.config import DataConfig
from firstlight.recommender.data import read_data
from firstlight.recommender.run_directory import load_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other") / "shop"
    write_sample(folder, users=120, items=90, seed=5)
    return folder


@pytest.fixture(scope="module")
def settings(small_config):
    return replace(
        small_config,
        shape=replace(small_config.shape, use_ids=False),
        content=replace(small_config.content, image="none"),
    )


def test_items_must_be_known_by_something(world, settings, tmp_path):
    nothing = replace(settings, content=replace(settings.content, text="none"))
    with pytest.raises(ConfigError, match=r"neither IDs nor text nor pictures.*use_ids=false.*text encoder"):
        pretrain(world, tmp_path / "run", nothing)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def both(world, other, settings, tmp_path_factory):
    config = replace(settings, data=DataConfig(also=(str(other),)))
    return pretrain(world, tmp_path_factory.mktemp("both") / "run", config)


def test_one_run_of_two_domains_answers_in_both(both, world, other):
    recommender = Recommender.from_pretrained(both)
    assert len(recommender.catalogue) == 120 + 90
    assert recommender.run.model.config.n_items == 0, "no item is known but by its content"
    for folder in (world, other):
        keys = [key for key in recommender.catalogue.keys if key.startswith(f"{folder.name}/")][:2]
        assert recommender.recommend(history=keys, k=3).recommendations
    assert evaluate(both, most_cases=50).text()


def test_another_domain_starts_from_it(both, other, settings, tmp_path):
    begun = replace(settings, shape=replace(settings.shape, use_ids=True), data=DataConfig(start=str(both)))
    begun = replace(begun, pretrain=replace(begun.pretrain, epochs=1, lr=1e-9))
    run = load_run(pretrain(other, tmp_path / "run", begun))
    before, after = load_run(both).model, run.model
    assert after.config.n_items == 90
    torch.testing.assert_close(after.transformer.enter.weight, before.transformer.enter.weight)
    torch.testing.assert_close(after.tower.text.whitening.basis, before.tower.text.whitening.basis)


def test_a_start_of_another_shape_is_refused(both, other, settings, tmp_path):
    wide = replace(settings, shape=replace(settings.shape, hidden_size=32), data=DataConfig(start=str(both)))
    with pytest.raises(ModelError, match="in the model to start from"):
        pretrain(other, tmp_path / "run", wide)
    assert not (tmp_path / "run").exists()


def test_joining_to_several_is_refused(world, other):
    with pytest.raises(ConfigError, match="data.join beside 2 datasets"):
        read_data(DataConfig(path=str(world), join=("x.csv",), also=(str(other),)))
