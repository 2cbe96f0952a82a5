"""How quick the metrics are, beside torchmetrics and (where installed) ranx, on the same scores.

    python benchmarks/metrics_speed.py [--people 22363] [--items 12101]

All three start from scores [people, items] and one right answer each, and return the mean HR@10, NDCG@10
and MRR@10 over people. ranx and torchmetrics are given the ten best rows of each person, found once by
NumPy outside their clock; ours starts from the scores, so its time holds the ranking of the whole catalogue.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import time

import numpy as np
import torch
from torchmetrics.retrieval import RetrievalHitRate, RetrievalMRR, RetrievalNormalizedDCG

from firstlight.base.hashing import key_hashes
from firstlight.eval import Candidates, hits_from_ranks, per_case, rank

K = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=22_363)
    parser.add_argument("--items", type=int, default=12_101)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    scores = rng.random((options.people, options.items), dtype=np.float32)
    targets = rng.integers(0, options.items, options.people)
    found = scores[np.arange(options.people), targets]
    found += rng.random(options.people, dtype=np.float32) * (rng.random(options.people) < 0.2)  # some hits
    scores[np.arange(options.people), targets] = found

    before = peak_mib()
    report("firstlight, ranks and lists over the whole catalogue", lambda: ours(scores, targets))
    print(f"extra memory: {peak_mib() - before:.0f} MiB")
    tops = best_rows(scores)
    report("torchmetrics, from the ten best", lambda: theirs(scores, tops, targets))
    if importlib.util.find_spec("ranx"):
        report("ranx, first call (compiles)", lambda: with_ranx(scores, tops, targets))
        report("ranx, from the ten best", lambda: with_ranx(scores, tops, targets))


def report(name: str, run) -> None:
    began = time.perf_counter()
    values = run()
    print(
        f"{time.perf_counter() - began:8.2f} s  {name}: " + ", ".join(f"{x:.6f}" for x in values), flush=True
    )


def ours(scores, targets) -> list[float]:
    hashes = key_hashes(map(str, range(scores.shape[1])))
    ranks = rank(scores, targets, Candidates(tie_hashes=hashes), k=K).ranks
    ones = np.ones(len(ranks), dtype=np.int64)
    values = per_case(hits_from_ranks(ranks, K), ones, (K,), ("HR", "NDCG", "MRR"))
    return [float(one.mean()) for one in values.values()]


def theirs(scores, tops, targets) -> list[float]:
    preds = torch.from_numpy(np.take_along_axis(scores, tops, axis=1)).ravel()
    right = torch.from_numpy(tops == targets[:, None])
    target, indexes = right.ravel(), torch.arange(len(tops)).repeat_interleave(K)
    metrics = (RetrievalHitRate(top_k=K), RetrievalNormalizedDCG(top_k=K), RetrievalMRR(top_k=K))
    return [float(metric(preds, target, indexes=indexes)) for metric in metrics]


def with_ranx(scores, tops, targets) -> list[float]:
    from ranx import Qrels, Run, evaluate  # noqa: PLC0415 - a guest: not among our dependencies

    kept = np.take_along_axis(scores, tops, axis=1)
    truth = {str(person): {str(target): 1} for person, target in enumerate(targets)}
    lists = {
        str(person): dict(zip(map(str, tops[person]), map(float, kept[person]), strict=True))
        for person in range(len(tops))
    }
    qrels, run = Qrels(truth), Run(lists)
    values = evaluate(qrels, run, [f"hit_rate@{K}", f"ndcg@{K}", f"mrr@{K}"])
    return [float(one) for one in values.values()]


def best_rows(scores) -> np.ndarray:
    rows = np.argpartition(-scores, K, axis=1)[:, :K]
    order = np.argsort(-np.take_along_axis(scores, rows, axis=1), axis=1)
    return np.take_along_axis(rows, order, axis=1)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
