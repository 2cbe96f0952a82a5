"""Packed scoring against the padded batch of pairs, and the speed of training in the pack.

    python benchmarks/packed_scoring.py [--model NAME] [--dtype float32] [--device cpu] [--repeats 3]

A prefix of about 300 tokens, candidates of 12, one person. "ratio" is how many times fewer tokens the
pack computes; "faster" how many times less time it took; the share of the first that the second reaches is
what the mask and the layout leave of it. Times are the smallest of the repeats: wall seconds, and CPU
seconds of all threads, which say more on a busy machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from firstlight.corpus import Item, ItemKey
from firstlight.finetune.contract import RankRequest
from firstlight.finetune.llm import DEFAULT_LLM, LanguageModel, load_llm
from firstlight.finetune.ranker import PackedRanker
from firstlight.finetune.reference import score_pairs
from firstlight.finetune.train import train_ranker
from firstlight.finetune.train_config import RankerConfig, RankExample
from firstlight.prompts import Limits

WORDS = ("river", "engine", "garden", "letter", "castle", "winter", "signal", "harbor", "mirror", "desert")
LIMITS = Limits(history_items=30, history_tokens=13, wish_tokens=16, prefix_tokens=320, candidate_tokens=12)


def item(number: int) -> Item:
    """A title longer than every budget, so that each piece has exactly its budget's length."""
    title = " ".join(WORDS[(number * 7 + i * (1 + number % 5)) % len(WORDS)] for i in range(16))
    return Item(ItemKey(f"k{number}"), f"{number} {title}")


def request(n: int, history: int = 22) -> RankRequest:
    items = [item(i) for i in range(n + history)]
    return RankRequest(history=items[n:], candidates=items[:n])


def best_of(repeats: int, run: Callable[[], object]) -> tuple[float, float]:
    """The smallest wall and CPU seconds."""
    times = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(w for w, _ in times), min(c for _, c in times)


def scoring_table(ranker: PackedRanker, sizes: list[int], repeats: int) -> None:
    print("| N | packed / pairs | ratio | packed s (CPU s) | tokens/s | pairs s (CPU s) | faster | share |")
    print("|---|---|---|---|---|---|---|---|")
    for n in sizes:
        asked = request(n)
        question = ranker.ask(asked)
        pairs_tokens = n * len(question.prefix) + sum(map(len, question.candidates))
        ranker.score([asked])
        wall, cpu = best_of(repeats, lambda asked=asked: ranker.score([asked]))
        slow, slow_cpu = best_of(1, lambda asked=asked: score_pairs(ranker, asked, batch=20))
        ratio, faster = pairs_tokens / question.tokens, slow_cpu / cpu
        print(
            f"| {n} | {question.tokens:,} / {pairs_tokens:,} | {ratio:.1f} | {wall:.2f} ({cpu:.2f}) "
            f"| {question.tokens / cpu:,.0f} | {slow:.2f} ({slow_cpu:.2f}) "
            f"| {faster:.1f} | {faster / ratio:.0%} |",
            flush=True,
        )


def training_table(llm: Callable[[], LanguageModel], people: int) -> None:
    """A short training for each setting; the untouched base is loaded anew for each."""
    examples = [RankExample(request(8, history=6), i % 8) for i in range(people)]
    print("| LoRA layers | people/s | tokens/s |\n|---|---|---|")
    for layers in (None, 10):
        config = RankerConfig(limits=LIMITS, n_negatives=7, lora_layers=layers)
        with tempfile.TemporaryDirectory() as place:
            _, report = train_ranker(examples, config=config, out=Path(place) / "r", llm=llm())
        rates = report.people / report.seconds, report.tokens / report.seconds
        print(f"| {layers or 'all'} | {rates[0]:.2f} | {rates[1]:,.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_LLM)
    parser.add_argument("--dtype", default="auto", choices=["auto", "float32", "bfloat16"])
    parser.add_argument("--device", default=None)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 50, 100])
    parser.add_argument("--train-people", type=int, default=16)
    options = parser.parse_args()

    def llm() -> LanguageModel:
        return load_llm(options.model, dtype=options.dtype, device=options.device)

    ranker = PackedRanker.from_base(llm(), limits=LIMITS)
    model = ranker.llm.model
    print(f"{ranker.llm.name}, {model.dtype}, {model.device}, {torch.get_num_threads()} threads")
    scoring_table(ranker, options.sizes, options.repeats)
    if options.train_people:
        training_table(llm, options.train_people)


if __name__ == "__main__":
    main()
