"""What a dataset is like, and what is wrong with it, before anything is trained on it."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes its compute functions when it is imported)
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from ..base.errors import DataError
from ..base.hashing import digest, key_hashes
from ..base.progress import track
from .catalogue import CORE, Catalogue
from .dataset import Dataset
from .interactions import Interactions
from .pictures import decode
from .readers.log import UNUSABLE

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
FEW = 5
SAME_PERSON_LENGTH = 5
_NUMBER = re.compile(r"[0-9]{1,40}")  # what is longer counts nothing, and Python may refuse to read it
_MARKS = {"error": "bold red", "warning": "yellow", "note": "dim"}


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing; an error makes the dataset unfit for training or evaluation."""

    severity: Literal["error", "warning", "note"]
    code: str
    text: str


@dataclass(frozen=True)
class CheckReport:
    """Facts by section, and findings, the gravest first."""

    name: str
    kind: str
    facts: dict[str, dict[str, Any]]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return all(finding.severity != "error" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        findings = [vars(finding) for finding in self.findings]
        return {
            "name": self.name,
            "kind": self.kind,
            "ok": self.ok,
            "facts": self.facts,
            "findings": findings,
        }

    def table(self) -> Group:
        """The report for a terminal: one small table for each section, then the findings."""
        parts: list[Table | Text] = [Text(f"{self.name} ({self.kind})", style="bold")]
        for section, facts in self.facts.items():
            table = Table(title=section, title_justify="left", show_header=False, box=None, padding=(0, 2))
            for label, value in facts.items():
                name = label if section == "schema" else label.replace("_", " ")
                table.add_row(Text(name), Text(_shown(label, value)))
            parts.append(table)
        for finding in self.findings:
            parts.append(Text(f"{finding.severity}: {finding.text}", style=_MARKS[finding.severity]))
        return Group(*parts)

    def __str__(self) -> str:
        console = Console(width=110, color_system=None)
        with console.capture() as captured:
            console.print(self.table())
        return captured.get()


def check_dataset(dataset: Dataset, *, pictures: int = 1000) -> CheckReport:
    """Describe a dataset and look for what would spoil training or evaluation.

    Parameters
    ----------
    dataset
        What :func:`read_dataset` returned.
    pictures
        How many pictures to open, drawn by key hash; the rest are assumed to be as those.

    Returns
    -------
    Schema, sizes, history lengths, cold counts, content, time and skipped rows; `ok` is false when
    there is an error.
    """
    log, catalogue = dataset.interactions, dataset.catalogue
    facts = {"schema": _schema(dataset), "size": _size(dataset)}
    facts |= {f"{name} cases": _lengths(cases.lengths) for name, cases in dataset.cases.items()}
    if len(log):
        facts["history length"] = _lengths(np.diff(log.offsets))
        facts["cold"] = _cold(dataset)
        facts["time"] = _time(log)
    facts["content"] = _content(catalogue)
    broken, opened = _unreadable(catalogue, pictures)
    facts["content"] |= {"pictures_opened": opened, "pictures_unreadable": len(broken)}
    if dataset.report.skipped:
        facts["skipped rows"] = dict(dataset.report.skipped)
    findings = [*_errors(dataset), *_warnings(facts, broken), *_leaks(log, catalogue)]
    findings += [Finding("note", "reader", text) for text in dataset.report.notes]
    findings.sort(key=lambda finding: list(_MARKS).index(finding.severity))
    return CheckReport(dataset.name, dataset.report.kind, facts, tuple(findings))


def _shown(label: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2%}" if label.endswith(("share", "density", "sparsity")) else f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


# --- facts


def _schema(dataset: Dataset) -> dict[str, str]:
    table = dataset.catalogue.table
    filled = [name for name in table.column_names if name not in CORE or _filled(table.column(name))]
    schema = {f"items.{name}": str(table.schema.field(name).type) for name in filled}
    log = dataset.interactions
    if len(log):
        valued = "" if np.isnan(log.values).all() else ", rating or weight"
        schema["interactions"] = f"user_id, item_id, {log.clock}{valued}"
    if dataset.users is not None:
        schema |= {f"users.{field.name}": str(field.type) for field in dataset.users.schema}
    return schema


def _size(dataset: Dataset) -> dict[str, Any]:
    log, n_items = dataset.interactions, len(dataset.catalogue)
    size: dict[str, Any] = {"people": log.n_users, "items": n_items, "interactions": len(log)}
    size |= {f"{name}_cases": len(cases) for name, cases in dataset.cases.items()}
    if len(log) and n_items:
        pairs = len(np.unique(log.users.astype(np.int64) * n_items + log.rows))
        density = pairs / (log.n_users * n_items)
        size |= {"density": density, "sparsity": 1 - density, "repeated_pairs": len(log) - pairs}
    return size


def _lengths(lengths: NDArray[np.int64]) -> dict[str, float]:
    names = [f"{quantile:.0%}" for quantile in QUANTILES]
    values = np.quantile(lengths, QUANTILES) if len(lengths) else np.zeros(len(QUANTILES))
    return {name: float(value) for name, value in zip(names, values, strict=True)}


def _cold(dataset: Dataset) -> dict[str, Any]:
    counts = dataset.interactions.counts(len(dataset.catalogue))
    lengths = np.diff(dataset.interactions.offsets)
    silent = int((lengths == 0).sum())
    if dataset.users is not None:
        active = set(np.array(dataset.interactions.user_keys, dtype=object)[lengths > 0])
        listed = set(dataset.users.column("user_id").to_pylist())
        silent = len((listed | set(dataset.interactions.user_keys)) - active)
    return {
        "items_without_interactions": int((counts == 0).sum()),
        "items_without_interactions_share": float((counts == 0).mean()),
        f"items_with_at_most_{FEW}": int((counts <= FEW).sum()),
        "people_without_interactions": silent,
        "people_with_1": int((lengths == 1).sum()),
        f"people_with_1_to_{FEW}": int(((lengths >= 1) & (lengths <= FEW)).sum()),
    }


def _time(log: Interactions) -> dict[str, Any]:
    same = (log.users[1:] == log.users[:-1]) & (log.times[1:] == log.times[:-1])
    tied = np.append(same, False) | np.append(False, same)
    facts: dict[str, Any] = {"clock": log.clock, "tied_share": float(tied.mean())}
    if log.clock == "timestamp":
        first, last = (datetime.fromtimestamp(float(t), UTC) for t in (log.times.min(), log.times.max()))
        facts |= {"from": first.isoformat(), "to": last.isoformat(), "days": (last - first).days}
    return facts


def _filled(column: pa.ChunkedArray) -> int:
    if pa.types.is_string(column.type):
        lengths = pc.binary_length(column)
    elif pa.types.is_list(column.type):
        lengths = pc.list_value_length(column)
    else:
        return len(column) - column.null_count
    return pc.sum(pc.greater(lengths, 0)).as_py() or 0


def _content(catalogue: Catalogue) -> dict[str, float]:
    total = max(len(catalogue), 1)
    names = {"title": "title", "description": "description", "categories": "categories", "picture": "image"}
    return {f"{name}_share": _filled(catalogue.table.column(core)) / total for name, core in names.items()}


def _unreadable(catalogue: Catalogue, most: int) -> tuple[dict[str, str], int]:
    """{item key: reason} for pictures that cannot be opened, and how many were tried."""
    images = catalogue.table.column("image").to_pylist()
    keys = [key for key, image in zip(catalogue.keys, images, strict=True) if image]
    chosen = [keys[i] for i in np.argsort(key_hashes(keys, "picture"))[:most]]
    reasons = ((key, _reason(catalogue.by_key(key).image)) for key in track(chosen, "pictures"))
    return {key: reason for key, reason in reasons if reason}, len(chosen)


def _reason(path: Path | None) -> str:
    if path is None:
        return "no path"
    try:
        decode(path)
    except DataError as error:
        return f"{error.found}; expected {error.expected}"
    return ""


# --- findings


def _errors(dataset: Dataset) -> Iterator[Finding]:
    log, n_cases = dataset.interactions, sum(len(cases) for cases in dataset.cases.values())
    if len(dataset.catalogue) < 2:
        yield Finding("error", "few-items", "fewer than two items: there is nothing to choose from")
    if not len(log) and not n_cases:
        yield Finding("error", "no-behavior", "neither interactions nor cases")
    elif len(log) and not n_cases and int(np.diff(log.offsets).max(initial=0)) < 2:
        yield Finding("error", "no-sequence", "nobody has two interactions: there is no next item to learn")
    unusable = sum(dataset.report.skipped.get(reason, 0) for reason in UNUSABLE)
    if unusable > len(log):
        yield Finding(
            "error",
            "mostly-unusable",
            f"{unusable:,} rows of the log could not be used, {len(log):,} could: check columns and units",
        )


def _warnings(facts: dict[str, dict[str, Any]], broken: dict[str, str]) -> Iterator[Finding]:
    content, time = facts["content"], facts.get("time")
    if not any(content[f"{name}_share"] for name in ("title", "description", "categories", "picture")):
        yield Finding("warning", "no-content", "no text and no picture: never-seen items cannot be ranked")
    elif content["title_share"] < 0.95:
        missing = 1 - content["title_share"]
        yield Finding("warning", "few-titles", f"{missing:.1%} of the items have no title")
    if broken:
        key, reason = next(iter(broken.items()))
        text = f"{len(broken):,} of {content['pictures_opened']:,} pictures cannot be read, for example"
        yield Finding("warning", "pictures", f'{text} that of "{key}": {reason}')
    if time and time["tied_share"] > 0.1:
        text = f"{time['tied_share']:.1%} of the rows share their time with another row of the same person"
        yield Finding("warning", "ties", f"{text}; their order is drawn from a hash of the keys")
    if time and time["clock"] == "position":
        text = "positions, no calendar time: a split over time and release dates cannot be used"
        yield Finding("note", "no-calendar", text)


def _leaks(log: Interactions, catalogue: Catalogue) -> Iterator[Finding]:
    order = _order_in_keys(log, catalogue)
    if abs(order) >= 0.5:
        yield Finding(
            "warning",
            "ids-in-order",
            f"the order of the item ids follows the time items first appear (rank correlation {order:.2f}): "
            "an id used as a number, a feature or a tie-breaker would tell the future",
        )
    if same := _same_people(log):
        yield Finding(
            "warning",
            "same-people",
            f"{same:,} people have the same items in the same order as another "
            f"({SAME_PERSON_LENGTH} or more): one person split over train and test is seen twice",
        )


def _order_in_keys(log: Interactions, catalogue: Catalogue) -> float:
    """Spearman correlation of numeric item ids with their first interaction's time; 0 where there is none."""
    seen = np.unique(log.rows)
    if log.clock != "timestamp" or len(seen) < 20:
        return 0.0
    keys = [catalogue.keys[row] for row in seen]
    if not all(_NUMBER.fullmatch(key) for key in keys):
        return 0.0
    first = np.full(len(catalogue), np.inf)
    np.minimum.at(first, log.rows, log.times)
    numbers = np.array([int(key) for key in keys], dtype=object)
    by_key, by_time = (np.unique(values, return_inverse=True)[1] for values in (numbers, first[seen]))
    if not by_key.any() or not by_time.any():  # all are one: nothing to correlate
        return 0.0
    from scipy.stats import spearmanr  # noqa: PLC0415  (slow to import, needed here only)

    return float(spearmanr(by_key, by_time).statistic)


def _same_people(log: Interactions) -> int:
    lengths = np.diff(log.offsets)
    people = np.flatnonzero(lengths >= SAME_PERSON_LENGTH)
    sentences = [digest(log.sentence(int(user)).tobytes()) for user in people]
    return len(sentences) - len(set(sentences))
