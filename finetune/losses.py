"""What training minimizes: a softmax or S-DPO over the list, and the words of the right title."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..base.errors import DataError

IGNORE = -100
"""The label of a position whose next token is not asked for."""


def ranking_loss(scores: Tensor, positives: Tensor) -> Tensor:
    """Listwise softmax: the mean of -log p(positive | list) over the rows.

    Parameters
    ----------
    scores
        float32 [b, n], -inf for missing candidates.
    positives
        int64 [b].
    """
    return functional.cross_entropy(scores, positives)


def softmax_dpo(scores: Tensor, reference: Tensor, positives: Tensor, beta: float) -> Tensor:
    """Softmax direct preference optimization over all negatives of a list, the mean over the rows.

    -log sigmoid(-log sum_j exp(beta * (r_j - r_positive))), r = scores - reference, j over the negatives

    (S-DPO, Chen et al., NeurIPS 2024, arXiv 2406.09215). There r is the log ratio of two language
    models' chances of writing a title. Here both policies are softmaxes of readouts over the same list, so
    the log ratio is a difference of scores and the list's normalizer cancels. As
    -log sigmoid(-log s) = log(1 + s), it is the cross-entropy of a softmax over beta * r.

    Parameters
    ----------
    scores, reference
        float32 [b, n] of the policy and of the frozen reference, -inf for missing candidates.
    positives
        int64 [b].
    beta
        How dear it is to leave the reference.
    """
    missing = torch.isneginf(scores)
    rewards = beta * (scores.masked_fill(missing, 0) - reference.masked_fill(missing, 0))
    return functional.cross_entropy(rewards.masked_fill(missing, -torch.inf), positives)


def word_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of next tokens, logits [m, v] and labels [m].

    Raises
    ------
    DataError
        If there is no label: a mean over nothing would silently be NaN or zero.
    """
    if labels.numel() == 0 or bool((labels == IGNORE).all()):
        raise DataError(
            "every label of a training batch is masked",
            expected="at least one word of a positive's title",
            fix="raise limits.candidate_tokens, or set lm_weight to 0",
        )
    return functional.cross_entropy(logits.float(), labels, ignore_index=IGNORE)
