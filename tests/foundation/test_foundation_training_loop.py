"""The loop around the steps: which weights are kept, when it stops, and how far a step goes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from test_foundation_model import circle, features, shape

from firstlight.foundation import pretrain as pretraining
from firstlight.foundation.model import FoundationModel
from firstlight.foundation.pretrain import PretrainConfig, Trained, pretrain_model

KNOWN = 12  # items of the circle


def run(folder: Path, scores=(0.5,) * 99, seen: list | None = None, **changes) -> Trained:
    """Train on a circle of items; validation gives `scores` in turn and keeps what it saw in `seen`."""
    log, training, _ = circle()
    told = iter(scores)

    def validate(net: FoundationModel) -> dict[str, float]:
        if seen is not None:
            seen.append({name: one.clone() for name, one in net.state_dict().items()})
        return {"score": next(told)}

    return pretrain_model(
        training,
        features(log.counts(KNOWN), image=False),
        shape(n_items=KNOWN, image_dim=0, n_blocks=1, use_time=False),
        PretrainConfig(**{"epochs": 3, "batch_tokens": 256, "patience": 99, **changes}),
        validate=validate,
        checkpoints=folder,
    )


def test_the_weights_of_the_best_epoch_are_returned(tmp_path):
    seen: list[dict[str, torch.Tensor]] = []
    trained = run(tmp_path, (0.1, 0.9, 0.3, 0.9), seen, epochs=4)
    assert trained.best_epoch == 1
    kept = trained.model.state_dict()
    assert all(torch.equal(kept[name], one) for name, one in seen[1].items())
    assert not torch.equal(seen[1]["tower.delta.weight"], seen[3]["tower.delta.weight"])


def test_training_stops_after_so_many_epochs_without_a_better_score(tmp_path):
    trained = run(tmp_path, (0.1, 0.3, 0.2, 0.9, 0.8, 0.9, 0.95), epochs=7, patience=2)
    assert [one["score"] for one in trained.curves] == [0.1, 0.3, 0.2, 0.9, 0.8, 0.9]


def gradients(folder: Path, monkeypatch, **changes) -> list[torch.Tensor]:
    """The ID gradient of every step of one epoch in which no step is taken."""
    found: list[torch.Tensor] = []

    def note(self) -> None:
        found.append(self.plain.tower.delta.weight.grad.clone())
        self.optimizer.zero_grad()
        self.state.step += 1

    monkeypatch.setattr(pretraining._Trainer, "_update", note)
    run(folder, epochs=1, **changes)
    return found


def test_a_step_in_parts_has_the_mean_of_their_gradients(tmp_path, monkeypatch):
    parts = gradients(tmp_path / "parts", monkeypatch, batch_tokens=128)
    whole = gradients(tmp_path / "whole", monkeypatch, batch_tokens=256, accumulation=2)
    assert len(whole) == -(-len(parts) // 2)
    torch.testing.assert_close(whole[0], (parts[0] + parts[1]) / 2)
    assert whole[0].norm() > 0


def test_the_rate_rises_in_a_line_and_falls_to_a_tenth(tmp_path, monkeypatch):
    rates, boosted = [], []
    real = pretraining._Trainer._set_rate

    def noted(self) -> None:
        real(self)
        rates.append(self.optimizer.param_groups[0]["lr"])
        boosted.append(self.optimizer.param_groups[-1]["lr"])

    monkeypatch.setattr(pretraining._Trainer, "_set_rate", noted)
    run(tmp_path, epochs=10, warmup=0.4, lr=0.01)
    warm = int(0.4 * len(rates))
    np.testing.assert_allclose(rates[:warm], 0.01 * np.arange(1, warm + 1) / warm)
    assert (np.diff(rates[warm:]) < 0).all()
    assert rates[-1] == pytest.approx(0.001, rel=0.1)
    np.testing.assert_allclose(boosted, 10 * np.array(rates))


def test_ids_decay_by_their_own_rate(tmp_path):
    def lengths(id_decay: float) -> tuple[float, float]:
        rising = tuple(np.linspace(0.1, 0.9, 8))  # the last epoch is kept
        net = run(tmp_path / str(id_decay), rising, epochs=8, id_decay=id_decay, weight_decay=0.0).model
        return float(net.tower.delta.weight.norm()), float(net.transformer.enter.weight.norm())

    (free_ids, free_rest), (ids, rest) = lengths(0.0), lengths(50.0)
    assert ids < free_ids / 2
    assert rest > 0.9 * free_rest
