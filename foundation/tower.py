"""The item tower: one vector for every item, the same in a history and as a candidate.

    c_i = size * normalize(fuse(whiten(text_i), whiten(image_i))) [+ sum of its semantic ids' vectors]
    z_i = c_i + m_i * g(n_i) * delta_i                      g(n) = n / (n + half), g(0) = 0

An item nobody has touched therefore has exactly its content vector, and ranks with all others. Vectors
are short at first and IDs nearly equal; they grow as they are learned, which is what lets IDs rank.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .code_table import CodeTable
from .config import FoundationConfig
from .features import ItemFeatures
from .whiten import Whitening

BIAS_KNOTS = 24  # the bias is piecewise linear in log2(1 + n), up to 2^23 interactions


class Modality(nn.Module):
    """Whitened encoder vectors to the model's width; a learned vector where there are none."""

    def __init__(self, dim: int, rank: int, width: int, dropout: float) -> None:
        super().__init__()
        self.whitening = Whitening(dim, rank)
        self.project = nn.Linear(self.whitening.rank, width)
        self.refine = nn.Sequential(
            nn.Linear(self.whitening.rank, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width)
        )
        self.missing = nn.Parameter(torch.randn(width) * width**-0.5)  # zeros have no direction to learn from

    def forward(self, white: Tensor, present: Tensor) -> Tensor:
        """White vectors [n, rank] and bool [n] to [n, width]."""
        scaled = white * self.whitening.rank**0.5
        mapped = self.project(scaled) + self.refine(scaled)
        return torch.where(present[:, None], mapped, self.missing)


class ItemTower(nn.Module):
    """ID, text and image to one vector, and a bias that depends on how often an item was seen."""

    cold_bias: Tensor

    def __init__(self, config: FoundationConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.id_half, self.n_known = config.id_half, config.n_items
        self.log_size = nn.Parameter(torch.tensor(math.log(config.content_size)))
        self.text = self._modality(config.text_dim, config.text_rank, width, config.dropout)
        self.image = self._modality(config.image_dim, config.image_rank, width, config.dropout)
        levels = config.code_levels if config.text_dim else 0
        self.codes = CodeTable(config.text_dim, levels, config.code_bits, width) if levels else None
        both = self.text is not None and self.image is not None
        self.gate = nn.Linear(2 * width, width) if both else None
        self.plain = nn.Parameter(torch.randn(width)) if self.text is None and self.image is None else None
        self.delta = nn.Embedding(max(config.n_items, 1), width)
        self.bias_table = nn.Parameter(torch.zeros(BIAS_KNOTS))
        self.trust_table = nn.Parameter(torch.zeros(BIAS_KNOTS))
        self.register_buffer("cold_bias", torch.zeros(()))  # fitted on validation after training

    @staticmethod
    def _modality(dim: int, rank: int, width: int, dropout: float) -> Modality | None:
        return Modality(dim, rank, width, dropout) if dim else None

    def fit_content(self, features: ItemFeatures) -> None:
        """Fit whitenings and codebooks on items that occur in training (count above 0)."""
        warm = features.counts > 0
        if self.text is not None:
            self.text.whitening.fit(features.text[warm & features.has_text])
        if self.codes is not None:
            self.codes.fit(features.text[warm & features.has_text])
        if self.image is not None:
            self.image.whitening.fit(features.image[warm & features.has_image])

    @property
    def white_widths(self) -> list[int]:
        """Width of each modality's white vectors, in the order of :meth:`white`."""
        return [one.whitening.rank for one in (self.text, self.image) if one is not None]

    def white(self, features: ItemFeatures) -> Tensor:
        """Text and picture as whitened unit vectors side by side, [n, sum(white_widths)]."""
        parts = [features.text[:, :0]]
        if self.text is not None:
            parts.append(self.text.whitening.unit(features.text, features.has_text))
        if self.image is not None:
            parts.append(self.image.whitening.unit(features.image, features.has_image))
        return torch.cat(parts, dim=-1)

    def coded(self, features: ItemFeatures) -> ItemFeatures:
        """The same items with their semantic ids, where the model reads any."""
        if self.codes is None or features.codes.shape[1]:
            return features
        return replace(features, codes=self.codes.codes(features.text, features.has_text))

    def content(self, features: ItemFeatures, white: Tensor) -> Tensor:
        """Content vectors [n, width]: the whole ID-space vector of a cold item.

        Without semantic ids, which `features` must hold where the model reads them, all are of one length.
        """
        if self.plain is not None:
            return self._sized(self.plain).expand(len(features), -1)
        pieces = list(white.split(self.white_widths, dim=-1))
        parts = []
        if self.text is not None:
            parts.append(self.text(pieces.pop(0), features.has_text))
        if self.image is not None:
            parts.append(self.image(pieces.pop(0), features.has_image))
        content = self._sized(self._fuse(parts))
        return content if self.codes is None else content + self.codes(features.codes)

    def _sized(self, vectors: Tensor) -> Tensor:
        return self.log_size.exp() * F.normalize(vectors, dim=-1)

    def _fuse(self, parts: list[Tensor]) -> Tensor:
        if self.gate is None:
            return parts[0]
        share = torch.sigmoid(self.gate(torch.cat(parts, dim=-1)))
        return share * parts[0] + (1 - share) * parts[1]

    def vectors(
        self, content: Tensor, rows: Tensor, counts: Tensor, play_cold: Tensor | None = None
    ) -> Tensor:
        """Add the count-weighted ID delta.

        Parameters
        ----------
        content
            [n, width] from :meth:`content`.
        rows
            int64 [n]; a row without an ID embedding keeps its content vector.
        counts
            float32 [n].
        play_cold
            bool [n]: rows whose delta is left out in this step (ID dropout, simulated cold).
        """
        known = rows < self.n_known
        delta = self.delta(rows.clamp(0, self.delta.num_embeddings - 1))
        weight = self.share(counts) * known
        if play_cold is not None:
            weight = weight * ~play_cold
        return content + weight[:, None] * delta

    def share(self, counts: Tensor) -> Tensor:
        """g(n), how much of its ID an item seen `counts` times is given, [n]."""
        return counts / (counts + self.id_half)

    def forward(self, features: ItemFeatures) -> Tensor:
        """Vectors of all items [n, width], as they are retrieved."""
        rows = torch.arange(len(features), device=features.counts.device)
        content = self.content(self.coded(features), self.white(features))
        return self.vectors(content, rows, features.counts)

    def bias(self, counts: Tensor) -> Tensor:
        """What is added to an item's score for having been seen `counts` times, [n]."""
        return _interpolated(self.bias_table, counts) + self.cold_bias * (counts == 0)

    def trusted(self, white: Tensor, counts: Tensor) -> Tensor:
        """White vectors [n, white], longer where content says more: on items seen seldom or never."""
        return white * torch.exp(_interpolated(self.trust_table, counts))[:, None]


def _interpolated(table: Tensor, counts: Tensor) -> Tensor:
    """A table of knots read at ``log2(1 + count)``, [n]."""
    place = torch.log2(1 + counts).clamp(max=len(table) - 1.001)
    low = place.long()
    part = place - low
    return table[low] * (1 - part) + table[low + 1] * part
