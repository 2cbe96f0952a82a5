"""What a report says, as plain data; :func:`firstlight.eval.write.write_report` makes the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..corpus.catalogue import Item
from .compare import Comparison
from .finding import Finding
from .groups import Gap
from .provenance import Provenance
from .summary import Estimate, Summary

HISTORIES = "people's own histories"


@dataclass(frozen=True)
class Curve:
    """A training curve: one value for each epoch, for example ("validation NDCG@10", [1, 2], values)."""

    name: str
    steps: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True)
class Sentence:
    """One sentence of an explanation, and the facts it rests on, in words."""

    text: str
    evidence: Sequence[str] = ()


@dataclass(frozen=True)
class Suggestion:
    """One recommended item with its explanation; `badge` is a short remark such as "never seen before"."""

    item: Item
    sentences: Sequence[Sentence] = ()
    badge: str = ""
    source: str = ""


@dataclass(frozen=True)
class Person:
    """One person of the gallery: who they are, what they did, what they wished, what they were shown."""

    name: str
    story: str
    history: Sequence[Item] = ()
    wish: str = ""
    suggestions: Sequence[Suggestion] = ()


@dataclass(frozen=True)
class Report:
    """Everything the page shows. Empty parts are left out of it.

    Attributes
    ----------
    title, lead
        The headline and one sentence below it.
    facts
        The world in numbers: (name, value) pairs.
    systems
        The systems side by side, ours first, baselines behind it.
    metric
        The metric of the headline table and the charts.
    comparisons
        Ours against each baseline, by segment ("all", "warm", "cold").
    newcomers
        The systems asked with 0, 1, 5, 10 items revealed (segments "revealed 0", ...), ours first; else
        the history bins of `systems` make the cold-start curve.
    exposure, lift
        By system, for each popularity decile, least popular first: its share of shown places, and that
        over its share of what people took themselves. The former also for :data:`HISTORIES`.
    mix
        By system and for :data:`HISTORIES`: the share of each category, the most common first.
    measures, measures_in_parts
        Figures beyond accuracy, {system: {measure: value}}; the latter {system: {part: {measure: value}}}.
    item_groups
        Ours: {category: {"exposure", "merit", "ratio"}}.
    people_groups, gaps
        Names of segments that are groups of people, and the widest gap in each column.
    ab_test
        What :func:`firstlight.eval.power.plan` returned.
    memorization
        The share of the language model's own score that survives neutral titles.
    blend
        Blend weights: {situation: {voter: weight}}.
    """

    title: str
    provenance: Provenance
    lead: str = ""
    facts: Sequence[tuple[str, str]] = ()
    curves: Sequence[Curve] = ()
    systems: Sequence[Summary] = ()
    metric: str = "NDCG@10"
    comparisons: Mapping[str, Sequence[Comparison]] = field(default_factory=dict)
    newcomers: Sequence[Summary] = ()
    exposure: Mapping[str, Sequence[float]] = field(default_factory=dict)
    lift: Mapping[str, Sequence[float]] = field(default_factory=dict)
    mix: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    measures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    measures_in_parts: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    item_groups: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    people_groups: Sequence[str] = ()
    gaps: Mapping[str, Gap] = field(default_factory=dict)
    ab_test: Mapping[str, Any] = field(default_factory=dict)
    memorization: Estimate | None = None
    blend: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    gallery: Sequence[Person] = ()
    findings: Sequence[Finding] = ()
    limits: Sequence[str] = ()

    def asked_alike(self) -> list[list[Summary]]:
        """The systems in groups that were asked equally many cases; ours is in the first.

        A system that is too slow for all cases may be asked fewer; its figures then stand apart, since
        means over different cases cannot be compared.
        """
        groups: dict[int, list[Summary]] = {}
        for system in self.systems:
            groups.setdefault(system["all"].n, []).append(system)
        return list(groups.values())
