from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from firstlight.base.errors import ArtifactError, DataError, UnknownKeyError
from firstlight.corpus import Catalogue, Item, ItemKey

ITEMS = [
    Item(ItemKey("a"), "Alien", "In space.", ("Horror", "Sci-Fi"), Path("a.jpg"), 5.0, {"year": 1979}),
    Item(ItemKey("b"), "", attributes={"year": 2001, "tags": ("slow", "long")}),
    Item(ItemKey("c"), "Clue", attributes={"funny": True}),
]


def test_items_come_back_as_they_went_in(tmp_path):
    catalogue = Catalogue.from_items(ITEMS)
    assert list(catalogue) == ITEMS
    assert [catalogue[row] for row in range(3)] == ITEMS
    assert catalogue.by_key("b") == ITEMS[1]
    assert catalogue.attribute_names == ["year", "tags", "funny"]


def test_text_joins_what_there_is():
    assert ITEMS[0].text == "Alien. Horror, Sci-Fi. In space"
    assert ITEMS[1].text == ""


def test_release_times_are_nan_where_unknown():
    np.testing.assert_array_equal(Catalogue.from_items(ITEMS).available_from, [5.0, np.nan, np.nan])


def test_saving_keeps_everything_and_makes_images_absolute(tmp_path):
    catalogue = Catalogue.from_items(ITEMS, root=tmp_path)
    catalogue.save(tmp_path / "catalogue.parquet")
    loaded = Catalogue.load(tmp_path / "catalogue.parquet")
    assert loaded.keys == catalogue.keys
    assert loaded[0].image == (tmp_path / "a.jpg").resolve()
    assert list(loaded)[1:] == ITEMS[1:]


def test_extending_keeps_rows_and_both_roots(tmp_path):
    left = Catalogue.from_items(ITEMS[:1], root=tmp_path / "left")
    right = Catalogue.from_items([Item(ItemKey("z"), "Zulu", image=Path("z.png"))], root=tmp_path / "right")
    both = left.extended(right)
    assert list(both.keys) == ["a", "z"]
    assert both[0].image == (tmp_path / "left/a.jpg").resolve()
    assert both[1].image == (tmp_path / "right/z.png").resolve()
    assert both[0].attributes == {"year": 1979}


def test_extending_with_a_known_key_or_another_type_is_an_error():
    catalogue = Catalogue.from_items(ITEMS)
    with pytest.raises(DataError, match='item_id "a" stands twice'):
        catalogue.extended(Catalogue.from_items(ITEMS[:1]))
    other = Catalogue.from_items([Item(ItemKey("z"), "Z", attributes={"year": "old"})])
    with pytest.raises(DataError, match="an attribute has another type than before"):
        catalogue.extended(other)


def test_whole_numbers_beside_fractions_become_floats():
    whole, fractions = (
        [Item(ItemKey(key), key, attributes={"price": p})] for key, p in (("a", 5), ("b", 4.99))
    )
    for first, second in ((whole, fractions), (fractions, whole)):
        both = Catalogue.from_items(first).extended(Catalogue.from_items(second))
        assert both.table.schema.field("price").type == pa.float64()
        assert {both.by_key(key).attributes["price"] for key in "ab"} == {5.0, 4.99}


def test_whole_numbers_that_a_float_has_no_room_for_are_refused():
    long = Catalogue.from_items([Item(ItemKey("a"), "a", attributes={"seller": 2**53 + 1})])
    other = Catalogue.from_items([Item(ItemKey("b"), "b", attributes={"seller": 0.5})])
    for first, second in ((long, other), (other, long)):
        with pytest.raises(DataError, match="an attribute has another type than before: .*9007199254740993"):
            first.extended(second)


def test_a_few_added_rows_are_typed_as_the_catalogue_is():
    """Read by themselves, an empty price is text and the brand 1984 a number."""
    own = Catalogue(
        pa.table({"item_id": ["a", "b"], "price": [3, 4], "brand": ["Acme", "012"], "on": [True, None]})
    )
    empty = pa.array([None], pa.string())
    for added, expected in (
        ({"price": empty, "brand": [1984], "on": empty}, {"brand": "1984"}),
        ({"price": [5], "brand": [34], "on": [False]}, {"price": 5, "brand": "34", "on": False}),
    ):
        fresh = Catalogue(pa.table({"item_id": ["z"], **added}))
        both = own.extended(fresh.typed_as(own))
        assert both[2].attributes == expected
        assert both.table.schema.field("price").type == pa.int64()
        assert both[0].attributes == {"price": 3, "brand": "Acme", "on": True}


def test_a_table_must_have_keys_and_fitting_types():
    with pytest.raises(DataError, match='expected a column "item_id"'):
        Catalogue(pa.table({"title": ["x"]}))
    with pytest.raises(DataError, match=r"1 rows without a key \(in the items table\)"):
        Catalogue(pa.table({"item_id": ["a", None]}))
    with pytest.raises(DataError, match='column "categories" is of type string'):
        Catalogue(pa.table({"item_id": ["a"], "categories": ["x|y"]}))


def test_a_row_outside_and_a_broken_file_are_errors(tmp_path):
    catalogue = Catalogue.from_items(ITEMS)
    with pytest.raises(IndexError, match="row 3 of a catalogue of 3 items"):
        catalogue[3]
    with pytest.raises(UnknownKeyError, match='unknown item "zz"'):
        catalogue.by_key("zz")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(ArtifactError, match="not a readable Parquet file"):
        Catalogue.load(tmp_path / "broken.parquet")
