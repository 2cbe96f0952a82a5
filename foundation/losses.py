"""Softmax over the catalogue, and its sampled form for very large ones.

Full softmax with cross-entropy is what separates strong sequence models from weak ones on every
public table we know; beyond about 100,000 items a few thousand negatives shared by the batch take
its place, corrected for how likely each was to be drawn (logQ; Bengio & Senecal 2008).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

ALIGN_TEMPERATURE = 0.07
CHUNK_ELEMENTS = 1 << 20  # logits held at once: 4 MiB in float32, so that they stay in cache
GPU_CHUNK_ELEMENTS = 1 << 26  # 256 MiB: there many small steps cost more than what is read again
HIDDEN_GAP = 40.0  # e^-40 of the target's weight is nothing, and exp(-inf) is ten times slower on CPUs


def catalogue_softmax(
    states: Tensor,
    targets: Tensor,
    vectors: Tensor,
    bias: Tensor,
    later: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Mean cross-entropy of each target among all vectors, a scalar.

    Memory-lean, in the manner of cut cross-entropy (arXiv 2411.09009): the logits of a few tokens
    exist at a time, and their gradients are taken while they are at hand.

    Parameters
    ----------
    states
        [T, d], any temperature multiplied in.
    targets
        int64 [T], index into `vectors`.
    vectors, bias
        [n, d] and [n].
    later
        When each item was released [n] and when each token was asked [T]; an item is no negative
        before its release. None: everything always competes.
    """
    released, asked = later or (None, None)
    return _CatalogueSoftmax.apply(states, vectors, bias, targets, released, asked)  # pyright: ignore[reportReturnType]


class _CatalogueSoftmax(torch.autograd.Function):
    """Cross-entropy whose backward pass is done during the forward pass, chunk by chunk."""

    @staticmethod
    def forward(
        ctx: Any,
        states: Tensor,
        vectors: Tensor,
        bias: Tensor,
        targets: Tensor,
        released: Tensor | None,
        asked: Tensor | None,
    ) -> Tensor:
        total, grads = _zeros(states, vectors, bias)
        for part, logits in _chunks(states, vectors, bias, total.dtype):
            own = targets[part, None]
            if released is not None and asked is not None:
                hidden = (released[None, :] > asked[part, None]).scatter_(1, own, False)
                torch.where(hidden, logits.gather(1, own) - HIDDEN_GAP, logits, out=logits)
            peak = logits.amax(1, keepdim=True)
            total += (peak - logits.gather(1, own)).sum()
            weights = logits.sub_(peak).exp_()
            mass = weights.sum(1, keepdim=True)
            total += mass.log().sum()
            weights.scatter_add_(1, own, -mass)
            _add_slopes((grads[0][part], *grads[1:]), weights, mass, states[part], vectors)
        ctx.save_for_backward(*(grad / len(states) for grad in grads))
        return total / len(states)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        return (*(upstream[0] * grad for grad in ctx.saved_tensors), None, None, None)


