"""The behavior transformer: reads packed sentences of item vectors.

Pre-norm blocks whose attention and feed-forward branches pass through a sigmoid gate before they
are added (LiGR, arXiv 2502.03417; gating is what lets depth train), SwiGLU feed-forward
(arXiv 2002.05202), and learned biases for distance and, where timestamps exist, for time gaps
(as in HSTU, arXiv 2402.17152). Positions are relative only, so a sentence may start anywhere.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import FoundationConfig

TIME_BUCKETS = 32  # log2 of the gap in minutes


class Layout(NamedTuple):
    """Where each packed token stands when attention spreads sentences over a padded grid."""

    place: Tensor  # int64 [T], in the grid's rows end to end
    ends: Tensor  # int64 [B], each sentence's last token
    size: tuple[int, int]  # (B, L)

    @classmethod
    def of(cls, lengths: Tensor) -> Layout:
        """The layout of sentences of these lengths, int64 [B]."""
        longest, ends = int(lengths.max()), torch.cumsum(lengths, 0) - 1
        rows = torch.arange(len(lengths), device=lengths.device) * longest
        moved = torch.repeat_interleave(rows - (ends + 1 - lengths), lengths)
        return cls(torch.arange(len(moved), device=lengths.device) + moved, ends, (len(lengths), longest))

    def spread(self, flat: Tensor) -> Tensor:
        """[T, ...] to [B, L, ...], zeros behind each sentence's end."""
        grid = flat.new_zeros(self.size[0] * self.size[1], *flat.shape[1:])
        return grid.index_copy_(0, self.place, flat).unflatten(0, self.size)

    def collect(self, grid: Tensor) -> Tensor:
        """[B, L, ...] back to [T, ...]."""
        return grid.flatten(0, 1).index_select(0, self.place)

    def of_ends(self, grid: Tensor) -> Tensor:
        """What a grid [1 or B, H, L, X] holds at the sentences' last tokens, [B, H, 1, X]."""
        last = self.place[self.ends] % self.size[1]
        whose = torch.arange(self.size[0], device=last.device)
        return grid.expand(self.size[0], -1, -1, -1)[whose, :, last].unsqueeze(2)


class AttentionBias(nn.Module):
    """What attention adds to its logits: distance, time gap, and who may see whom."""

    def __init__(self, config: FoundationConfig) -> None:
        super().__init__()
        self.reach = config.max_items
        self.distance = nn.Parameter(torch.zeros(config.n_heads, 2 * self.reach + 1))
        self.gap = nn.Parameter(torch.zeros(config.n_heads, TIME_BUCKETS)) if config.use_time else None

    def forward(self, gaps: Tensor | None, size: tuple[int, int], visible: Tensor) -> Tensor:
        """Bias [B or 1, H, L, L].

        Parameters
        ----------
        gaps
            int64 [B, L, L] time buckets, or None.
        visible
            bool, broadcastable to [B, 1, L, L].
        """
        steps = torch.arange(size[1], device=visible.device)
        index = (steps[None, :] - steps[:, None]).clamp(-self.reach, self.reach) + self.reach
        bias = self.distance[:, index][None]
        if self.gap is not None and gaps is not None:
            bias = bias + self.gap[:, gaps].transpose(0, 1)
        return bias.masked_fill(~visible, torch.finfo(bias.dtype).min)


class Block(nn.Module):
    """Gated attention, gated SwiGLU."""

    def __init__(self, config: FoundationConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads, self.dropout = config.n_heads, config.dropout
        self.norm_in, self.norm_mid = nn.RMSNorm(width), nn.RMSNorm(width)
        self.bias = AttentionBias(config)
        self.mix = nn.Linear(width, 4 * width)  # query, key, value, gate
        self.out = nn.Linear(width, width)
        self.up = nn.Linear(width, 4 * width)  # value and gate of SwiGLU, 2 * width each
        self.down = nn.Linear(2 * width, width)
        self.gate = nn.Linear(width, width)

    def forward(
        self, x: Tensor, layout: Layout, gaps: Tensor | None, visible: Tensor, *, last: bool = False
    ) -> Tensor:
        """[T, width] to [T, width], or to [B, width] where only the sentences' last tokens are wanted."""
        normed = self.norm_in(x)
        mixed = self.mix(normed).unflatten(-1, (4, -1))
        heads, gate = layout.spread(mixed[:, :3]).unflatten(-1, (self.heads, -1)), mixed[:, 3]
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # of [B, L, 3, H, d]
        bias = self.bias(gaps, layout.size, visible)
        if last:
            query, bias = layout.of_ends(query), layout.of_ends(bias)
            x, gate = x[layout.ends], gate[layout.ends]
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))
        seen = seen.transpose(1, 2).flatten(2)
        attended = self.out(seen[:, 0] if last else layout.collect(seen))
        x = self._add(x, attended, gate)
        normed = self.norm_mid(x)
        value, switch = self.up(normed).chunk(2, dim=-1)
        fed = self.down(value * F.silu(switch))
        return self._add(x, fed, self.gate(normed))

    def _add(self, x: Tensor, new: Tensor, gate: Tensor) -> Tensor:
        """As much of what is new as its gate lets through."""
        return x + F.dropout(torch.sigmoid(gate) * new, self.dropout, self.training)


class BehaviorTransformer(nn.Module):
    """Packed item vectors in, packed states out."""

    def __init__(self, config: FoundationConfig) -> None:
        super().__init__()
        self.use_time = config.use_time
        self.enter = nn.Linear(config.hidden_size, config.hidden_size)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_blocks))
        self.norm = nn.RMSNorm(config.hidden_size)
        self.leave = nn.Linear(config.hidden_size, config.hidden_size)
        self.dropout = config.dropout

    def forward(
        self, x: Tensor, times: Tensor, lengths: Tensor, *, causal: bool, last: bool = False
    ) -> Tensor:
        """Unit states [T, width] for packed vectors [T, width].

        Parameters
        ----------
        times
            float64 [T], seconds; read only when the model uses time.
        lengths
            int64 [B].
        causal
            Whether a token sees only itself and what came before it.
        last
            Only the last state of each sentence, [B, width]: serving wants no other, and the last block,
            which then makes no other, is most of a shallow network.
        """
        layout = Layout.of(lengths)
        visible = self._visible(layout, lengths, causal)
        gaps = self._gaps(layout.spread(times)) if self.use_time else None
        x = F.dropout(self.enter(x), self.dropout, self.training)
        for number, block in enumerate(self.blocks, 1):
            x = block(x, layout, gaps, visible, last=last and number == len(self.blocks))
        return F.normalize(self.leave(self.norm(x)), dim=-1)

    @staticmethod
    def _visible(layout: Layout, lengths: Tensor, causal: bool) -> Tensor:
        steps = torch.arange(layout.size[1], device=lengths.device)
        if causal:  # what stands behind a sentence's end is in everyone's future
            return (steps[None, :] <= steps[:, None])[None, None]
        return (steps[None, :] < lengths[:, None])[:, None, None, :]

    @staticmethod
    def _gaps(times: Tensor) -> Tensor:
        minutes = (times[:, :, None] - times[:, None, :]).abs() / 60
        return torch.log2(1 + minutes).long().clamp(max=TIME_BUCKETS - 1)
