"""What an evaluation returns: one rank and one list for each case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ConfigError, nearest
from .bootstrap import REPLICATES
from .metrics import METRICS, Values, hits_from_ranks, per_case
from .summary import Summary, summarize

SHOWN = ("HR", "NDCG", "MRR")
TARGET_BINS = {"0": (0, 0), "1-5": (1, 5), "6-20": (6, 20), ">20": (21, np.inf)}
HISTORY_BINS = {"0": (0, 0), "1": (1, 1), "2-5": (2, 5), "6-10": (6, 10), ">10": (11, np.inf)}
HOT = 20  # an item with more interactions in training is hot
PEOPLE = {"cold people": (0, 1), "warm people": (2, 10), "hot people": (11, np.inf)}
Groups = Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class CaseResults:
    """The outcome for n cases.

    Attributes
    ----------
    name
        The system, as it stands in tables.
    ranks
        float64 [n], 1 is best, inf where the target was not a candidate.
    lists
        int32 [n, k], the rows that were shown, best first, -1 where there were no more.
    people
        int [n], who asked: numbers from 0; cases of one person share one.
    target_counts, history_lengths
        int [n]: training interactions of the target; items in the history.
    ks
        The cutoffs of the metrics.
    """

    name: str
    ranks: NDArray[np.float64]
    lists: NDArray[np.int32]
    people: NDArray[np.int64]
    target_counts: NDArray[np.int64]
    history_lengths: NDArray[np.int64]
    ks: tuple[int, ...] = (10,)

    def __len__(self) -> int:
        return len(self.ranks)

    def values(self, names: Sequence[str] = SHOWN) -> dict[str, Values]:
        """Metrics of each case, as ``{"NDCG@10": float64 [n]}``."""
        hits = hits_from_ranks(self.ranks, max(self.ks))
        return per_case(hits, np.ones(len(self), dtype=np.int64), self.ks, names)

    def metric(self, name: str) -> Values:
        """One metric of each case, by its full name, float64 [n].

        Raises
        ------
        ConfigError
            If the name or its cutoff is not among this result's metrics.
        """
        found = self.values(tuple(METRICS))
        if name not in found:
            raise ConfigError(
                f'no metric "{name}"{nearest(name, found)}', where=self.name, expected=", ".join(found)
            )
        return found[name]

    def renamed(self, name: str) -> CaseResults:
        """The same outcome under another name."""
        return replace(self, name=name)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.integer]) -> CaseResults:
        """The outcome of some cases only."""
        columns = ("ranks", "lists", "people", "target_counts", "history_lengths")
        return replace(self, **{name: getattr(self, name)[chosen] for name in columns})

    @property
    def asked(self) -> tuple[NDArray[np.integer], ...]:
        """What tells the cases apart; two results can be compared when it is equal."""
        return self.people, self.target_counts, self.history_lengths

    def segments(self) -> dict[str, NDArray[np.bool_]]:
        """The parts every report holds, bool [n] each.

        By the right answer: all, warm (seen in training), cold, hot (seen more than 20 times), and bins
        of its count. By who asked: cold people (at most one item), warm, hot (more than ten), and bins.
        """
        counts, lengths = self.target_counts, self.history_lengths
        parts = {"all": np.ones(len(self), dtype=bool), "warm": counts > 0, "cold": counts == 0}
        parts["hot"] = counts > HOT
        for name, (low, high) in TARGET_BINS.items():
            parts[f"target count {name}"] = (counts >= low) & (counts <= high)
        for name, (low, high) in HISTORY_BINS.items():
            parts[f"history {name}"] = (lengths >= low) & (lengths <= high)
        for name, (low, high) in PEOPLE.items():
            parts[name] = (lengths >= low) & (lengths <= high)
        return parts

    def summary(self, *, groups: Groups | None = None, replicates: int = REPLICATES) -> Summary:
        """Every segment with its intervals; `groups` adds parts of your own, bool [n] each."""
        return summary_of_seeds([self], groups=groups, replicates=replicates)


def summary_of_seeds(
    runs: Sequence[CaseResults], *, groups: Groups | None = None, replicates: int = REPLICATES
) -> Summary:
    """One system trained with several seeds: means over them, intervals that draw people and seeds."""
    first = runs[0]
    parts = {**first.segments(), **(groups or {})}
    values = [run.values() for run in runs]
    return summarize(first.name, values, parts, first.people, replicates=replicates)
