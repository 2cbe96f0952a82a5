"""Which charts a report has, and what each of them shows."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from .baseline_set import CONTENT, POPULARITY
from .list_figures import DIVERSITY
from .plots import SERIES, Chart, Line
from .report import HISTORIES, Report
from .results import HISTORY_BINS, TARGET_BINS
from .summary import Summary

SHOWN_SYSTEMS = 6
SHOWN_CATEGORIES = 10
CALIBRATED = (POPULARITY, CONTENT)  # drawn beside ours
ONE_TENTH_ONLY = 0.9  # a share of places


def charts_of(report: Report) -> list[Chart]:
    """The charts for which the report holds figures, in the order of the page."""
    return [
        *_cold_start(report), *_by_count(report), *_exposure(report), *_calibration(report),
        *_trade_off(report), *_training(report),
    ]  # fmt: skip


def _whole(report: Report) -> list[Summary]:
    """The systems that were asked all cases."""
    return report.asked_alike()[0] if report.systems else []


def _color(report: Report, name: str) -> int:
    """One system has one color in all charts: its place among the systems; histories are gray."""
    names = [system.name for system in report.systems]
    return names.index(name) if name in names else len(SERIES) - 1


def _shown(report: Report) -> list[str]:
    """Ours and the systems that come nearest over all cases, in the order of the table."""
    ours, *others = _whole(report)
    others = sorted(others, key=lambda one: -one["all"].metrics[report.metric].mean)[: SHOWN_SYSTEMS - 1]
    names = {ours.name, *(one.name for one in others)}
    return [one.name for one in report.systems if one.name in names]


def _cold_start(report: Report) -> Iterator[Chart]:
    title = "How much history it needs"
    if report.newcomers:
        shown = [name for name in report.newcomers[0].segments if name.startswith("revealed ")]
        yield from _bins(
            report, report.newcomers, "revealed", [name.removeprefix("revealed ") for name in shown],
            "cold-start", title, "The same questions, asked of someone with few items behind them.",
            "items revealed; n is the number of cases",
        )  # fmt: skip
        return
    yield from _bins(
        report, _whole(report), "history", list(HISTORY_BINS), "cold-start", title,
        "How good the list is for someone with few items behind them.",
        "items in the history; n is the number of cases",
    )  # fmt: skip


def _by_count(report: Report) -> Iterator[Chart]:
    yield from _bins(
        report, _whole(report), "target count", list(TARGET_BINS),
        "item-count", "How known an item must be",
        "How well items are found by how often training saw them.",
        "interactions of the right item in training; n is the number of cases",
    )  # fmt: skip


def _bins(
    report: Report, systems: Sequence[Summary], prefix: str, bins: list[str],
    file: str, title: str, lead: str, x_label: str,
) -> Iterator[Chart]:  # fmt: skip
    """A chart of the report's metric over the filled bins; nothing when fewer than two are filled."""
    if not systems:
        return
    names = [f"{prefix} {one}" for one in bins]
    filled = [name for name in names if name in systems[0].segments and systems[0][name].n]
    if len(filled) < 2:
        return
    lines = []
    for system in (one for one in systems if one.name in _shown(report)):
        found = [system[name].metrics[report.metric] for name in filled]
        middle, low, high = ([getattr(e, part) for e in found] for part in ("mean", "low", "high"))
        lines.append(Line(system.name, middle, low, high, _color(report, system.name)))
    x = [f"{name.removeprefix(f'{prefix} ')}\nn={systems[0][name].n:,}" for name in filled]
    yield Chart(file, title, lead, x, lines, x_label, report.metric)


def _exposure(report: Report) -> Iterator[Chart]:
    """Systems that show one tenth only (popularity) would flatten all others, and are left out."""
    varied = {name: shares for name, shares in report.exposure.items() if max(shares) < ONE_TENTH_ONLY}
    if varied:
        left_out = ", ".join(name for name in report.exposure if name not in varied)
        lead = (
            "Share of all places that goes to each tenth of the catalogue; the dashed line is an even share."
        )
        if left_out:
            lead += f" Left out, since it shows the top tenth alone: {left_out}."
        lines = [
            Line(name, list(shares), color=_color(report, name))
            for name, shares in varied.items()
            if name in (HISTORIES, *_shown(report))
        ]
        yield Chart(
            "exposure", "Who gets shown", lead, [str(i) for i in range(1, 11)], lines,
            "popularity decile, most popular last", "share of places", percent=True, reference=0.1,
        )  # fmt: skip


def _calibration(report: Report) -> Iterator[Chart]:
    """What people take, and what each system shows them, by category."""
    if not report.mix:
        return
    own = report.mix.get(HISTORIES, next(iter(report.mix.values())))
    names = list(own)[:SHOWN_CATEGORIES]
    lines = [
        Line(name, [mix.get(one, 0.0) for one in names], color=_color(report, name))
        for name, mix in report.mix.items()
        if name in (report.systems[0].name, HISTORIES, *CALIBRATED)
    ]
    yield Chart(
        "calibration", "Does it show what people take?",
        "Share of each category in the lists and in the histories: a calibrated list follows the latter.",
        [textwrap.shorten(name, 12, placeholder="…") for name in names], lines,
        "category, most common first", "share", percent=True, slanted=True,
    )  # fmt: skip


def _trade_off(report: Report) -> Iterator[Chart]:
    """Accuracy against diversity, a dot for each system."""
    lines = [
        Line(
            system.name, [system["all"].metrics[report.metric].mean], color=_color(report, system.name),
            x=[report.measures[system.name][DIVERSITY]],
        )
        for system in _whole(report)
        if DIVERSITY in report.measures.get(system.name, {})
    ]  # fmt: skip
    if len(lines) > 1:
        yield Chart(
            "diversity", "Diversity against accuracy",
            "Further right, the items of one list differ more; further up, more lists are right.",
            [], lines, "diversity within a list", report.metric,
        )  # fmt: skip


def _training(report: Report) -> Iterator[Chart]:
    for i, curve in enumerate(report.curves):
        yield Chart(
            f"training-{i + 1}", curve.name, "", list(curve.steps), [Line("", list(curve.values))], "epoch",
            from_zero=False,
        )  # fmt: skip
