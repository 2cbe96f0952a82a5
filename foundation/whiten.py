"""PCA whitening: equal variance in every kept direction.

Raw sentence vectors share a few dominant directions, so everything looks alike (WhitenRec reports a
mean cosine above .8); removing them multiplied content scores by 1.5 to 3 on sparse retail data.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Whitening(nn.Module):
    """Map [n, dim] to [n, rank] with identity covariance on the items it was fitted on.

    Fit on training items only: statistics of cold items would leak. The output is scaled to unit
    root-mean-square length.
    """

    mean: Tensor
    basis: Tensor

    def __init__(self, dim: int, rank: int) -> None:
        super().__init__()
        self.rank = min(dim, rank)
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("basis", torch.eye(dim)[:, : self.rank].contiguous())

    @torch.no_grad()
    def fit(self, vectors: Tensor) -> None:
        """Set the statistics from float32 [m, dim]; fewer than two vectors change nothing."""
        if len(vectors) < 2:
            return
        data = vectors.double()
        mean = data.mean(0)
        values, directions = torch.linalg.eigh((data - mean).T @ (data - mean) / len(data))
        # eigh leaves the sign open: fix it, so that one data set gives one basis
        directions = directions * torch.sign(directions.sum(0) + 1e-12)
        top = torch.arange(len(values) - 1, len(values) - 1 - self.rank, -1)
        # the floor keeps directions that are only noise from being blown up
        spread = values[top].clamp_min(values[-1] * 1e-3 + 1e-8).sqrt()
        self.mean.copy_(mean)
        self.basis.copy_(directions[:, top] / spread / self.rank**0.5)

    def forward(self, vectors: Tensor) -> Tensor:
        """Whiten [..., dim] to [..., rank]."""
        return (vectors - self.mean) @ self.basis

    def unit(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Whitened unit vectors [n, rank]; zeros where `present`, bool [n], says there are none."""
        return F.normalize(self(vectors), dim=-1) * present[:, None]
