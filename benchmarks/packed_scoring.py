"""Packed scoring against padded pairs and against generating; training in the pack against pairs.

    python benchmarks/packed_scoring.py [--model NAME] [--dtype float32] [--device cpu] [--repeats 3]

A prefix of about 300 tokens, candidates of 12, one person. Three ways to order the same N candidates:

pack      one pass over the prefix and all candidates
pairs     the usual padded batches of ``prefix + candidate``, 20 in a batch
generate  one prompt with the numbered candidates, then N numbers written greedily, 3 tokens for each

"ratio" is how many times fewer tokens the pack computes than the pairs; "faster" how many times less time it
took; "share" is what the mask and the layout leave of the ratio. Training sees the same people, candidates
and texts twice: as packs through `train_ranker`, and as pairs with a Yes or No behind them through peft and
the Trainer of transformers. Times are the smallest of the repeats; on a CPU they are CPU seconds of all
threads, which say more on a busy machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from transformers import Trainer, TrainingArguments

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
PAIRS_IN_A_BATCH = 20
PAIRS_IN_A_STEP = 8  # the Trainer makes logits of every position: 32 pairs at once took 18 GB
TOKENS_A_NUMBER = 3
IGNORE = -100


def item(number: int) -> Item:
    """A title longer than every budget, so that each piece has exactly its budget's length."""
    title = " ".join(WORDS[(number * 7 + i * (1 + number % 5)) % len(WORDS)] for i in range(16))
    return Item(ItemKey(f"k{number}"), f"{number} {title}")


def request(n: int, history: int = 22) -> RankRequest:
    items = [item(i) for i in range(n + history)]
    return RankRequest(history=items[n:], candidates=items[:n])


def seconds(run: Callable[[], object], repeats: int = 1) -> float:
    """The smallest time of a run: CPU seconds on a CPU, wall seconds where a GPU works."""
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    times = []
    for _ in range(repeats):
        start = clock()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(clock() - start)
    return min(times)


def generate(ranker: PackedRanker, asked: RankRequest) -> Tensor:
    """A written ranking: all candidates in the prompt, then a fixed number of tokens."""
    question, model = ranker.ask(asked), ranker.llm.model
    closing = len(ranker.tokens_after_title)
    listed = [token for one in question.candidates for token in one[: len(one) - closing]]
    ids = torch.tensor([[*question.prefix, *listed]], device=model.device)
    length = TOKENS_A_NUMBER * len(question.candidates)
    with torch.inference_mode():
        return model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            min_new_tokens=length,
            max_new_tokens=length,
            do_sample=False,
            pad_token_id=0,
        )


def scoring_table(ranker: PackedRanker, sizes: list[int], repeats: int) -> None:
    print("| N | tokens, pack / pairs | ratio | pack s | pairs s | faster | share | generate s | faster |")
    print("|---|---|---|---|---|---|---|---|---|")
    for n in sizes:
        asked = request(n)
        question = ranker.ask(asked)
        pairs_tokens = n * len(question.prefix) + sum(map(len, question.candidates))
        ranker.score([asked])
        packed = seconds(lambda asked=asked: ranker.score([asked]), repeats)
        pairs = seconds(lambda asked=asked: score_pairs(ranker, asked, batch=PAIRS_IN_A_BATCH))
        written = seconds(lambda asked=asked: generate(ranker, asked))
        ratio, faster = pairs_tokens / question.tokens, pairs / packed
        print(
            f"| {n} | {question.tokens:,} / {pairs_tokens:,} | {ratio:.1f} | {packed:.2f} | {pairs:.2f} "
            f"| {faster:.1f} | {faster / ratio:.0%} | {written:.2f} | {written / packed:.1f} |",
            flush=True,
        )


