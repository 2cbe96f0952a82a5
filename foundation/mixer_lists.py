"""The candidates of many cases, end to end: what a mixer is fitted on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..base.progress import bar
from ..corpus.interactions import Cases, spans
from ..eval.metrics import ndcg_of_ranks
from .columns import Table, as_cold
from .mixer import Mixer

Values = NDArray[np.float32]
Ask = Callable[[NDArray[np.int64]], Table]

ASKED_AT_ONCE = 256


@dataclass(frozen=True)
class Lists:
    """All candidates of all cases, end to end.

    `starts` is [n + 1]; `answers` is the answer's place in `values`, -1 where it is no candidate.
    """

    names: tuple[str, ...]
    values: NDArray[np.float16]
    rows: NDArray[np.int32]
    starts: NDArray[np.int64]
    answers: NDArray[np.int64]

    @classmethod
    def collect(cls, ask: Ask, cases: Cases) -> Lists:
        """Ask for the candidates of all cases, some at a time."""
        parts: list[tuple[NDArray[np.float16], NDArray[np.int32], NDArray[np.int64], NDArray[np.bool_]]] = []
        names: tuple[str, ...] = ()
        with bar(len(cases), "mixer", unit="case") as progress:
            for start in range(0, len(cases), ASKED_AT_ONCE):
                part = np.arange(start, min(start + ASKED_AT_ONCE, len(cases)))
                found = ask(part)
                names = found.names
                counts = np.bincount(found.cases, minlength=len(part))
                hits = found.rows == cases.targets[part][found.cases]
                small = np.clip(found.values, -6e4, 6e4).astype(np.float16)
                parts.append((small, found.rows.astype(np.int32), counts, hits))
                progress.update(len(part))
        values, rows, counts, hits = (np.concatenate(one) for one in zip(*parts, strict=True))
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        answers = np.full(len(cases), -1, dtype=np.int64)
        places = np.flatnonzero(hits)
        answers[np.searchsorted(starts, places, side="right") - 1] = places
        return cls(names, values, rows, starts, answers)

    def part(self, cases: NDArray[np.int64]) -> Lists:
        """The lists of some cases, alone."""
        sizes = self.starts[cases + 1] - self.starts[cases]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        moved = starts[:-1] - self.starts[cases]
        places = spans(self.starts[cases], sizes)
        answers = np.where(self.answers[cases] >= 0, self.answers[cases] + moved, -1)
        return Lists(self.names, self.values[places], self.rows[places], starts, answers)

    def over(self, names: tuple[str, ...], missing: NDArray[np.floating]) -> Lists:
        """The same lists with other columns; one that is not there holds what `missing` [f] says."""
        values = np.empty((len(self.values), len(names)), np.float16)
        values[:] = missing
        for at, name in enumerate(names):
            if name in self.names:
                values[:, at] = self.values[:, self.names.index(name)]
        return replace(self, names=names, values=values)

    @cached_property
    def owners(self) -> NDArray[np.int64]:
        """Whose candidate each one is."""
        return np.repeat(np.arange(len(self.answers)), np.diff(self.starts))

    @property
    def table(self) -> Table:
        """The candidates as the mixer's input."""
        return Table(self.owners, self.rows.astype(np.int64), self.values.astype(np.float32), self.names)

    def scores(self, mixer: Mixer, cold: NDArray[np.bool_] | None = None) -> Values:
        """The mixer's scores of all candidates, without any shift, some rows read as cold, bool [n_items]."""
        found = [np.zeros(0, np.float32)]
        for start in range(0, len(self.answers), ASKED_AT_ONCE):
            table = self.part(np.arange(start, min(start + ASKED_AT_ONCE, len(self.answers)))).table
            values = table.values if cold is None else as_cold(table, cold[table.rows])
            found.append(mixer.scores(values, np.zeros(len(values), dtype=bool)))
        return np.concatenate(found)

    def gains(self, scores: Values) -> NDArray[np.float64]:
        """NDCG@10 of each case; ties go against the answer."""
        known = self.answers >= 0
        if not len(scores):  # nobody has a candidate
            return np.zeros(len(known))
        own = scores[np.where(known, self.answers, 0)]
        ranks = np.bincount(self.owners[scores >= own[self.owners]], minlength=len(own))
        return ndcg_of_ranks(np.where(known, ranks, np.inf))
