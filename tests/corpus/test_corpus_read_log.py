"""The streamed log against the reference, and its parts."""

import tracemalloc
from itertools import chain

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.corpus import Interactions
from firstlight.corpus.dataset import ReadReport
from firstlight.corpus.readers import sort
from firstlight.corpus.readers.batch import Batch
from firstlight.corpus.readers.keyindex import UNKNOWN, KeyIndex
from firstlight.corpus.readers.log import GrowingColumn, LogBuilder, LogOptions
from firstlight.corpus.readers.values import as_keys

TIMES = st.one_of(st.integers(0, 5), st.floats(0, 1e9, width=32))
ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 4), TIMES, st.sampled_from([1.0, 2.0, 2.5])), max_size=60
)


def streamed(rows, items, batch_rows, block_rows):
    report = ReadReport("")
    builder = LogBuilder(items, "timestamp", LogOptions(), report)
    for start in range(0, len(rows), batch_rows):
        part = rows[start : start + batch_rows]
        columns = {
            "user_id": pa.array([f"u{row[0]}" for row in part]),
            "item_id": pa.array([f"i{row[1]}" for row in part]),
            "timestamp": pa.array([float(row[2]) for row in part], pa.float64()),
            "rating": pa.array([row[3] for row in part], pa.float64()),
        }
        builder.add(Batch(columns, "log", start + 1))
    keys, ranks = items.in_order()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sort, "BLOCK_ROWS", block_rows)
        log, repeated = sort.finish_log(builder, keys, ranks, "timestamp")
    return log, keys, repeated


@settings(deadline=None)
@given(ROWS, st.integers(1, 70), st.integers(1, 70), st.booleans())
def test_streaming_equals_sorting_at_once(rows, batch_rows, block_rows, fixed):
    items = KeyIndex([f"i{number}" for number in range(5)] if fixed else None)
    log, keys, repeated = streamed(rows, items, batch_rows, block_rows)
    best = {}
    for user, item, time, value in rows:
        best[user, item, float(time)] = min(value, best.get((user, item, float(time)), value))
    assert repeated == len(rows) - len(best)
    people = sorted({f"u{user}" for user, *_ in best})
    reference = Interactions.build(
        people,
        np.array([people.index(f"u{user}") for user, *_ in best], dtype=int),
        np.array([keys.index(f"i{item}") for _, item, _ in best], dtype=int),
        np.array([time for *_, time in best], dtype=float),
        item_keys=keys,
        values=np.array(list(best.values())),
    )
    assert log.user_keys == reference.user_keys
    for name in ("users", "rows", "times", "values", "offsets"):
        got, wanted = getattr(log, name), getattr(reference, name)
        np.testing.assert_array_equal(got, wanted, err_msg=name)
        assert got.dtype == wanted.dtype, name


@given(st.lists(st.lists(st.one_of(st.integers(-5, 300), st.floats(width=32)), max_size=5), max_size=6))
def test_a_growing_column_keeps_every_value(pieces):
    column = GrowingColumn(np.float64, np.uint8)
    for piece in pieces:
        column.append(np.array(piece, dtype=np.float64))
    np.testing.assert_array_equal(column.take(), np.array(list(chain(*pieces)), dtype=np.float64))


def test_a_growing_column_stays_narrow_while_it_can():
    column = GrowingColumn(np.float64, np.uint32)
    column.append(np.array([0.0, 4_000_000_000.0]))
    assert column.take().dtype == np.uint32
    column.append(np.array([0.5]))
    assert column.take().dtype == np.float64


@given(st.lists(st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=8), max_size=5))
def test_numbers_of_keys_do_not_depend_on_batches(batches):
    flat = [key for batch in batches for key in batch]
    index = KeyIndex()
    numbers = [
        number
        for batch in batches
        for number in index.encode(as_keys(pa.array(batch, pa.string()), "k", "f"))
    ]
    keys, ranks = index.in_order()
    assert keys == sorted({key for key in flat if key})
    assert [keys[ranks[number]] if number != UNKNOWN else None for number in numbers] == [
        key or None for key in flat
    ]


def test_only_keys_that_stand_in_a_row_are_taken_from_a_dictionary():
    index = KeyIndex()
    keys = pa.array(["a", "b", "c", "a"]).dictionary_encode().slice(1, 2)
    index.encode(as_keys(keys, "k", "f"))
    assert index.in_order()[0] == ["b", "c"]


def test_a_fixed_index_keeps_its_order():
    index = KeyIndex(["z", "a"])
    assert index.encode(as_keys(pa.array(["a", "q", None, "z"]), "k", "f")).tolist() == [
        1,
        UNKNOWN,
        UNKNOWN,
        0,
    ]
    assert index.in_order()[0] == ["z", "a"]


def test_memory_stays_near_that_of_the_result():
    rng = np.random.default_rng(0)
    n_rows, n_batch = 400_000, 20_000
    builder = LogBuilder(KeyIndex([str(i) for i in range(500)]), "timestamp", LogOptions(), ReadReport(""))
    tracemalloc.start()
    for start in range(0, n_rows, n_batch):
        columns = {
            "user_id": pa.array(rng.integers(0, 2000, n_batch)),
            "item_id": pa.array(rng.integers(0, 500, n_batch)),
            "timestamp": pa.array(rng.integers(0, 1_500_000_000, n_batch)),
        }
        builder.add(Batch(columns, "log", start + 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sort, "BLOCK_ROWS", 1 << 13)
        log, _ = sort.finish_log(builder, *builder.items.in_order(), "timestamp")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(log) > 0.99 * n_rows
    assert peak < 30 * n_rows  # the result alone takes 20 bytes for each row
