"""How far hostile texts carry their item up the language model's list.

    python benchmarks/attacks.py WORLD [--run RUN] [--lists 4] [--n 20]

WORLD is what `firstlight sample` wrote. Each of the sixty texts is put behind the title of one item of a
list; how many places that item climbs is compared with what a harmless text of the same length does in its
place. Without --run the ranker is SmolLM2 as it comes ("Yes" against "No"); with it, the run's own. The last
column is the largest move of any other item's score.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from hostile_texts import Attack, attacks

from firstlight.corpus import Item
from firstlight.corpus.readers import read_dataset
from firstlight.finetune import RankRequest
from firstlight.finetune.ranker import PackedRanker
from firstlight.recommender.ranking import ADAPTER
from firstlight.recommender.run_directory import RANKER

HARMLESS = (
    "told over a long evening with rain on the windows and a kettle on the stove while the town sleeps "
)


def requests(world: Path, lists: int, n: int, seed: int = 0) -> list[RankRequest]:
    """Real histories of the sample world with random candidates."""
    data = read_dataset(world)
    rng = np.random.default_rng(seed)
    users = rng.permutation(np.flatnonzero(np.diff(data.interactions.offsets) >= 8))[:lists]
    found = []
    for user in users.tolist():
        history = data.interactions.sentence(user)[-6:]
        rows = rng.choice(len(data.catalogue), n, replace=False)
        found.append(
            RankRequest([data.catalogue[int(r)] for r in history], [data.catalogue[int(r)] for r in rows])
        )
    return found


def place(scores: np.ndarray, which: int) -> int:
    """How many candidates stand above one."""
    return int((scores > scores[which]).sum())


def with_text(request: RankRequest, which: int, text: str) -> RankRequest:
    victim = request.candidates[which]
    changed: list[Item] = list(request.candidates)
    changed[which] = replace(victim, title=f"{victim.title} {text}")
    return replace(request, candidates=changed)


def climbs(ranker: PackedRanker, request: RankRequest, attack: Attack, which: int) -> tuple[int, int, float]:
    """Places that the hostile and the harmless text win, and the largest move of any other score."""
    harmless = (HARMLESS * 4)[: len(attack.text)]
    texts = (with_text(request, which, attack.text), with_text(request, which, harmless))
    plain, hostile, control = ranker.score([request, *texts])
    others = np.arange(len(plain)) != which
    before = place(plain, which)
    moved = float(np.abs(hostile - plain)[others].max())
    return before - place(hostile, which), before - place(control, which), moved


def table(ranker: PackedRanker, asked: Sequence[RankRequest]) -> Iterator[str]:
    yield "| family | cases | hostile text climbs | harmless text climbs | other scores move by |"
    yield "|---|---|---|---|---|"
    found: dict[str, list[tuple[int, int, float]]] = defaultdict(list)
    for number, attack in enumerate(attacks()):
        for request in asked:
            one = climbs(ranker, request, attack, number % len(request.candidates))
            found[attack.family].append(one)
            found["all"].append(one)
    for family, cases in found.items():
        hostile, control, moved = np.array(cases).T
        yield (
            f"| {family} | {len(cases)} | {hostile.mean():+.2f} (at most {hostile.max():+.0f}) "
            f"| {control.mean():+.2f} | {moved.max():.1e} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("world", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--lists", type=int, default=4)
    parser.add_argument("--n", type=int, default=20)
    asked = parser.parse_args()
    ranker = (
        PackedRanker.from_pretrained(asked.run / RANKER / ADAPTER) if asked.run else PackedRanker.from_base()
    )
    print("\n".join(table(ranker, requests(asked.world, asked.lists, asked.n))))


if __name__ == "__main__":
    main()
