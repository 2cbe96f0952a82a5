"""Charts of a report: PNG files, and SVG that takes its colors from the page, light or dark.

Lines carry their names at their ends instead of a legend; bands are 95 % intervals.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

SIZE = (5.2, 3.1)  # inches; at 100 dots an inch this is the width of a phone
SERIES = tuple(f"series{i}" for i in range(9))
LIGHT = {
    "ink": "#1c1f24", "muted": "#6b7280", "line": "#e5e7eb", "series0": "#0f766e", "series1": "#b45309",
    "series2": "#4b5563", "series3": "#6d5bd0", "series4": "#3b82c4", "series5": "#be5a83",
    "series6": "#7c9a2e", "series7": "#8b5e3c", "series8": "#9ca3af",
}  # fmt: skip
DARK = {
    "ink": "#e8eaed", "muted": "#9aa3af", "line": "#2d333b", "series0": "#2dd4bf", "series1": "#f5a524",
    "series2": "#aab2bd", "series3": "#a99bf5", "series4": "#6db3f2", "series5": "#f08bb4",
    "series6": "#a9c65c", "series7": "#c99a6b", "series8": "#6b7280",
}  # fmt: skip
STAND_INS = {name: f"#{i:02x}fe{i:02x}" for i, name in enumerate(LIGHT)}  # replaced by var(--name) in SVG


@dataclass(frozen=True)
class Line:
    """One line of a chart; NaN leaves a gap.

    `low` and `high` make a band; `color` is the number of a series color, 0 is ours; `x` replaces the
    chart's, so that a line of one point is a dot of a scatter plot.
    """

    name: str
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    color: int = 0
    x: Sequence[float] | None = None


@dataclass(frozen=True)
class Chart:
    """A line chart. `x` holds numbers, or names that are spread evenly.

    `file` names the PNG; `lead` says in one sentence what to look for; `slanted` turns long names of x.
    """

    file: str
    title: str
    lead: str
    x: Sequence[float] | Sequence[str]
    lines: Sequence[Line]
    x_label: str = ""
    y_label: str = ""
    percent: bool = False
    from_zero: bool = True
    reference: float | None = None
    slanted: bool = False


def png(chart: Chart) -> bytes:
    """The chart as a PNG on white, 200 dots an inch."""
    return _render(chart, LIGHT, "png")


def svg(chart: Chart) -> str:
    """The chart as an SVG element whose colors are the page's ``--ink``, ``--muted``, ``--series0`` ..."""
    text = _render(chart, STAND_INS, "svg").decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r' (?:width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(r"<(metadata|style)\b.*?</\1>", "", text, flags=re.DOTALL)  # a style would reach the page
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # equal in every chart
    for name, color in STAND_INS.items():
        text = text.replace(color, f"var(--{name})")
    return text.replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans'")


def _render(chart: Chart, colors: Mapping[str, str], kind: str) -> bytes:
    settings: Any = {
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "text.parse_math": False,  # names are data, not formulas
        "svg.fonttype": "none",
        "svg.hashsalt": chart.file,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=SIZE, layout="constrained")
        _draw(chart, figure, colors)
        return encoded(figure, kind, dpi=200)


def encoded(figure: Figure, kind: str = "png", *, dpi: int = 150) -> bytes:
    """A figure as the bytes of a file, the same every time: PNG on white, or SVG on nothing."""
    FigureCanvasAgg(figure)
    stream = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    figure.savefig(stream, format=kind, dpi=dpi, transparent=kind == "svg", metadata=metadata)
    return stream.getvalue()


def _draw(chart: Chart, figure: Figure, colors: Mapping[str, str]) -> None:
    axes = figure.add_subplot()
    named = any(isinstance(place, str) for place in chart.x)
    places = np.arange(len(chart.x)) if named else np.asarray(chart.x, dtype=float)
    _frame(chart, axes, colors)
    if named:
        turned: Any = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if chart.slanted else {}
        axes.set_xticks(places, [str(name) for name in chart.x], **turned)
    elif len(places) and (places == places.round()).all():
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    ends = []
    for line in sorted(chart.lines, key=lambda line: -line.color):  # ours is drawn last, on top
        x = places if line.x is None else np.asarray(line.x, dtype=float)
        y = np.asarray(line.y, dtype=float)
        ours, color = line.color == 0, colors[SERIES[min(line.color, len(SERIES) - 1)]]
        axes.plot(x, y, color=color, lw=2.2 if ours else 1.4, marker="o" if len(y) <= 12 else None, ms=4)
        if line.low is not None and line.high is not None:
            low, high = (np.asarray(edge, dtype=float) for edge in (line.low, line.high))
            axes.fill_between(x, low, high, color=color, alpha=0.18 if ours else 0.09, lw=0)
        known = np.flatnonzero(~np.isnan(y))
        if len(known):
            ends.append((float(x[known[-1]]), float(y[known[-1]]), line.name, color))
    if chart.reference is not None:
        axes.axhline(chart.reference, color=colors["muted"], lw=0.9, ls=(0, (4, 3)))
    if chart.from_zero:
        axes.set_ylim(bottom=0)
    _label_ends(axes, ends)


def _frame(chart: Chart, axes: Axes, colors: Mapping[str, str]) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(colors["line"])
    axes.grid(axis="y", color=colors["line"], lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=colors["muted"], length=0)
    axes.set_xlabel(chart.x_label, color=colors["muted"])
    axes.set_title(chart.y_label, loc="left", color=colors["muted"], fontsize=9)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    if chart.percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def _label_ends(axes: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Write each line's name beside its last point, moved up where two would touch."""
    low, high = axes.get_ylim()
    line_height = 0.075 * (high - low)
    top = low - line_height / 2
    for x, y, name, color in sorted(ends, key=lambda end: end[1]):
        label = textwrap.wrap(textwrap.shorten(name, 40, placeholder="…"), 20) or [""]
        half = len(label) * line_height / 2
        place = max(y, top + half)
        top = place + half
        axes.annotate(
            "\n".join(label),
            (x, place),
            xytext=(8, 0),
            textcoords="offset points",
            color=color,
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
