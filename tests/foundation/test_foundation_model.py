"""The model on planted worlds: what it must learn, what a cold item must be, what must not leak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from firstlight.base.errors import ModelError
from firstlight.corpus import Interactions
from firstlight.corpus.interactions import cases_at
from firstlight.foundation import FoundationConfig, FoundationModel, ItemFeatures
from firstlight.foundation.objectives import HIDDEN, Recipe, masked_item, next_item
from firstlight.foundation.pretrain import PretrainConfig, pretrain_model
from firstlight.foundation.scorer import FoundationScorer
from firstlight.foundation.transformer import TIME_BUCKETS, BehaviorTransformer

N_ITEMS = 30


def features(
    counts, *, width: int = 12, seed: int = 0, text: bool = True, image: bool = True
) -> ItemFeatures:
    rng = np.random.default_rng(seed)
    n = len(counts)
    texts = (rng.normal(size=(n, width)).astype(np.float32), rng.random(n) < 0.9)
    images = (rng.normal(size=(n, width // 2)).astype(np.float32), rng.random(n) < 0.7)
    return ItemFeatures.build(
        np.asarray(counts), text=texts if text else None, image=images if image else None
    )


def shape(**changes) -> FoundationConfig:
    sizes = {
        "n_items": N_ITEMS,
        "text_dim": 12,
        "image_dim": 6,
        "hidden_size": 16,
        "max_items": 8,
        "use_time": True,
    }
    return FoundationConfig(**{**sizes, **changes})


def model(seed: int = 0, **changes) -> FoundationModel:
    torch.manual_seed(seed)
    made = FoundationModel(shape(**changes))
    torch.nn.init.normal_(made.tower.delta.weight)  # as after training
    return made.eval()


def cyclic_log(n_people: int = 120, length: int = 9, n_items: int = N_ITEMS) -> Interactions:
    """Everyone walks the circle of items from a random start: the next item is always known."""
    starts = np.random.default_rng(1).integers(0, n_items, n_people)
    rows = (starts[:, None] + np.arange(length)) % n_items
    users = np.repeat(np.arange(n_people), length)
    times = np.tile(np.arange(length) * 3600.0, n_people)
    return Interactions.build(
        [f"u{i}" for i in range(n_people)],
        users,
        rows.ravel(),
        times,
        item_keys=[f"i{i}" for i in range(n_items)],
    )


def test_a_cold_item_has_exactly_its_content_vector():
    net = model()
    cold = features([0] * N_ITEMS)
    rows = torch.arange(N_ITEMS)
    content = net.tower.content(cold, net.tower.white(cold))
    torch.testing.assert_close(net.tower(cold), content)
    warm = features([50] * N_ITEMS)
    assert (net.tower(warm) - content).norm(dim=1).min() > 0.1
    bare = net.tower.vectors(content, rows, warm.counts, torch.ones(N_ITEMS, dtype=torch.bool))
    torch.testing.assert_close(bare, content)


def test_an_id_counts_the_more_the_oftener_its_item_was_seen():
    net = model(id_half=2.0)
    counts = np.arange(N_ITEMS)
    known = features(counts)
    content = net.tower.content(known, net.tower.white(known))
    share = torch.tensor(counts / (counts + 2.0), dtype=torch.float32)
    torch.testing.assert_close(net.tower(known) - content, share[:, None] * net.tower.delta.weight)


def test_an_untrained_id_is_no_longer_than_the_content():
    """Long random IDs would be noise that training must first take away."""
    torch.manual_seed(0)
    net = FoundationModel(shape(content_size=0.3))
    known = features([10**6] * N_ITEMS)
    content = net.tower.content(known, net.tower.white(known)).detach().norm(dim=1)
    torch.testing.assert_close(content, torch.full((N_ITEMS,), 0.3))
    assert net.tower.delta.weight.detach().norm(dim=1).mean() == pytest.approx(0.3, rel=0.1)


def test_rows_beyond_the_table_are_content_alone():
    net = model()
    more = features([9] * (N_ITEMS + 5))
    content = net.tower.content(more, net.tower.white(more))
    torch.testing.assert_close(net.tower(more)[N_ITEMS:], content[N_ITEMS:])


@pytest.mark.parametrize("direction", ["causal", "both"])
def test_a_batch_of_people_equals_single_people(direction):
    net = model(direction=direction)
    vectors, _ = net.items(features(range(N_ITEMS)))
    rng = np.random.default_rng(0)
    histories = [rng.integers(0, N_ITEMS, n).astype(np.int32) for n in (0, 1, 8, 3, 20, 0, 5)]
    times = [np.sort(rng.random(len(one)) * 1e6) for one in histories]
    together = net.people(histories, vectors, times)
    single = np.concatenate(
        [net.people([one], vectors, [clock]) for one, clock in zip(histories, times, strict=True)]
    )
    np.testing.assert_allclose(together, single, atol=1e-5)


@pytest.mark.parametrize("direction", ["causal", "both"])
def test_of_a_long_history_the_newest_items_are_read(direction):
    net = model(direction=direction)
    vectors, _ = net.items(features(range(N_ITEMS)))
    rows, times = np.arange(20, dtype=np.int32), np.arange(20.0) ** 3 * 60
    whole, newest, oldest = (
        net.people([rows[part]], vectors, [times[part]])
        for part in (slice(0, 20), slice(12, 20), slice(0, 8))
    )
    np.testing.assert_allclose(whole, newest, atol=1e-6)
    assert np.abs(whole - oldest).max() > 0.01


def test_the_time_between_interactions_is_read_in_doubling_steps():
    times = torch.tensor([[0.0, 30.0, 60.0, 180.0, 1e30]], dtype=torch.double)
    assert BehaviorTransformer._gaps(times)[0, 0].tolist() == [0, 0, 1, 2, TIME_BUCKETS - 1]
    net = model()
    for block in net.transformer.blocks:
        torch.nn.init.normal_(block.bias.gap)  # as after training; it starts at zero
    vectors, _ = net.items(features(range(N_ITEMS)))
    history = np.array([3, 7, 1], np.int32)
    clocks = np.array([0.0, 60, 120]), np.array([0.0, 60, 1e6]), np.array([5e6, 5e6 + 60, 5e6 + 120])
    steady, paused, later = net.people([history] * 3, vectors, clocks)
    assert np.abs(steady - paused).max() > 0.01
    np.testing.assert_allclose(steady, later, atol=1e-6)


def training_step(**recipe):
    """A model in training that leaves nothing out but what the recipe says, and what its step knows."""
    net = model(dropout=0.0)
    torch.nn.init.normal_(net.tower.bias_table)
    torch.nn.init.normal_(net.tower.trust_table)
    known = features([50] * N_ITEMS)
    net.train()
    return net, net._met(None, known, net.tower.white(known), Recipe(**recipe))


ALMOST_SURELY = 1 - 1e-9


def test_a_candidate_that_plays_cold_is_one_that_nobody_touched():
    net, step = training_step(cold_share=ALMOST_SURELY)
    vectors, bias = net._candidates(torch.arange(N_ITEMS), step)
    cold_vectors, cold_bias = net.items(features([0] * N_ITEMS))
    torch.testing.assert_close(vectors, cold_vectors)
    torch.testing.assert_close(bias, cold_bias)
    assert (cold_bias - net.items(features([50] * N_ITEMS))[1]).abs().min() > 0.01


def test_ids_are_left_out_of_histories_too():
    net, step = training_step(id_dropout=ALMOST_SURELY)
    rows = torch.tensor([-1, 3, 7, 7, 1])
    task = next_item(rows, torch.arange(5.0), torch.tensor([5]))
    shown = net._inputs(task, step)[0]
    torch.testing.assert_close(shown[1:], step.content[rows[1:]])
    _, kept = training_step()
    assert (net._inputs(task, kept)[0] - shown)[1:].norm(dim=1).min() > 0.1


def test_causal_states_do_not_see_the_future():
    net = model()
    vectors, _ = net.items(features(range(N_ITEMS)))
    rows = np.array([3, 7, 7, 1], np.int32)
    times = np.arange(4.0) * 1000
    task = next_item(torch.tensor([-1, 3, 7, 7, 1]), torch.tensor([0.0, *times]), torch.tensor([5]))
    shown = vectors[task.rows.clamp_min(0)]
    states = net._states(task, shown[:, :16], shown[:, 16:])
    for end in range(5):
        alone = net.people([rows[:end]], vectors, [times[:end]])[0]
        np.testing.assert_allclose(states[end].detach().numpy(), alone, atol=1e-5)


@pytest.mark.parametrize("use_time", [True, False])
@pytest.mark.parametrize("causal", [True, False])
def test_the_last_states_alone_are_those_of_all(causal, use_time):
    net = model(use_time=use_time, n_blocks=3)
    vectors, _ = net.items(features(range(N_ITEMS)))
    rows, lengths = torch.tensor([-1, 3, 7, 7, -1, -1, 5, 2]), torch.tensor([4, 1, 3])
    task = next_item(rows, torch.arange(8.0) * 4000, lengths)._replace(causal=causal)
    shown = vectors[rows.clamp_min(0)]
    every = net._states(task, shown[:, :16], shown[:, 16:])
    last = net._states(task, shown[:, :16], shown[:, 16:], last=True)
    torch.testing.assert_close(last, every[torch.cumsum(lengths, 0) - 1])


def test_scores_are_one_inner_product_and_a_bias():
    net = model()
    known = features(range(N_ITEMS))
    scorer = FoundationScorer(net, known)
    log = cyclic_log(6)
    cases = cases_at(log, np.array([3, 8, 30]))
    by_hand = scorer.people(cases) @ scorer.candidates.T + scorer.bias
    np.testing.assert_array_equal(scorer(cases), by_hand)


def test_next_item_asks_every_token_for_the_one_behind_it():
    task = next_item(torch.tensor([-1, 5, 6, -1, 9]), torch.arange(5.0), torch.tensor([3, 2]))
    assert task.targets.tolist() == [5, 6, 9]
    assert task.places.tolist() == [0, 1, 3]
    assert task.causal


def test_masked_item_hides_its_targets():
    torch.manual_seed(3)
    rows = torch.tensor([-1, *range(20), -1, *range(20)])
    task = masked_item(rows, torch.zeros(42), torch.tensor([21, 21]), share=0.3)
    assert (task.rows[task.places] == HIDDEN).all()
    assert task.targets.tolist() == rows[task.places].tolist()
    assert 4 < len(task.places) < 30
    assert not task.causal
    never = masked_item(torch.tensor([-1, 4]), torch.zeros(2), torch.tensor([2]), share=0.0)
    assert never.targets.tolist() == [4]  # a batch always asks something


@pytest.mark.parametrize("n_negatives", [0, 4096])
def test_items_not_yet_out_are_pushed_away_by_nobody(n_negatives):
    net, known = FoundationModel(shape(text_dim=0, image_dim=0, dropout=0.0)), np.full(N_ITEMS, 5)
    sentence, clock = torch.tensor([-1, 0, 1, 2]), torch.tensor([0.0, 0.0, 1.0, 2.0], dtype=torch.double)
    released = torch.zeros(N_ITEMS, dtype=torch.double)
    released[10:] = 100
    loss = net(
        next_item(sentence, clock, torch.tensor([4])),
        ItemFeatures.build(known),
        torch.arange(N_ITEMS),
        released=released,
        recipe=Recipe(n_negatives=n_negatives),
    )
    loss.backward()
    pushed = net.tower.delta.weight.grad.norm(dim=1)
    assert pushed[10:].max() < 1e-9 < pushed[3:10].min()


def test_another_catalogues_bonus_for_new_items_is_left_there():
    other, net = FoundationModel(shape()), FoundationModel(shape())
    other.tower.cold_bias.fill_(2.5)
    net.take_over(other)
    assert float(net.tower.cold_bias) == 0
    assert torch.equal(net.transformer.enter.weight, other.transformer.enter.weight)


def test_save_and_load_are_equal(tmp_path):
    net = model()
    known = features(range(N_ITEMS))
    net.tower.fit_content(known)
    net.save_pretrained(tmp_path)
    again = FoundationModel.from_pretrained(tmp_path)
    for ours, theirs in zip(net.items(known), again.items(known), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}


def test_whitening_reads_training_items_only():
    net, other = model(), model()
    counts = np.array([5] * 20 + [0] * 10)
    one = features(counts)
    spoiled = replace(one, text=one.text.clone())
    spoiled.text[20:] = 1e4  # cold items may hold anything
    net.tower.fit_content(one)
    other.tower.fit_content(spoiled)
    torch.testing.assert_close(net.tower.text.whitening.basis, other.tower.text.whitening.basis)


def test_features_say_what_is_wrong():
    with pytest.raises(ModelError, match="3 text vectors; expected one for each of 2 items"):
        ItemFeatures.build(np.zeros(2, int), text=(np.zeros((3, 4), np.float32), np.ones(3, bool)))
    with pytest.raises(ModelError, match="text vectors with NaN"):
        ItemFeatures.build(np.zeros(2, int), text=(np.full((2, 4), np.nan, np.float32), np.ones(2, bool)))


CIRCLE = 12


def circle():
    """A small circle of items and all but its people's last steps."""
    log = cyclic_log(60, n_items=CIRCLE)
    known = features(log.counts(CIRCLE), image=False)
    return log, log.where(np.arange(len(log)) % 9 != 8), known


