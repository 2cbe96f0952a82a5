"""Anyone's recommendations, judged: lists of keys or a matrix of scores, and what would have been right.

    mine = judge(my_lists, truth, people=users, name="mine")
    theirs = judge(their_lists, truth, people=users, name="theirs")
    print(mine.summary()["all"].metrics["NDCG@10"])     0.4310 [0.4022, 0.4604]
    print(compare(mine, theirs))                        mine beats theirs at NDCG@10: ...

No model, no dataset of ours: a case may have any number of right answers.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ConfigError, DataError, nearest
from ..base.hashing import key_hashes
from .bootstrap import REPLICATES
from .metrics import Values, hits_of_lists, per_case
from .ranking import Candidates, Scores, Seen, top_rows
from .results import Groups
from .summary import Summary, summarize


@dataclass(frozen=True)
class ListResults:
    """How good n lists are.

    Attributes
    ----------
    name
        The system, as it stands in tables.
    values
        Every metric of every list, as ``{"NDCG@10": float64 [n]}``.
    people
        int [n], whose list it is; intervals draw people, not lists.
    n_relevant
        int [n], right answers of each case.
    """

    name: str
    values: Mapping[str, Values]
    people: NDArray[np.int64]
    n_relevant: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.people)

    def metric(self, name: str) -> Values:
        """One metric of each list, by its full name, float64 [n]; an unknown one raises ConfigError."""
        if name not in self.values:
            close = nearest(name, self.values)
            raise ConfigError(f'no metric "{name}"{close}', where=self.name, expected=", ".join(self.values))
        return self.values[name]

    def renamed(self, name: str) -> ListResults:
        """The same outcome under another name."""
        return replace(self, name=name)

    @property
    def asked(self) -> tuple[NDArray[np.integer], ...]:
        """What tells the cases apart; two results can be compared when it is equal."""
        return self.people, self.n_relevant

    def summary(self, *, groups: Groups | None = None, replicates: int = REPLICATES) -> Summary:
        """Means with 95 % intervals over people, over all lists and over `groups` (bool [n] each)."""
        parts = {"all": np.ones(len(self), dtype=bool), **(groups or {})}
        return summarize(self.name, [self.values], parts, self.people, replicates=replicates)


def judge(
    lists: Sequence[Sequence[Hashable]],
    truth: Sequence[Collection[Hashable]],
    *,
    people: Sequence[Hashable] | None = None,
    ks: Sequence[int] = (10,),
    name: str = "system",
) -> ListResults:
    """All metrics of ranked lists of keys, best first.

    Parameters
    ----------
    truth
        The right answers of each list, in the same order.
    people
        Whose list it is; None makes each list a person of its own.
    ks
        The cutoffs.

    Raises
    ------
    DataError
        If there are not as many truths or people as lists.
    """
    if people is not None and len(people) != len(lists):
        raise DataError(
            f"{len(lists)} lists and {len(people)} people", where="judge", expected="one person for each list"
        )
    hits, n_relevant = hits_of_lists(lists, truth, max(ks))
    numbers: dict[Hashable, int] = {}
    owners = range(len(lists)) if people is None else people
    number = np.array([numbers.setdefault(one, len(numbers)) for one in owners], dtype=np.int64)
    return ListResults(name, per_case(hits, n_relevant, ks), number, n_relevant)


def judge_scores(
    scores: Scores,
    truth: Sequence[Collection[str]],
    keys: Sequence[str],
    *,
    seen: Sequence[Collection[str]] | None = None,
    people: Sequence[Hashable] | None = None,
    ks: Sequence[int] = (10,),
    name: str = "system",
) -> ListResults:
    """The same from scores [n, len(keys)] over a whole catalogue, higher is better.

    Equal scores are ordered by a hash of the keys, so the order of columns cannot help.

    Parameters
    ----------
    keys
        The catalogue, in the order of the columns.
    seen
        Keys that must not be recommended to each case, for example its history.
    """
    places = {key: place for place, key in enumerate(keys)}
    taken = None
    if seen is not None:
        rows = [[places[key] for key in one if key in places] for one in seen]
        offsets = np.concatenate([[0], np.cumsum([len(one) for one in rows])]).astype(np.int64)
        taken = Seen(np.array([row for one in rows for row in one], dtype=np.int64), offsets)
    best = top_rows(scores, max(ks), Candidates(taken, tie_hashes=key_hashes(keys)))
    lists = [[keys[row] for row in one if row >= 0] for one in best]
    return judge(lists, truth, people=people, ks=ks, name=name)


def rows_of_lists(lists: Sequence[Sequence[str]], keys: Sequence[str], k: int) -> NDArray[np.int64]:
    """Lists of keys as rows of `keys`, int64 [n, k] filled with -1, as :mod:`.beyond_accuracy` reads them.

    Raises
    ------
    DataError
        If a list holds a key that is not among `keys`.
    """
    places = {key: place for place, key in enumerate(keys)}
    rows = np.full((len(lists), k), -1, dtype=np.int64)
    for case, one in enumerate(lists):
        for place, key in enumerate(one[:k]):
            if key not in places:
                raise DataError(
                    f'"{key}" in list {case}', where="rows_of_lists", expected="a key of the catalogue"
                )
            rows[case, place] = places[key]
    return rows
