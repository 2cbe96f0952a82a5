r"""One split as plain arrays, for systems that know nothing of Firstlight, and the judging of their lists.

    python benchmarks/peers/exchange.py write ../shared/data/amazon-beauty EXCHANGE.npz
    python benchmarks/peers/exchange.py judge ../shared/data/amazon-beauty OUT.npz [OUT.npz ...] \
        [--baselines] [--json FILE] [--plot FILE]

Leave-one-out; the validation item is not trained on and stands in the test history. `write` gives training
interactions by person and in order (train_users, train_rows), each person's validation item
(valid_users, valid_targets) and the test cases' histories (test_histories, test_offsets) without their
answers. `judge` prints a table, and of the first OUT beside each other one how far it is ahead, paired over
people; with --baselines our baselines (popularity, EASE, transitions, content, their ensemble) are judged
too. An OUT holds `lists`, int [cases, k >= 10], catalogue rows, best first, seen items left out, -1 for
none, and `facts`, JSON with at least "peer". Item keys are the catalogue's, by row. Ours come from
`benchmarks/foundation.py DATA --lists OUT.npz`.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from firstlight.base.files import write_json
from firstlight.base.hashing import key_hashes
from firstlight.corpus import Dataset
from firstlight.corpus.readers import read_dataset
from firstlight.corpus.split import Split, leave_one_out
from firstlight.eval import Summary, compare, judge
from firstlight.eval.baseline_set import all_baselines
from firstlight.eval.baselines import whitened
from firstlight.eval.lists import ListResults
from firstlight.eval.plots import LIGHT, encoded
from firstlight.eval.protocol import evaluate

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from baselines import table, title_vectors

COSTS = ("epochs", "best_epoch", "epoch_cpu_seconds", "train_cpu_seconds", "rank_cpu_seconds", "peak_mib")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("verb", choices=("write", "judge"))
    parser.add_argument("data", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--baselines", action="store_true", help="judge: ours beside them")
    parser.add_argument("--json", type=Path, help="judge: every segment of every peer")
    parser.add_argument("--plot", type=Path, help="judge: a PNG")
    options = parser.parse_args()
    data = read_dataset(options.data)
    split = leave_one_out(data.interactions, train_on_valid=False)
    print(f"{data.name}: {split.name}; {len(split.test)} cases; split {split.digest}")
    if options.verb == "write":
        np.savez_compressed(options.files[0], **arrays(data, split))
        return
    found = judged_files(split, options.files)
    if options.baselines:
        found |= judged_baselines(data, split)
    cold = split.train.counts(len(data.catalogue))[split.test.targets] == 0
    summaries = {name: one.summary(groups={"warm": ~cold, "cold": cold}) for name, (one, _) in found.items()}
    print(table(summaries, ["all", "warm", "cold"]))
    first, *others = (one for one, _ in found.values())
    for other in others:
        print(compare(first, other), compare(first, other, "HR@10"), sep="\n")
    for name, (_, facts) in found.items():
        if facts:
            print(costs(name, facts))
    if options.json:
        plain = {name: {"facts": facts, **summaries[name].as_dict()} for name, (_, facts) in found.items()}
        write_json(options.json, {"data": data.name, "digest": split.digest, "systems": plain})
    if options.plot:
        options.plot.write_bytes(chart(f"{data.name}: NDCG@10, 95 % intervals over people", summaries))


def arrays(data: Dataset, split: Split) -> dict[str, Any]:
    numbers = {key: number for number, key in enumerate(split.train.user_keys)}
    return {
        "n_items": len(data.catalogue),
        "digest": split.digest,
        "train_users": split.train.users,
        "train_rows": split.train.rows,
        "valid_users": np.array([numbers[key] for key in split.valid.user_keys]),
        "valid_targets": split.valid.targets,
        "test_histories": split.test.history_rows,
        "test_offsets": split.test.offsets,
    }


def judged_files(split: Split, paths: Sequence[Path]) -> dict[str, tuple[ListResults, dict[str, Any]]]:
    """All peers by name; one of a name that stands already is told apart by its file's."""
    found: dict[str, tuple[ListResults, dict[str, Any]]] = {}
    for path in paths:
        name, one = judged_file(split, path)
        found[f"{name} ({path.stem})" if name in found else name] = one
    return found


def judged_file(split: Split, path: Path) -> tuple[str, tuple[ListResults, dict[str, Any]]]:
    """One peer's name, and its lists under our metrics beside what it says of itself."""
    with np.load(path) as found:
        lists, facts = found["lists"], json.loads(str(found["facts"]))
    if len(lists) != len(split.test):
        raise SystemExit(f"{path}: {len(lists)} lists for {len(split.test)} cases")
    return facts["peer"], (judged(split, lists, facts["peer"]), facts)


def judged_baselines(data: Dataset, split: Split) -> dict[str, tuple[ListResults, dict[str, Any]]]:
    """The same of the baselines; text is the title's, whitened on what training touched."""
    counts = split.train.counts(len(data.catalogue))
    white = whitened(title_vectors(data.catalogue), counts > 0)
    found, ties = {}, key_hashes(data.catalogue.keys, "item")
    for name, system in all_baselines(split, len(data.catalogue), white).systems.items():
        lists = evaluate(system, split.test, counts=counts, name=name, tie_hashes=ties).lists
        found[name] = (judged(split, lists, name), {})
    return found


def judged(split: Split, lists: np.ndarray, name: str) -> ListResults:
    """Lists [cases, k] under our metrics; seen items among them are struck out."""
    histories = [set(rows.tolist()) for rows in split.test.histories()]
    kept = [
        [row for row in one if row >= 0 and row not in seen]
        for one, seen in zip(lists.tolist(), histories, strict=True)
    ]
    truth = [(target,) for target in split.test.targets.tolist()]
    return judge(kept, truth, people=split.test.user_keys, name=name)


def costs(name: str, facts: dict[str, Any]) -> str:
    """What a system says of its own cost."""
    said = [f"{one.replace('_', ' ')} {facts[one]:.0f}" for one in COSTS if one in facts]
    return f"{name}: {', '.join(said)}"


def chart(title: str, summaries: Mapping[str, Summary]) -> bytes:
    """NDCG@10 over all as dots with intervals, best on top, the first system in our color, as PNG."""
    ours = next(iter(summaries))
    ordered = sorted(summaries, key=lambda name: summaries[name]["all"].metrics["NDCG@10"].mean)
    figure = Figure(figsize=(7.2, 0.8 + 0.32 * len(ordered)), layout="constrained")
    axes = figure.add_subplot()
    for place, name in enumerate(ordered):
        gain = summaries[name]["all"].metrics["NDCG@10"]
        color = LIGHT["series0" if name == ours else "series2"]
        axes.plot([gain.low, gain.high], [place, place], color=color, linewidth=3, solid_capstyle="round")
        axes.plot(gain.mean, place, "o", color=color)
        axes.annotate(
            f"{gain.mean:.4f}"[1:], (gain.high, place), (6, -3), textcoords="offset points", fontsize=8
        )
    axes.set_yticks(range(len(ordered)), [textwrap.fill(name, 44) for name in ordered], fontsize=8)
    axes.set_xlim(0, 1.12 * axes.get_xlim()[1])
    figure.suptitle(title, x=0.01, ha="left", fontsize=9, color=LIGHT["muted"])
    axes.grid(axis="x", color=LIGHT["line"])
    axes.spines[["top", "right", "left"]].set_visible(False)
    return encoded(figure)


if __name__ == "__main__":
    main()
