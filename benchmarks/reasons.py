"""Are the cited reasons the true ones? Explanations on the sample world against the world's own truth.

    python benchmarks/reasons.py WORLD RUN [--people 150] [--each 3] [--seed 0]

WORLD is what `firstlight sample` wrote, RUN what `firstlight pretrain` made of it. For each sampled person
the best items are explained, and every entry that a shown sentence cites is judged:

- a shared value is right when the persona that would most likely choose the item likes that value;
- a history item is right when it belongs with the recommended one: same series, same evening program, or a
  persona that makes up a fifth of the person or more clearly likes both.

"chance" is what blind citing gets: any value that the item shares with the history, any history item.
Intervals are 95 %, from a bootstrap over people.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firstlight.corpus.sample import load_truth
from firstlight.corpus.sample.judge import KINDS, Judge
from firstlight.explain import Evidence, Explanation
from firstlight.prompts import Wish
from firstlight.recommender import Recommender
from firstlight.recommender.question import Person, Question

LEAST = 3  # history items; with fewer there is nothing to choose between


@dataclass(frozen=True)
class Judged:
    """One cited entry: whether it is right, and how often blind citing would have been."""

    user: str
    kind: str
    right: float
    chance: float


def judge_run(world: Path, run: Path, *, people: int, each: int, seed: int = 0) -> list[Judged]:
    """Explain the best `each` items of some people and judge what the sentences cite."""
    judge, recommender = Judge(load_truth(world / "truth")), Recommender.from_pretrained(run)
    log = recommender.run.log
    able = np.flatnonzero(np.diff(log.offsets) >= LEAST)
    chosen = np.random.default_rng(seed).permutation(able)[:people]
    found: list[Judged] = []
    for user in chosen.tolist():
        found += judge_person(judge, recommender, log.user_keys[user], each)
    return found


def judge_person(judge: Judge, recommender: Recommender, user: str, each: int) -> Iterator[Judged]:
    person = recommender.people.find(Question(user))
    answer = recommender.recommend(user=user, k=each)
    rows = recommender.catalogue.vocabulary.rows([one.item.key for one in answer.recommendations])
    for explanation in recommender.reasons.explain(person, rows.astype(np.int64), Wish("")):
        yield from _Case(judge, recommender, user, person, explanation).judged()


@dataclass(frozen=True)
class _Case:
    """One explained recommendation."""

    judge: Judge
    recommender: Recommender
    user: str
    person: Person
    explanation: Explanation

    @property
    def time(self) -> float:
        return float(self.person.times[-1])

    @property
    def item(self) -> str:
        return self.explanation.ledger.item.key

    def judged(self) -> Iterator[Judged]:
        """Each entry that a sentence cites, once."""
        cited = {one for sentence in self.explanation.sentences for one in sentence.cites}
        for entry in self.explanation.ledger.entries:
            if entry.id in cited:
                if entry.kind == "attribute" and entry.field in KINDS:
                    yield self._attribute(entry)
                elif entry.kind in ("history", "neighbor") and entry.item in self._history():
                    yield self._history_item(entry)

    def _attribute(self, entry: Evidence) -> Judged:
        right = self._draws(entry.field, entry.value)
        if entry.field == "year":  # one item has one year: blind citing is a yes or no
            return Judged(self.user, "shared time", right, right)
        shared = [self._draws(field, value) for field, value in self._shared()]
        return Judged(self.user, "shared value", right, float(np.mean(shared)))

    def _draws(self, field: str, value: object) -> float:
        return float(self.judge.draws(self.user, self.time, self.item, field, value))  # type: ignore[arg-type]

    def _shared(self) -> list[tuple[str, str]]:
        """Every text value that the item has in common with some history item."""
        history = [self.recommender.catalogue[row] for row in self.person.rows.tolist()]
        own = self.explanation.ledger.item
        values = [("categories", one) for one in own.categories if any(one in h.categories for h in history)]
        creator = own.attributes.get("creator")
        return values + [("creator", creator)] * any(h.attributes.get("creator") == creator for h in history)

    def _history(self) -> list[str]:
        length = self.recommender.run.config.serve.explain_history
        return [self.recommender.catalogue.keys[row] for row in self.person.rows[-length:].tolist()]

    def _history_item(self, entry: Evidence) -> Judged:
        def right(key: str) -> bool:
            return bool(self.judge.relation(self.user, self.time, self.item, key))

        blind = float(np.mean([right(key) for key in self._history()]))
        return Judged(self.user, f"{entry.kind} item", float(right(str(entry.item))), blind)


def table(found: list[Judged], seed: int = 0) -> Iterator[str]:
    """A Markdown row for each kind of entry."""
    yield "| cited | how many | right | chance | gain and its 95 % interval |"
    yield "|---|---|---|---|---|"
    kinds: dict[str, list[Judged]] = defaultdict(list)
    for one in found:
        kinds[one.kind].append(one)
    for kind, judged in sorted(kinds.items()):
        right, chance = (np.mean([getattr(one, name) for one in judged]) for name in ("right", "chance"))
        low, high = interval(judged, seed)
        gain = f"{right - chance:+.3f} [{low:+.3f}, {high:+.3f}]"
        yield f"| {kind} | {len(judged)} | {right:.3f} | {chance:.3f} | {gain} |"


def interval(judged: list[Judged], seed: int = 0, draws: int = 1000) -> tuple[float, float]:
    """Of the gain over chance, from a bootstrap over people."""
    users, place = np.unique([one.user for one in judged], return_inverse=True)
    sums = np.bincount(place, weights=[one.right - one.chance for one in judged])
    counts = np.bincount(place)
    drawn = np.random.default_rng(seed).integers(0, len(users), (draws, len(users)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("world", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--people", type=int, default=150)
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found = judge_run(asked.world, asked.run, people=asked.people, each=asked.each, seed=asked.seed)
    print("\n".join(table(found, asked.seed)))


if __name__ == "__main__":
    main()