def sampled_softmax(
    states: Tensor,
    own: tuple[Tensor, Tensor],
    negatives: tuple[Tensor, Tensor],
    *,
    targets: Tensor,
    drawn: Tensor,
    n_items: int,
    later: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Mean cross-entropy of each target against negatives drawn uniformly and shared by the batch.

    Chunk by chunk, as :func:`catalogue_softmax`.

    Parameters
    ----------
    states
        [T, d], any temperature multiplied in.
    own
        The targets' vectors [T, d] and biases [T].
    negatives
        Vectors [k, d] and biases [k].
    targets, drawn
        int64 [T] and [k], which items these are: a negative that is the token's own target is left out.
    n_items
        Items the negatives were drawn from; each stands for n_items / k of them.
    later
        When each negative was released [k] and each token asked [T], as in :func:`catalogue_softmax`.
    """
    bias = negatives[1] + math.log(n_items / len(drawn))
    loss = _SampledSoftmax.apply(states, *own, negatives[0], bias, targets, drawn, *(later or (None, None)))
    return loss  # pyright: ignore[reportReturnType]


class _SampledSoftmax(torch.autograd.Function):
    """The same against shared negatives; every token's target stands apart."""

    @staticmethod
    def forward(
        ctx: Any,
        states: Tensor,
        own: Tensor,
        own_bias: Tensor,
        vectors: Tensor,
        bias: Tensor,
        targets: Tensor,
        drawn: Tensor,
        released: Tensor | None,
        asked: Tensor | None,
    ) -> Tensor:
        total, grads = _zeros(states, vectors, bias)
        positive = ((states * own).sum(-1, keepdim=True) + own_bias[:, None]).to(total.dtype)
        to_own = torch.empty_like(positive)
        tokens, columns = _matches(targets, drawn)
        for part, logits in _chunks(states, vectors, bias, total.dtype):
            mine = (tokens >= part.start) & (tokens < part.stop)
            logits[tokens[mine] - part.start, columns[mine]] = -math.inf
            if released is not None and asked is not None:
                hidden = released[None, :] > asked[part, None]
                torch.where(hidden, positive[part] - HIDDEN_GAP, logits, out=logits)
            peak = torch.maximum(logits.amax(1, keepdim=True), positive[part])
            weights = logits.sub_(peak).exp_()
            kept = (positive[part] - peak).exp()
            mass = weights.sum(1, keepdim=True) + kept
            total += (mass.log() + peak - positive[part]).sum()
            to_own[part] = kept / mass - 1
            _add_slopes((grads[0][part], *grads[1:]), weights, mass, states[part], vectors)
        grads[0] += to_own * own
        grads[1:1] = [to_own * states, to_own[:, 0]]
        ctx.save_for_backward(*(grad / len(states) for grad in grads))
        return total / len(states)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        return (*(upstream[0] * grad for grad in ctx.saved_tensors), None, None, None, None)


def _zeros(states: Tensor, vectors: Tensor, bias: Tensor) -> tuple[Tensor, list[Tensor]]:
    """A loss and gradients to add to, exact enough to add to; the vectors' lie turned in memory."""
    exact = torch.promote_types(states.dtype, torch.float32)
    turned = vectors.new_zeros(vectors.shape[::-1], dtype=exact)
    grads = [torch.zeros_like(states, dtype=exact), turned.T, torch.zeros_like(bias, dtype=exact)]
    return states.new_zeros((), dtype=exact), grads


def _chunks(
    states: Tensor, vectors: Tensor, bias: Tensor, exact: torch.dtype
) -> Iterator[tuple[slice, Tensor]]:
    """Runs of states and their logits [t, n], all in the same memory: each may be written over."""
    kind = states.device.type
    elements = CHUNK_ELEMENTS if kind == "cpu" else GPU_CHUNK_ELEMENTS
    size = max(1, elements // max(1, len(vectors)))
    # new memory for every chunk is faulted in page by page: a third of the whole loss on a CPU
    room = states.new_empty((min(size, len(states)), len(vectors)), dtype=exact)
    rounded = torch.is_autocast_enabled(kind) or states.dtype != exact
    for start in range(0, len(states), size):
        part = slice(start, start + size)
        logits = room[: len(states) - start]
        if rounded:
            logits.copy_(torch.addmm(bias, states[part], vectors.T))
        else:
            torch.addmm(bias, states[part], vectors.T, out=logits)
        yield part, logits


def _matches(targets: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
    """Where targets [T] stand among the drawn [k]: places in both, int64 [m] each, the targets' in order."""
    ordered, order = drawn.sort()
    first = torch.searchsorted(ordered, targets)
    often = torch.searchsorted(ordered, targets, right=True) - first
    tokens = torch.repeat_interleave(often)
    nth = torch.arange(len(tokens), device=tokens.device) - (often.cumsum(0) - often)[tokens]
    return tokens, order[first[tokens] + nth]


def _add_slopes(
    grads: tuple[Tensor, ...], weights: Tensor, mass: Tensor, states: Tensor, vectors: Tensor
) -> None:
    """Add what logits with slopes ``weights / mass`` [t, n] send to states [t, d], vectors and bias.

    The small factors are divided, not the weights: one pass less over what is large. The vectors' part is
    made turned, [d, n], which takes three quarters of the time.
    """
    grads[0].add_((weights @ vectors) / mass)
    grads[1].T.add_((states / mass).T @ weights)
    grads[2].add_(weights.T @ (1 / mass[:, 0]))


def alignment(content: Tensor, whole: Tensor, weights: Tensor) -> Tensor:
    """How well content tells which whole vector is its own, a scalar: InfoNCE over the items given.

    The content path is the student, the vector that logs have shaped its teacher, as in "Aligning
    Distillation" (ALDI, SIGIR 2023); no gradient reaches the teacher.

    Parameters
    ----------
    content, whole
        [m, d], different items.
    weights
        [m], how far each teacher is to be trusted.
    """
    teacher = F.normalize(whole.detach(), dim=-1)
    logits = F.normalize(content, dim=-1) @ teacher.T / ALIGN_TEMPERATURE
    own = torch.arange(len(content), device=content.device)
    losses = F.cross_entropy(logits, own, reduction="none")
    return (losses * weights).sum() / weights.sum().clamp_min(1e-6)
