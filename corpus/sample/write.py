"""The sample world as a folder of ordinary files, written as it is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from ...base.errors import ArtifactError, ConfigError, DataError
from ...base.files import MANIFEST, publish_directory, read_json, write_text
from ...base.progress import bar
from .behavior import Block, Columns, simulate
from .items import make_films
from .listing import item_keys, missing, write_items
from .people import make_personas
from .pictures import write_pictures
from .policy import World
from .readme import README
from .records import KIND, WORLD, people_records, save_world
from .words import AGE_GROUPS, COUNTRIES

INTERACTIONS = pa.schema(
    [
        ("user_id", pa.string()),
        ("item_id", pa.string()),
        ("timestamp", pa.int64()),
        ("rating", pa.int8()),
        ("event", pa.string()),
        ("dwell_seconds", pa.int32()),
    ]
)
EXPOSURES = pa.schema(
    [
        ("user_id", pa.string()),
        ("item_id", pa.string()),
        ("timestamp", pa.int64()),
        ("position", pa.int8()),
        ("clicked", pa.int8()),
        ("propensity", pa.float64()),
    ]
)
USERS = pa.schema([(name, pa.string()) for name in ("user_id", "age_group", "country", "joined")])
EVENTS = pa.array(["abandoned", "watched", "finished"])
ABANDONED, FINISHED = 0.3, 0.9  # shares of a film's length


@dataclass(frozen=True)
class SampleSummary:
    """What :func:`write_sample` wrote; all but `path` and `seed` are counts."""

    path: Path
    users: int
    items: int
    interactions: int
    exposures: int
    pictures: int
    seed: int


def write_sample(
    out: Path, *, users: int = 2000, items: int = 1200, seed: int = 7, images: bool = True
) -> SampleSummary:
    """Generate a library of short films and its audience, as a folder that the readers read.

    The same arguments give the same bytes. The folder is complete or absent: it is written beside
    `out` and renamed. Everything but the latent columns of films and personas is streamed, so a
    million films need a few GiB of memory.

    Parameters
    ----------
    out
        The folder to write; a former sample there is replaced.
    users, items
        How many people and films.
    seed
        Of all randomness, at least 0.
    images
        Whether to draw the pictures (128 x 128 JPEG, one for each film but for a few).

    Raises
    ------
    ConfigError
        If a size is not positive, the seed is negative, or `out` is a file.
    DataError
        If `out` holds anything that is not a former sample.
    """
    _check_numbers(users, items, seed)
    out = Path(out).resolve()
    _check_target(out)
    films = make_films(items, seed)
    world = World(films, make_personas(films, seed))
    keys = item_keys(items, seed)
    with publish_directory(out) as draft:
        (draft / "truth").mkdir()
        write_items(draft / "items.csv", films, keys, seed, images=images)
        pictures = 0
        if images:
            pictures = write_pictures(draft / "images", films, keys, missing(items, seed)[1], seed)
        save_world(draft / "truth", world, keys, seed)
        interactions, exposures = _write_people(draft, world, keys, users, seed)
        write_text(draft / "README.txt", README.format(users=users, items=items, seed=seed))
    return SampleSummary(out, users, items, interactions, exposures, pictures, seed)


def _check_numbers(users: int, items: int, seed: int) -> None:
    for name, value in (("users", users), ("items", items)):
        if value < 1:
            raise ConfigError(
                str(value),
                where=f"--{name}",
                expected="a number of at least 1",
                fix="leave it out for the default",
            )
    if seed < 0:
        raise ConfigError(
            str(seed), where="--seed", expected="a number of at least 0", fix="drop the minus sign"
        )


def _check_target(out: Path) -> None:
    """Refuse to replace anything but an empty folder or an untouched former sample."""
    if out.exists() and not out.is_dir():
        raise ConfigError(
            "a file", where=str(out), expected="a folder or a free name", fix="choose another folder"
        )
    if not out.exists() or not any(out.iterdir()):
        return
    foreign = sorted(_files(out) - _files_of_sample(out))
    if foreign:
        raise DataError(
            f"the folder is not empty: {', '.join(foreign[:3])}{' …' if len(foreign) > 3 else ''}",
            where=str(out),
            expected="a new or empty folder, or a former sample with no other files in it",
            fix="choose another folder, or move these files away",
        )


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def _files_of_sample(folder: Path) -> set[str]:
    """The files a former sample consists of; nothing when the folder is not one."""
    try:
        world, manifest = read_json(folder / "truth" / WORLD), read_json(folder / MANIFEST)
        return {*manifest["files"], MANIFEST} if world["kind"] == KIND else set()
    except (ArtifactError, TypeError, KeyError):
        return set()


def _write_people(draft: Path, world: World, keys: Sequence[str], users: int, seed: int) -> tuple[int, int]:
    """Simulate everybody and write the logs; returns how many interactions and exposures."""
    width, films = max(5, len(str(users))), pa.array(keys, pa.string())
    interactions = exposures = 0
    with (
        _logs(draft) as (log, seen, who),
        people_records(draft / "truth") as truth,
        bar(users, "people") as moved,
    ):
        for block in simulate(world, users, seed):
            numbers = range(block.first, block.first + len(block.people))
            names = [f"u{number:0{width}d}" for number in numbers]
            people = pa.array(names, pa.string())
            log.write_table(_interactions(block, people, films))
            seen.write_table(_exposures(block, people, films))
            who.write_table(_users(block, people))
            truth.add(block, names)
            interactions += len(block.clicks["user"])
            exposures += len(block.exposures["user"])
            moved.update(len(names))
    return interactions, exposures


@contextmanager
def _logs(draft: Path) -> Iterator[list[csv.CSVWriter]]:
    """The three CSV files that grow block by block; no name or value in them needs quotes."""
    options = csv.WriteOptions(include_header=False, quoting_style="none")
    with ExitStack() as stack:
        writers = []
        for name, schema in (("interactions", INTERACTIONS), ("exposures", EXPOSURES), ("users", USERS)):
            stream = stack.enter_context((draft / f"{name}.csv").open("wb"))
            stream.write((",".join(schema.names) + "\n").encode())
            writers.append(stack.enter_context(csv.CSVWriter(stream, schema, write_options=options)))
        yield writers


def _keys(block: Block, columns: Columns, people: pa.Array, films: pa.Array) -> list[pa.Array]:
    return [
        pc.take(people, pa.array(columns["user"] - block.first)),
        pc.take(films, pa.array(columns["item"])),
    ]


def _interactions(block: Block, people: pa.Array, films: pa.Array) -> pa.Table:
    clicks = block.clicks
    event = (clicks["share"] >= ABANDONED).astype(np.int8) + (clicks["share"] >= FINISHED)
    columns = [
        *_keys(block, clicks, people, films),
        pa.array(clicks["time"].astype(np.int64)),
        pa.array(clicks["rating"], from_pandas=True).cast(pa.int8()),
        pc.take(EVENTS, pa.array(event)),
        pa.array(clicks["dwell"].astype(np.int32)),
    ]
    return pa.Table.from_arrays(columns, schema=INTERACTIONS)


def _exposures(block: Block, people: pa.Array, films: pa.Array) -> pa.Table:
    shown = block.exposures
    columns = [
        *_keys(block, shown, people, films),
        pa.array(shown["time"].astype(np.int64)),
        pa.array(shown["position"].astype(np.int8)),
        pa.array(shown["clicked"].astype(np.int8)),
        pa.array(shown["propensity"]),
    ]
    return pa.Table.from_arrays(columns, schema=EXPOSURES)


def _users(block: Block, people: pa.Array) -> pa.Table:
    joined = [
        datetime.fromtimestamp(second, UTC).date().isoformat() for second in block.people.joined.tolist()
    ]
    columns = [
        people,
        pa.array([AGE_GROUPS[code] for code in block.people.age_group]),
        pa.array([COUNTRIES[code] for code in block.people.country]),
        pa.array(joined),
    ]
    return pa.Table.from_arrays(columns, schema=USERS)
