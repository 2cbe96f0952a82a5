"""The report as one HTML page: no script, no address outside itself, every datum escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple

from .html import Html, section, table, tag
from .page_gallery import gallery
from .page_parts import ab_test, groups
from .page_results import results
from .plots import Chart, svg
from .provenance import Provenance
from .report import Report
from .style import STYLE

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(report: Report, charts: Sequence[Chart]) -> str:
    """The whole document."""
    training = [chart for chart in charts if chart.file.startswith("training")]
    body = tag(
        "main",
        tag("header", tag("h1", report.title), tag("p", report.lead) if report.lead else None),
        _facts(report.facts),
        results(report),
        _charts("Where it is strong and where it is weak", [c for c in charts if c not in training]),
        gallery(report.gallery),
        _numbers("Beyond accuracy", "What the lists are like as lists.", report.measures),
        *groups(report),
        _numbers(
            "Who has a say", "How much each voter weighs in the final score, by situation.", report.blend
        ),
        _charts("Training", training),
        ab_test(report),
        _trust(report),
        _about(report.provenance),
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", report.title),
        tag("style", Html(STYLE)),
    )
    return "<!doctype html>\n" + tag("html", head, tag("body", body), lang="en") + "\n"


def _facts(facts: Iterable[tuple[str, str]]) -> Html | None:
    tiles = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts]
    return tag("dl", tiles, class_="facts") if tiles else None


def _charts(title: str, charts: Sequence[Chart]) -> Html | None:
    if not charts:
        return None
    figures = [
        tag("figure", tag("figcaption", tag("h3", chart.title), _lead(chart.lead)), _drawing(chart))
        for chart in charts
    ]
    return section(title, "", tag("div", figures, class_="charts"))


def _lead(text: str) -> Html | None:
    return tag("p", text) if text else None


def _drawing(chart: Chart) -> Html:
    label = tag("svg", role="img", aria_label=f"{chart.title}. {chart.lead}").removesuffix("></svg>")
    return Html(svg(chart).replace("<svg", label, 1))


def _numbers(title: str, lead: str, figures: Mapping[str, Mapping[str, float]]) -> Html | None:
    """A table of plain figures, {row: {column: value}}."""
    names = list(dict.fromkeys(name for row in figures.values() for name in row))
    if not names:
        return None
    head = [tag("th", "", scope="col"), *(tag("th", name, scope="col") for name in names)]
    rows = [
        tag("tr", tag("td", row), [tag("td", _figure(values.get(name, math.nan))) for name in names])
        for row, values in figures.items()
    ]
    return section(title, lead, table(head, rows))


def _figure(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _trust(report: Report) -> Html:
    notes: list[Html] = [
        tag(
            "div",
            tag("b", one.severity.capitalize()),
            f": {one.check}, {one.count:,} of {one.total:,}, e.g. {one.example}. What to do: {one.fix}.",
            class_=f"note {one.severity}",
        )
        for one in report.findings
    ]
    if not notes:
        notes = [tag("div", "The leak check found nothing.", class_="note")]
    if report.memorization:
        kept, low, high = (f"{value:.0%}" for value in astuple(report.memorization))
        text = f"With neutral titles, {kept} ({low} to {high}) of the language model's own score is left."
        notes.append(tag("div", text, class_="note"))
    limits = (
        tag("ul", [tag("li", limit) for limit in report.limits], class_="plain") if report.limits else None
    )
    return section("What to keep in mind", "", notes, limits)


def _about(about: Provenance) -> Html:
    packages = ", ".join(f"{name} {version}" for name, version in about.versions.items())
    minutes, seconds = divmod(round(about.wall_seconds), 60)
    rows = {
        "Command": tag("code", about.command),
        "Split": about.split,
        "Split digest": tag("code", about.digest),
        "Notes": "; ".join(about.notes),
        "Seeds": ", ".join(map(str, about.seeds)),
        "Wall time": f"{minutes} min {seconds} s" if minutes else f"{seconds} s",
        "Versions": packages,
    }
    terms = [[tag("dt", name), tag("dd", value)] for name, value in rows.items() if value]
    return section("How to get these figures again", "", tag("dl", terms, class_="about"))
