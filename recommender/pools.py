"""The lists a ranker is trained and judged on: what our own retriever finds for each case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..corpus.interactions import Cases
from ..eval.ranking import Candidates, Seen, rank
from .question import Person
from .ranking import Voting

BATCH = 256


@dataclass(frozen=True)
class Pool:
    """One case's list.

    Attributes
    ----------
    rows
        int64 [m], the retriever's best first.
    positive
        Where the target stands in it, or None when it was not retrieved.
    state
        The person's vector, float32 [d].
    time
        When it was asked, NaN where that is not known.
    """

    person: Person
    state: NDArray[np.float32]
    rows: NDArray[np.int64]
    positive: int | None
    time: float


def retrieved(voting: Voting, cases: Cases, size: int, released: NDArray[np.float64] | None) -> list[Pool]:
    """The foundation's `size` best items for each case: unseen, and released by then."""
    pools: list[Pool] = []
    for start in range(0, len(cases), BATCH):
        pools += _batch(voting, cases.take(np.arange(start, min(start + BATCH, len(cases)))), size, released)
    return pools


def _batch(voting: Voting, cases: Cases, size: int, released: NDArray[np.float64] | None) -> list[Pool]:
    states = voting.scorer.people(cases)
    scores = voting.scorer.scores(states, cases.histories())
    allowed = None if released is None else ~(released > cases.times[:, None])
    seen = Seen(cases.history_rows, cases.offsets)
    found = rank(scores, cases.targets, Candidates(seen, allowed, voting.ties), k=size)
    pools = []
    for case, rows in enumerate(found.lists):
        kept = rows[rows >= 0].astype(np.int64)
        places = np.flatnonzero(kept == cases.targets[case])
        positive = int(places[0]) if len(places) else None
        pools.append(Pool(person_of(cases, case), states[case], kept, positive, float(cases.times[case])))
    return pools


def person_of(cases: Cases, case: int) -> Person:
    """Who asks in one case."""
    return Person(cases.history(case), cases.moments(case))
