r"""Does a network that learned other domains help a new one? Started from it, and from nothing.

    python benchmarks/transfer.py ../shared/data/amazon-toys --learned ../shared/data/amazon-beauty \
        --learned ../shared/data/ml-latest-small [--shares 0.05 1.0] [--epochs 4]

The source is learned from its datasets at once with IDs off; then the target is learned with IDs, from the
source's weights and, as a control, from freshly drawn ones, by a share of its people. Leave-one-out on the
target, all people asked, full ranking, the network alone (no memory, no mixer): NDCG@10 after every epoch
on validation items, and of the best epoch on test. What nobody of the share touched is cold.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from baselines import cell, title_vectors

from firstlight.base.config import load_config
from firstlight.base.hashing import key_hashes
from firstlight.corpus import Dataset, read_dataset
from firstlight.corpus.interactions import Cases, Interactions
from firstlight.corpus.merge import merged
from firstlight.corpus.split import leave_one_out
from firstlight.eval.protocol import evaluate
from firstlight.foundation import FoundationModel, ItemFeatures
from firstlight.foundation.pretrain import pretrain_model
from firstlight.foundation.scorer import FoundationScorer
from firstlight.recommender import RunConfig
from firstlight.recommender.presets import preset
from firstlight.recommender.training import foundation_shape
from firstlight.recommender.validation import sample
from foundation import scorer_features

SETTINGS = load_config(RunConfig, None, preset("retail"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("target", type=Path)
    parser.add_argument("--learned", type=Path, action="append", required=True)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.05, 1.0], help="of the target's people")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    source = merged([read_dataset(one) for one in options.learned])
    began = time.process_time()
    learned, _ = network(source, source.interactions, None, options.epochs, options.seed, ids=False)
    print(f"{source.name}: {time.process_time() - began:.0f} CPU s", flush=True)
    target = read_dataset(options.target)
    split = leave_one_out(target.interactions, train_on_valid=False)
    print("| share of people, start | validation by epoch | all | warm | cold |\n|---|---|---|---|---|")
    for share in options.shares:
        log = of_some(split.train, share)
        for name, start in (("drawn", None), ("learned", learned)):
            model, curve = network(target, log, split.valid, options.epochs, options.seed, start=start)
            scorer = FoundationScorer(model, features(target, log))
            found = evaluate(scorer, split.test, counts=log.counts(len(target.catalogue))).summary()
            parts = (cell(found[part].metrics) for part in ("all", "warm", "cold"))
            print(f"| {share:g}, {name} | {', '.join(curve)} | " + " | ".join(parts), flush=True)


def network(
    data: Dataset,
    log: Interactions,
    valid: Cases | None,
    epochs: int,
    seed: int,
    *,
    ids: bool = True,
    start: FoundationModel | None = None,
) -> tuple[FoundationModel, list[str]]:
    """Trained on a log; without validation cases the last epoch is kept."""
    known = features(data, log)
    shape = replace(SETTINGS.shape, use_ids=ids)
    asked = None if valid is None else valid.take(sample(valid, 1500))
    curve: list[str] = []

    def validate(model: FoundationModel) -> dict[str, float]:
        if asked is None:
            curve.append("")
            return {"score": float(len(curve))}
        scorer = FoundationScorer(model, known)
        found = evaluate(scorer, asked, counts=log.counts(len(known))).summary()["all"].metrics
        curve.append(f"{found['NDCG@10'].mean:.4f}")
        return {"score": found["NDCG@10"].mean}

    torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        trained = pretrain_model(
            log,
            known,
            foundation_shape(replace(SETTINGS, shape=shape), known, dated=False),
            replace(SETTINGS.pretrain, epochs=epochs, seed=seed),
            validate=validate,
            checkpoints=Path(folder),
            start=start,
        )
    return trained.model, curve


def features(data: Dataset, log: Interactions) -> ItemFeatures:
    return scorer_features(data, log, vectors(data.catalogue))


vectors = cache(title_vectors)


def of_some(log: Interactions, share: float) -> Interactions:
    """The interactions of a share of the people, chosen by a hash of their keys."""
    chosen = key_hashes(log.user_keys, "transfer") / 2.0**64 < share
    return log.where(chosen[log.users])


if __name__ == "__main__":
    main()
