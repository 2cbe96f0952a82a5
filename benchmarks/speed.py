"""What an epoch costs, and a ranked list: ours beside RecTools and a plain padded trainer, one thread each.

    benchmarks/peers/make_env.sh PEERS_ENV
    python benchmarks/speed.py ../shared/data/amazon-beauty --peers PEERS_ENV/bin/python

Same width (64), blocks (2), heads (1) and length (50) for all, on the same training part. Every system runs
in a process of its own, so that its peak memory is its own; CPU seconds are the process's. Each trains a few
batches (ours of 2,048 tokens, the others of 128 people), and their time is scaled up to an epoch.
Our content vectors are random here: their values do not change the time. An allocator that keeps what it
frees (MALLOC_*, below) is given to all; with --usual-allocator, which is what people have who set nothing,
large arrays are returned to the system and faulted in again at every step.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scale import epoch_seconds, peak

from firstlight.corpus import Dataset
from firstlight.corpus.readers import read_dataset
from firstlight.corpus.split import Split, leave_one_out
from firstlight.eval.ranking import Candidates, Seen, top_rows
from firstlight.foundation import FoundationConfig, FoundationModel, ItemFeatures
from firstlight.foundation.memory import TransitionMemory
from firstlight.foundation.mixer import Mixer
from firstlight.foundation.mixing import Mixing, seen_mask
from firstlight.foundation.pretrain import PretrainConfig, _Trainer
from firstlight.foundation.scorer import FoundationScorer
from firstlight.foundation.traces import Traces

HERE = Path(__file__).resolve().parent
ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 34), "MALLOC_TOP_PAD_": str(1 << 28)}
OURS = {  # content, softmax limit, negatives
    "ours, IDs alone, sampled softmax 2048": (False, 1000, 2048),
    "ours, IDs alone, whole softmax": (False, 100_000, 2048),
    "ours, IDs and text, sampled softmax 2048": (True, 1000, 2048),
}
PADDED = "plain padded, whole softmax"
RECTOOLS = {"RecTools, sampled softmax 256": "sampled_softmax", "RecTools, whole softmax": "softmax"}
RANKED = 2000  # people for our ranking times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--peers", type=Path, help="the Python of the peers' environment")
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--only", nargs="*", help="parts of names of the systems to run")
    parser.add_argument("--usual-allocator", action="store_true", help="the C library's own, as it comes")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(ours(options.data, options.batches, *OURS[options.one])))
        return
    print("| | CPU s an epoch | peak MiB | people ranked per CPU s |\n|---|---|---|---|")
    memory = {} if options.usual_allocator else ALLOCATOR
    with tempfile.TemporaryDirectory() as folder:
        exchange = Path(folder) / "exchange.npz"
        ask(memory, sys.executable, HERE / "peers" / "exchange.py", "write", options.data, exchange)
        for name, command in commands(options, exchange).items():
            if options.only and not any(part in name for part in options.only):
                continue
            print(row(name, json.loads(ask(memory, *command).splitlines()[-1])), flush=True)


def commands(options: argparse.Namespace, exchange: Path) -> dict[str, list[Any]]:
    """How to run each system; the last line each prints is JSON."""
    found: dict[str, list[Any]] = {
        name: [sys.executable, HERE / "speed.py", options.data, "--one", name, "--batches", options.batches]
        for name in OURS
    }
    out = exchange.with_name("out.npz")
    shared = ["--batch", 128, "--batches", options.batches, "--epochs", 1]
    found[PADDED] = [sys.executable, HERE / "peers" / "sasrec_ce.py", exchange, out, *shared]
    for name, loss in RECTOOLS.items() if options.peers else ():
        script = HERE / "peers" / "rectools_peer.py"
        found[name] = [options.peers, "-W", "ignore", script, exchange, out, *shared]
        found[name] += ["--loss", loss, "--validated", 200]
    return found


def ask(memory: dict[str, str], *command: Any) -> str:
    """Standard output of a command that has one thread, and these settings of its allocator."""
    env = os.environ | memory | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(part) for part in command], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} {command[1]} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def row(name: str, facts: dict[str, Any]) -> str:
    ranked = facts.get("ranked", {})
    if "rank_cpu_seconds" in facts:
        ranked = {"": facts["ranked_people"] / facts["rank_cpu_seconds"]}
    speeds = "; ".join(f"{per_second:,.0f} {how}".strip() for how, per_second in ranked.items())
    return f"| {name} | {facts['epoch_cpu_seconds']:.1f} | {facts['peak_mib']:,.0f} | {speeds} |"


def ours(path: Path, batches: int, content: bool, softmax_limit: int, n_negatives: int) -> dict[str, Any]:
    """Seconds of an epoch, peak memory of training, people ranked per CPU second."""
    torch.set_num_threads(1)
    data = read_dataset(path)
    split = leave_one_out(data.interactions, train_on_valid=False)
    n = len(data.catalogue)
    vectors = np.random.default_rng(0).standard_normal((n, 384)).astype(np.float32)
    text = (vectors, np.ones(n, bool)) if content else None
    features = ItemFeatures.build(split.train.counts(n), text=text)
    shape = FoundationConfig(
        n_items=n, text_dim=384 if content else 0, hidden_size=64, n_blocks=2, n_heads=1, max_items=50
    )
    config = PretrainConfig(batch_tokens=2048, softmax_limit=softmax_limit, n_negatives=n_negatives)
    with tempfile.TemporaryDirectory() as folder:
        trainer = _Trainer(split.train, features, shape, config, lambda model: {}, Path(folder), None)
        epoch = epoch_seconds(trainer, batches)
    found = {"epoch_cpu_seconds": epoch, "peak_mib": peak()}
    return found | {"ranked": ranking_speeds(data, split, features, trainer.plain.eval())}


def ranking_speeds(
    data: Dataset, split: Split, features: ItemFeatures, model: FoundationModel
) -> dict[str, float]:
    """People per CPU second: scores of the whole catalogue, seen items out, the ten best."""
    n = len(data.catalogue)
    memory = TransitionMemory.of(split.train, n)
    memory.share = 0.3
    plain = FoundationScorer(model, features, memory)
    systems = {
        "network": (FoundationScorer(model, features), 10 * RANKED),
        "with memory": (plain, 2 * RANKED),
    }
    if model.config.text_dim:
        systems["with mixer"] = (mixed(data, split, plain), RANKED)
    found = {}
    for name, (system, people) in systems.items():
        system(split.test.take(np.arange(2)))  # what is made once is made
        began = time.process_time()
        for start in range(0, min(people, len(split.test)), 512):
            part = split.test.take(np.arange(start, min(start + 512, people, len(split.test))))
            top_rows(system(part), 10, Candidates(Seen(part.history_rows, part.offsets)))
        found[name] = min(people, len(split.test)) / (time.process_time() - began)
    return found


def mixed(data: Dataset, split: Split, plain: FoundationScorer) -> FoundationScorer:
    """The same with its experts and a mixer as it is drawn."""
    from firstlight.recommender.mixture import panel_of  # noqa: PLC0415  (not part of what training holds)

    model, features, memory, n = plain.model, plain.features, plain.memory, len(data.catalogue)
    panel = panel_of(data.catalogue, model, features, memory, Traces.of(split.train, n))
    few = split.test.take(np.arange(2))
    voices = plain.voices(plain.people(few), few.histories())
    names = panel.table(voices, few.histories(), seen_mask(few.histories(), n)).names
    return FoundationScorer(model, features, memory, Mixing(panel, Mixer(names)))


if __name__ == "__main__":
    main()
