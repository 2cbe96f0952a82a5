"""What can be recommended: one Arrow table in row order, seen as :class:`Item` objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ..base.errors import ArtifactError, DataError
from ..base.files import atomic_file
from .keys import ItemKey, Vocabulary

CORE = ("item_id", "title", "description", "categories", "image", "available_from")
SCHEMA = pa.schema(
    [
        ("item_id", pa.string()),
        ("title", pa.string()),
        ("description", pa.string()),
        ("categories", pa.list_(pa.string())),
        ("image", pa.string()),
        ("available_from", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Item:
    """One thing of the catalogue.

    `available_from` is in seconds since 1970 (UTC); `attributes` holds every further typed column
    that is not empty for this item.
    """

    key: ItemKey
    title: str
    description: str = ""
    categories: tuple[str, ...] = ()
    image: Path | None = None
    available_from: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Title, categories and description as one passage; what a text encoder reads."""
        parts = [self.title, ", ".join(self.categories), self.description]
        return ". ".join(part.rstrip(". ") for part in parts if part)


class Catalogue:
    """Items by row. Immutable: :meth:`extended` returns a larger one.

    Parameters
    ----------
    table
        Columns of :data:`SCHEMA` and any further typed columns, kept as attributes.
    root
        The directory that relative `image` paths start from.
    """

    def __init__(self, table: pa.Table, root: Path | None = None) -> None:
        self.table = _normalized(table)
        self.root = Path(root) if root is not None else None
        self.vocabulary = Vocabulary(self.table.column("item_id").to_pylist())

    @classmethod
    def from_items(cls, items: Sequence[Item], root: Path | None = None) -> Catalogue:
        """A catalogue of :class:`Item` objects; attribute columns are typed by their values."""
        names = list(dict.fromkeys(name for item in items for name in item.attributes))
        columns: dict[str, Any] = {
            "item_id": [item.key for item in items],
            "title": [item.title for item in items],
            "description": [item.description for item in items],
            "categories": [list(item.categories) for item in items],
            "image": [str(item.image) if item.image else None for item in items],
            "available_from": [item.available_from for item in items],
        }
        for name in names:
            values = [item.attributes.get(name) for item in items]
            columns[name] = [list(v) if isinstance(v, tuple) else v for v in values]
        return cls(pa.table(columns), root)

    def __len__(self) -> int:
        return self.table.num_rows

    def __iter__(self) -> Iterator[Item]:
        for batch in self.table.to_batches(max_chunksize=4096):
            for record in batch.to_pylist():
                yield self._item(record)

    def __getitem__(self, row: int) -> Item:
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of a catalogue of {len(self)} items")
        return self._item(self.table.slice(row, 1).to_pylist()[0])

    def _item(self, record: Mapping[str, Any]) -> Item:
        image = record["image"]
        attributes = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in record.items()
            if name not in CORE and value is not None and value != []
        }
        return Item(
            key=ItemKey(record["item_id"]),
            title=record["title"] or "",
            description=record["description"] or "",
            categories=tuple(record["categories"] or ()),
            image=(self.root / image if self.root else Path(image)) if image else None,
            available_from=record["available_from"],
            attributes=attributes,
        )

    def by_key(self, key: str) -> Item:
        """The item of one key; an unknown key raises :class:`UnknownKeyError`."""
        return self[self.vocabulary.row(key)]

    @property
    def keys(self) -> Sequence[ItemKey]:
        """All keys, in row order."""
        return self.vocabulary.keys

    @property
    def attribute_names(self) -> list[str]:
        """The columns beyond the core ones."""
        return [name for name in self.table.column_names if name not in CORE]

    @property
    def available_from(self) -> NDArray[np.float64]:
        """Release times in seconds since 1970, NaN where unknown."""
        column = self.table.column("available_from")
        return column.to_numpy(zero_copy_only=False).astype(np.float64)

    def extended(self, other: Catalogue) -> Catalogue:
        """Return this catalogue with `other`'s items appended; no row moves. Images become absolute paths.

        Where one has whole numbers and the other has fractions, all of them become floats: 5 beside 4.99 is
        a price of 5.0.

        Raises
        ------
        DataError
            If a key stands in both, an attribute has another type in `other`, or whole numbers that are to
            become floats would lose digits (from 2^53 on).
        """
        tables = [_rooted(self.table, self.root), _rooted(other.table, other.root)]
        try:
            return Catalogue(pa.concat_tables(tables, promote_options="permissive"))
        except pa.ArrowException as error:
            raise DataError(
                f"an attribute has another type than before: {error}",
                where="the added items",
                expected="the types of the catalogue",
                fix="convert the column",
            ) from error

    def typed_as(self, other: Catalogue) -> Catalogue:
        """The same items, with empty columns, and plain values where `other` has text, in its types.

        A table of a few rows cannot know that its empty column holds numbers, or that brand 1984 is a name.
        """
        return Catalogue(_as_in(other.table.schema, self.table), self.root)

    def save(self, path: Path) -> None:
        """Write one Parquet file, atomically, with image paths made absolute."""
        with atomic_file(path) as draft:
            pq.write_table(_rooted(self.table, self.root), draft)

    @classmethod
    def load(cls, path: Path) -> Catalogue:
        """Read what :meth:`save` wrote."""
        try:
            return cls(pq.read_table(path))
        except (OSError, pa.ArrowException) as error:
            raise ArtifactError(f"not a readable Parquet file: {error}", where=str(path)) from error


def _normalized(table: pa.Table) -> pa.Table:
    """Core columns first, present and typed; attributes behind them as they are."""
    if "item_id" not in table.column_names:
        raise DataError(
            f"columns {', '.join(table.column_names)}",
            where="the items table",
            expected='a column "item_id"',
            fix="rename the column that holds the item keys",
        )
    columns = {}
    for name in CORE:
        kind = SCHEMA.field(name).type
        if name in table.column_names:
            columns[name] = _cast(table.column(name), name, kind)
        else:
            columns[name] = pa.nulls(table.num_rows, kind)
    columns.update({name: table.column(name) for name in table.column_names if name not in CORE})
    return pa.table(columns)


def _cast(column: pa.ChunkedArray, name: str, kind: pa.DataType) -> pa.ChunkedArray:
    try:
        cast = column.cast(kind)
    except pa.ArrowException as error:
        raise DataError(
            f'column "{name}" is of type {column.type}',
            where="the items table",
            expected=str(kind),
            fix="read the folder with read_dataset, or convert the column",
        ) from error
    if name == "item_id" and cast.null_count:
        raise DataError(
            f"{cast.null_count} rows without a key",
            where="the items table",
            expected='a filled column "item_id"',
            fix="fill it or remove the rows",
        )
    return cast


def _as_in(schema: pa.Schema, table: pa.Table) -> pa.Table:
    for place, name in enumerate(table.column_names):
        if name not in schema.names or table.column(name).type == schema.field(name).type:
            continue
        kind, column = schema.field(name).type, table.column(name)
        named = pa.types.is_string(kind) and pa.types.is_primitive(column.type)
        if column.null_count == len(column):
            table = table.set_column(place, name, pa.nulls(len(column), kind))
        elif named and not pa.types.is_temporal(column.type):
            table = table.set_column(place, name, column.cast(kind))
    return table


def _rooted(table: pa.Table, root: Path | None) -> pa.Table:
    if root is None:
        return table
    images = [str((root / one).resolve()) if one else None for one in table.column("image").to_pylist()]
    place = table.column_names.index("image")
    return table.set_column(place, "image", pa.array(images, pa.string()))
