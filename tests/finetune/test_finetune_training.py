"""Training in the pack: planted tasks are learned, a kill changes nothing, what is saved is what was trained."""

from __future__ import annotations

import shutil
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
    weights,
    word_example,
)
from finetune_world import DIM, LIMITS, build_llm, build_request

from firstlight.base.config import load_config
from firstlight.base.errors import ArtifactError, ConfigError, DataError, ModelError
from firstlight.finetune import checkpoint, train
from firstlight.finetune.batches import build_batch
from firstlight.finetune.list_metrics import list_metrics
from firstlight.finetune.losses import IGNORE, ranking_loss, word_loss
from firstlight.finetune.ranker import PackedRanker
from firstlight.finetune.train import rate_factor, train_ranker
from firstlight.finetune.train_config import RankerConfig, RankExample


@pytest.mark.parametrize("make", [word_example, vector_example])
def test_a_planted_task_is_learned(make, tokenizer, tmp_path):
    examples, fresh = [make(i) for i in range(120)], [make(1000 + i) for i in range(60)]
    llm = build_llm(tokenizer)
    untrained = accuracy(PackedRanker.from_base(build_llm(tokenizer), vector_dim=DIM, limits=LIMITS), fresh)
    config = replace(CONFIG, epochs=3, eval_every=15, learning_rate=1e-2, projector_learning_rate=1e-2)
    ranker, report = train_ranker(examples, fresh[:20], config=config, out=tmp_path / "r", llm=llm)
    assert untrained < 0.5
    assert accuracy(ranker, fresh) > 0.9
    assert report.losses[0] > 2 * np.mean(report.losses[-5:])
    assert report.people == 360
    assert not (tmp_path / "r.training").exists()


@pytest.fixture(scope="module")
def expected(tokenizer, tmp_path_factory) -> PackedRanker:
    """An undisturbed training."""
    return trained(tokenizer, tmp_path_factory.mktemp("whole") / "r")


@pytest.mark.parametrize("killed_at", [1, 4])
def test_resume_equals_an_undisturbed_run_to_the_bit(killed_at, expected, tokenizer, tmp_path, monkeypatch):
    step = train._Trainer._step

    def dying(self, progress):
        if progress.step == killed_at:
            raise KeyboardInterrupt
        return step(self, progress)

    monkeypatch.setattr(train._Trainer, "_step", dying)
    with pytest.raises(KeyboardInterrupt):
        trained(tokenizer, tmp_path / "killed")
    assert not (tmp_path / "killed").exists(), "nothing half-trained is published"
    monkeypatch.setattr(train._Trainer, "_step", step)
    assert_same_weights(trained(tokenizer, tmp_path / "killed"), expected)


