"""A tiny random Llama with a real byte-level tokenizer, and a small world of titles."""

from __future__ import annotations

import numpy as np
import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from firstlight.corpus import Item, ItemKey
from firstlight.finetune.contract import RankRequest
from firstlight.finetune.llm import LanguageModel, fingerprint
from firstlight.prompts import Limits

COLORS = ("red", "blue", "green", "amber", "violet", "silver")
THINGS = ("river", "engine", "garden", "letter", "castle", "winter", "signal", "harbor")
LIMITS = Limits(history_items=4, history_tokens=12, wish_tokens=16, prefix_tokens=128, candidate_tokens=24)
DIM = 6


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE over the world's words, with chat tokens that text must not be able to spell."""
    trainer = ByteLevelBPETokenizer()
    words = [f"Someone liked these {c} {t}; Drama, Comedy Answer: Yes No\n" for c in COLORS for t in THINGS]
    special = ["<|im_start|>", "<|im_end|>", "<s>"]
    trainer.train_from_iterator(words * 4, vocab_size=420, special_tokens=special)
    return PreTrainedTokenizerFast(
        tokenizer_object=trainer._tokenizer, additional_special_tokens=special[:2], bos_token="<s>"
    )


def build_llm(tokenizer: PreTrainedTokenizerFast, seed: int = 0) -> LanguageModel:
    """Two layers, grouped-query attention, weights large enough that attention matters."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.3,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM._from_config(config, attn_implementation="sdpa")
    model.eval().requires_grad_(False)
    return LanguageModel("tiny", model, tokenizer, fingerprint(model))


def build_item(number: int, title: str | None = None) -> Item:
    name = f"the {COLORS[number % 6]} {THINGS[number % 8]} {number}"
    return Item(ItemKey(f"k{number}"), title or name, categories=("Drama", "Comedy")[: 1 + number % 2])


def build_request(
    seed: int = 0, n: int = 9, history: int = 3, wish: str = "", soft: bool = True
) -> RankRequest:
    """A random person with `n` candidates of different lengths."""
    rng = np.random.default_rng(seed)
    numbers = rng.permutation(200)[: n + history]
    items = [build_item(int(i)) for i in numbers]
    vectors = rng.normal(size=(n + history, DIM)).astype(np.float32)
    return RankRequest(
        history=items[n:],
        candidates=items[:n],
        wish=wish,
        person=rng.normal(size=DIM).astype(np.float32) if soft else None,
        history_vectors=vectors[n:] if soft else None,
        candidate_vectors=vectors[:n] if soft else None,
        candidate_cold=rng.random(n) < 0.3 if soft else None,
    )
