"""The content profile: what the last items look like, as an expert with a learned say.

A person's recent items, averaged in the encoders' own whitened space, already rank new items well
and need no training. The transformer learns on top of it when and how much to listen:

    score(h, i) = scale * <h, z_i> + sum_m gate_m(h) * <profile_m, white_m(i)> + bias(n_i)

with one term for each modality m. It remains one inner product, so one index retrieves it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .transformer import Layout

DECAY = 0.7  # where the weight of each older item starts; learned from there
START_SAY = 6.0  # where the gates start, in units of logits for a perfect match


class ContentProfile(nn.Module):
    """Packed white vectors to gated profiles.

    Parameters
    ----------
    widths
        Dimensions of each modality's white vectors, in the order in which they stand side by side.
    reach
        The longest distance with a weight of its own.
    """

    def __init__(self, widths: Sequence[int], hidden_size: int, reach: int) -> None:
        super().__init__()
        self.widths, self.reach = list(widths), reach
        fading = torch.arange(reach + 1) * math.log(DECAY)
        self.log_weight = nn.Parameter(fading.repeat(len(self.widths), 1))
        self.log_say = nn.Parameter(torch.full((len(self.widths),), math.log(START_SAY)))
        with warnings.catch_warnings():  # IDs alone have no profile to gate: torch would warn
            warnings.filterwarnings("ignore", "Initializing zero-element tensors")
            self.gate = nn.Linear(hidden_size, len(self.widths), bias=False)

    def forward(
        self, white: Tensor, states: Tensor, lengths: Tensor, *, causal: bool, last: bool = False
    ) -> Tensor:
        """Gated profiles [T, sum(widths)] at every token, or [B, sum(widths)] at the sentences' last ones.

        Parameters
        ----------
        white
            [T, sum(widths)], zeros at the special tokens.
        states
            [T, hidden_size], what the transformer made of the same tokens; [B, hidden_size] with `last`.
        """
        if not self.widths:
            return states[:, :0]
        layout = Layout.of(lengths)
        says = torch.exp(self.log_say + self.gate(states)).split(1, dim=-1)
        weights = self._weights(layout.size[1], causal, white.device)
        parts = []
        for part, weight, say in zip(white.split(self.widths, dim=-1), weights, says, strict=True):
            grid = layout.spread(part)
            gathered = (weight[lengths - 1, None] @ grid)[:, 0] if last else layout.collect(weight @ grid)
            parts.append(say * F.normalize(gathered, dim=-1, eps=1e-6))
        return torch.cat(parts, dim=-1)

    def _weights(self, length: int, causal: bool, device: torch.device) -> Tensor:
        """How much each place takes from each other, [modalities, L, L]."""
        steps = torch.arange(length, device=device)
        distance = steps[:, None] - steps[None, :]
        weights = self.log_weight.exp()[:, distance.abs().clamp(max=self.reach)]
        return weights * (distance >= 0) if causal else weights
