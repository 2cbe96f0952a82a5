"""ranx on the ten best rows of each person, in an environment of its own; started by `metrics_speed.py`.

    python benchmarks/ranx_peer.py FILE.npz

The file holds `tops` [people, 10], their `scores`, and `targets` [people]. Prints one JSON line: seconds
to build ranx's own structures, seconds to evaluate them, and the mean HR@10, NDCG@10 and MRR@10.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from ranx import Qrels, Run, evaluate

METRICS = ["hit_rate@10", "ndcg@10", "mrr@10"]


def main() -> None:
    data = np.load(sys.argv[1])
    warm_up = Qrels({"a": {"x": 1}}), Run({"a": {"x": 1.0, "y": 0.5}})
    evaluate(*warm_up, METRICS)  # compiles
    began = time.perf_counter()
    qrels, run = structures(data["tops"], data["scores"], data["targets"])
    built = time.perf_counter()
    values = evaluate(qrels, run, METRICS)
    done = time.perf_counter()
    print(json.dumps({"build": built - began, "evaluate": done - built, "values": [*values.values()]}))


def structures(tops, scores, targets) -> tuple[Qrels, Run]:
    """From arrays to what ranx reads, as its documentation does: dictionaries of strings."""
    truth = {str(person): {str(target): 1} for person, target in enumerate(targets)}
    lists = {
        str(person): dict(zip(map(str, tops[person]), map(float, scores[person]), strict=True))
        for person in range(len(tops))
    }
    return Qrels(truth), Run(lists)


if __name__ == "__main__":
    main()
