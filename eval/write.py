"""A report as files: one page that opens from disk, a JSON beside it, the charts as PNG."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..base.files import atomic_file, write_json, write_text
from .charts import charts_of
from .page import page
from .plots import png
from .report import Report


def write_report(out_dir: Path, report: Report) -> Path:
    """Write ``metrics.json``, the charts as PNG and, last, ``index.html``; return its path."""
    charts = charts_of(report)
    write_json(out_dir / "metrics.json", as_json(report))
    for chart in charts:
        with atomic_file(out_dir / f"{chart.file}.png") as draft:
            draft.write_bytes(png(chart))
    write_text(out_dir / "index.html", page(report, charts))
    return out_dir / "index.html"


def as_json(report: Report) -> dict[str, Any]:
    """The figures and where they come from; no history and no item of a person."""
    return _finite(
        {
            "title": report.title,
            "provenance": asdict(report.provenance),
            "facts": dict(report.facts),
            "metric": report.metric,
            "curves": [asdict(curve) for curve in report.curves],
            "systems": {one.name: one.as_dict() for one in report.systems},
            "newcomers": {one.name: one.as_dict() for one in report.newcomers},
            "comparisons": {
                segment: [{**asdict(one), "holds": one.holds, "says": str(one)} for one in several]
                for segment, several in report.comparisons.items()
            },
            "exposure_by_popularity_decile": {
                name: list(map(float, s)) for name, s in report.exposure.items()
            },
            "popularity_lift_by_decile": {name: list(map(float, s)) for name, s in report.lift.items()},
            "category_mix": {name: dict(one) for name, one in report.mix.items()},
            "beyond_accuracy": {name: dict(one) for name, one in report.measures.items()},
            "beyond_accuracy_in_parts": report.measures_in_parts,
            "item_group_exposure": report.item_groups,
            "people_group_gaps": {
                column: {"best": gap.best, "worst": gap.worst, "difference": asdict(gap.difference)}
                for column, gap in report.gaps.items()
            },
            "ab_test": report.ab_test,
            "memorization": asdict(report.memorization) if report.memorization else None,
            "blend": {name: dict(one) for name, one in report.blend.items()},
            "leaks": [asdict(one) for one in report.findings],
            "limits": list(report.limits),
        }
    )


def _finite(value: Any) -> Any:
    """Plain values for JSON, which knows no numpy and no NaN: that becomes null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