def train(log, known, tmp_path, **changes):
    settings = {
        "epochs": 40,
        "batch_tokens": 128,
        "lr": 3e-3,
        "patience": 99,
        "id_dropout": 0.0,
        "cold_share": 0.0,
    }
    steps = iter(range(10**6))
    return pretrain_model(
        log,
        known,
        shape(
            n_items=CIRCLE,
            image_dim=0,
            n_blocks=1,
            dropout=0.0,
            use_time=False,
            direction="both" if changes.get("objective") == "masked" else "causal",
        ),
        PretrainConfig(**{**settings, **changes}),
        validate=lambda net: {"score": float(next(steps))},  # the last epoch wins
        checkpoints=tmp_path,
    )


def hit_rate(net, known, log) -> dict[str, float]:
    cases = cases_at(log, log.offsets[1:] - 1)
    best = FoundationScorer(net, known)(cases).argmax(1)
    return {"score": float((best == cases.targets).mean())}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("objective", "epochs", "bar"), [("next", 30, 0.9), ("masked", 90, 0.6), ("both", 60, 0.9)]
)
def test_every_objective_learns_a_planted_order(tmp_path, objective, epochs, bar):
    """Masked-item training asks a fifth of the questions, so it needs the most epochs."""
    log, training, known = circle()
    trained = train(training, known, tmp_path, objective=objective, epochs=epochs)
    assert hit_rate(trained.model, known, log)["score"] >= bar  # chance is 1 in 12


