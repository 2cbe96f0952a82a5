r"""What each lever of the item tower and of its transformer is worth: one changed at a time.

    python benchmarks/levers.py ../shared/data/amazon-beauty [--preset retail] [--levers NAME ...] [--seed N]
    python benchmarks/levers.py RUN --set pretrain.epochs=12 --levers "as it is" "no pictures" ...

A data folder is asked leave-one-out with its titles, as `pretrain --preset` trains on an order; a run
directory keeps its split, its texts and pictures and its settings, and is trained anew. Full ranking, seen
items filtered, HR@10 / NDCG@10. Two systems for each lever: the network with the transition memory and
the bonus for new items that validation chooses (what is used beyond 200,000 items, where there is no
mixer), and the same with the mixer. Cold: targets never in training.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from baselines import title_vectors
from torch import Tensor

from firstlight.base.config import load_config
from firstlight.corpus.catalogue import Catalogue
from firstlight.corpus.interactions import Cases
from firstlight.corpus.readers import read_dataset
from firstlight.corpus.split import Split, leave_one_out
from firstlight.eval import HARMONIC
from firstlight.eval.protocol import ScoreFn, evaluate
from firstlight.foundation import ItemFeatures
from firstlight.foundation.memory import TransitionMemory
from firstlight.foundation.mixing import Mixing
from firstlight.foundation.scorer import FoundationScorer
from firstlight.foundation.tower import ItemTower
from firstlight.foundation.traces import Traces
from firstlight.foundation.transformer import Block
from firstlight.foundation.whiten import Whitening
from firstlight.recommender import RunConfig
from firstlight.recommender.content import features_of
from firstlight.recommender.mixture import fit_mixture, panel_of
from firstlight.recommender.presets import PRESETS, preset
from firstlight.recommender.run_directory import load_run
from firstlight.recommender.splitting import make_split, released
from firstlight.recommender.validation import Validator, sample, set_cold_bias
from foundation import scorer_features, trained

Change = Callable[[ItemFeatures], ItemFeatures]
PARTS = ("all", "warm", "cold", HARMONIC)
MOST_CASES = 25_000  # of a test part, by hash


@dataclass(frozen=True)
class Lever:
    """What is changed: settings, the features that are read, or the code."""

    settings: tuple[str, ...] = ()
    features: Change = lambda features: features
    code: Callable[[], AbstractContextManager[None]] = nullcontext


@dataclass(frozen=True)
class Ground:
    """Where the levers are tried."""

    catalogue: Catalogue
    split: Split
    features: ItemFeatures
    times: np.ndarray | None
    dated: bool
    settings: Callable[[tuple[str, ...]], RunConfig]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, help="a data folder or a run directory")
    parser.add_argument("--preset", choices=tuple(PRESETS), default="retail", help="for a data folder")
    parser.add_argument("--levers", nargs="+", choices=tuple(LEVERS), default=tuple(LEVERS))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for all levers")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    is_run = (options.data / "manifest.json").is_file()
    ground = ground_of_run(options.data) if is_run else ground_of_data(options.data, options.preset)
    print("| lever | all | warm | cold | harmonic mean | mixed: all | warm | cold | mean | CPU s |")
    print("|---" * 10 + "|", flush=True)
    for name in options.levers:
        began = time.process_time()
        cells = measured(ground, LEVERS[name], tuple(options.set), options.seed)
        print(f"| {name} | {' | '.join(cells)} | {time.process_time() - began:.0f} |", flush=True)


def ground_of_data(path: Path, name: str) -> Ground:
    """A log in order with nothing but titles."""
    data = read_dataset(path)
    split = leave_one_out(data.interactions, train_on_valid=False)
    features = scorer_features(data, split.train, title_vectors(data.catalogue))

    def settings(changes: tuple[str, ...]) -> RunConfig:
        return load_config(RunConfig, None, (*preset(name), *changes))

    return Ground(data.catalogue, split, features, None, False, settings)


def ground_of_run(path: Path) -> Ground:
    """A run's catalogue, encoded content, split and settings."""
    run = load_run(path)
    split = make_split(run.log, run.config.split, fitting=True)
    features = features_of(run.content, split.train.counts(len(run.catalogue)))
    times, dated = released(run.log, run.catalogue), run.log.clock == "timestamp"

    def settings(changes: tuple[str, ...]) -> RunConfig:
        return load_config(RunConfig, path / "config.yaml", changes)

    return Ground(run.catalogue, split, features, times, dated, settings)


