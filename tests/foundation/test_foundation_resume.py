"""Killed at any step, the same call ends in the same weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from firstlight.base.errors import ConfigError, DataError
from firstlight.corpus import Interactions
from firstlight.foundation import FoundationConfig, ItemFeatures
from firstlight.foundation import pretrain as pretraining
from firstlight.foundation.pretrain import PretrainConfig, pretrain_model

N_ITEMS = 20


class Killed(BaseException):
    """Stands for a SIGKILL: nothing may catch it."""


def world():
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(24), 5)
    rows = rng.integers(0, N_ITEMS, len(users))
    log = Interactions.build(
        [f"u{i}" for i in range(24)],
        users,
        rows,
        rng.random(len(users)),
        item_keys=[str(i) for i in range(N_ITEMS)],
    )
    text = (rng.normal(size=(N_ITEMS, 8)).astype(np.float32), np.ones(N_ITEMS, bool))
    return log, ItemFeatures.build(log.counts(N_ITEMS), text=text)


def run(folder, *, lr: float = 2e-3, accumulation: int = 1, released=None):
    log, known = world()
    shape = FoundationConfig(n_items=N_ITEMS, text_dim=8, hidden_size=16, n_blocks=1, max_items=6)
    config = PretrainConfig(
        epochs=4, batch_tokens=64, checkpoint_steps=2, lr=lr, objective="both", accumulation=accumulation
    )
    return pretrain_model(
        log,
        known,
        shape,
        config,
        validate=lambda net: {"score": float(net.log_scale)},
        checkpoints=folder,
        released=released,
    )


def weights(trained):
    return {name: one.clone() for name, one in trained.model.state_dict().items()}


@pytest.mark.parametrize(("kill_at", "accumulation"), [(1, 1), (3, 1), (4, 3), (7, 1), (12, 3)])
def test_resume_is_bit_equal(tmp_path, monkeypatch, kill_at, accumulation):
    calm = run(tmp_path / "calm", accumulation=accumulation)
    undisturbed = weights(calm)
    calls = 0
    real = pretraining._Trainer._backward

    def dying(self, number, batch):
        nonlocal calls
        calls += 1
        if calls == kill_at:
            raise Killed
        return real(self, number, batch)

    monkeypatch.setattr(pretraining._Trainer, "_backward", dying)
    with pytest.raises(Killed):
        run(tmp_path / "killed", accumulation=accumulation)
    monkeypatch.setattr(pretraining._Trainer, "_backward", real)
    again = run(tmp_path / "killed", accumulation=accumulation)
    resumed = weights(again)
    assert all(torch.equal(undisturbed[name], resumed[name]) for name in undisturbed)
    assert again.curves == calm.curves


def test_items_without_text_and_pictures_are_learned_from_behavior_alone(tmp_path):
    log, _ = world()
    shape = FoundationConfig(n_items=N_ITEMS, hidden_size=16, n_blocks=1, max_items=6)
    bare = ItemFeatures.build(log.counts(N_ITEMS))
    config = PretrainConfig(epochs=2, batch_tokens=64)
    trained = pretrain_model(
        log, bare, shape, config, validate=lambda net: {"score": 1.0}, checkpoints=tmp_path
    )
    assert trained.model.tower.delta.weight.abs().max() > 0  # what is learned of each item; it starts at zero


def test_a_checkpoint_of_other_settings_is_not_continued(tmp_path, capsys):
    run(tmp_path / "one")
    other = weights(run(tmp_path / "one", lr=1e-2))
    fresh = weights(run(tmp_path / "two", lr=1e-2))
    assert all(torch.equal(other[name], fresh[name]) for name in fresh)
    assert "belongs to other data or settings" in capsys.readouterr().err


def test_release_times_are_part_of_what_a_checkpoint_belongs_to(tmp_path):
    dates = np.linspace(0, 1, N_ITEMS)
    run(tmp_path / "one")
    other = weights(run(tmp_path / "one", released=dates))
    fresh = weights(run(tmp_path / "two", released=dates))
    assert all(torch.equal(other[name], fresh[name]) for name in fresh)


def test_precision_is_one_for_a_process(tmp_path, monkeypatch):
    def refuse(**_):
        raise ValueError("AcceleratorState has already been initialized")

    monkeypatch.setattr(pretraining, "Accelerator", refuse)
    with pytest.raises(ConfigError, match='precision "auto" after training.*in a process of its own'):
        run(tmp_path / "one")


def test_a_damaged_checkpoint_is_left_aside(tmp_path, capsys):
    calm = weights(run(tmp_path / "run"))
    for path in (tmp_path / "run").glob("step-*/model.safetensors"):
        path.write_bytes(path.read_bytes()[:-10])
    again = weights(run(tmp_path / "run"))
    assert all(torch.equal(calm[name], again[name]) for name in calm)
    assert "altered or truncated" in capsys.readouterr().err


def test_settings_out_of_range_are_named():
    with pytest.raises(ConfigError, match="epochs = 0; expected at least 1"):
        PretrainConfig(epochs=0)
    with pytest.raises(ConfigError, match="id_dropout = 1.5; expected a share"):
        PretrainConfig(id_dropout=1.5)


def test_an_empty_log_is_refused(tmp_path):
    log, known = world()
    with pytest.raises(DataError, match="no interactions in the training part"):
        pretrain_model(
            log.where(np.zeros(len(log), bool)),
            known,
            FoundationConfig(n_items=N_ITEMS, text_dim=8),
            PretrainConfig(),
            validate=lambda net: {"score": 0.0},
            checkpoints=tmp_path,
        )
