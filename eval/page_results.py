"""The results part of the page: verdicts in words, then the table they rest on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .compare import Comparison
from .html import Html, join, section, table, tag
from .report import Report
from .summary import HARMONIC, Estimate, Summary

COLUMNS = {"all": "all", "warm": "warm items", "cold": "cold items", HARMONIC: "harmonic mean"}


def results(report: Report) -> Html | None:
    """Verdicts and table; None when no system was evaluated."""
    if not report.systems:
        return None
    whole, *parts = report.asked_alike()
    what = f"{report.metric}, {report.provenance.split}"
    lead = f"{what}; the whole catalogue is ranked. Small: 95 % interval over people."
    mark = tag("span", "▲", class_="mark")
    proven = " stands where the lead over every other system is established (p < 5 % after correction)."
    return section(
        "Results",
        lead,
        _verdicts(report),
        _results_table(report, whole),
        tag("p", "Color marks the best figure of a column; ", mark, proven, class_="key"),
        [(tag("h3", f"On {one[0]['all'].n:,} of the cases"), _results_table(report, one)) for one in parts],
    )


def _verdicts(report: Report) -> Html | None:
    """One line for each segment, and every difference with its interval folded away below."""
    if not report.comparisons:
        return None
    lines = [_verdict(segment, several) for segment, several in report.comparisons.items() if several]
    head = [
        tag("th", name, scope="col")
        for name in ("against", "on", "difference", "95 % interval", "p", "people")
    ]
    rows = [
        tag("tr", tag("td", one.b), tag("td", COLUMNS.get(segment, segment)), _difference(one))
        for segment, several in report.comparisons.items()
        for one in several
    ]
    details = tag("details", tag("summary", "Every difference with its interval"), table(head, rows))
    return join([tag("ul", lines, class_="verdicts"), details])


def _verdict(segment: str, several: Sequence[Comparison]) -> Html:
    rivals = {kind: [one.b for one in several if _outcome(one) == kind] for kind in ("win", "even", "loss")}
    told = {
        "win": "beats ",
        "even": "cannot be told apart from ",
        "loss": "is beaten by ",
    }
    where = "Over all cases" if segment == "all" else f"On {COLUMNS.get(segment, segment)}"
    parts = "; ".join(told[kind] + _listed(names) for kind, names in rivals.items() if names)
    kind = "loss" if rivals["loss"] else "win" if not rivals["even"] else "even"
    return tag("li", tag("b", where), f" {several[0].a} {parts}.", class_=kind)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _outcome(one: Comparison) -> str:
    if not one.holds:
        return "even"
    return "win" if one.difference.mean > 0 else "loss"


def _difference(one: Comparison) -> Html:
    gap = one.difference
    cells = (
        f"{gap.mean:+.4f}",
        f"{gap.low:+.4f} to {gap.high:+.4f}",
        f"{one.p_value:.2g}",
        f"{one.n_people:,}",
    )
    return join([tag("td", cell) for cell in cells])


def _results_table(report: Report, systems: Sequence[Summary]) -> Html:
    """Systems that were asked the same cases, the best of each column in color."""
    first, ours = systems[0], report.systems[0]
    segments = [name for name in COLUMNS if name in first.segments]
    head = [tag("th", "system", scope="col")]
    for name in segments:
        size = None if name == HARMONIC else tag("small", f"{first[name].n:,} cases")
        head.append(tag("th", COLUMNS[name], size, scope="col"))
    best = {name: max(_known(system, name, report.metric) for system in systems) for name in segments}
    rows = []
    for system in systems:
        cells = [tag("td", system.name)]
        for name in segments:
            winner = _known(system, name, report.metric) == best[name] > 0
            proven = system is ours and _beats_all(report, systems, name)
            estimate = system[name].metrics[report.metric]
            cells.append(tag("td", _estimate(estimate, proven=proven), class_="best" if winner else None))
        rows.append(tag("tr", cells, class_="ours" if system is ours else None))
    return table(head, rows)


def _known(system: Summary, segment: str, metric: str) -> float:
    mean = system[segment].metrics[metric].mean
    return -1.0 if math.isnan(mean) else mean  # an empty segment never leads


def _beats_all(report: Report, systems: Sequence[Summary], segment: str) -> bool:
    several = report.comparisons.get(segment, ())
    rivals = {system.name for system in systems[1:]}
    return bool(rivals) and rivals <= {one.b for one in several if _outcome(one) == "win"}


def _estimate(one: Estimate, *, proven: bool) -> Html:
    if math.isnan(one.mean):
        return join(["–"])
    mark = tag("span", "▲", class_="mark") if proven else None
    return join([tag("b", f"{one.mean:.4f}"), mark, tag("small", f"{one.low:.4f} – {one.high:.4f}")])
