"""The truth as files: Parquet for columns, JSON for personas, written apart from the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ...base.errors import ArtifactError
from ...base.files import read_json, write_json
from .behavior import Block
from .items import Films
from .people import PERSONAS, TASTES, People, Personas
from .policy import World
from .truth import Truth
from .words import VALUES

KIND = "firstlight-sample"
WORLD, ITEMS, PEOPLE, CLICKS, SESSIONS = (
    "world.json", "items.parquet", "people.parquet", "interactions.parquet", "sessions.parquet",
)  # fmt: skip
PEOPLE_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        *((name, pa.int64()) for name in ("age_group", "country", "joined")),
        ("personas", pa.list_(pa.int64())),
        ("early", pa.list_(pa.float64())),
        ("late", pa.list_(pa.float64())),
    ]
)
CLICKS_SCHEMA = pa.schema(
    [(name, pa.int64()) for name in ("user", "item", "time", "persona", "mood", "shelf", "reason", "after")]
)
SESSIONS_SCHEMA = pa.schema([(name, pa.int64()) for name in ("user", "time", "persona", "mood")])


def save_world(folder: Path, world: World, item_keys: Sequence[str], seed: int) -> None:
    """Write what is true of items and personas into ``folder``."""
    films = {field.name: getattr(world.films, field.name) for field in fields(Films)}
    creators = films.pop("creators")
    program = films.pop("program")
    films |= {f"program_{place}": program[:, place] for place in range(program.shape[1])}
    table = pa.table({"item_id": pa.array(item_keys, pa.string()), **films})
    pq.write_table(table, folder / ITEMS)
    personas = [_persona(world.personas, number, creators) for number in range(PERSONAS)]
    document = {
        "kind": KIND,
        "seed": seed,
        "creators": list(creators),
        "personas": personas,
        "persona_share_by_age_group": world.personas.share.tolist(),
    }
    write_json(folder / WORLD, document)


def _persona(personas: Personas, number: int, creators: Sequence[str]) -> dict[str, Any]:
    names = {**VALUES, "creator": creators}
    likes = {
        kind: {names[kind][i]: float(table[number, i]) for i in np.flatnonzero(table[number])}
        for kind, table in personas.likes.items()
    }
    return {"name": personas.name(number), "likes": likes, "moods": personas.moods[number].tolist()}


class PeopleRecords:
    """Appends blocks of people to the truth."""

    def __init__(
        self, people: pq.ParquetWriter, clicks: pq.ParquetWriter, sessions: pq.ParquetWriter
    ) -> None:
        self._people, self._clicks, self._sessions = people, clicks, sessions

    def add(self, block: Block, user_keys: Sequence[str]) -> None:
        """Write one block."""
        columns = {field.name: _column(getattr(block.people, field.name)) for field in fields(People)}
        people = pa.table({"user_id": pa.array(user_keys, pa.string()), **columns})
        self._people.write_table(people.cast(PEOPLE_SCHEMA))
        for writer, schema, source in (
            (self._clicks, CLICKS_SCHEMA, block.clicks),
            (self._sessions, SESSIONS_SCHEMA, block.sessions),
        ):
            values = {name: source[name].astype(np.int64) for name in schema.names}
            writer.write_table(pa.table(values, schema=schema))


def _column(values: NDArray[Any]) -> pa.Array | list[Any]:
    return values.tolist() if values.ndim == 2 else pa.array(values)


@contextmanager
def people_records(folder: Path) -> Iterator[PeopleRecords]:
    """Open the files that grow block by block."""
    with ExitStack() as stack:
        writers = (
            stack.enter_context(pq.ParquetWriter(folder / name, schema))
            for name, schema in (
                (PEOPLE, PEOPLE_SCHEMA),
                (CLICKS, CLICKS_SCHEMA),
                (SESSIONS, SESSIONS_SCHEMA),
            )
        )
        yield PeopleRecords(*writers)


def load_truth(folder: Path) -> Truth:
    """Read the ``truth`` folder of a sample.

    Raises
    ------
    ArtifactError
        If the folder is not the truth of a sample, or a file of it cannot be read.
    """
    folder = Path(folder)
    document = read_json(folder / WORLD)
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise ArtifactError(
            "not the truth of a sample world",
            where=str(folder / WORLD),
            expected=f'"kind": "{KIND}"',
            fix="give the folder truth/ inside of a folder that write_sample wrote",
        )
    items, people = _read(folder / ITEMS), _read(folder / PEOPLE)
    return Truth(
        item_keys=tuple(items["item_id"].to_pylist()),
        user_keys=tuple(people["user_id"].to_pylist()),
        world=World(_films(items, document["creators"]), _personas(document)),
        people=_people(people),
        clicks=_arrays(_read(folder / CLICKS)),
        sessions=_arrays(_read(folder / SESSIONS)),
    )


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(
            f"not a readable Parquet file: {error}", where=str(path), fix="write the sample again"
        ) from error


def _arrays(table: pa.Table) -> dict[str, NDArray[Any]]:
    return {name: table[name].to_numpy() for name in table.column_names}


def _films(table: pa.Table, creators: Sequence[str]) -> Films:
    columns = _arrays(table.drop_columns(["item_id"]))
    program = np.stack([columns.pop(f"program_{place}") for place in range(3)], axis=1)
    return Films(**columns, program=program, creators=tuple(creators))


def _personas(document: dict[str, Any]) -> Personas:
    names = {**{kind: VALUES[kind] for kind in TASTES}, "creator": tuple(document["creators"])}
    likes = {
        kind: np.array(
            [[one["likes"][kind].get(value, 0.0) for value in values] for one in document["personas"]]
        )
        for kind, values in names.items()
    }
    moods = np.array([one["moods"] for one in document["personas"]])
    return Personas(likes, moods, np.array(document["persona_share_by_age_group"]))


def _people(table: pa.Table) -> People:
    columns = {
        field.name: np.array(table[field.name].to_pylist())
        if pa.types.is_list(table.schema.field(field.name).type)
        else table[field.name].to_numpy()
        for field in fields(People)
    }
    return People(**columns)
