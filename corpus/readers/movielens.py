"""MovieLens as GroupLens publishes it: latest (CSV), 1M and 10M (``::``), 100k (tabs and bars).

Harper and Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015.
"""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes its compute functions when it is imported)
from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ..dataset import ReadReport
from . import tables
from .batch import Sheet, require
from .delimited import Layout
from .parts import Parts

NAMES = {"userId": "user_id", "movieId": "item_id"}
LOG = ("user_id", "item_id", "rating", "timestamp")
PEOPLE = ("user_id", "gender", "age", "occupation", "zip")
MOVIES_100K = ("item_id", "title", "release_date", "video_release_date", "link")
GENRES_100K = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


def recognizes_latest(folder: Path) -> bool:
    """Whether this is latest, latest-small, 20M, 25M or 32M."""
    return (folder / "ratings.csv").is_file()


def read_latest(folder: Path, report: ReadReport) -> Parts:
    """``ratings.csv`` and ``movies.csv``; plots, posters and ``tags.csv`` come by joining."""
    ratings, movies = folder / "ratings.csv", folder / "movies.csv"
    require(tables.column_names(ratings), ("userId", "movieId", "rating", "timestamp"), ratings.name)
    require(tables.column_names(movies), ("movieId", "title", "genres"), movies.name)
    items = tables.read_sheet(movies, report).renamed(NAMES)
    log = (
        batch.renamed(NAMES)
        for batch in tables.stream(ratings, report, only=("userId", "movieId", "rating", "timestamp"))
    )
    if (folder / "tags.csv").is_file():
        report.notes.append("tags.csv is read only when joined: people gave the tags over time")
    return Parts(folder, log, LOG, items)


def recognizes_1m(folder: Path) -> bool:
    """Whether this is 1M or 10M."""
    return (folder / "ratings.dat").is_file()


def read_1m(folder: Path, report: ReadReport) -> Parts:
    """``ratings.dat``, ``movies.dat`` and ``users.dat`` (10M has none); 1M is in latin-1, 10M in UTF-8."""
    people, movies = folder / "users.dat", folder / "movies.dat"
    titles = _dat("item_id", "title", "genres", encoding="utf-8" if _is_utf8(movies) else "latin-1")
    items = tables.read_sheet(movies, report, layout=titles)
    users = tables.read_sheet(people, report, layout=_dat(*PEOPLE)) if people.is_file() else None
    log = tables.stream(folder / "ratings.dat", report, layout=_dat(*LOG))
    return Parts(folder, log, LOG, items, users)


def _is_utf8(path: Path) -> bool:
    """Whether a small file is; what is not there is missed by who reads it."""
    try:
        path.read_bytes().decode()
    except OSError:
        return True
    except UnicodeDecodeError:
        return False
    return True


def _dat(*names: str, encoding: str = "latin-1") -> Layout:
    return Layout(delimiter="::", quoted=False, names=names, encoding=encoding)


def recognizes_100k(folder: Path) -> bool:
    """Whether this is 100k."""
    return (folder / "u.data").is_file()


def read_100k(folder: Path, report: ReadReport) -> Parts:
    """``u.data``, ``u.item`` and ``u.user``, in latin-1; the genres are 19 columns of 0 and 1."""
    movies = tables.read_sheet(folder / "u.item", report, layout=_bars(*MOVIES_100K, *GENRES_100K))
    people = folder / "u.user"
    names = ("user_id", "age", "gender", "occupation", "zip")
    users = tables.read_sheet(people, report, layout=_bars(*names)) if people.is_file() else None
    layout = Layout(delimiter="\t", quoted=False, names=LOG, encoding="latin-1")
    log = tables.stream(folder / "u.data", report, layout=layout)
    return Parts(folder, log, LOG, _with_genres(movies), users)


def _bars(*names: str) -> Layout:
    return Layout(delimiter="|", quoted=False, names=names, encoding="latin-1")


def _with_genres(movies: Sheet) -> Sheet:
    table = movies.table
    named = [
        pc.if_else(pc.equal(table.column(genre), "1"), pa.scalar(genre), pa.scalar(None, pa.string()))
        for genre in GENRES_100K[1:]
    ]
    genres = pc.binary_join_element_wise(*named, "|", null_handling="skip")
    table = pa.table({"item_id": table["item_id"], "title": table["title"], "categories": genres})
    return Sheet(table, movies.file, movies.typed)
