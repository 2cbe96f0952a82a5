"""Amazon Reviews 2023: ``<category>.jsonl(.gz)`` with ``meta_<category>.jsonl(.gz)``.

Hou et al., "Bridging Language and Items for Retrieval and Recommendation", 2024.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from ...base.errors import DataError
from ..dataset import ReadReport
from . import jsonl, tables
from .batch import Batch, Sheet, checked, require
from .parts import Parts

LOG = ("user_id", "parent_asin", "asin", "rating", "timestamp")
LEAKING = ("average_rating", "rating_number")
KEPT = ("store", "main_category")


def recognizes(folder: Path) -> bool:
    """Whether there are metadata files, or JSONL files whose rows name a (parent) ASIN."""
    reviews, metadata = _files(folder)
    return bool(metadata) or any(_is_review(jsonl.column_names(path)) for path in reviews)


def _is_review(names: list[str]) -> bool:
    return "user_id" in names and ("parent_asin" in names or "asin" in names)


def read(folder: Path, report: ReadReport) -> Parts:
    """Reviews as interactions; of the metadata what does not count reviews.

    `average_rating` and `rating_number` are left out: they sum up reviews after any cut in time.
    """
    reviews, metadata = _files(folder)
    if not reviews:
        raise DataError(
            "metadata without reviews",
            where=str(folder),
            expected="<category>.jsonl or .jsonl.gz beside meta_<category>.jsonl",
            fix="put the reviews into the same folder",
        )
    return Parts(
        folder,
        _reviews(reviews, report),
        ("user_id", "item_id", "rating", "timestamp"),
        _metadata(metadata, report) if metadata else None,
    )


def _files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Review files and metadata files, each in the order of their names."""
    files = sorted(path for path in folder.iterdir() if path.name.endswith((".jsonl", ".jsonl.gz")))
    metadata = [path for path in files if path.name.startswith("meta_")]
    return [path for path in files if path not in metadata], metadata


def _reviews(paths: list[Path], report: ReadReport) -> Iterator[Batch]:
    for path in paths:
        names = jsonl.column_names(path)
        key = "parent_asin" if "parent_asin" in names else "asin"
        require(names, ("user_id", key, "rating", "timestamp"), path.name)
        for batch in tables.stream(path, report, only=("user_id", key, "rating", "timestamp")):
            yield batch.renamed({key: "item_id"})


def _metadata(paths: list[Path], report: ReadReport) -> Sheet:
    """The fields we keep, of all files; reduced batch by batch, so that the rest never piles up."""
    pieces = []
    for path in paths:
        require(jsonl.column_names(path), ("parent_asin",), path.name)
        report.files.append(path.name)
        first = 1
        for rows in jsonl.row_batches(path):
            pieces.append(pa.table(dict(checked(Batch(_reduced(rows), path.name, first)).columns)))
            first += len(rows)
    report.notes.append(f"left out of the metadata, because they count later reviews: {', '.join(LEAKING)}")
    return Sheet(pa.concat_tables(pieces), " and ".join(path.name for path in paths), typed=True)


def _reduced(rows: list[dict[str, Any]]) -> dict[str, pa.Array]:
    texts = {"item_id": "parent_asin", "title": "title", **{name: name for name in KEPT}}
    columns: dict[str, pa.Array] = {
        name: pa.array([_text(row.get(source)) for row in rows], pa.string())
        for name, source in texts.items()
    }
    descriptions = [_text(row.get("description")) or _text(row.get("features")) for row in rows]
    columns["description"] = pa.array(descriptions, pa.string())
    categories = [_categories(row.get("categories")) for row in rows]
    columns["categories"] = pa.array(categories, pa.list_(pa.string()))
    columns["image"] = pa.array([_picture(row.get("images")) for row in rows], pa.string())
    columns["price"] = pa.array([_price(row.get("price")) for row in rows], pa.float64())
    return columns


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        return " ".join(str(part).strip() for part in value if part) or None
    return None if value is None else str(value).strip() or None


def _categories(value: Any) -> list[str]:
    parts = value if isinstance(value, list) else [value]
    return [str(part) for part in parts if part]


def _price(value: Any) -> float | None:
    """24.99, "$24.99" and "from 24.99" are prices; "None" and a dash are not."""
    found = re.search(r"\d[\d,]*(\.\d+)?", str(value))
    return float(found.group().replace(",", "")) if found else None


def _picture(images: Any) -> str | None:
    """The main picture's link, the largest first; `images` is a list of records or one record of lists."""
    records = images if isinstance(images, list) else [images]
    records = [record for record in records if isinstance(record, dict)]
    main = [record for record in records if record.get("variant") == "MAIN"] or records
    for size in ("hi_res", "large", "thumb"):
        for record in main:
            value = record.get(size)
            value = next((one for one in value if one), None) if isinstance(value, list) else value
            if value:
                return str(value)
    return None
