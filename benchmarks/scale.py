"""What training and indexing cost as items, people and histories grow: seconds, memory, a table and a plot.

    python benchmarks/scale.py [--sweeps items people length] [--json FILE] [--plot docs/images/scale.png]

Three sweeps around 10,000 items, 10,000 people and histories of 24: more items with as many people, and a
million with 400,000; more people; longer histories. The first three rows are sample worlds (`firstlight
sample`, without pictures); all other logs are drawn at random, since the cost does not depend on who did
what. Content vectors are random everywhere (384 numbers an item, as MiniLM's).

Every row is a process of its own with one thread. An epoch is the time of its batches' making and of
--steps steps, scaled to all of them. Sampled softmax (4,096 negatives) from 1,000 items on, so that rows
compare; 4,096 tokens a step, 16,384 for a million items. A validation asks 1,500 people for their last item.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from firstlight.base.files import write_json
from firstlight.corpus.interactions import Interactions, cases_at
from firstlight.corpus.keys import UserKey
from firstlight.corpus.readers import read_dataset
from firstlight.corpus.sample import write_sample
from firstlight.eval.plots import LIGHT, encoded
from firstlight.foundation import FoundationConfig, FoundationModel, ItemFeatures
from firstlight.foundation.memory import TransitionMemory
from firstlight.foundation.pretrain import PretrainConfig, _Trainer
from firstlight.recommender.validation import Validator
from firstlight.retrieval import VectorStore

SWEEPS: dict[str, list[dict[str, int]]] = {
    "items": [
        {"items": 1_000, "people": 1_000, "sample": 1},
        {"items": 10_000, "people": 10_000, "sample": 1},
        {"items": 100_000, "people": 100_000, "sample": 1},
        {"items": 1_000_000, "people": 400_000, "length": 25},
    ],
    "people": [{"items": 10_000, "people": people, "length": 24} for people in (1_000, 10_000, 100_000)],
    "length": [{"items": 10_000, "people": 240_000 // n, "length": n} for n in (10, 24, 50, 100, 200)],
}
COLUMNS = {
    "items": "items",
    "people": "people",
    "interactions": "interactions",
    "length": "length",
    "epoch": "CPU s an epoch",
    "rate": "interactions per CPU s",
    "peak_training": "peak MiB, training",
    "memory": "CPU s, transitions",
    "validation": "CPU s, validation",
    "choice": "CPU s, last choice",
    "index": "CPU s, index",
    "search": "ms a search",
    "peak": "peak MiB, all",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sweeps", nargs="*", choices=SWEEPS, default=list(SWEEPS))
    parser.add_argument("--most-items", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(json.loads(options.one), options.steps)))
        return
    found: dict[str, list[dict[str, float]]] = {}
    for sweep in options.sweeps:
        print(f"\n| {' | '.join(COLUMNS.values())} |\n|{'---|' * len(COLUMNS)}")
        for world in SWEEPS[sweep]:
            if world["items"] <= options.most_items:
                one = in_own_process(world, options.steps)
                found.setdefault(sweep, []).append(one)
                print(f"| {' | '.join(cell(one[name]) for name in COLUMNS)} |", flush=True)
    if options.json:
        write_json(options.json, found)
    if options.plot:
        options.plot.write_bytes(chart(found))


def in_own_process(world: dict[str, int], steps: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", json.dumps(world), "--steps", str(steps)]
    done = subprocess.run(
        command,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def cell(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def measured(world: dict[str, int], steps: int) -> dict[str, float]:
    """All figures of one world."""
    torch.set_num_threads(1)
    log, n = sampled(world) if world.get("sample") else drawn(world)
    vectors = np.random.default_rng(0).standard_normal((n, 384), dtype=np.float32)
    features = ItemFeatures.build(log.counts(n), text=(vectors, np.ones(n, bool)))
    length = world.get("length", 50)
    shape = FoundationConfig(n_items=n, text_dim=384, max_items=max(50, length))
    config = PretrainConfig(
        softmax_limit=500, n_negatives=4096, batch_tokens=16_384 if n > 200_000 else 4096, epochs=1
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = _Trainer(log, features, shape, config, lambda model: {"score": 0.0}, Path(folder), None)
        epoch = epoch_seconds(trainer, steps)
    found = {
        "items": n,
        "people": log.n_users,
        "interactions": len(log),
        "length": len(log) / max(1, log.n_users),
        "epoch": epoch,
        "rate": len(log) / epoch,
        "peak_training": peak(),
    }
    began = time.process_time()
    memory = TransitionMemory.of(log, n)
    found["memory"] = time.process_time() - began
    found |= validating(trainer.plain, features, log, memory)
    return found | indexing(trainer.plain, features, log) | {"peak": peak()}


def sampled(world: dict[str, int]) -> tuple[Interactions, int]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "world"
        write_sample(out, users=world["people"], items=world["items"], seed=7, images=False)
        data = read_dataset(out)
    return data.interactions, len(data.catalogue)


def drawn(world: dict[str, int]) -> tuple[Interactions, int]:
    """Everyone the same length, items by a power law."""
    rng = np.random.default_rng(7)
    n, people, length = world["items"], world["people"], world["length"]
    rows = (n * rng.random(people * length) ** 3).astype(np.int32)
    users = np.repeat(np.arange(people, dtype=np.int32), length)
    times = np.tile(np.arange(length, dtype=np.float64), people)
    values = np.full(len(rows), np.nan, np.float32)
    keys = tuple(UserKey(f"u{number}") for number in range(people))
    return Interactions.from_sorted(keys, users, rows, times, values, "position"), n


def epoch_seconds(trainer: _Trainer, steps: int) -> float:
    """CPU seconds of one epoch: making its batches, and its steps."""
    began = time.process_time()
    batches = list(trainer._batches(0))
    making = time.process_time() - began
    few = batches[: steps + 2]
    for number, batch in enumerate(few):
        if number == min(2, len(few) - 1):  # the first steps set things up
            began = time.process_time()
        trainer._backward(number, batch)
        trainer._update()
    each = (time.process_time() - began) / max(1, len(few) - min(2, len(few) - 1))
    return making + each * len(batches)


def validating(
    model: FoundationModel, features: ItemFeatures, log: Interactions, memory: TransitionMemory
) -> dict[str, float]:
    """CPU seconds of what follows every epoch, and of choosing bias and share after the last."""
    validate = Validator(cases_at(log, log.offsets[1:] - 1), features, memory, None)
    began = time.process_time()
    validate(model)
    found = {"validation": time.process_time() - began}
    validate.best(model)
    return found | {"choice": time.process_time() - began - found["validation"]}


def indexing(model: Any, features: ItemFeatures, log: Interactions, people: int = 200) -> dict[str, float]:
    """CPU seconds to make the item vectors and their index; milliseconds of one search for 100 items."""
    began = time.process_time()
    vectors, bias = model.items(features)
    keys = [f"i{row}" for row in range(len(features))]
    store = VectorStore(keys, vectors.numpy(), bias.numpy())
    index = store.retriever()
    made = time.process_time() - began
    asked = model.people([log.sentence(user) for user in range(people)], vectors)
    index.search(asked[:1], 100)
    began = time.process_time()
    index.search(asked, 100)
    return {"index": made, "search": (time.process_time() - began) / people * 1000}


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def chart(found: dict[str, list[dict[str, float]]]) -> bytes:
    """CPU microseconds an interaction against what grows, one panel a sweep, as PNG."""
    figure = Figure(figsize=(3.1 * len(found), 2.7), layout="constrained")
    for place, (sweep, rows) in enumerate(found.items(), 1):
        axes = figure.add_subplot(1, len(found), place)
        costs = [1e6 / row["rate"] for row in rows]
        axes.plot([row[sweep] for row in rows], costs, "o-", color=LIGHT["series0"])
        axes.set_xscale("log")
        axes.set_ylim(0, 1.15 * max(costs))
        axes.set_xlabel(sweep if sweep != "length" else "interactions a person")
        axes.grid(axis="y", color=LIGHT["line"])
        axes.spines[["top", "right", "left"]].set_visible(False)
        if place == 1:
            axes.set_title("CPU µs an interaction and epoch", loc="left", fontsize=9, color=LIGHT["muted"])
    return encoded(figure)


if __name__ == "__main__":
    main()
