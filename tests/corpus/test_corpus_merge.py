"""Several datasets as one: keys told apart, orders kept, nothing crossing over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from firstlight.base.errors import DataError
from firstlight.corpus import Catalogue, Dataset, Interactions, ReadReport
from firstlight.corpus.merge import merged


def dataset(name: str, keys: str, sentences: list[str], *, clock="timestamp", **columns) -> Dataset:
    table = pa.table({"item_id": list(keys), "title": [f"{name} {key}" for key in keys], **columns})
    users = np.repeat(np.arange(len(sentences)), [len(one) for one in sentences])
    rows = np.array([keys.index(key) for one in sentences for key in one])
    times = np.concatenate([100.0 * np.arange(len(one)) for one in sentences])
    log = Interactions.build(
        [f"u{number}" for number in range(len(sentences))],
        users,
        rows,
        times,
        item_keys=list(keys),
        clock=clock,
    )
    report = ReadReport("plain", files=[f"{name}.csv"], skipped={"no key": 2}, notes=["odd"])
    return Dataset(name, Catalogue(table), log, report)


def spoken(found: Dataset) -> dict[str, list[str]]:
    keys = found.catalogue.keys
    sentences = zip(found.interactions.user_keys, found.interactions.sentences(), strict=True)
    return {user: [keys[row] for row in rows.tolist()] for user, rows in sentences}


def test_keys_are_told_apart_and_orders_kept():
    one, other = dataset("shop", "abc", ["cab", "b"]), dataset("films", "ab", ["ba"])
    found = merged([one, other])
    assert found.catalogue.keys == ["shop/a", "shop/b", "shop/c", "films/a", "films/b"]
    assert spoken(found) == {
        "shop/u0": ["shop/c", "shop/a", "shop/b"],
        "shop/u1": ["shop/b"],
        "films/u0": ["films/b", "films/a"],
    }
    assert found.interactions.times.tolist() == [0, 100, 200, 0, 0, 100]
    assert found.name == "shop + films"
    assert found.report.skipped == {"shop: no key": 2, "films: no key": 2}
    assert found.report.files == ["shop.csv", "films.csv"]


def test_without_timestamps_everywhere_only_the_order_is_kept():
    found = merged([dataset("shop", "abc", ["cab"]), dataset("films", "ab", ["ba"], clock="position")])
    assert found.interactions.clock == "position"
    assert found.interactions.times.tolist() == [0, 1, 2, 0, 1]
    assert spoken(found)["shop/u0"] == ["shop/c", "shop/a", "shop/b"]


def test_one_dataset_is_left_as_it_is():
    one = dataset("shop", "abc", ["cab"])
    assert merged([one]) is one


def test_columns_of_one_alone_are_empty_in_the_other():
    found = merged([dataset("shop", "ab", ["ab"], price=[1.0, 2.0]), dataset("films", "ab", ["ba"])])
    assert found.catalogue.table.column("price").to_pylist() == [1.0, 2.0, None, None]


def test_a_name_twice_is_refused():
    with pytest.raises(DataError, match="datasets named shop, shop"):
        merged([dataset("shop", "ab", ["ab"]), dataset("shop", "ab", ["ab"])])


def test_one_column_of_two_types_is_refused():
    one = dataset("shop", "ab", ["ab"], year=["old", "new"])
    other = replace(dataset("films", "ab", ["ab"], year=[1999, 2000]))
    with pytest.raises(DataError, match="an attribute has another type"):
        merged([one, other])
