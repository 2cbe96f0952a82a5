"""S-DPO: the loss by the paper's own formula, a reference that stays where it was, and a planted task."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from finetune_planted import (
    CONFIG,
    accuracy,
    assert_same_weights,
    trained,
    vector_example,
    word_example,
)
from finetune_world import DIM, LIMITS, build_llm
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.base.errors import ConfigError
from firstlight.finetune import train
from firstlight.finetune.batches import build_batch
from firstlight.finetune.losses import ranking_loss, softmax_dpo
from firstlight.finetune.ranker import PackedRanker
from firstlight.finetune.train import train_ranker
from firstlight.finetune.train_config import RankerConfig

PREFER = replace(CONFIG, loss="s-dpo", lm_weight=0)


def as_in_the_paper(policy: list[float], reference: list[float], positive: int, beta: float) -> float:
    """-log sigmoid(-log sum_j exp(beta (log-ratio of j - log-ratio of the positive))), from probabilities."""
    p, q = np.exp(policy) / np.exp(policy).sum(), np.exp(reference) / np.exp(reference).sum()
    ratio = beta * np.log(p / q)
    others = [math.exp(ratio[j] - ratio[positive]) for j in range(len(p)) if j != positive]
    return -math.log(1 / (1 + math.exp(math.log(sum(others)))))


NUMBER = st.floats(-3, 3, width=32)


@settings(deadline=None)
@given(
    rows=st.lists(
        st.integers(2, 6).flatmap(
            lambda n: st.tuples(
                st.lists(NUMBER, min_size=n, max_size=n), st.lists(NUMBER, min_size=n, max_size=n)
            )
        ),
        min_size=1,
        max_size=3,
    ),
    beta=st.sampled_from([0.1, 1.0, 3.0]),
    seed=st.integers(0, 99),
)
def test_the_loss_is_that_of_the_paper_for_lists_of_any_length(rows, beta, seed):
    rng = np.random.default_rng(seed)
    positives = [int(rng.integers(len(policy))) for policy, _ in rows]
    scores, reference = torch.full((2, len(rows), 6), -torch.inf).unbind()
    for i, (policy, start) in enumerate(rows):
        scores[i, : len(policy)], reference[i, : len(start)] = torch.tensor(policy), torch.tensor(start)
    scores.requires_grad_()
    loss = softmax_dpo(scores, reference, torch.tensor(positives), beta)
    expected = np.mean([as_in_the_paper(*row, p, beta) for row, p in zip(rows, positives, strict=True)])
    assert loss.item() == pytest.approx(expected, abs=1e-4)
    loss.backward()
    assert scores.grad is not None and torch.isfinite(scores.grad).all()


def test_an_indifferent_reference_leaves_the_listwise_softmax():
    scores, positives = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, -torch.inf]]), torch.tensor([2, 0])
    indifferent = torch.where(torch.isneginf(scores), scores, 7.0)
    torch.testing.assert_close(
        softmax_dpo(scores, indifferent, positives, 1.0), ranking_loss(scores, positives)
    )


def test_a_planted_task_is_learned_from_preferences(tokenizer, tmp_path):
    examples, fresh = [word_example(i) for i in range(80)], [word_example(1000 + i) for i in range(40)]
    config = replace(PREFER, epochs=3, eval_every=15, learning_rate=1e-2, projector_learning_rate=1e-2)
    ranker, report = train_ranker(
        examples, fresh[:20], config=config, out=tmp_path / "r", llm=build_llm(tokenizer)
    )
    assert report.losses[0] == pytest.approx(math.log(6), abs=1e-4), "before any step nobody is preferred"
    assert accuracy(ranker, fresh) > 0.9


def test_the_reference_stays_the_untrained_ranker(tokenizer, tmp_path, monkeypatch):
    """Whatever adapter, projector and readout have become."""
    examples = [vector_example(i) for i in range(24)]
    kept = []
    monkeypatch.setattr(train._Trainer, "_publish", lambda self, progress, _: kept.append(self))
    train_ranker(examples, config=PREFER, out=tmp_path / "r", llm=build_llm(tokenizer))
    batch = build_batch(kept[0].ranker, list(enumerate(examples[:3])), 0, PREFER)
    untrained = PackedRanker.from_base(build_llm(tokenizer), vector_dim=DIM, limits=LIMITS, seed=PREFER.seed)
    before, _ = untrained.network(batch.pack, batch.voices)
    now, _ = kept[0].network(batch.pack, batch.voices)
    torch.testing.assert_close(kept[0]._reference(batch), before.detach(), atol=1e-5, rtol=0)
    assert (now - before).abs().max() > 0.1


def test_a_killed_preference_tuning_ends_the_same(tokenizer, tmp_path, monkeypatch):
    expected = trained(tokenizer, tmp_path / "whole", loss="s-dpo")
    step = train._Trainer._step

    def dying(self, progress):
        if progress.step == 4:
            raise KeyboardInterrupt
        return step(self, progress)

    monkeypatch.setattr(train._Trainer, "_step", dying)
    with pytest.raises(KeyboardInterrupt):
        trained(tokenizer, tmp_path / "killed", loss="s-dpo")
    monkeypatch.setattr(train._Trainer, "_step", step)
    assert_same_weights(trained(tokenizer, tmp_path / "killed", loss="s-dpo"), expected)


def test_beta_has_a_direction():
    with pytest.raises(ConfigError, match=r"beta = 0 \(in RankerConfig\); expected above 0"):
        RankerConfig(beta=0)
