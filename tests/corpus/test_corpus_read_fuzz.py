"""Whatever stands in a file: a dataset or a DataError, nothing else."""

import csv
import io
import json
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from firstlight.base.errors import DataError
from firstlight.corpus import check_dataset, read_dataset

FUZZ = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(max_size=12)
CELL = st.one_of(
    TEXT,
    st.sampled_from(
        ["", "a", "b", "u", "1", "-1", "nan", "1e400", "2020-01-01", "['x', \"y\"]", '"', "[", "x|y"]
    ),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(str),
)
COLUMNS = (
    "user_id item_id timestamp position rating event title description categories genres image "
    "available_from x"
)
NAMES = st.lists(st.sampled_from([*COLUMNS.split(), ""]), min_size=1, max_size=6, unique=True)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=5,
)


def read_or_refuse(files):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        try:
            dataset = read_dataset(folder)
        except DataError:
            return
    log, n_items = dataset.interactions, len(dataset.catalogue)
    assert np.isfinite(log.times).all()
    assert ((log.rows >= 0) & (log.rows < n_items)).all()
    assert all(log.user_keys)
    assert all(dataset.catalogue.keys)
    assert len(list(dataset.catalogue)) == n_items
    json.dumps(check_dataset(dataset).as_dict())


@st.composite
def csv_tables(draw):
    names = draw(NAMES)
    rows = draw(st.lists(st.lists(CELL, min_size=len(names), max_size=len(names) + 1), max_size=6))
    text = io.StringIO()
    csv.writer(text).writerows([names, *rows])
    return text.getvalue().encode("utf-8", "surrogatepass")


@st.composite
def json_tables(draw):
    rows = draw(st.lists(st.dictionaries(NAMES.map(lambda names: names[0]), JSON, max_size=6), max_size=6))
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@FUZZ
@given(st.sampled_from([".csv", ".csv.gz", ".jsonl", ".parquet"]), st.binary(max_size=200))
def test_random_bytes(ending, content):
    read_or_refuse({f"interactions{ending}": content})


@FUZZ
@given(st.binary(max_size=100), st.binary(max_size=100))
def test_random_bytes_behind_a_good_header(log, items):
    read_or_refuse(
        {
            "interactions.csv": b"user_id,item_id,timestamp\nu,a,1\n" + log,
            "items.csv": b"item_id,title\na,A\n" + items,
        }
    )


@FUZZ
@given(csv_tables(), csv_tables())
@example(b"user_id,item_id\r\nu,a\r\n", b"item_id,categories\r\na,\"['x', 1\"\r\n")
def test_random_csv_tables(log, items):
    read_or_refuse({"interactions.csv": log, "items.csv": items})
    read_or_refuse({"interactions.csv": b"user_id,item_id\nu,a\nu,b\n", "items.csv": items})


@FUZZ
@given(json_tables(), json_tables())
def test_random_json_tables(log, items):
    read_or_refuse({"interactions.jsonl": log, "items.jsonl": items})
    read_or_refuse({"interactions.csv": b"user_id,item_id\nu,a\nu,b\n", "items.jsonl": items})


@FUZZ
@given(csv_tables(), st.lists(CELL, max_size=4))
def test_random_cases(cases, history):
    head = f"user_id,history,item_id\nu,{' '.join(history)},a\n".encode("utf-8", "surrogatepass")
    read_or_refuse({"valid.csv": cases, "test.csv": head})
    read_or_refuse({"test.csv": head})
