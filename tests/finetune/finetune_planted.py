"""Tasks with a known answer, and how a tiny ranker is trained on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from finetune_world import DIM, LIMITS, build_item, build_llm

from firstlight.corpus import Item, ItemKey
from firstlight.finetune.contract import RankRequest
from firstlight.finetune.ranker import PackedRanker
from firstlight.finetune.train import train_ranker
from firstlight.finetune.train_config import RankerConfig, RankExample

CONFIG = RankerConfig(
    limits=LIMITS,
    lora_rank=8,
    n_negatives=5,
    batch_people=8,
    learning_rate=5e-3,
    projector_learning_rate=5e-3,
    eval_every=5,
    seed=3,
)


def word_example(seed: int) -> RankExample:
    """The positive's title holds "harbor"; nothing else tells it apart."""
    rng = np.random.default_rng([7, seed])
    positive = int(rng.integers(6))
    things = ["harbor" if i == positive else rng.choice(["river", "engine", "letter"]) for i in range(6)]
    items = [
        Item(ItemKey(f"{seed}-{i}"), f"the {rng.choice(['red', 'blue', 'green'])} {thing}")
        for i, thing in enumerate(things)
    ]
    return RankExample(RankRequest([build_item(int(rng.integers(50)))], items), positive)


def vector_example(seed: int) -> RankExample:
    """All titles are equal; the positive's foundation vector points along the first axis."""
    rng = np.random.default_rng([8, seed])
    positive = int(rng.integers(6))
    vectors = rng.normal(size=(6, DIM)).astype(np.float32)
    vectors[:, 0] = -2
    vectors[positive, 0] = 2
    items = [Item(ItemKey(f"{seed}-{i}"), "the red river") for i in range(6)]
    return RankExample(RankRequest([], items, candidate_vectors=vectors), positive)


def accuracy(ranker: PackedRanker, examples: list[RankExample]) -> float:
    scores = ranker.score([example.request for example in examples])
    return float(np.mean([one.argmax() == e.positive for one, e in zip(scores, examples, strict=True)]))


def trained(tokenizer, out, **changes) -> PackedRanker:
    examples = [word_example(i) for i in range(24)]
    config = replace(CONFIG, **{"epochs": 2, "eval_every": 3, **changes})
    return train_ranker(examples, examples[:10], config=config, out=out, llm=build_llm(tokenizer))[0]


def weights(ranker: PackedRanker) -> dict[str, torch.Tensor]:
    return {k: v for k, v in ranker.network.state_dict().items() if "lora" in k or not k.startswith("lm.")}


def assert_same_weights(one: PackedRanker, other: PackedRanker) -> None:
    assert weights(one).keys() == weights(other).keys()
    for name, value in weights(one).items():
        torch.testing.assert_close(value, weights(other)[name], rtol=0, atol=0)
