"""Who is served how well: groups of people and of items, and what it takes to see a difference live."""

from __future__ import annotations

import math
from collections.abc import Iterator

from .html import Html, section, table, tag
from .report import Report


def groups(report: Report) -> Iterator[Html]:
    """A section for groups of people and one for groups of items, where the report has them."""
    if report.people_groups:
        gaps = [
            f"By {column}, {gap.best} is ahead of {gap.worst} by {gap.difference}."
            for column, gap in report.gaps.items()
        ]
        yield section("Who is served worse", " ".join([f"{report.metric} of ours.", *gaps]), _people(report))
    if report.item_groups:
        lead = "Attention that categories get in our lists, against how often they are the right answer."
        yield section("Which items are shown", lead, _items(report))


def _people(report: Report) -> Html:
    head = [tag("th", name, scope="col") for name in ("group", "people", report.metric)]
    rows = []
    for name in report.people_groups:
        part = report.systems[0][name]
        cells = (name, f"{part.n_people:,}", str(part.metrics[report.metric]) if part.n else "–")
        rows.append(tag("tr", [tag("td", cell) for cell in cells]))
    return table(head, rows)


def _items(report: Report) -> Html:
    head = [tag("th", name, scope="col") for name in ("category", "attention", "right answers", "ratio")]
    rows = []
    for name, one in report.item_groups.items():
        ratio = "–" if math.isnan(one["ratio"]) else f"{one['ratio']:.2f}"
        cells = (name, f"{one['exposure']:.1%}", f"{one['merit']:.1%}", ratio)
        rows.append(tag("tr", [tag("td", cell) for cell in cells]))
    return table(head, rows)


def ab_test(report: Report) -> Html | None:
    """How many people an A/B test needs, by the lift it is to find."""
    sizes = report.ab_test.get("people_in_each_arm")
    if not sizes:
        return None
    lead = (
        f"People in each arm to find a relative lift of {report.metric} "
        "(two-sided, 5 % level, 80 % power), from how much people differ here."
    )
    head = [tag("th", lift, scope="col") for lift in sizes]
    row = tag("tr", [tag("td", f"{size:,}") for size in sizes.values()])
    return section("How large an A/B test must be", lead, table(head, [row]))
