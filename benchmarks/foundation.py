"""The foundation on one log in order: network, experts and mixer, leave-one-out, beside nothing but itself.

    python benchmarks/foundation.py DATA [--preset P] [--set K=V] [--seeds N] [--fit-on train] [--lists FILE]
        [--prior FILE]

Full ranking, seen items filtered, ties against the target; the validation item is in the test history
and in no expert. `--fit-on valid` fits the mixer on the validation items; `--fit-on train` on the last
training items, with experts made without them, so that validation items are used for nothing at all.
`--prior` starts the mixer from a file; without it, from nothing (the shipped prior has seen validation items
of Beauty and Toys; benchmarks/small_shops.py makes one that has not).
"validation counted": the same network and mixer, but the experts count validation items too (the
convention in which the validation item is trained on; the network's weights still have not seen it).
The network is `firstlight pretrain --preset P`. `--validation` shows the base on the validation items
too, asked as usual and with the newest item of the history taken away. `--lists` keeps the mixture's ten
best of the last seed, to be judged beside peers' by benchmarks/peers/exchange.py. `--networks` keeps every
seed's network, or takes it from there, where only what comes after it has changed. Baselines on the same
split: benchmarks/baselines.py.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from baselines import cell, title_vectors

from firstlight.base.config import load_config
from firstlight.corpus import Dataset
from firstlight.corpus.interactions import Cases, Interactions, cases_at
from firstlight.corpus.readers import read_dataset
from firstlight.corpus.split import leave_one_out
from firstlight.eval.protocol import evaluate
from firstlight.foundation import FoundationModel, ItemFeatures
from firstlight.foundation.memory import TransitionMemory
from firstlight.foundation.mixer import Mixer
from firstlight.foundation.mixing import Mixing, Panel
from firstlight.foundation.pretrain import pretrain_model
from firstlight.foundation.scorer import FoundationScorer
from firstlight.foundation.traces import Traces
from firstlight.recommender import RunConfig
from firstlight.recommender.mixture import fit_mixture, panel_of
from firstlight.recommender.presets import PRESETS, preset
from firstlight.recommender.training import foundation_shape
from firstlight.recommender.validation import Validator

SHARE = 0.3  # of the transition memory in the base


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--preset", choices=tuple(PRESETS), default="retail")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="beside the preset's")
    parser.add_argument("--epochs", type=int, help="other than the preset's; 0 leaves the network as drawn")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--fit-on", choices=("valid", "train"), default="valid")
    parser.add_argument("--prior", type=Path)
    parser.add_argument("--validation", action="store_true", help="what a preset is chosen by")
    parser.add_argument("--lists", type=Path, help="an .npz file to write")
    parser.add_argument("--networks", type=Path, help="a folder with one network a seed, of these settings")
    options = parser.parse_args()

    data = read_dataset(options.data)
    split = leave_one_out(data.interactions, train_on_valid=False)
    settings = load_config(RunConfig, None, (*preset(options.preset), *options.set))
    vectors = title_vectors(data.catalogue)
    prior = Mixer.load(options.prior) if options.prior else None
    print(
        f"{data.name}: {split.name}; {len(split.test)} cases; split {split.digest}; mixer on {options.fit_on}"
    )
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        began = time.process_time()
        train = partial(network, data, split.train, split.valid, vectors, settings)
        model = kept(options.networks, seed, partial(train, epochs=options.epochs, seed=seed))
        trained = time.process_time()
        fit_log, fit_cases = split.train, split.valid
        if options.fit_on == "train":
            fit_log, fit_cases = without_last(split.train)
        ground = foundation(data, fit_log, vectors, model)
        mixer, report = fit_mixture(*ground, fit_cases, None, prior=prior, seed=seed)
        fitted = time.process_time()
        if options.validation:
            for name, cases in (
                ("validation", split.valid),
                ("validation, a gap", without_newest(split.valid)),
            ):
                show(data, split.train, cases, vectors, model, None, f"seed {seed} | base alone, {name}")
        show(data, split.train, split.test, vectors, model, None, f"seed {seed} | base alone")
        lists = show(data, split.train, split.test, vectors, model, mixer, f"seed {seed} | mixed")
        tested = time.process_time()
        if options.lists:
            facts = {
                "peer": f"Firstlight, {options.preset}, seed {seed}",
                "train_cpu_seconds": fitted - began,
            }
            np.savez_compressed(options.lists, lists=lists, facts=json.dumps(facts))
        with_valid = leave_one_out(data.interactions, train_on_valid=True).train
        show(data, with_valid, split.test, vectors, model, mixer, f"seed {seed} | mixed, validation counted")
        print(
            f"CPU s: network {trained - began:.0f}, mixer {fitted - trained:.0f}, test {tested - fitted:.0f}",
            report.as_dict(),
            flush=True,
        )


def show(
    data: Dataset,
    log: Interactions,
    cases: Cases,
    vectors: np.ndarray,
    model: FoundationModel,
    mixer: Mixer | None,
    name: str,
) -> np.ndarray:
    """One row: the foundation over what one log counts, with its mixer or without; return its lists."""
    panel, scorer = foundation(data, log, vectors, model)
    if mixer is not None:
        scorer = FoundationScorer(model, scorer.features, scorer.memory, Mixing(panel, mixer))
    results = evaluate(scorer, cases, counts=log.counts(len(data.catalogue)), name=name)
    found = results.summary()
    print(
        f"| {name} | " + " | ".join(cell(found[part].metrics) for part in ("all", "warm", "cold")), flush=True
    )
    return results.lists


def scorer_features(data: Dataset, log: Interactions, vectors: np.ndarray) -> ItemFeatures:
    present = np.ones(len(vectors), dtype=bool)
    return ItemFeatures.build(log.counts(len(data.catalogue)), text=(vectors, present))


def kept(folder: Path | None, seed: int, train: Callable[[], FoundationModel]) -> FoundationModel:
    """The network of a seed, from the folder if it is there, and there from now on."""
    if folder is None:
        return train()
    place = folder / f"seed-{seed}"
    if not place.exists():
        train().save_pretrained(place)
    return FoundationModel.from_pretrained(place).eval()


def network(
    data: Dataset,
    log: Interactions,
    valid: Cases,
    vectors: np.ndarray,
    settings: RunConfig,
    *,
    epochs: int | None,
    seed: int,
) -> FoundationModel:
    features = scorer_features(data, log, vectors)
    epochs = settings.pretrain.epochs if epochs is None else epochs
    if not epochs:
        torch.manual_seed(seed)
        model = FoundationModel(foundation_shape(settings, features, dated=False))
        model.tower.fit_content(features)
        return model.eval()
    config = replace(settings.pretrain, epochs=epochs, seed=seed)
    validate = Validator(valid, features, TransitionMemory.of(log, len(features)), None)
    return trained(log, features, replace(settings, pretrain=config), validate)


def trained(
    log: Interactions,
    features: ItemFeatures,
    settings: RunConfig,
    validate: Validator,
    *,
    times: np.ndarray | None = None,
    dated: bool = False,  # or nothing but an order
) -> FoundationModel:
    """The network that is best on validation, its checkpoints thrown away."""
    torch.manual_seed(settings.pretrain.seed)
    shape = foundation_shape(settings, features, dated=dated)
    with tempfile.TemporaryDirectory() as folder:
        return pretrain_model(
            log,
            features,
            shape,
            settings.pretrain,
            validate=validate,
            checkpoints=Path(folder),
            released=times,
        ).model


def foundation(
    data: Dataset, log: Interactions, vectors: np.ndarray, model: FoundationModel
) -> tuple[Panel, FoundationScorer]:
    """The experts, and network with memory, all made from one log."""
    features = scorer_features(data, log, vectors)
    memory = TransitionMemory.of(log, len(features))
    memory.share = SHARE
    panel = panel_of(data.catalogue, model, features, memory, Traces.of(log, len(features)))
    return panel, FoundationScorer(model, features, memory)


def without_newest(cases: Cases) -> Cases:
    """The same questions as if the last thing that each person did had never been logged."""
    return replace(cases, ends=np.maximum(cases.ends - 1, cases.starts))


def without_last(log: Interactions) -> tuple[Interactions, Cases]:
    """A log without everyone's last item, and those items as cases."""
    last = log.offsets[1:][np.diff(log.offsets) >= 2] - 1
    keep = np.ones(len(log), dtype=bool)
    keep[last] = False
    return log.where(keep), cases_at(log, last)


if __name__ == "__main__":
    main()