def measured(ground: Ground, lever: Lever, also: tuple[str, ...], seed: int) -> list[str]:
    """One row: network and memory, then with the mixer."""
    split, features = ground.split, lever.features(ground.features)
    memory = TransitionMemory.of(split.train, len(features))
    validate = Validator(split.valid, features, memory, ground.times)
    with lever.code():
        settings = ground.settings((*also, *lever.settings, f"pretrain.seed={seed}"))
        model = trained(split.train, features, settings, validate, times=ground.times, dated=ground.dated)
        best = validate.best(model)
        set_cold_bias(model, best["cold_bias"])
        memory.share = best["memory"]
        base = FoundationScorer(model, features, memory)
        panel = panel_of(ground.catalogue, model, features, memory, Traces.of(split.train, len(features)))
        mixer, _ = fit_mixture(panel, base, split.valid, ground.times, seed=seed)
        mixed = FoundationScorer(model, features, memory, Mixing(panel, mixer))
        cases = split.test.take(sample(split.test, MOST_CASES))
        return cells(base, cases, ground) + cells(mixed, cases, ground)


def cells(system: ScoreFn, cases: Cases, ground: Ground) -> list[str]:
    """HR@10 / NDCG@10 of each part."""
    counts = ground.features.counts.numpy().astype(np.int64)
    found = evaluate(system, cases, counts=counts, name="lever", released=ground.times).summary()
    figures = [[found[part].metrics[name].mean for name in ("HR@10", "NDCG@10")] for part in PARTS]
    return [f"{hit:.4f} / {gain:.4f}".replace("0.", ".") for hit, gain in figures]


@contextmanager
def projected() -> Iterator[None]:
    """Vectors turned to their main directions, neither centered nor scaled to equal variance."""
    whiten = Whitening.fit

    @torch.no_grad()
    def fit(self: Whitening, vectors: Tensor) -> None:
        whiten(self, vectors)
        self.mean.zero_()
        self.basis.copy_(F.normalize(self.basis, dim=0))
        self.basis.div_(self(vectors).square().sum(-1).mean().sqrt())

    with patch.object(Whitening, "fit", fit):
        yield


@contextmanager
def averaged() -> Iterator[None]:
    """Text and picture added with equal weights instead of through a gate."""
    with patch.object(ItemTower, "_fuse", lambda self, parts: sum(parts) / len(parts)):
        yield


@contextmanager
def ungated() -> Iterator[None]:
    """What attention and the perceptron find is added whole."""

    def add(self: Block, x: Tensor, new: Tensor, gate: Tensor) -> Tensor:
        return x + F.dropout(new, self.dropout, self.training)

    with patch.object(Block, "_add", add):
        yield


def without_text(features: ItemFeatures) -> ItemFeatures:
    return replace(features, text=features.text[:, :0], has_text=torch.zeros_like(features.has_text))


def without_pictures(features: ItemFeatures) -> ItemFeatures:
    return replace(features, image=features.image[:, :0], has_image=torch.zeros_like(features.has_image))


LEVERS = {
    "as it is": Lever(),
    "ID dropout .3": Lever(("pretrain.id_dropout=0.3",)),
    "no ID dropout": Lever(("pretrain.id_dropout=0",)),
    "a sixth plays cold": Lever(("pretrain.cold_share=0.15",)),
    "nothing plays cold": Lever(("pretrain.cold_share=0",)),
    "ID dropout .3, a sixth plays cold": Lever(("pretrain.id_dropout=0.3", "pretrain.cold_share=0.15")),
    "content aligned, weight .1": Lever(("pretrain.align_loss=0.1",)),
    "ID dropout, cold play, aligned": Lever(
        ("pretrain.id_dropout=0.3", "pretrain.cold_share=0.15", "pretrain.align_loss=0.1")
    ),
    "an ID counts whole from its first interaction": Lever(("shape.id_half=0.000001",)),
    "not whitened": Lever(code=projected),
    "each modality missing in a fifth of the steps": Lever(("pretrain.modality_dropout=0.2",)),
    "text and picture averaged, no gate": Lever(code=averaged),
    "no IDs": Lever(("shape.use_ids=false",)),
    "no text": Lever(features=without_text),
    "no pictures": Lever(features=without_pictures),
    "one block": Lever(("shape.n_blocks=1",)),
    "four blocks": Lever(("shape.n_blocks=4",)),
    "eight blocks": Lever(("shape.n_blocks=8",)),
    "no gates in the blocks": Lever(code=ungated),
    "four blocks without gates": Lever(("shape.n_blocks=4",), code=ungated),
    "eight blocks without gates": Lever(("shape.n_blocks=8",), code=ungated),
    "no times": Lever(("shape.use_time=false",)),
}

if __name__ == "__main__":
    main()
