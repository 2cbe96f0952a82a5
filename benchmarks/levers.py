"""What each lever of the item tower is worth: one changed at a time beside the preset, on one log in order.

    python benchmarks/levers.py ../shared/data/amazon-beauty [--levers NAME ...] [--seed N]

Leave-one-out, full ranking, seen items filtered, text alone. Two systems for each lever: the network with
the transition memory and the bonus for new items that validation chooses (what is used beyond 50,000
items, where there is no mixer), and the same with the mixer. Cold: targets never in training.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from baselines import title_vectors
from torch import Tensor

from firstlight.base.config import load_config
from firstlight.corpus.interactions import Cases
from firstlight.corpus.readers import read_dataset
from firstlight.corpus.split import leave_one_out
from firstlight.eval import HARMONIC
from firstlight.eval.protocol import ScoreFn, evaluate
from firstlight.foundation.memory import TransitionMemory
from firstlight.foundation.mixing import Mixing
from firstlight.foundation.scorer import FoundationScorer
from firstlight.foundation.whiten import Whitening
from firstlight.recommender import RunConfig
from firstlight.recommender.mixture import fit_mixture
from firstlight.recommender.presets import preset
from firstlight.recommender.validation import Validator, set_cold_bias
from foundation import foundation, network, scorer_features

LEVERS: dict[str, tuple[str, ...]] = {
    "as preset": (),
    "ID dropout .3": ("pretrain.id_dropout=0.3",),
    "a sixth plays cold": ("pretrain.cold_share=0.15",),
    "ID dropout .3, a sixth plays cold": ("pretrain.id_dropout=0.3", "pretrain.cold_share=0.15"),
    "content aligned, weight .1": ("pretrain.align_loss=0.1",),
    "ID dropout, cold play, aligned": (
        "pretrain.id_dropout=0.3",
        "pretrain.cold_share=0.15",
        "pretrain.align_loss=0.1",
    ),
    "an ID counts whole from its first interaction": ("shape.id_half=0.000001",),
    "an ID counts half at 5 interactions": ("shape.id_half=5",),
    "text not whitened": (),
    "all 384 whitened dimensions": ("shape.text_rank=384",),
    "text missing in a fifth of the steps": ("pretrain.modality_dropout=0.2",),
    "masked items too": ("pretrain.objective=both",),
    "no IDs": ("shape.use_ids=false",),
    "no text": (),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--levers", nargs="+", choices=tuple(LEVERS), default=tuple(LEVERS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    print(
        "| lever | all | warm | cold | harmonic mean | mixed: all | warm | cold | CPU s |\n"
        + "|---" * 9
        + "|"
    )
    for lever in options.levers:
        began = time.process_time()
        cells = measured(options.data, lever, options.seed)
        print(f"| {lever} | {' | '.join(cells)} | {time.process_time() - began:.0f} |", flush=True)


def measured(path: Path, lever: str, seed: int) -> list[str]:
    """One row: network and memory, then with the mixer."""
    data = read_dataset(path)
    split = leave_one_out(data.interactions, train_on_valid=False)
    settings = load_config(RunConfig, None, (*preset("retail"), *LEVERS[lever]))
    vectors = title_vectors(data.catalogue)
    shown = vectors[:, :0] if lever == "no text" else vectors
    with projected() if lever == "text not whitened" else nullcontext():
        model = network(data, split.train, split.valid, shown, settings, epochs=None, seed=seed)
    features = scorer_features(data, split.train, shown)
    memory = TransitionMemory.of(split.train, len(features))
    best = Validator(split.valid, features, memory, None).best(model)
    counts = split.train.counts(len(features))

    set_cold_bias(model, best["cold_bias"])
    memory.share = best["memory"]
    base = FoundationScorer(model, features, memory)
    alone = cells(base, split.test, counts, ("all", "warm", "cold", HARMONIC))
    if lever == "no text":
        return [*alone, "", "", ""]
    panel, scorer = foundation(data, split.train, vectors, model)
    scorer.memory.share = best["memory"]  # pyright: ignore[reportOptionalMemberAccess]
    mixer, _ = fit_mixture(panel, scorer, split.valid, None, seed=seed)
    mixed = FoundationScorer(model, scorer.features, scorer.memory, Mixing(panel, mixer))
    return alone + cells(mixed, split.test, counts, ("all", "warm", "cold"))


def cells(system: ScoreFn, cases: Cases, counts: np.ndarray, parts: tuple[str, ...]) -> list[str]:
    """HR@10 / NDCG@10 of some parts."""
    found = evaluate(system, cases, counts=counts, name="lever").summary()
    figures = [[found[part].metrics[name].mean for name in ("HR@10", "NDCG@10")] for part in parts]
    return [f"{hit:.4f} / {gain:.4f}".replace("0.", ".") for hit, gain in figures]


@contextmanager
def projected() -> Iterator[None]:
    """Text turned to its main directions, neither centered nor scaled to equal variance."""
    whiten = Whitening.fit

    @torch.no_grad()
    def fit(self: Whitening, vectors: Tensor) -> None:
        whiten(self, vectors)
        self.mean.zero_()
        self.basis.copy_(F.normalize(self.basis, dim=0))
        self.basis.div_(self(vectors).square().sum(-1).mean().sqrt())

    with patch.object(Whitening, "fit", fit):
        yield


if __name__ == "__main__":
    main()