def test_a_torn_or_foreign_checkpoint_is_not_resumed(expected, tokenizer, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(checkpoint.Checkpoints, "clear", lambda self: None)
    trained(tokenizer, tmp_path / "again", seed=9)
    assert_same_weights(trained(tokenizer, tmp_path / "again"), expected)
    assert "belongs to another training" in capsys.readouterr().err
    newest = max((tmp_path / "again.training").glob("step-*"))
    (newest / "weights.safetensors").write_bytes(b"torn")
    shutil.rmtree(tmp_path / "again")
    assert_same_weights(trained(tokenizer, tmp_path / "again"), expected)
    assert "skipping a checkpoint" in capsys.readouterr().err


def test_saved_and_loaded_scores_are_equal(tokenizer, tmp_path, monkeypatch):
    from firstlight.finetune import ranker as module

    made = trained(tokenizer, tmp_path / "r")
    monkeypatch.setattr(module, "load_llm", lambda name, **_: replace(build_llm(tokenizer), name=name))
    read = PackedRanker.from_pretrained(tmp_path / "r")
    asked = build_request(n=8)
    np.testing.assert_array_equal(read.score([asked])[0], made.score([asked])[0])
    names = {path.name for path in (tmp_path / "r").iterdir()}
    assert names == {
        "adapter_config.json", "adapter_model.safetensors", "projector.safetensors", "ranker.json", "manifest.json"
    }  # fmt: skip
    assert str(tmp_path) not in (tmp_path / "r" / "adapter_config.json").read_text()
    merged = read.merge().score([asked])[0]
    assert read.adapter is None
    np.testing.assert_allclose(merged, made.score([asked])[0], atol=1e-4, rtol=0)
    with pytest.raises(ModelError, match="merged into the base model"):
        read.save_pretrained(tmp_path / "s")


def test_an_adapter_is_saved_and_read_without_asking_the_hub(tokenizer, tmp_path, monkeypatch, recwarn):
    """Peft would look there for the base model's config; a run must not need, nor tell, the network."""
    from peft.utils import save_and_load

    from firstlight.finetune import ranker as module

    asked = []
    monkeypatch.setattr(save_and_load, "check_file_exists_on_hf_hub", lambda *one, **_: asked.append(one))
    monkeypatch.setattr(module, "load_llm", lambda name, **_: replace(build_llm(tokenizer), name=name))
    trained(tokenizer, tmp_path / "r", max_steps=1)
    PackedRanker.from_pretrained(tmp_path / "r")
    assert not asked
    assert not [one for one in recwarn if "peft" in one.filename or "is_gradient" in str(one.message)]


def test_a_broken_ranker_is_refused(tokenizer, tmp_path, monkeypatch):
    from firstlight.base.files import write_manifest
    from firstlight.finetune import ranker as module

    trained(tokenizer, tmp_path / "r", max_steps=1)
    monkeypatch.setattr(module, "load_llm", lambda name, **_: replace(build_llm(tokenizer), name=name))
    path = tmp_path / "r" / "ranker.json"
    text = path.read_text()
    path.write_text(text.replace('"rank-1"', '"rank-99"'))
    with pytest.raises(ArtifactError, match="altered or truncated"):
        PackedRanker.from_pretrained(tmp_path / "r")
    write_manifest(tmp_path / "r")
    with pytest.raises(ArtifactError, match='prompt version "rank-99".*expected one of rank-1'):
        PackedRanker.from_pretrained(tmp_path / "r")
    path.write_text(text.replace('"vector_dim": null', '"vector_dim": 7'))
    write_manifest(tmp_path / "r")
    with pytest.raises(ArtifactError, match="weights missing or unknown: soft"):
        PackedRanker.from_pretrained(tmp_path / "r")
    path.write_text(text)
    (tmp_path / "r" / "adapter_model.safetensors").write_bytes(b"\x80\x04 a pickle, say")
    write_manifest(tmp_path / "r")
    with pytest.raises(ArtifactError, match="the adapter cannot be used"):
        PackedRanker.from_pretrained(tmp_path / "r")


def test_other_base_weights_are_told(tokenizer, tmp_path, monkeypatch, capsys):
    from firstlight.finetune import ranker as module

    trained(tokenizer, tmp_path / "r", max_steps=1)
    monkeypatch.setattr(
        module, "load_llm", lambda name, **_: replace(build_llm(tokenizer, seed=5), name=name)
    )
    PackedRanker.from_pretrained(tmp_path / "r")
    assert "other weights than those this ranker was trained on" in capsys.readouterr().err


def test_early_stopping_keeps_the_best(tokenizer, tmp_path, monkeypatch):
    """Validation worsens from the second evaluation on: two stale ones end it, and the first best is kept."""
    quality = iter([0.2, 0.6, 0.5, 0.4, 0.9])
    monkeypatch.setattr(train, "list_metrics", lambda *_: {"ndcg@10": next(quality), "hit_rate@10": 0.0})
    examples = [word_example(i) for i in range(40)]
    config = replace(CONFIG, epochs=9, eval_every=2, patience=2)
    _, report = train_ranker(
        examples, examples[:2], config=config, out=tmp_path / "r", llm=build_llm(tokenizer)
    )
    assert (report.steps, report.best_step) == (6, 2)
    assert [one["step"] for one in report.evaluations] == [0, 2, 4, 6]


def test_lora_in_the_last_layer_only(tokenizer, tmp_path):
    ranker = trained(tokenizer, tmp_path / "r", lora_layers=1, max_steps=1)
    names = [name for name in weights(ranker) if "lora" in name]
    assert names and all(".layers.1." in name for name in names)
    with pytest.raises(ConfigError, match="lora_layers = 3.*the model's 2 layers"):
        trained(tokenizer, tmp_path / "s", lora_layers=3)


def test_gradient_checkpointing_and_accumulation_change_nothing(tokenizer, tmp_path):
    """The same eight examples in one pack, in two, or recomputed, give the same step."""
    options = {"lora_dropout": 0.0, "max_steps": 3}
    plain = trained(tokenizer, tmp_path / "a", **options)
    for name, changes in {
        "b": {"gradient_checkpointing": True},
        "c": {"batch_people": 4, "accumulate": 2},
    }.items():
        other = trained(
            tokenizer, tmp_path / name, **options, **changes, lm_weight=0.0 if name == "c" else 0.05
        )
        if name == "c":
            plain = trained(tokenizer, tmp_path / "d", **options, lm_weight=0.0)
        for key, value in weights(plain).items():
            torch.testing.assert_close(value, weights(other)[key], rtol=1e-3, atol=2e-4)


def test_stages_train_their_own_part(tokenizer, tmp_path, monkeypatch):
    """Text first: no projector weight moves; then LoRA rests; then both move."""
    seen: dict[int, dict[str, torch.Tensor]] = {}
    step = train._Trainer._step

    def watched(self, progress):
        seen[progress.step] = checkpoint.snapshot(self.network)
        return step(self, progress)

    monkeypatch.setattr(train._Trainer, "_step", watched)
    examples = [vector_example(i) for i in range(48)]
    config = replace(CONFIG, text_share=0.33, projector_share=0.33, lm_weight=0)
    train_ranker(examples, config=config, out=tmp_path / "r", llm=build_llm(tokenizer))
    assert [config.stage(i, 6) for i in range(6)] == ["text"] * 2 + ["projector"] * 2 + ["everything"] * 2

    def moved(before: int, after: int, part: str) -> bool:
        return any(not torch.equal(seen[before][name], seen[after][name]) for name in seen[0] if part in name)

    assert moved(0, 2, "lora_") and not moved(0, 2, "soft.project")
    assert moved(2, 4, "soft.project") and not moved(2, 4, "lora_")
    assert moved(4, 5, "lora_") and moved(4, 5, "soft.project")
    assert replace(config, soft_tokens=False).stage(0, 6) == "everything"


def test_losses_by_another_formula(ranker):
    examples = list(enumerate(word_example(i) for i in range(3)))
    batch = build_batch(ranker, examples, 0, CONFIG)
    scores, hidden = ranker.network(batch.pack, batch.voices)
    p = torch.softmax(scores, dim=1)
    expected = -torch.stack([p[i, k].log() for i, k in enumerate(batch.positives)]).mean()
    torch.testing.assert_close(ranking_loss(scores, batch.positives), expected)
    for row, (_, example) in enumerate(examples):
        asked = batch.labels[row][batch.labels[row] != IGNORE].tolist()
        title = example.request.candidates[example.positive].title
        assert ranker.llm.tokenizer.decode(asked) == f" {title}"
    served = ranker.score([e.narrowed(5, np.random.default_rng([3, 1, 0, i])).request for i, e in examples])
    for row, one in enumerate(served):
        np.testing.assert_allclose(np.sort(scores[row].detach()), np.sort(one), atol=1e-4)
    logits = ranker.network.word_logits(hidden).log_softmax(dim=-1)
    chosen = [(b, i) for b, i in (batch.labels != IGNORE).nonzero().tolist()]
    naive = -torch.stack([logits[b, i, batch.labels[b, i]] for b, i in chosen]).mean()
    asked = batch.labels != IGNORE
    torch.testing.assert_close(
        word_loss(ranker.network.word_logits(hidden[asked]), batch.labels[asked]), naive
    )


def test_a_prior_goes_with_its_candidate(ranker):
    """Wherever negatives and canonical order put a candidate, its own prior is added to its score."""
    examples = [replace(word_example(i), prior=np.arange(6, dtype=np.float32) + 10 * i) for i in range(3)]
    batch = build_batch(ranker, list(enumerate(examples)), 0, replace(CONFIG, n_negatives=3))
    for row, (example, positive) in enumerate(zip(examples, batch.positives.tolist(), strict=True)):
        assert batch.priors[row, positive] == example.prior[example.positive]
        narrow = example.narrowed(3, np.random.default_rng([CONFIG.seed, 1, 0, row]))
        names = [narrow.request.candidates[i].key for i in ranker.ask(narrow.request).order]
        by_key = dict(zip((item.key for item in example.request.candidates), example.prior, strict=True))
        assert batch.priors[row].tolist() == [by_key[name] for name in names]


def test_a_ranker_learns_what_its_prior_does_not_know(tokenizer, tmp_path):
    """The prior puts the positive and one other ahead; "harbor" tells the two apart, and only this is learned."""
    examples = []
    for seed in range(120):
        example = word_example(seed)
        prior = np.full(6, -9, np.float32)
        prior[[example.positive, (example.positive + 1) % 6]] = 0
        examples.append(replace(example, prior=prior))
    config = replace(CONFIG, epochs=3, learning_rate=1e-2, lm_weight=0)
    held = examples[100:]
    _, report = train_ranker(
        examples[:100], held, config=config, out=tmp_path / "r", llm=build_llm(tokenizer)
    )
    assert report.losses[0] > 0.4
    assert np.mean(report.losses[-5:]) < 0.2
    assert max(one["ndcg@10"] for one in report.evaluations) > 0.95
    with pytest.raises(DataError, match=r"a prior of shape \(2,\) for 6 candidates"):
        replace(examples[0], prior=np.zeros(2, np.float32))


def test_all_labels_masked_is_an_error():
    with pytest.raises(DataError, match="every label of a training batch is masked.*candidate_tokens"):
        word_loss(torch.zeros(4, 9), torch.full((4,), IGNORE))
    with pytest.raises(DataError, match="every label"):
        word_loss(torch.zeros(0, 9), torch.zeros(0, dtype=torch.int64))


def test_useless_examples_are_refused(tmp_path):
    request = build_request(n=3)
    for positive in (-1, 3):
        with pytest.raises(DataError, match=f"positive {positive} of 3 candidates"):
            RankExample(request, positive)
    with pytest.raises(DataError, match="positive 0 of 1 candidates"):
        RankExample(build_request(n=1), 0)
    with pytest.raises(DataError, match="no training examples"):
        train_ranker([], out=tmp_path / "r")


def test_a_loss_that_is_not_finite_is_an_error(tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "ranking_loss", lambda scores, _: scores.sum() * torch.nan)
    with pytest.raises(ModelError, match="the loss is nan at step 0.*lower learning_rate"):
        trained(tokenizer, tmp_path / "r")


def test_config_reads_from_yaml_and_checks_its_numbers(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("lora_layers: 4\nlimits:\n  candidate_tokens: 20\n")
    config = load_config(RankerConfig, path, ["max_steps=7", "lm_weight=0"])
    assert (config.lora_layers, config.limits.candidate_tokens, config.max_steps) == (4, 20, 7)
    with pytest.raises(ConfigError, match="n_negatives = 0.*expected 1 or more"):
        RankerConfig(n_negatives=0)
    with pytest.raises(ConfigError, match="soft_dropout = 1"):
        RankerConfig(soft_dropout=1.0)


def test_schedule_and_metrics():
    rates = [rate_factor(step, 20, 0.1) for step in range(20)]
    assert max(rates) == rates[2] == 1.0
    assert all(a > b for a, b in zip(rates[2:], rates[3:], strict=False))
    assert min(rates) > 0
    scores = [np.array([3.0, 1, 2]), np.array([1.0, 1, 0]), -np.arange(12.0)]
    found = list_metrics(scores, [0, 0, 11])  # ranks 1, 2 (a tie counts against), 12
    assert found["ndcg@10"] == pytest.approx((1 + 1 / np.log2(3)) / 3)
    assert found["hit_rate@10"] == pytest.approx(2 / 3)


def test_every_example_of_a_step_counts_the_same(tokenizer, tmp_path):
    """Nine examples as one pack, or as eight and one."""
    config = replace(CONFIG, lora_dropout=0.0, lm_weight=0.0, epochs=1)
    examples = [word_example(i) for i in range(9)]
    found = []
    for name, changes in {"a": {"batch_people": 9}, "b": {"batch_people": 8, "accumulate": 2}}.items():
        settings = replace(config, **changes)
        found.append(
            train_ranker(examples, config=settings, out=tmp_path / name, llm=build_llm(tokenizer))[1]
        )
    assert found[0].losses == pytest.approx(found[1].losses, rel=1e-4)
    assert [one.people for one in found] == [9, 9]


def test_other_base_weights_begin_another_training(tokenizer, tmp_path, capsys):
    examples = [word_example(i) for i in range(8)]
    for seed in (0, 5):
        llm = build_llm(tokenizer, seed=seed)
        train_ranker(examples, config=CONFIG, out=tmp_path / "r", llm=llm, keep=True)
    assert "belongs to another training" in capsys.readouterr().err


def test_a_training_that_is_kept_is_done_at_once(tokenizer, tmp_path, monkeypatch):
    examples = [word_example(i) for i in range(16)]
    config = replace(CONFIG, epochs=1)
    first = train_ranker(examples, config=config, out=tmp_path / "r", llm=build_llm(tokenizer), keep=True)
    monkeypatch.setattr(train._Trainer, "_step", lambda *_: pytest.fail("trained again"))
    again = train_ranker(examples, config=config, out=tmp_path / "r", llm=build_llm(tokenizer), keep=True)
    assert_same_weights(first[0], again[0])
    assert first[1] == again[1], "the report tells of the whole training"


def test_a_model_with_an_adapter_is_not_trained_again(tokenizer, tmp_path):
    llm, examples = build_llm(tokenizer), [word_example(i) for i in range(8)]
    train_ranker(examples, config=CONFIG, out=tmp_path / "r", llm=llm)
    with pytest.raises(ConfigError, match='the model "tiny" carries an adapter already.*load it again'):
        train_ranker(examples, config=CONFIG, out=tmp_path / "s", llm=llm)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("patience", 0, "1 or more"),
        ("seed", -1, "0 or more"),
        ("lm_weight", -1.0, "0 or more"),
        ("clip", 0.0, "above 0"),
        ("lora_alpha", 0.0, "above 0"),
        ("learning_rate", -1.0, "above 0"),
    ],
)
def test_settings_out_of_range_are_refused(name, value, expected):
    with pytest.raises(ConfigError, match=f"{name} = {value} .in RankerConfig.; expected {expected}"):
        RankerConfig(**{name: value})
