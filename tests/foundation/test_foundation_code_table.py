"""Semantic ids inside the model: FAISS's codes, shared by like items, learned as input and as a question."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
import torch

from firstlight.base.errors import ConfigError, ModelError
from firstlight.corpus.interactions import Interactions
from firstlight.foundation import FoundationConfig, FoundationModel, ItemFeatures
from firstlight.foundation.code_table import ABSENT, CodeTable
from firstlight.foundation.pretrain import PretrainConfig, pretrain_model
from firstlight.foundation.semantic_ids import Quantizer, usual_bits
from firstlight.recommender import RunConfig
from firstlight.recommender.config import ContentConfig, ShapeConfig
from firstlight.recommender.training import _know_items_by_something

GROUPS, EACH, DIM, BITS = 8, 20, 16, 3
N = GROUPS * EACH


def grouped(seed: int = 0) -> np.ndarray:
    """Text vectors in tight groups: item i belongs to group i % GROUPS."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((GROUPS, DIM)) * 5
    return (centers[np.arange(N) % GROUPS] + 0.1 * rng.standard_normal((N, DIM))).astype(np.float32)


def features(counts: np.ndarray, present: np.ndarray | None = None) -> ItemFeatures:
    has = np.ones(N, dtype=bool) if present is None else present
    return ItemFeatures.build(counts, text=(grouped(), has))


def shape(**changes) -> FoundationConfig:
    sizes = {"n_items": N, "text_dim": DIM, "hidden_size": 16, "max_items": 8, "dropout": 0.0}
    return FoundationConfig(**{**sizes, "code_levels": 1, "code_bits": BITS, **changes})


def by_group(people: int = 200, length: int = 6) -> Interactions:
    """Everyone walks from group to group; which item of a group it is says nothing."""
    rng = np.random.default_rng(3)
    groups = (rng.integers(0, GROUPS, people)[:, None] + np.arange(length)) % GROUPS
    rows = groups + GROUPS * rng.integers(0, EACH, groups.shape)
    users, times = np.repeat(np.arange(people), length), np.tile(np.arange(float(length)), people)
    names, keys = [f"u{one}" for one in range(people)], [f"i{one}" for one in range(N)]
    return Interactions.build(names, users, rows.ravel(), times, item_keys=keys, clock="position")


def test_its_codes_are_those_of_the_quantizer():
    vectors = np.random.default_rng(0).standard_normal((400, DIM)).astype(np.float32)
    quantizer = Quantizer(levels=3, bits=BITS).fit(vectors)
    table = CodeTable(DIM, 3, BITS, 8)
    table.fit(torch.from_numpy(vectors))
    fresh = np.random.default_rng(1).standard_normal((100, DIM)).astype(np.float32)
    found = table.codes(torch.from_numpy(fresh), torch.ones(100, dtype=torch.bool))
    np.testing.assert_array_equal(found.numpy(), quantizer.encode(fresh))


def test_like_items_share_what_their_codes_say_and_an_item_without_text_has_none():
    present = np.ones(N, dtype=bool)
    present[8] = False
    net = FoundationModel(shape())
    known = features(np.ones(N, int), present)
    net.tower.fit_content(known)
    codes = net.tower.coded(known).codes
    assert codes[8].tolist() == [ABSENT]
    said = net.tower.codes(codes)  # type: ignore[misc]
    assert not said[8].any()
    torch.testing.assert_close(said[0], said[16])
    assert (said[0] - said[1]).norm() > 0
    content = net.tower.content(net.tower.coded(known), net.tower.white(known))
    without = content - said
    torch.testing.assert_close(without.norm(dim=1), torch.full((N,), net.tower.log_size.exp().item()))


def test_the_heads_loss_is_cross_entropy_over_each_level():
    table = CodeTable(DIM, 2, BITS, 8)
    states, codes = torch.randn(3, 8), torch.tensor([[1, 5], [ABSENT, ABSENT], [7, 0]])
    logits = table.heads(states).view(3, 2, 8)
    by_hand = -torch.stack(
        [logits[i, level].log_softmax(0)[codes[i, level]] for i in (0, 2) for level in (0, 1)]
    )
    torch.testing.assert_close(table.loss(states, codes), by_hand.mean())
    assert table.loss(states[1:2], codes[1:2]) == 0


def test_what_is_learned_of_a_code_holds_for_items_nobody_has_touched(tmp_path):
    log = by_group()
    log = log.where(log.rows < N - GROUPS)  # one item of every group stays new
    known = features(log.counts(N))
    config = PretrainConfig(epochs=30, batch_tokens=512, lr=1e-2, code_loss=0.5, patience=30, cold_share=0.0)
    looks = count()
    validate = lambda _: {"score": float(next(looks))}  # noqa: E731  # the last epoch is the best
    trained = pretrain_model(log, known, shape(), config, validate=validate, checkpoints=tmp_path).model
    vectors, bias = trained.items(known)
    codes = trained.tower.coded(known).codes
    state = torch.from_numpy(trained.people([np.array([0, 1, 2], np.int32)], vectors))
    heads = trained.tower.codes.heads(state[:, :16])[0]  # type: ignore[union-attr]
    assert heads.argmax() == codes[3, 0]
    new = torch.arange(N - GROUPS, N)
    scores = (state @ vectors.T + bias)[0][new]
    assert codes[new[scores.argmax()], 0] == codes[3, 0]


def test_they_are_kept_with_the_weights(tmp_path):
    net = FoundationModel(shape())
    known = features(np.ones(N, int))
    net.tower.fit_content(known)
    net.save_pretrained(tmp_path)
    again = FoundationModel.from_pretrained(tmp_path)
    torch.testing.assert_close(again.items(known)[0], net.items(known)[0])


@pytest.mark.parametrize(("n", "bits"), [(10, 1), (100, 1), (1000, 4), (12_101, 8), (10**6, 8)])
def test_small_catalogues_have_small_codebooks(n, bits):
    assert usual_bits(n) == bits


def test_books_of_product_codes_and_codes_without_text_are_refused():
    fitted = Quantizer(levels=2, bits=BITS, kind="product").fit(grouped())
    with pytest.raises(ModelError, match='no codebooks over whole vectors.*"residual"'):
        _ = fitted.books
    config = RunConfig(shape=ShapeConfig(code_levels=2), content=ContentConfig(text="none"))
    with pytest.raises(ConfigError, match=r"semantic ids without text.*shape.code_levels=2"):
        _know_items_by_something(config)
