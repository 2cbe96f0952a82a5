"""Softmax over the catalogue, and its sampled form for very large ones.

Full softmax with cross-entropy is what separates strong sequence models from weak ones on every
public table we know; beyond about 100,000 items a few thousand negatives shared by the batch take
its place, corrected for how likely each was to be drawn (logQ; Bengio & Senecal 2008).
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

ALIGN_TEMPERATURE = 0.07
CHUNK_ELEMENTS = 1 << 20  # logits held at once: 4 MiB in float32, so that they stay in cache
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
        exact = torch.promote_types(states.dtype, torch.float32)
        total = states.new_zeros((), dtype=exact)
        grads = [torch.zeros_like(one, dtype=exact) for one in (states, vectors, bias)]
        size = max(1, CHUNK_ELEMENTS // max(1, len(vectors)))
        for start in range(0, len(states), size):
            part = slice(start, start + size)
            own = targets[part, None]
            logits = torch.addmm(bias, states[part], vectors.T).to(exact)
            if released is not None and asked is not None:
                hidden = (released[None, :] > asked[part, None]).scatter_(1, own, False)
                logits = torch.where(hidden, logits.gather(1, own) - HIDDEN_GAP, logits)
            norm = torch.logsumexp(logits, dim=1, keepdim=True)
            total += (norm - logits.gather(1, own)).sum()
            slope = logits.sub_(norm).exp_()  # softmax, then minus one at the target
            slope.scatter_add_(1, own, torch.full_like(norm, -1.0))
            grads[0][part] = slope @ vectors
            grads[1] += slope.T @ states[part]
            grads[2] += slope.sum(0)
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
    hits: Tensor,
    n_items: int,
) -> Tensor:
    """Mean cross-entropy of each target against negatives drawn uniformly and shared by the batch.

    Parameters
    ----------
    states
        [T, d], any temperature multiplied in.
    own
        The targets' vectors [T, d] and biases [T].
    negatives
        Vectors [k, d] and biases [k].
    hits
        bool [T, k]: negatives that are the token's own target, left out.
    n_items
        Items the negatives were drawn from; each stands for n_items / k of them.
    """
    positive = (states * own[0]).sum(-1) + own[1]
    others = states @ negatives[0].T + negatives[1] + math.log(n_items / len(negatives[0]))
    others = others.masked_fill(hits, -math.inf)
    logits = torch.cat([positive[:, None], others], dim=1).float()
    return F.cross_entropy(logits, torch.zeros(len(states), dtype=torch.long, device=states.device))


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
