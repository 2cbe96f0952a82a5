"""What each voter adds to the foundation's order, on the test cases of a tuned run.

    python benchmarks/ranker.py RUN [RUN ...] [--cases 1500] [--cold 0]

Each RUN is the same data after `firstlight pretrain` and `firstlight finetune`, with another seed. Cases are
drawn by hash; --cold adds so many with a never-seen target to the row "cold items", where few of all are. The
list of a case is what the run's own retriever finds (`serve.rerank` items). A list that misses its target
scores zero in any order, so only the others are read by the language model; all cases count in every mean.
Everything was chosen on validation: the test cases are read once, here.

recall      share of the targets that the list holds
foundation  the list's own order
+ content   re-ordered by content neighbors, where the fitted blend gives them weight
blend       and by the language model, where it has weight
LLM alone   ordered by the language model and nothing else
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from firstlight.base.files import read_json
from firstlight.corpus.interactions import Cases
from firstlight.eval import CaseResults, compare, summary_of_seeds
from firstlight.eval.results import Groups
from firstlight.finetune.voters import BASE
from firstlight.recommender.pools import Pool, retrieved
from firstlight.recommender.ranking import Voting
from firstlight.recommender.run_directory import RANKER, load_run
from firstlight.recommender.splitting import make_split, released
from firstlight.recommender.validation import sample
from firstlight.recommender.voters import ContentSpace

METRIC = "NDCG@10"
ORDERS = {"foundation": (BASE,), "+ content": (BASE, "content"), "blend": (BASE, "content", "llm")}
ALONE = "LLM alone"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--cases", type=int, default=1500)
    parser.add_argument("--cold", type=int, default=0)
    asked = parser.parse_args()
    seeds = [_asked(path, asked.cases, asked.cold) for path in asked.runs]
    found = {name: [results[name] for results, _ in seeds] for name in seeds[0][0]}
    print("\n".join(table(found, parts_of(found["foundation"][0], seeds[0][1]))))


def _asked(path: Path, most: int, cold: int) -> tuple[dict[str, CaseResults], np.ndarray]:
    """One run's outcome under each order, and which cases stand for all."""
    run = load_run(path)
    voting = Voting(run, ContentSpace(run))
    split = make_split(run.log, run.config.split)
    chosen, new = sample(split.test, most), np.flatnonzero(run.counts[split.test.targets] == 0)
    asked = np.union1d(chosen, new[sample(split.test.take(new), cold)])
    cases = split.test.take(asked)
    pools = retrieved(voting, cases, run.config.serve.rerank, released(run.log, run.catalogue))
    print(f"{run.config.data.path}: {split.name}; split {split.digest}; seed {run.config.ranker.seed}")
    size = run.config.serve.rerank
    print(f"{len(cases):,} of {len(split.test):,} test cases, {size} items retrieved for each")
    print("NDCG@10 of the ranker alone on validation lists, and its change when something is taken away:")
    for name, one in read_json(path / RANKER / "probes.json").items():
        print(f"  {name:30} {one['ndcg']:.4f} ({one['change']:+.4f} ± {one['standard_error']:.4f})")
    print("\n".join(_weights(voting)), flush=True)
    ranks = _ranks(voting, pools)
    return {name: _results(name, one, cases, run.counts) for name, one in ranks.items()}, np.isin(
        asked, chosen
    )


def _weights(voting: Voting) -> Iterator[str]:
    """What the blend gives to each voter beside the foundation, where it gives anything."""
    given = [
        f"  {weight:.2f} {voter} ({situation})"
        for situation, by_voter in voting.blend.weights.items()
        for voter, weight in by_voter.items()
        if voter != BASE and weight
    ]
    yield "weights of the blend:" if given else "weights of the blend: all zero, the foundation's order stays"
    yield from given


def _ranks(voting: Voting, pools: list[Pool]) -> dict[str, np.ndarray]:
    """Where each target stands under each order, float64 [cases]; inf outside its list."""
    ranks = {name: np.full(len(pools), np.inf) for name in (*ORDERS, ALONE)}
    found = [number for number, pool in enumerate(pools) if pool.positive is not None]
    requests = [voting.request(pools[i].person, pools[i].state, pools[i].rows) for i in found]
    for number, told in zip(found, voting.ranker.score(requests), strict=True):
        pool = pools[number]
        votes = {**voting.votes(pool.person, pool.state, pool.rows), "llm": told}
        for name, voters in ORDERS.items():
            heard = {voter: votes[voter] for voter in voters}
            parts = voting.blend.parts(heard, voting.run.counts[pool.rows], len(pool.person))
            ranks[name][number] = _place(np.sum(list(parts.values()), axis=0), pool)
        ranks[ALONE][number] = _place(told, pool)
    return ranks


def _place(scores: np.ndarray, pool: Pool) -> int:
    """The target's place from 1; ties count against it."""
    return int((scores >= scores[pool.positive]).sum())


def _results(name: str, ranks: np.ndarray, cases: Cases, counts: np.ndarray) -> CaseResults:
    people = np.unique(np.array(cases.user_keys, dtype=object), return_inverse=True)[1]
    no_lists = np.full((len(cases), 0), -1, np.int32)
    return CaseResults(name, ranks, no_lists, people, counts[cases.targets].astype(np.int64), cases.lengths)


def parts_of(results: CaseResults, drawn: np.ndarray) -> Groups:
    """The segments that matter, bool [n] each."""
    cold, short = results.target_counts == 0, results.history_lengths <= 5
    parts = {
        "all": drawn,
        "warm items": drawn & ~cold,
        "cold items": cold,
        "history <= 5": drawn & short,
        "longer": drawn & ~short,
    }
    return {name: mask for name, mask in parts.items() if mask.any()}


def table(found: Mapping[str, list[CaseResults]], parts: Groups) -> Iterator[str]:
    """A line for each part: how many, the list's recall, each order, and the blend's gain."""
    summaries = {name: summary_of_seeds(runs, groups=parts) for name, runs in found.items()}
    yield f"{METRIC} and 95 % intervals over people{' and seeds' if len(found['foundation']) > 1 else ''}"
    yield f"| part | cases | recall | {' | '.join(found)} | blend - foundation | LLM alone - foundation |"
    yield "|---" * (5 + len(found)) + "|"
    for part, mask in parts.items():
        recall = np.mean([np.isfinite(one.ranks[mask]).mean() for one in found["foundation"]])
        cells = [str(one[part].metrics[METRIC]) for one in summaries.values()]
        gains = [_gain(found[name], found["foundation"], mask) for name in ("blend", ALONE)]
        yield f"| {part} | {mask.sum():,} | {recall:.3f} | {' | '.join([*cells, *gains])} |"


def _gain(ours: list[CaseResults], base: list[CaseResults], mask: np.ndarray) -> str:
    """The paired difference, its interval, and what it is of the base."""
    one = compare(ours, base, METRIC, where=mask)
    share = f" ({one.difference.mean / one.b_mean:+.1%})" if one.b_mean else ""
    return f"{one.difference}{share}"


if __name__ == "__main__":
    main()
