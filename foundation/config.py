"""The shape of the foundation model; how it is trained stands in `pretrain.py`."""

from __future__ import annotations

from transformers import PreTrainedConfig


class FoundationConfig(PreTrainedConfig):
    """Sizes and priors of the item tower and the behavior transformer.

    Parameters
    ----------
    n_items
        Rows that have an ID embedding; rows beyond are content alone.
    text_dim, image_dim
        Width of the encoders' vectors; 0 switches the modality off.
    text_rank, image_rank
        Dimensions kept by whitening.
    hidden_size
        Width of item vectors and of the transformer.
    content_size
        Length at which content vectors start; learned from there. IDs start as long.
    id_half
        Interactions at which the ID delta counts half: ``g(n) = n / (n + id_half)``.
    n_blocks, n_heads, dropout
        Blocks of the behavior transformer, attention heads in each, share of values left out in training.
    init_scale, max_scale
        Where the learned score scale (1 / temperature) starts, and its upper bound.
    code_levels, code_bits
        Semantic ids read beside the text: codes of an item and bits of each; 0 levels leave them out.
    max_items
        Longest history read.
    use_time
        Whether attention sees log-bucketed time gaps; needs timestamps.
    direction
        "causal" reads left to right; "both" is for masked-item pre-training alone.
    """

    model_type = "firstlight"

    n_items: int = 0
    text_dim: int = 0
    image_dim: int = 0
    text_rank: int = 128
    image_rank: int = 64
    hidden_size: int = 64
    n_blocks: int = 2
    n_heads: int = 2
    dropout: float = 0.2
    content_size: float = 0.1
    id_half: float = 0.5
    code_levels: int = 0
    code_bits: int = 8
    max_items: int = 50
    init_scale: float = 8.0
    max_scale: float = 50.0
    use_time: bool = False
    direction: str = "causal"
