"""What is predicted from what: next-item and masked-item, on packed sentences; and how hard."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

Objective = Literal["next", "masked", "both"]
HIDDEN = -2  # the row that stands for the <mask> token


class Task(NamedTuple):
    """A packed batch with its question.

    Attributes
    ----------
    rows
        int64 [T] as the transformer reads them: catalogue rows, -1 for <user>, -2 for <mask>.
    times
        float64 [T].
    lengths
        int64 [B].
    places
        int64 [P], the tokens whose states answer.
    targets
        int64 [P], the rows they should name.
    target_times
        float64 [P].
    causal
        Whether attention looks back only.
    """

    rows: Tensor
    times: Tensor
    lengths: Tensor
    places: Tensor
    targets: Tensor
    target_times: Tensor
    causal: bool


class Recipe(NamedTuple):
    """What a training step hides of the items, and what it asks beside the next one.

    Attributes
    ----------
    id_dropout
        Chance that a popular item's ID delta is left out; rare items lose theirs more often
        (``1 - (1 - p) * g(n)``). Drawn apart for histories and for targets.
    cold_share
        Share of the candidates that play cold: no delta, and the bias of count 0.
    modality_dropout
        Chance that an item's text, and apart from it its picture, counts as missing in the tower.
    n_negatives
        0: softmax over all known items. Otherwise so many shared negatives.
    code_loss
        Weight of naming the targets' semantic ids beside the targets themselves.
    align_loss
        Weight of telling the targets' whole vectors apart by their content: :func:`losses.alignment`.
    """

    id_dropout: float = 0.0
    cold_share: float = 0.0
    modality_dropout: float = 0.0
    n_negatives: int = 0
    code_loss: float = 0.0
    align_loss: float = 0.0


PLAIN = Recipe()


def next_item(rows: Tensor, times: Tensor, lengths: Tensor) -> Task:
    """Every token names the one behind it (SASRec, arXiv 1808.09781); the head names the first item."""
    is_head = rows < 0
    last = torch.zeros_like(is_head)
    last[torch.cumsum(lengths, 0) - 1] = True
    places = torch.nonzero(~last).squeeze(1)
    targets = torch.nonzero(~is_head).squeeze(1)
    return Task(rows, times, lengths, places, rows[targets], times[targets], True)


def masked_item(rows: Tensor, times: Tensor, lengths: Tensor, *, share: float) -> Task:
    """A share of the items is hidden and named from both sides (BERT4Rec, arXiv 1904.06690).

    The last item of each sentence is hidden half of the time, since that is what is asked at
    serving. Uses torch's global generator, which the trainer seeds for each step.
    """
    chance = torch.full(rows.shape, share)
    chance[(torch.cumsum(lengths, 0) - 1).cpu()] = 0.5
    hidden = (torch.rand(rows.shape) < chance).to(rows.device) & (rows >= 0)
    if not hidden.any():
        hidden[torch.cumsum(lengths, 0)[-1:] - 1] = rows[-1:] >= 0
    places = torch.nonzero(hidden).squeeze(1)
    return Task(rows.masked_fill(hidden, HIDDEN), times, lengths, places, rows[places], times[places], False)
