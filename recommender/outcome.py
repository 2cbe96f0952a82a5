"""What an evaluation found, and how it is told on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..corpus.interactions import Cases
from ..corpus.split import Split
from ..eval import HARMONIC, CaseResults, Comparison, Estimate, Finding, Summary, summary_of_seeds
from ..eval.groups import Gap
from ..eval.results import TARGET_BINS, Groups
from .run_directory import Run

OURS, BLENDED, ALONE = "firstlight", "firstlight + LLM", "foundation alone"
SEGMENTS = ("all", "warm", "cold", HARMONIC)
BINS = tuple(f"target count {name}" for name in TARGET_BINS)


@dataclass(frozen=True)
class Outcome:
    """What an evaluation found.

    Attributes
    ----------
    run
        The run over the catalogue that was asked: another domain's for zero-shot and few-shot.
    split, cases, counts
        What was asked (all of it, the cases really asked), and each item's interactions in training.
    results
        The outcome of every system on the same cases, ours first.
    seeds
        Ours under each training seed, the run itself first.
    newcomers
        The systems asked the same questions with 0, 1, 5, 10 items of the history revealed, ours first.
    reranked
        The foundation alone and with the language model, on the (fewer) cases that were asked of both.
    comparisons
        Ours against each baseline by segment, and the language model against the foundation alone;
        p values corrected for all of them together.
    groups, gaps
        Parts of the cases by columns of the people table, and the widest gap of ours in each column.
    memorization
        Share of the language model's own score that survives neutral titles; None when not probed.
    protocol, own
        The protocol's name, and whether the run was trained on the domain that was asked.
    vectors
        Content, float32 [n_items, d], in which the diversity of a list is measured.
    """

    run: Run
    split: Split
    cases: Cases
    counts: NDArray[np.int64]
    results: Mapping[str, CaseResults]
    seeds: Sequence[CaseResults]
    newcomers: Sequence[Summary] = ()
    comparisons: Mapping[str, list[Comparison]] = field(default_factory=dict)
    reranked: Mapping[str, CaseResults] = field(default_factory=dict)
    groups: Groups = field(default_factory=dict)
    gaps: Mapping[str, Gap] = field(default_factory=dict)
    memorization: Estimate | None = None
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()
    protocol: str = "leave-one-out"
    own: bool = True
    training_seeds: Sequence[int] = ()
    vectors: NDArray[np.float32] | None = None
    metric: str = "NDCG@10"
    seconds: float = 0.0

    @cached_property
    def summaries(self) -> dict[str, Summary]:
        """Every system with its intervals by segment; ours over all seeds."""
        found = {name: one.summary(groups=self.groups) for name, one in self.results.items() if name != OURS}
        return {OURS: summary_of_seeds(self.seeds, groups=self.groups), **found}

    @cached_property
    def reranked_summaries(self) -> dict[str, Summary]:
        """The same for the cases asked of the language model."""
        return {name: one.summary() for name, one in self.reranked.items()}

    def text(self) -> str:
        """Tables and verdicts for a terminal."""
        seeds = f"; {len(self.seeds)} seeds" if len(self.seeds) > 1 else ""
        lines = [
            f"{self.split.name}; split {self.split.digest[:12]}{seeds}",
            f"{self.metric} and its 95 % interval over people",
            *_table(self.summaries.values(), SEGMENTS, self.metric),
            *_table(self.summaries.values(), BINS, self.metric),
        ]
        if self.newcomers:
            shown = [name for name in self.newcomers[0].segments if name.startswith("revealed")]
            lines += _table(self.newcomers, shown, self.metric)
        for column, gap in self.gaps.items():
            lines.append(f'  by {column}: "{gap.best}" is ahead of "{gap.worst}" by {gap.difference}')
        lines += [f"  {part}: {one}" for part, found in self.comparisons.items() for one in found]
        lines += [f"leak check: {one}" for one in self.findings] or ["leak check: nothing found"]
        lines += list(self.notes)
        if self.reranked:
            lines += ["", "with the language model, on the cases asked of it:"]
            lines += _table(self.reranked_summaries.values(), SEGMENTS, self.metric)
        if self.memorization is not None:
            lines.append(f"of the language model's own score survives neutral titles: {self.memorization}")
        return "\n".join(lines)


def _table(summaries: Iterable[Summary], segments: Sequence[str], metric: str) -> Iterator[str]:
    """One line for each system, a column for each segment that has cases."""
    several = list(summaries)
    shown = [name for name in segments if name in several[0].segments and several[0][name].n]
    if not shown:
        return
    width = max(len(one.name) for one in several)
    yield " " * width + "".join(f"{_heading(name, several[0][name].n):>26}" for name in shown)
    for one in several:
        yield f"{one.name:{width}}" + "".join(f"{one[name].metrics[metric]!s:>26}" for name in shown)


def _heading(segment: str, n: int) -> str:
    short = segment.replace(HARMONIC, "harmonic mean").replace("target count", "count")
    return short if segment == HARMONIC else f"{short}, n={n:,}"
