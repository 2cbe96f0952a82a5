"""Semantic ids inside the model: a vector for every code, and heads that name the next item's codes.

Between content and IDs: items of like content share codes, so what is learned of one holds for the other,
and an item nobody has touched has codes like any other (VQ-Rec, arXiv 2210.12316; parallel heads as in
RPG, arXiv 2506.05781).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .semantic_ids import Quantizer

ABSENT = -1  # the code of an item without text


class CodeTable(nn.Module):
    """Residual codebooks over the encoder's own text vectors, and what each code means to the model.

    Parameters
    ----------
    dim
        Width of the text vectors.
    levels, bits
        Codes of each item, and bits of each; see :class:`firstlight.foundation.semantic_ids.Quantizer`.
    width
        The model's width.
    """

    books: Tensor

    def __init__(self, dim: int, levels: int, bits: int, width: int) -> None:
        super().__init__()
        self.levels, self.bits = levels, bits
        self.register_buffer("books", torch.zeros(levels, 2**bits, dim))
        self.entries = nn.Embedding(levels * 2**bits, width)
        self.heads = nn.Linear(width, levels * 2**bits)

    @torch.no_grad()
    def fit(self, vectors: Tensor) -> None:
        """Learn the codebooks from float32 [m, dim], of items that occur in training.

        Raises
        ------
        ModelError
            If a codebook collapses.
        ConfigError
            If there are fewer vectors than entries in a codebook.
        """
        quantizer = Quantizer(levels=self.levels, bits=self.bits).fit(vectors.numpy(force=True))
        self.books.copy_(torch.from_numpy(quantizer.books))

    @torch.no_grad()
    def codes(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Codes int64 [n, levels] of text vectors [n, dim], coarse to fine; `ABSENT` where there is none."""
        left, found = vectors, []
        for book in self.books:
            nearest = (left @ book.T - 0.5 * book.square().sum(dim=1)).argmax(dim=1)
            left = left - book[nearest]
            found.append(nearest)
        return torch.stack(found, dim=1).masked_fill(~present[:, None], ABSENT)

    def forward(self, codes: Tensor) -> Tensor:
        """The sum of an item's code vectors, [n, width]; nothing where it has none."""
        offsets = torch.arange(self.levels, device=codes.device) << self.bits
        present = codes[:, :1] != ABSENT
        return self.entries(codes.clamp_min(0) + offsets).sum(dim=1) * present

    def loss(self, states: Tensor, codes: Tensor) -> Tensor:
        """Mean cross-entropy of naming each code of the targets that have any, a scalar.

        Parameters
        ----------
        states
            [P, width].
        codes
            int64 [P, levels] of the targets.
        """
        known = codes[:, 0] != ABSENT
        if not known.any():
            return states.sum() * 0
        logits = self.heads(states[known]).unflatten(-1, (self.levels, -1))
        return F.cross_entropy(logits.flatten(0, 1).float(), codes[known].flatten())
