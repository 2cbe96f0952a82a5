"""How quick the metrics are, beside torchmetrics and ranx, on the same scores, in one run.

    python -m venv ranx-env && ranx-env/bin/pip install ranx
    python benchmarks/metrics_speed.py [--ranx ranx-env/bin/python] [--people 22363] [--items 12101]

All start from scores [people, items] and one right answer each, and return the mean HR@10, NDCG@10 and
MRR@10 over people. Ours ranks the whole catalogue and keeps the ten best rows. The others cannot hold all
scores, so they are given the ten best rows of each person, found by NumPy outside of their clock. Beside
that, the metrics alone from those ten rows. ranx compiles before its clock starts.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torchmetrics.retrieval import RetrievalHitRate, RetrievalMRR, RetrievalNormalizedDCG

from firstlight.base.hashing import key_hashes
from firstlight.eval import Candidates, hits_from_ranks, per_case, rank

K, REPEATS = 10, 3
NAMES = ("HR", "NDCG", "MRR")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=22_363)
    parser.add_argument("--items", type=int, default=12_101)
    parser.add_argument("--ranx", help="the Python of an environment that has ranx")
    options = parser.parse_args()
    scores, targets = random_scores(options.people, options.items)
    hashes = key_hashes(map(str, range(options.items)))
    ours(scores[:100], targets[:100], hashes)

    before = peak_mib()
    report("firstlight, from all scores: ranks, lists and metrics", lambda: ours(scores, targets, hashes))
    print(f"           extra memory {peak_mib() - before:.0f} MiB")
    tops = best_rows(scores)
    kept = np.take_along_axis(scores, tops, axis=1)
    report("firstlight, from the ten best", lambda: from_tops(tops, targets))
    report("torchmetrics, from the ten best", lambda: with_torchmetrics(kept, tops, targets))
    if options.ranx:
        with_ranx(options.ranx, kept, tops, targets)


def random_scores(people: int, items: int) -> tuple[np.ndarray, np.ndarray]:
    """Uniform scores, in which a fifth of the right answers stand high."""
    rng = np.random.default_rng(0)
    scores = rng.random((people, items), dtype=np.float32)
    targets = rng.integers(0, items, people)
    lift = rng.random(people, dtype=np.float32) * (rng.random(people) < 0.2)
    scores[np.arange(people), targets] += lift
    return scores, targets


def report(name: str, run) -> None:
    """The quickest of a few runs, by the clock and by the processor."""
    timed = []
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        values = run()
        timed.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = min(timed)
    show(wall, f"{name} (CPU {cpu:.2f} s)", values)


def show(seconds: float, name: str, values) -> None:
    print(f"{seconds:8.3f} s  {name}: " + ", ".join(f"{x:.6f}" for x in values), flush=True)


def ours(scores, targets, hashes) -> list[float]:
    ranks = rank(scores, targets, Candidates(tie_hashes=hashes), k=K).ranks
    return means(hits_from_ranks(ranks, K))


def from_tops(tops, targets) -> list[float]:
    return means(tops == targets[:, None])


def means(hits) -> list[float]:
    values = per_case(hits, np.ones(len(hits), dtype=np.int64), (K,), NAMES)
    return [float(one.mean()) for one in values.values()]


def with_torchmetrics(kept, tops, targets) -> list[float]:
    preds, right = torch.from_numpy(kept).ravel(), torch.from_numpy(tops == targets[:, None])
    target, indexes = right.ravel(), torch.arange(len(tops)).repeat_interleave(K)
    metrics = (RetrievalHitRate(top_k=K), RetrievalNormalizedDCG(top_k=K), RetrievalMRR(top_k=K))
    return [float(metric(preds, target, indexes=indexes)) for metric in metrics]


def with_ranx(python: str, kept, tops, targets) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lists.npz"
        np.savez(file, tops=tops, scores=kept, targets=targets)
        command = [python, str(Path(__file__).with_name("ranx_peer.py")), str(file)]
        found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    show(found["build"] + found["evaluate"], "ranx, from the ten best, its structures built", found["values"])
    show(found["evaluate"], "ranx, structures built outside the clock", found["values"])
    apart = np.abs(np.subtract(from_tops(tops, targets), found["values"])).max()
    print(f"           ours differ from ranx by at most {apart:.1e}")


def best_rows(scores) -> np.ndarray:
    """The ten best rows of each person, best first, a few people at a time."""
    tops = np.empty((len(scores), K), dtype=np.int64)
    for start in range(0, len(scores), 512):
        part = scores[start : start + 512]
        rows = np.argpartition(-part, K, axis=1)[:, :K]
        order = np.argsort(-np.take_along_axis(part, rows, axis=1), axis=1)
        tops[start : start + len(part)] = np.take_along_axis(rows, order, axis=1)
    return tops


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
