r"""Shops of a few hundred or thousand people: the mixer fitted from nothing, and from other shops' prior.

    python benchmarks/small_shops.py ../shared/data/amazon-beauty ../shared/data/amazon-toys --runs FOLDER \
        [--shares 0.02 0.05 0.1 0.2 0.5] [--run RUN ...] [--judge [--own] [--plot PNG]] [--out PRIOR]

A share of the people of each log in order, drawn by a hash of their keys, is a shop of its own over the whole
catalogue: `firstlight pretrain --preset retail --set mixer.prior=none` learns it, into FOLDER. `--run` adds a
finished run as one more shop. `--out` writes a prior fitted on all of them, as the shipped one was made.

`--judge` asks every shop the test items of 4,000 people of the whole log (most of them no customers of
it) or of the run's own, full ranking, seen and unreleased items out, ties against the target: baselines; the
mixer fitted from nothing; from a prior of the other logs' shops; that prior as it is; and the same without a
network, over nothing but what is counted and read. Nothing of a log is in the prior that its shops are judged
with. With `--own` shops are asked their own customers' test items.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import time
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from baselines import cell
from matplotlib.figure import Figure

from firstlight.base.config import load_config
from firstlight.base.hashing import key_hashes
from firstlight.corpus import Dataset, read_dataset
from firstlight.corpus.interactions import Cases, Interactions
from firstlight.corpus.split import Split, leave_one_out
from firstlight.eval import HARMONIC
from firstlight.eval.baseline_set import CONTENT, ENSEMBLE, FIRST, all_baselines
from firstlight.eval.metrics import ndcg_of_ranks
from firstlight.eval.plots import LIGHT, encoded
from firstlight.eval.protocol import evaluate
from firstlight.foundation.memory import TransitionMemory
from firstlight.foundation.mixer import Mixer
from firstlight.foundation.mixer_fit import MixerReport
from firstlight.foundation.mixer_lists import Lists
from firstlight.foundation.mixer_prior import fit_prior
from firstlight.foundation.mixing import Mixing, Panel
from firstlight.foundation.scorer import FoundationScorer
from firstlight.recommender import RunConfig, pretrain
from firstlight.recommender.content import features_of
from firstlight.recommender.evaluation import content_vectors
from firstlight.recommender.mixture import as_fitted, asking, fit_mixture, foreign, own_panel
from firstlight.recommender.presets import preset
from firstlight.recommender.protocols import USUAL_SHARE
from firstlight.recommender.run_directory import Run, load_run
from firstlight.recommender.splitting import make_split, released
from firstlight.recommender.validation import sample

TAUGHT = 2500  # most cases of a shop that a prior is fitted on
ASKED, OWN = 4000, 2500  # and that it is judged by: of the whole log's people, and of its own
ALONE, TAUGHT_BY_OTHERS = "own mixer, from nothing", "own mixer, from the prior"
SHOWN = {
    TAUGHT_BY_OTHERS: ("series0", "o-"),
    "prior as it is, no network": ("series0", "o:"),
    ALONE: ("series1", "o-"),
    ENSEMBLE: ("series3", "o-"),
    CONTENT: ("series2", "o-"),
}
SETTINGS = load_config(RunConfig, None, (*preset("retail"), "mixer.prior=none"))


@dataclass(frozen=True)
class Shop:
    """A run, the log it is a part of, and that log's questions."""

    name: str
    log: str
    run: Run
    taught: Cases
    asked: Cases
    times: np.ndarray | None

    def foundation(self) -> tuple[Panel, FoundationScorer]:
        """Network with memory, and the experts."""
        run, features = self.run, features_of(self.run.content, self.run.counts)
        return own_panel(run, features), FoundationScorer(run.model, features, run.memory)

    def lists(self) -> Lists:
        """Validation lists for a prior."""
        panel, scorer = self.foundation()
        return Lists.collect(*asking(panel, scorer, self.taught, self.times, seed=0))

    def fitted(
        self, panel: Panel, scorer: FoundationScorer, prior: Mixer | None
    ) -> tuple[Mixer, MixerReport]:
        """The shop's own mixer, from its own validation cases."""
        own = make_split(self.run.log, self.run.config.split, fitting=True).valid
        return fit_mixture(panel, scorer, own, self.times, prior=prior, seed=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--shares", nargs="+", default=["0.02", "0.05", "0.1", "0.2", "0.5"])
    parser.add_argument("--run", type=Path, action="append", default=[])
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("--own", action="store_true")
    parser.add_argument("--plot", type=Path, help="of what was judged, a panel for each of the logs")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()

    shops = [shop for data in options.data for shop in shops_of(data, options.shares, options.runs)]
    if options.own:
        shops = [
            replace(shop, asked=some(make_split(shop.run.log, shop.run.config.split).test, OWN))
            for shop in shops
        ]
    shops += [whole(path) for path in options.run]
    lists = {shop.name: shop.lists() for shop in shops}
    if options.out:
        fit_prior(list(lists.values())).save(options.out)
    if options.judge:
        print("| shop | people | system | all | warm | cold | harmonic mean |\n|---|---|---|---|---|---|---|")
        found: dict[str, list[tuple[int, dict[str, float]]]] = {}
        for log in dict.fromkeys(shop.log for shop in shops):
            prior = fit_prior([lists[shop.name] for shop in shops if shop.log != log])
            ours = [shop for shop in shops if shop.log == log]
            found[log] = [(len(shop.run.log.user_keys), judge(shop, prior)) for shop in ours]
        if options.plot:
            options.plot.write_bytes(chart({log: rows for log, rows in found.items() if len(rows) > 1}))


def shops_of(data: Path, shares: list[str], folder: Path) -> Iterator[Shop]:
    whole = read_dataset(data)
    split = leave_one_out(whole.interactions, train_on_valid=False)
    for share in shares:
        place = folder / f"{data.name}-{share}"
        part = folder / f"{place.name}.data"
        if not part.exists():
            write_part(whole, data, float(share), part)
        run = load_run(pretrain(part, place, SETTINGS))
        yield Shop(place.name, data.name, run, some(split.valid, TAUGHT), some(split.test, ASKED), None)


def whole(path: Path) -> Shop:
    """A run as a shop; its validation people are its own."""
    run = as_fitted(load_run(path))
    valid = make_split(run.log, run.config.split, fitting=True).valid
    test = make_split(run.log, run.config.split).test
    return Shop(
        path.name, path.name, run, some(valid, TAUGHT), some(test, ASKED), released(run.log, run.catalogue)
    )


def some(cases: Cases, most: int) -> Cases:
    return cases.take(sample(cases, most))


def write_part(whole: Dataset, data: Path, share: float, out: Path) -> None:
    """A folder with the same items and the interactions of a share of the people."""
    out.mkdir(parents=True)
    shutil.copyfile(data / "items.csv", out / "items.csv")
    log, keys = whole.interactions, whole.catalogue.keys
    kept = of_some(log, share)
    with (out / "interactions.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["user_id", "item_id", "position"])
        for user, row, place in zip(kept.users, kept.rows, kept.times, strict=True):
            table.writerow([kept.user_keys[user], keys[row], int(place)])


def of_some(log: Interactions, share: float) -> Interactions:
    chosen = key_hashes(log.user_keys, "small shop") / 2.0**64 < share
    return log.where(chosen[log.users])


def judge(shop: Shop, prior: Mixer) -> dict[str, float]:
    """Print every system's figures; return their NDCG@10 over all cases."""
    run, counts = shop.run, shop.run.counts
    split: Split = replace(make_split(run.log, run.config.split), test=shop.asked)
    others = all_baselines(split, len(counts), content_vectors(run.content, counts > 0)).systems
    systems = {name: others[name] for name in (CONTENT, FIRST, ENSEMBLE)}
    panel, scorer = shop.foundation()
    for name, start in ((ALONE, None), (TAUGHT_BY_OTHERS, prior)):
        mixer, report = shop.fitted(panel, scorer, start)
        systems[name] = with_mixer(panel, scorer, mixer)
        print(shop.name, name, report.as_dict(), flush=True)
    systems["prior as it is"] = with_mixer(panel, scorer, prior)
    memory = TransitionMemory(run.memory.graph, USUAL_SHARE)
    systems["prior as it is, no network"] = with_mixer(*foreign(replace(run, memory=memory)), prior)
    gains = {}
    for name, system in systems.items():
        began = time.process_time()
        results = evaluate(system, shop.asked, counts=counts, name=name, released=shop.times)
        found = results.summary()
        parts = " | ".join(cell(found[part].metrics) for part in ("all", "warm", "cold", HARMONIC))
        print(f"| {shop.name} | {len(run.log.user_keys):,} | {name} | {parts} |", flush=True)
        print(f"{time.process_time() - began:.0f} CPU s", flush=True)
        gains[name] = ndcg_of_ranks(results.ranks)
    gained = gains[TAUGHT_BY_OTHERS] - gains[ALONE]
    error = gained.std() / len(gained) ** 0.5
    print(f"from the prior instead of nothing: {gained.mean():.4f}, standard error {error:.4f}")
    return {name: float(one.mean()) for name, one in gains.items()}


def chart(found: dict[str, list[tuple[int, dict[str, float]]]]) -> bytes:
    """NDCG@10 against people, one panel a log, as PNG."""
    figure = Figure(figsize=(4.2 * len(found), 3.4), layout="constrained")
    top = 1.1 * max(gain for rows in found.values() for _, gains in rows for gain in gains.values())
    for place, (log, rows) in enumerate(found.items(), 1):
        axes = figure.add_subplot(1, len(found), place)
        for name, (color, style) in SHOWN.items():
            gains = [one[name] for _, one in rows]
            axes.plot([people for people, _ in rows], gains, style, color=LIGHT[color], ms=4, label=name)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_ylim(0, top)
        axes.set_xlabel(f"people of the shop ({log})")
        axes.grid(axis="y", color=LIGHT["line"])
        axes.spines[["top", "right", "left"]].set_visible(False)
        if place == 1:
            axes.set_title("NDCG@10, people of the whole log", loc="left", fontsize=9, color=LIGHT["muted"])
            axes.legend(fontsize=7, frameon=False, loc="upper left")
    return encoded(figure)


def with_mixer(panel: Panel, scorer: FoundationScorer, mixer: Mixer) -> FoundationScorer:
    taught = copy(scorer)
    taught.mixing = Mixing(panel, mixer if mixer.names == panel.names else mixer.over(panel.names))
    return taught


if __name__ == "__main__":
    main()
