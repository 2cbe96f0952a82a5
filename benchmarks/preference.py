"""The ranker trained by S-DPO beside the listwise softmax: the same lists, seed and steps.

    python benchmarks/preference.py RUN [--lists 96] [--held 120] [--set ranker.depth=4 ...]

RUN is pretrained. Validation people teach; lists of other validation people, 15 negatives each, are
ordered by the ranker alone.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from firstlight.base.config import load_config
from firstlight.finetune import train_ranker
from firstlight.finetune.list_metrics import list_ndcg
from firstlight.recommender import RunConfig
from firstlight.recommender.run_directory import load_run
from firstlight.recommender.tuning import Tuner

NEGATIVES = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--lists", type=int, default=96)
    parser.add_argument("--held", type=int, default=120)
    parser.add_argument("--set", nargs="*", default=[], dest="settings")
    asked = parser.parse_args()
    run = load_run(asked.run)
    wanted = [f"tuning.lists={asked.lists}", "tuning.stop_lists=1", *asked.settings]
    run = replace(run, config=load_config(RunConfig, run.path / "config.yaml", wanted))
    tuner, rng = Tuner(run), np.random.default_rng(run.config.ranker.seed)
    teach = [tuner.example(pool, rng) for pool in tuner.teach]
    held = [tuner.example(pool, rng).narrowed(NEGATIVES, rng) for pool in tuner.fit[: asked.held]]
    found = {}
    for loss in ("softmax", "s-dpo"):
        began = time.process_time()
        with tempfile.TemporaryDirectory() as place:
            config = replace(run.config.ranker, loss=loss)
            ranker, _ = train_ranker(teach, config=config, out=Path(place) / "r")
        spent = time.process_time() - began
        found[loss] = list_ndcg(ranker.score([e.request for e in held]), [e.positive for e in held])
        print(f"{loss}: NDCG@10 {_mean(found[loss])}, trained in {spent:.0f} CPU s", flush=True)
    print(f"s-dpo - softmax: {_mean(found['s-dpo'] - found['softmax'])} over {len(held)} lists")


def _mean(values: np.ndarray) -> str:
    return f"{values.mean():+.4f} ± {values.std(ddof=1) / np.sqrt(len(values)):.4f}"


if __name__ == "__main__":
    main()