def train_on_pairs(ranker: PackedRanker, examples: Sequence[RankExample], config: RankerConfig) -> int:
    """One epoch of peft and Trainer on ``prefix + candidate`` -> Yes or No; returns the tokens computed."""
    yes, no = (
        ranker.llm.tokenize(word)[0] for word in (ranker.renderer.template.yes, ranker.renderer.template.no)
    )
    rows = []
    for example in examples:
        question = ranker.ask(example.request)
        for place, candidate in zip(question.order, question.candidates, strict=True):
            answer = yes if place == example.positive else no
            ids = [*question.prefix, *candidate, answer]
            rows.append({"input_ids": ids, "labels": [IGNORE] * (len(ids) - 1) + [answer]})
    lora = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        use_rslora=True,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    pairs = config.batch_people * len(examples[0].request.candidates)
    with tempfile.TemporaryDirectory() as place:
        arguments = TrainingArguments(
            output_dir=place,
            per_device_train_batch_size=PAIRS_IN_A_STEP,
            gradient_accumulation_steps=max(1, pairs // PAIRS_IN_A_STEP),
            num_train_epochs=1,
            learning_rate=config.learning_rate,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            use_cpu=not torch.cuda.is_available(),
            bf16=ranker.llm.model.dtype == torch.bfloat16,
        )
        model = get_peft_model(ranker.llm.model, lora)
        Trainer(model=model, args=arguments, train_dataset=rows, data_collator=collate).train()  # pyright: ignore[reportArgumentType]
    return sum(len(row["input_ids"]) for row in rows)


def collate(rows: list[dict[str, list[int]]]) -> dict[str, Tensor]:
    """Right-padded rows."""
    width = max(len(row["input_ids"]) for row in rows)

    def padded(name: str, filler: int) -> Tensor:
        return torch.tensor([row[name] + [filler] * (width - len(row[name])) for row in rows])

    labels = padded("labels", IGNORE)
    mask = torch.tensor([[i < len(row["input_ids"]) for i in range(width)] for row in rows]).long()
    return {"input_ids": padded("input_ids", 0), "attention_mask": mask, "labels": labels}


def training_table(llm: Callable[[], LanguageModel], people: int, negatives: int) -> None:
    """A short training each way on the same lists; the untouched base is loaded anew for each."""
    examples = [RankExample(request(negatives + 1), i % (negatives + 1)) for i in range(people)]
    config = RankerConfig(limits=LIMITS, n_negatives=negatives, batch_people=2)
    print(f"\n{people} people, {negatives + 1} candidates each, one epoch, LoRA on all linear maps")
    print("| training | tokens | s | tokens/s | people/s |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        out, base = Path(place) / "r", llm()
        taken: list[int] = []
        spent = seconds(
            lambda: taken.append(train_ranker(examples, config=config, out=out, llm=base)[1].tokens)
        )
    packed = taken[0], spent
    ranker = PackedRanker.from_base(llm(), limits=LIMITS)
    pairs_spent = seconds(lambda: taken.append(train_on_pairs(ranker, examples, config)))
    for name, (tokens, spent) in {"pack": packed, "pairs, Trainer": (taken[1], pairs_spent)}.items():
        print(
            f"| {name} | {tokens:,} | {spent:.1f} | {tokens / spent:,.0f} | {people / spent:.3f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_LLM)
    parser.add_argument("--dtype", default="auto", choices=["auto", "float32", "bfloat16"])
    parser.add_argument("--device", default=None)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="*", default=[20, 50, 100])
    parser.add_argument("--train-people", type=int, default=4)
    parser.add_argument("--negatives", type=int, default=15)
    options = parser.parse_args()

    def llm() -> LanguageModel:
        return load_llm(options.model, dtype=options.dtype, device=options.device)

    ranker = PackedRanker.from_base(llm(), limits=LIMITS)
    model = ranker.llm.model
    print(f"{ranker.llm.name}, {model.dtype}, {model.device}, {torch.get_num_threads()} threads\n")
    if options.sizes:
        scoring_table(ranker, options.sizes, options.repeats)
    if options.train_people:
        training_table(llm, options.train_people, options.negatives)


if __name__ == "__main__":
    main()
