"""A data folder, recognized for what it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from ...base.errors import DataError, nearest
from ..dataset import Dataset, ReadReport
from . import amazon, hub, movielens, plain, recbole
from .log import LogOptions
from .parts import Parts, assemble


class Format(NamedTuple):
    """One kind of data folder: its name, what to look for, and who reads it."""

    kind: str
    expected: str
    recognizes: Callable[[Path], bool]
    read: Callable[[Path, ReadReport], Parts]


FORMATS = (
    Format("saved Hugging Face dataset", "dataset_dict.json or state.json", hub.recognizes, hub.read_saved),
    Format("tables", plain.EXPECTED, plain.recognizes, plain.read),
    Format(
        "MovieLens latest",
        "ratings.csv with movies.csv",
        movielens.recognizes_latest,
        movielens.read_latest,
    ),
    Format("MovieLens 1M", "ratings.dat with movies.dat", movielens.recognizes_1m, movielens.read_1m),
    Format("MovieLens 100k", "u.data with u.item", movielens.recognizes_100k, movielens.read_100k),
    Format("RecBole", "<name>.inter with .item and .user", recbole.recognizes, recbole.read),
    Format(
        "Amazon Reviews 2023", "<category>.jsonl with meta_<category>.jsonl", amazon.recognizes, amazon.read
    ),
)


def read_dataset(
    path: str | Path,
    *,
    join: Sequence[str | Path] = (),
    min_rating: float | None = None,
    events: Sequence[str] | None = None,
    on_unknown: Literal["skip", "error"] = "skip",
) -> Dataset:
    """Read a data folder, or a Hugging Face dataset, of any supported format. Writes nothing.

    Parameters
    ----------
    path
        A folder (see :data:`FORMATS` for what is recognized), ``hf:owner/name``, or an ``owner/name``
        when there is no such folder.
    join
        More about the items, relative to the folder or by full path: tables with an item key (plots,
        ``tags.csv``), folders of pictures named by it. For ml-latest-small with plots and posters:
        ``join=("overviews.csv", "posters")``.
    min_rating
        Leave out rows rated lower, or not rated.
    events
        Keep only these kinds of the column "event".
    on_unknown
        Rows that name an item outside the items table: "skip" counts them, "error" raises.

    Returns
    -------
    The dataset. Its report counts every row that was left out, by reason.

    Raises
    ------
    DataError
        For anything that cannot be read as what it should be: the message says what was found, in which
        file and row, what was expected and what to do.
    """
    report = ReadReport(kind="")
    options = LogOptions(min_rating, events, on_unknown)
    folder = Path(path)
    if not folder.exists() and hub.names_dataset(str(path)):
        report.kind = "Hugging Face dataset"
        name = str(path).removeprefix(hub.PREFIX)
        return assemble(name, hub.read_hub(str(path), report), options, join, report)
    found = _recognized(folder)
    report.kind = found.kind
    try:
        return assemble(folder.resolve().name, found.read(folder, report), options, join, report)
    except OSError as error:
        raise DataError(
            f"a file cannot be read: {error.strerror or error}",
            where=str(error.filename or folder),
            expected="a readable file",
            fix="check the permissions and the disk",
        ) from error


def _recognized(folder: Path) -> Format:
    if not folder.exists():
        beside = [one.name for one in folder.parent.iterdir()] if folder.parent.is_dir() else []
        raise DataError(
            f"no such folder{nearest(folder.name, beside)}",
            where=str(folder),
            expected="a data folder, or hf:owner/name",
            fix="check the path",
        )
    if not folder.is_dir():
        raise DataError(
            "a file", where=str(folder), expected="the folder it lies in", fix=f"give {folder.parent}"
        )
    for one in FORMATS:
        if one.recognizes(folder):
            return one
    names = sorted(one.name for one in folder.iterdir())
    raise DataError(
        f"nothing to read among: {', '.join(names[:12]) or 'no file'}",
        where=str(folder),
        expected="; or ".join(one.expected for one in FORMATS),
        fix="rename the files, or convert them to interactions.csv and items.csv",
    )
