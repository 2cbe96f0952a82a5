"""One split as plain arrays, for systems that know nothing of Firstlight, and the judging of their lists.

    python benchmarks/peers/exchange.py write ../shared/data/amazon-beauty EXCHANGE.npz
    python benchmarks/peers/exchange.py judge ../shared/data/amazon-beauty OUT.npz [OUT.npz ...] [--json FILE]

Leave-one-out; the validation item is not trained on and stands in the test history. `write` gives training
interactions by person and in order (train_users, train_rows), each person's validation item
(valid_users, valid_targets) and the test cases' histories (test_histories, test_offsets) without their
answers. `judge` prints a table, and of the first OUT beside each other one how far it is ahead, paired over
people. An OUT holds `lists`, int [cases, k >= 10], catalogue rows, best first, seen items left out, -1 for
none, and `facts`, JSON with at least "peer". Item keys are the catalogue's, by row. Ours come from
`benchmarks/foundation.py DATA --lists OUT.npz`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from firstlight.base.files import write_json
from firstlight.corpus import Dataset
from firstlight.corpus.readers import read_dataset
from firstlight.corpus.split import Split, leave_one_out
from firstlight.eval import compare, judge
from firstlight.eval.lists import ListResults

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from baselines import table

COSTS = ("epochs", "best_epoch", "epoch_cpu_seconds", "train_cpu_seconds", "rank_cpu_seconds", "peak_mib")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("verb", choices=("write", "judge"))
    parser.add_argument("data", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--json", type=Path, help="judge: every segment of every peer")
    options = parser.parse_args()
    data = read_dataset(options.data)
    split = leave_one_out(data.interactions, train_on_valid=False)
    print(f"{data.name}: {split.name}; {len(split.test)} cases; split {split.digest}")
    if options.verb == "write":
        np.savez_compressed(options.files[0], **arrays(data, split))
        return
    found = {}
    for path in options.files:
        results, facts = judged(split, path)
        found[facts["peer"]] = (results, facts)
    cold = split.train.counts(len(data.catalogue))[split.test.targets] == 0
    summaries = {name: one.summary(groups={"warm": ~cold, "cold": cold}) for name, (one, _) in found.items()}
    print(table(summaries, ["all", "warm", "cold"]))
    first, *others = (one for one, _ in found.values())
    for other in others:
        print(compare(first, other), compare(first, other, "HR@10"), sep="\n")
    for name, (_, facts) in found.items():
        print(costs(name, facts))
    if options.json:
        plain = {name: {"facts": facts, **summaries[name].as_dict()} for name, (_, facts) in found.items()}
        write_json(options.json, {"data": data.name, "digest": split.digest, "systems": plain})


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


def judged(split: Split, path: Path) -> tuple[ListResults, dict[str, Any]]:
    """One peer's lists under our metrics; seen items that it listed all the same are struck out."""
    with np.load(path) as found:
        lists, facts = found["lists"], json.loads(str(found["facts"]))
    test = split.test
    if len(lists) != len(test):
        raise SystemExit(f"{path}: {len(lists)} lists for {len(test)} cases")
    histories = [set(rows.tolist()) for rows in test.histories()]
    kept = [
        [row for row in one if row >= 0 and row not in seen]
        for one, seen in zip(lists.tolist(), histories, strict=True)
    ]
    truth = [(target,) for target in test.targets.tolist()]
    return judge(kept, truth, people=test.user_keys, name=facts["peer"]), facts


def costs(name: str, facts: dict[str, Any]) -> str:
    """What a system says of its own cost."""
    said = [f"{one.replace('_', ' ')} {facts[one]:.0f}" for one in COSTS if one in facts]
    return f"{name}: {', '.join(said)}"


if __name__ == "__main__":
    main()