@pytest.mark.slow
def test_sampled_negatives_learn_it_too(tmp_path):
    log, training, known = circle()
    trained = train(training, known, tmp_path, epochs=30, softmax_limit=5, n_negatives=6)
    assert hit_rate(trained.model, known, log)["score"] >= 0.9


def test_cold_items_with_planted_content_are_found(tmp_path):
    """Text says which of three groups an item is of, people stay in one group, five items are new."""
    rng = np.random.default_rng(0)
    group = np.arange(N_ITEMS) % 3
    text = np.eye(12, dtype=np.float32)[group] * 2 + rng.normal(scale=0.3, size=(N_ITEMS, 12)).astype(
        np.float32
    )
    people = 150
    old = np.arange(N_ITEMS) < 24
    rows = np.concatenate([rng.choice(np.flatnonzero(old & (group == p % 3)), 6) for p in range(people)])
    log = Interactions.build(
        [f"u{p}" for p in range(people)],
        np.repeat(np.arange(people), 6),
        rows,
        np.tile(np.arange(6.0), people),
        item_keys=[f"i{i}" for i in range(N_ITEMS)],
    )
    known = ItemFeatures.build(log.counts(N_ITEMS), text=(text, np.ones(N_ITEMS, bool)))
    trained = pretrain_model(
        log,
        known,
        shape(image_dim=0, use_time=False),
        PretrainConfig(epochs=16, batch_tokens=128, patience=99),
        validate=lambda net, steps=iter(range(99)): {"score": float(next(steps))},
        checkpoints=tmp_path,
    )
    scores = FoundationScorer(trained.model, known)(cases_at(log, log.offsets[1:] - 1))
    fresh = np.flatnonzero(~old)
    best = fresh[scores[:, fresh].argmax(1)]
    assert (group[best] == np.arange(people) % 3).mean() >= 0.95
