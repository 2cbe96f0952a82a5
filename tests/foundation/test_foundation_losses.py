"""The memory-lean softmax against the plain formula, and the sampled one against its limit."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from firstlight.foundation import losses
from firstlight.foundation.losses import catalogue_softmax, sampled_softmax


def problem(seed: int = 0, tokens: int = 37, items: int = 53, width: int = 8):
    generator = torch.Generator().manual_seed(seed)
    states = torch.randn(tokens, width, generator=generator, dtype=torch.double, requires_grad=True)
    vectors = torch.randn(items, width, generator=generator, dtype=torch.double, requires_grad=True)
    bias = torch.randn(items, generator=generator, dtype=torch.double, requires_grad=True)
    targets = torch.randint(items, (tokens,), generator=generator)
    return states, targets, vectors, bias


def gradients(loss, parameters):
    return torch.autograd.grad(loss, parameters, retain_graph=True)


@pytest.mark.parametrize("chunk", [1, 100, 1 << 20])
def test_equals_plain_cross_entropy(monkeypatch, chunk):
    monkeypatch.setattr(losses, "CHUNK_ELEMENTS", chunk)
    states, targets, vectors, bias = problem()
    lean = catalogue_softmax(states, targets, vectors, bias)
    plain = F.cross_entropy(states @ vectors.T + bias, targets)
    assert lean.item() == pytest.approx(plain.item(), rel=1e-5)
    parameters = (states, vectors, bias)
    for ours, theirs in zip(gradients(lean, parameters), gradients(plain, parameters), strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-5, atol=1e-7)


def test_items_not_yet_released_are_no_negatives():
    states, targets, vectors, bias = problem()
    released = torch.rand(len(vectors), dtype=torch.double)
    asked = torch.rand(len(states), dtype=torch.double)
    lean = catalogue_softmax(states, targets, vectors, bias, (released, asked))
    hidden = (released[None] > asked[:, None]).scatter(1, targets[:, None], False)
    plain = F.cross_entropy((states @ vectors.T + bias).masked_fill(hidden, -math.inf), targets)
    assert hidden.any()
    assert lean.item() == pytest.approx(plain.item(), rel=1e-5)


def every_item_once(states, targets, vectors, bias, **later):
    own, drawn = (vectors[targets], bias[targets]), torch.arange(len(vectors))
    return sampled_softmax(
        states, own, (vectors, bias), targets=targets, drawn=drawn, n_items=len(vectors), **later
    )


@pytest.mark.parametrize("chunk", [1, 100, 1 << 20])
def test_sampled_softmax_with_every_item_once_is_the_full_softmax(monkeypatch, chunk):
    monkeypatch.setattr(losses, "CHUNK_ELEMENTS", chunk)
    states, targets, vectors, bias = problem()
    sampled = every_item_once(states, targets, vectors, bias)
    full = F.cross_entropy(states @ vectors.T + bias, targets)
    assert sampled.item() == pytest.approx(full.item(), rel=1e-5)
    parameters = (states, vectors, bias)
    for ours, theirs in zip(gradients(sampled, parameters), gradients(full, parameters), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("chunk", [1, 100, 1 << 20])
def test_sampled_softmax_is_the_written_formula(monkeypatch, chunk):
    """Negatives drawn twice count twice, a token's own target among them does not, each stands for several."""
    monkeypatch.setattr(losses, "CHUNK_ELEMENTS", chunk)
    states, targets, vectors, bias = problem()
    drawn = torch.cat([targets[:3], torch.arange(17), targets[:1]])
    own, negatives = (vectors[targets], bias[targets]), (vectors[drawn], bias[drawn])
    sampled = sampled_softmax(states, own, negatives, targets=targets, drawn=drawn, n_items=len(vectors))
    positive = (states * own[0]).sum(-1) + own[1]
    others = states @ negatives[0].T + negatives[1] + math.log(len(vectors) / len(drawn))
    others = others.masked_fill(targets[:, None] == drawn, -math.inf)
    written = (torch.logsumexp(torch.cat([positive[:, None], others], 1), 1) - positive).mean()
    assert sampled.item() == pytest.approx(written.item(), rel=1e-6)
    parameters = (states, vectors, bias)
    for ours, theirs in zip(gradients(sampled, parameters), gradients(written, parameters), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


def test_drawn_items_not_yet_released_are_no_negatives(monkeypatch):
    monkeypatch.setattr(losses, "CHUNK_ELEMENTS", 100)
    states, targets, vectors, bias = problem()
    released = torch.rand(len(vectors), dtype=torch.double)
    asked = torch.maximum(torch.rand(len(states), dtype=torch.double), released[targets])
    sampled = every_item_once(states, targets, vectors, bias, later=(released, asked))
    hidden = released[None] > asked[:, None]
    full = F.cross_entropy((states @ vectors.T + bias).masked_fill(hidden, -math.inf), targets)
    assert hidden.any()
    assert sampled.item() == pytest.approx(full.item(), rel=1e-5)
    parameters = (states, vectors, bias)
    for ours, theirs in zip(gradients(sampled, parameters), gradients(full, parameters), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("chunk", [100, 1 << 20])
def test_under_autocast_products_are_rounded_and_sums_are_not(monkeypatch, chunk):
    monkeypatch.setattr(losses, "CHUNK_ELEMENTS", chunk)
    states, targets, vectors, bias = (one.detach() for one in problem(tokens=300))
    states, vectors, bias = (one.float().requires_grad_() for one in (states, vectors, bias))
    drawn = torch.arange(len(vectors))
    plain = F.cross_entropy(states @ vectors.T + bias, targets)
    with torch.autocast("cpu", torch.bfloat16):
        lean = catalogue_softmax(states, targets, vectors, bias)
        own = (vectors[targets], bias[targets])
        sampled = sampled_softmax(
            states, own, (vectors, bias), targets=targets, drawn=drawn, n_items=len(drawn)
        )
    expected = gradients(plain, (states, vectors, bias))
    for loss in (lean, sampled):
        assert loss.dtype == torch.float32
        assert 1e-6 < abs(loss.item() / plain.item() - 1) < 1e-2  # rounded, to eight bits
        for ours, theirs in zip(gradients(loss, (states, vectors, bias)), expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0.05, atol=1e-3)


def test_log_q_correction_keeps_the_partition_sum_unbiased():
    """What stands for the rest of the catalogue in the loss is right on average, whatever the draw."""
    states, targets, vectors, bias = (one.detach() * 1 for one in problem(tokens=1, items=400, width=4))
    states, bias = 0.3 * states, 0.3 * bias  # a heavy tail would need many more draws
    others = torch.arange(400) != targets[0]
    logits = (states @ vectors.T + bias)[0]
    truth, own = logits[others].exp().sum().item(), logits[targets[0]].item()
    pool = torch.arange(400)[others]
    estimates = []
    for seed in range(400):
        drawn = pool[torch.randint(399, (40,), generator=torch.Generator().manual_seed(seed))]
        loss = sampled_softmax(
            states,
            (vectors[targets], bias[targets]),
            (vectors[drawn], bias[drawn]),
            targets=targets,
            drawn=drawn,
            n_items=399,
        )
        estimates.append(math.exp(loss.item() + own) - math.exp(own))
    spread = (torch.tensor(estimates).std() / len(estimates) ** 0.5).item()
    assert spread < 0.05 * truth
    assert sum(estimates) / len(estimates) == pytest.approx(truth, abs=4 * spread)
