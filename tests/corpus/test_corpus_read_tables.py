"""Plain tables: every file format gives the same dataset, and every column means what the contract says."""

import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from firstlight.base.errors import DataError
from firstlight.corpus import read_dataset
from firstlight.corpus.readers import read_items

ITEMS = [
    {
        "item_id": "a",
        "title": "Alien",
        "description": "In space, loud.",
        "genres": "Horror|Sci-Fi",
        "year": 1979,
    },
    {"item_id": "b", "title": 'The "B"', "description": None, "genres": None, "year": 2001},
    {"item_id": "007", "title": "Bond", "description": "A spy.", "genres": "Action", "year": None},
]
LOG = [
    {"user_id": "u1", "item_id": "b", "timestamp": 20, "rating": 4.5},
    {"user_id": "u1", "item_id": "a", "timestamp": 10, "rating": None},
    {"user_id": "u0", "item_id": "007", "timestamp": 5, "rating": 3.0},
]


def as_csv(rows):
    def cell(value):
        text = "" if value is None else str(value)
        return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text

    return "\n".join([",".join(rows[0]), *(",".join(cell(v) for v in row.values()) for row in rows)]) + "\n"


def write(folder, stem, rows, ending):
    path = folder / f"{stem}.{ending}"
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif ending == "parquet/":
        path = folder / f"{stem}.parquet"
        path.mkdir()
        for i, row in enumerate(rows):
            pq.write_table(
                pa.Table.from_pylist([row], pa.Table.from_pylist(rows).schema), path / f"{i}.parquet"
            )
    elif ending == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif ending.endswith("gz"):
        path.write_bytes(gzip.compress(as_csv(rows).encode()))
    else:
        path.write_text(as_csv(rows))


def folder_of(tmp_path, log=LOG, items=ITEMS, ending="csv", **more):
    tmp_path.mkdir(exist_ok=True)
    for stem, rows in {"interactions": log, "items": items, **more}.items():
        if rows is not None:
            write(tmp_path, stem, rows, ending)
    return tmp_path


def facts(dataset):
    log = dataset.interactions
    keys = [dataset.catalogue.keys[row] for row in log.rows]
    people = [log.user_keys[user] for user in log.users]
    return list(zip(people, keys, log.times, log.values, strict=True))


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "parquet/", "jsonl"])
def test_every_format_is_the_same_dataset(tmp_path, ending):
    dataset = read_dataset(folder_of(tmp_path, ending=ending))
    assert list(dataset.catalogue.keys) == ["a", "b", "007"]
    assert dataset.interactions.user_keys == ("u0", "u1")
    assert dataset.interactions.clock == "timestamp"
    np.testing.assert_equal(
        facts(dataset), [("u0", "007", 5.0, 3.0), ("u1", "a", 10.0, np.nan), ("u1", "b", 20.0, 4.5)]
    )
    alien, b, bond = dataset.catalogue
    assert (alien.title, alien.description, alien.categories) == (
        "Alien",
        "In space, loud.",
        ("Horror", "Sci-Fi"),
    )
    assert (b.title, b.description, b.categories) == ('The "B"', "", ())
    assert alien.attributes == {"year": 1979}
    assert bond.attributes == {}
    assert dataset.report.skipped == {}
    assert dataset.report.kind == "tables"


def test_the_order_of_rows_in_the_file_never_matters(tmp_path):
    forward = read_dataset(folder_of(tmp_path / "one"))
    backward = read_dataset(folder_of(tmp_path / "two", log=LOG[::-1]))
    np.testing.assert_equal(facts(forward), facts(backward))


@pytest.mark.parametrize(
    ("written", "seconds", "note"),
    [
        (["1500000000", "1500000001.5"], [1_500_000_000.0, 1_500_000_001.5], None),
        (
            ["1500000000000", "1500000001500"],
            [1_500_000_000.0, 1_500_000_001.5],
            "timestamps are in milliseconds",
        ),
        (["1500000000000000", "1500000001500000"], [1_500_000_000.0, 1_500_000_001.5], "microseconds"),
        (["2017-07-14T02:40:00Z", "2017-07-14 04:40:01.5+02:00"], [1_500_000_000.0, 1_500_000_001.5], None),
        (["2017-07-14", "2017-07-15"], [1_499_990_400.0, 1_500_076_800.0], None),
        (["2017-07-14", "1500000000"], [1_499_990_400.0, 1_500_000_000.0], None),
        (["20170714", "20170715"], [1_499_990_400.0, 1_500_076_800.0], "timestamps are in days"),
        (["2017", "2016"], [1_483_228_800.0, 1_451_606_400.0], "timestamps are in years"),
    ],
)
def test_times_are_recognized(tmp_path, written, seconds, note):
    log = [{"user_id": "u", "item_id": "a", "timestamp": time} for time in written]
    dataset = read_dataset(folder_of(tmp_path, log))
    assert dataset.interactions.times.tolist() == sorted(seconds)
    assert note is None or any(note in text for text in dataset.report.notes)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("1500000002000", "timestamp in the future"),  # milliseconds among seconds: the year 49503
        ("5000-01-01T00:00:00Z", "timestamp in the future"),
        ("1e300", "timestamp in the future"),
        ("NaN", "no timestamp that is a time"),
        ("inf", "no timestamp that is a time"),
        ("99999-01-01", "no timestamp that is a time"),
    ],
)
def test_a_time_that_cannot_be_is_counted_not_read(tmp_path, wrong, reason):
    times = ["1500000000", "1500000001", wrong]
    log = [{"user_id": "u", "item_id": "a", "timestamp": time} for time in times]
    dataset = read_dataset(folder_of(tmp_path, log))
    assert dataset.interactions.times.tolist() == [1_500_000_000.0, 1_500_000_001.0]
    assert dataset.report.skipped == {reason: 1}


def test_seconds_among_milliseconds_are_counted_not_read_as_1970(tmp_path):
    times = ["1500000000000", "1500000001", "1500000002000"]
    log = [{"user_id": "u", "item_id": "a", "timestamp": time} for time in times]
    dataset = read_dataset(folder_of(tmp_path, log))
    assert dataset.interactions.times.tolist() == [1_500_000_000.0, 1_500_000_002.0]
    assert dataset.report.skipped == {"no timestamp that is a time": 1}


@pytest.mark.parametrize("kind", [pa.float64(), pa.timestamp("s")])
def test_times_of_parquet_that_cannot_be_are_counted(tmp_path, kind):
    seconds = pa.array([1_500_000_000, 95_617_584_000, None])
    table = pa.table({"user_id": ["u"] * 3, "item_id": ["a"] * 3, "timestamp": seconds.cast(kind)})
    pq.write_table(table, tmp_path / "interactions.parquet")
    dataset = read_dataset(tmp_path)
    assert dataset.interactions.times.tolist() == [1_500_000_000.0]
    assert dataset.report.skipped == {"timestamp in the future": 1, "no timestamp that is a time": 1}


def test_typed_times_of_parquet(tmp_path):
    (tmp_path / "x").mkdir()
    times = pa.array([1_500_000_000_000, None], pa.timestamp("ms", "UTC"))
    pq.write_table(
        pa.table({"user_id": [1, 2], "item_id": [7, 7], "timestamp": times}),
        tmp_path / "x/interactions.parquet",
    )
    dataset = read_dataset(tmp_path / "x")
    assert dataset.interactions.times.tolist() == [1_500_000_000.0]
    assert dataset.report.skipped == {"no timestamp that is a time": 1}
    assert dataset.interactions.user_keys == ("1",)
    assert list(dataset.catalogue.keys) == ["7"]


def test_whole_numbers_that_became_floats_are_whole_keys(tmp_path):
    pq.write_table(
        pa.table({"user_id": pa.array([1.0, 2.0, None]), "item_id": pa.array([3, 4, 5], pa.uint8())}),
        tmp_path / "interactions.parquet",
    )
    dataset = read_dataset(tmp_path)
    assert dataset.interactions.user_keys == ("1", "2")
    assert dataset.report.skipped == {"no user_id": 1}


def test_dictionary_columns_are_read(tmp_path):
    table = pa.table({"user_id": ["u", "u", "v"], "item_id": ["a", "b", "a"], "timestamp": [1, 2, 3]})
    encoded = table.set_column(0, "user_id", table["user_id"].dictionary_encode())
    encoded = encoded.set_column(1, "item_id", encoded["item_id"].dictionary_encode())
    pq.write_table(encoded, tmp_path / "interactions.parquet")
    assert [(p, k) for p, k, *_ in facts(read_dataset(tmp_path))] == [("u", "a"), ("u", "b"), ("v", "a")]


def test_unusable_rows_are_counted_by_reason(tmp_path):
    bad = [("nan", 4), ("inf", 0), ("-5", 0), ("99999999999", 0), ("soon", 0), (None, 0)]
    log = [{"user_id": "u", "item_id": "a", "timestamp": time} for time, _ in bad]
    log += [
        {"user_id": None, "item_id": "a", "timestamp": "1"},
        {"user_id": "u", "item_id": None, "timestamp": "1"},
    ]
    log += [
        {"user_id": "u", "item_id": "zz", "timestamp": "1"},
        {"user_id": "u", "item_id": "a", "timestamp": "2"},
    ]
    dataset = read_dataset(folder_of(tmp_path, log))
    assert dataset.report.skipped == {
        "no user_id": 1,
        "no item_id": 1,
        "no timestamp that is a time": 4,
        "timestamp before 1970": 1,
        "timestamp in the future": 1,
        "unknown item": 1,
    }
    assert len(dataset.interactions) == 1


def test_rows_with_a_wrong_number_of_cells_are_counted(tmp_path):
    folder_of(tmp_path)
    with (tmp_path / "interactions.csv").open("a") as log:
        log.write("u1,a\nu1,a,5,1,9\n")
    dataset = read_dataset(tmp_path)
    assert dataset.report.skipped == {"wrong number of cells in interactions.csv": 2}
    assert len(dataset.interactions) == 3


def test_only_a_row_that_repeats_person_item_and_time_is_dropped(tmp_path):
    log = [
        {"user_id": "u", "item_id": item, "timestamp": t}
        for item, t in [("a", 1), ("a", 1), ("a", 2), ("b", 1)]
    ]
    dataset = read_dataset(folder_of(tmp_path, log))
    assert len(dataset.interactions) == 3
    assert dataset.report.skipped == {"same person, item and time as another row": 1}


def test_ratings_and_events_select(tmp_path):
    log = [
        {"user_id": "u", "item_id": "a", "timestamp": 1, "rating": 5, "event": "buy"},
        {"user_id": "u", "item_id": "b", "timestamp": 2, "rating": 2, "event": "buy"},
        {"user_id": "u", "item_id": "a", "timestamp": 3, "rating": None, "event": "view"},
        {"user_id": "u", "item_id": "b", "timestamp": 4, "rating": "good", "event": "view"},
    ]
    folder_of(tmp_path, log)
    everything = read_dataset(tmp_path)
    np.testing.assert_equal(everything.interactions.values.tolist(), [5.0, 2.0, np.nan, np.nan])
    assert "events: buy 2, view 2; those kept all count alike" in everything.report.notes
    assert "ratings that are not numbers, read as none: 1" in everything.report.notes
    liked = read_dataset(tmp_path, min_rating=3)
    assert liked.interactions.values.tolist() == [5.0]
    assert liked.report.skipped == {"no rating": 2, "rating below 3": 1}
    assert read_dataset(tmp_path, events=["view"]).interactions.times.tolist() == [3.0, 4.0]


def test_positions_and_no_order_at_all(tmp_path):
    placed = [{"user_id": "u", "item_id": item, "position": i} for i, item in enumerate(["b", "a", "007"])]
    dataset = read_dataset(folder_of(tmp_path / "one", placed))
    assert dataset.interactions.clock == "position"
    assert [key for _, key, *_ in facts(dataset)] == ["b", "a", "007"]
    loose = [{"user_id": row["user_id"], "item_id": row["item_id"]} for row in placed]
    one = read_dataset(folder_of(tmp_path / "two", loose))
    other = read_dataset(folder_of(tmp_path / "three", loose[::-1]))
    np.testing.assert_equal(facts(one), facts(other))
    assert any("neither timestamp nor position" in note for note in one.report.notes)


def test_without_an_items_table_the_keys_are_the_catalogue(tmp_path):
    dataset = read_dataset(folder_of(tmp_path, items=None))
    assert list(dataset.catalogue.keys) == ["007", "a", "b"]
    assert [item.title for item in dataset.catalogue] == ["", "", ""]
    assert [(p, k) for p, k, *_ in facts(dataset)] == [("u0", "007"), ("u1", "a"), ("u1", "b")]
    assert "no text at all: titles, descriptions and categories are empty" in dataset.report.notes


def test_attributes_get_their_types(tmp_path):
    items = [
        {"item_id": "a", "title": "1984", "zip": "00501", "n": "3", "x": "1.5", "on": "true", "ids": "1 2 3"},
        {"item_id": "b", "title": "2001", "zip": "90210", "n": "-4", "x": "nan", "on": "False", "ids": "7"},
    ]
    dataset = read_dataset(folder_of(tmp_path, items=items))
    a, b = dataset.catalogue
    assert a.title == "1984"
    assert dict(a.attributes) == {"zip": "00501", "n": 3, "x": 1.5, "on": True, "ids": "1 2 3"}
    assert dict(b.attributes) == {"zip": "90210", "n": -4, "on": False, "ids": "7"}


def test_attributes_of_jsonl_keep_lists_and_leave_out_records(tmp_path):
    items = [
        {"item_id": 1, "title": "x", "moods": ["calm"], "odd": {"deep": 1}, "mixed": 1, "sizes": [1, 2.5]},
        {"item_id": 2, "title": "y", "moods": [], "odd": None, "mixed": "two", "sizes": None},
    ]
    dataset = read_dataset(folder_of(tmp_path, [{"user_id": 1, "item_id": 1}], items, "jsonl"))
    first, second = dataset.catalogue
    assert dict(first.attributes) == {"moods": ("calm",), "mixed": "1", "sizes": (1.0, 2.5)}
    assert dict(second.attributes) == {"mixed": "two"}
    assert any('the column "odd"' in note and "left out" in note for note in dataset.report.notes)


def test_descriptions_lose_the_brackets_of_a_written_out_list(tmp_path):
    items = [
        {"item_id": "a", "title": "[REC]", "description": "['One.', \"Two's.\"]"},
        {"item_id": "b", "title": "b", "description": "['broken \\', half', 'rest"},
        {"item_id": "c", "title": "c", "description": "[]"},
        {"item_id": "d", "title": "d", "description": "plain [1]"},
    ]
    a, b, c, d = read_dataset(folder_of(tmp_path, items=items)).catalogue
    assert (a.title, a.description) == ("[REC]", "One. Two's.")
    assert b.description == "broken \\', half rest"
    assert (c.description, d.description) == ("", "plain [1]")


def test_years_are_read_from_titles_when_most_have_one(tmp_path):
    titles = ["A (1999)", "B (2001) ", "C (1954)", "D (2010)", "E"]
    items = [{"item_id": str(i), "title": title} for i, title in enumerate(titles)]
    log = [{"user_id": "u", "item_id": "0"}]
    dataset = read_dataset(folder_of(tmp_path / "most", log, items))
    assert [item.attributes.get("year") for item in dataset.catalogue] == [1999, 2001, 1954, 2010, None]
    few = read_dataset(folder_of(tmp_path / "few", log, [*items, {"item_id": "x", "title": "X"}]))
    assert few.catalogue.attribute_names == []


def test_release_times_and_pictures(tmp_path):
    items = [
        {"item_id": "a", "title": "a", "available_from": "1960-01-01", "image": "a.jpg"},
        {"item_id": "b", "title": "b", "available_from": "100", "image": "https://example.org/b.jpg"},
        {"item_id": "c", "title": "c", "available_from": "someday", "image": None},
    ]
    dataset = read_dataset(folder_of(tmp_path, items=items))
    np.testing.assert_array_equal(dataset.catalogue.available_from, [-315_619_200.0, 100.0, np.nan])
    a, b, c = dataset.catalogue
    assert a.image == tmp_path / "a.jpg"
    assert (b.image, b.attributes) == (None, {"image_link": "https://example.org/b.jpg"})
    assert (c.image, c.attributes) == (None, {})
    assert any("1 release times" in note for note in dataset.report.notes)


def test_days_that_do_not_exist_are_no_times(tmp_path):
    """As numbers of days from the first of the month, they would be of the next one."""
    days = ["19990228", "19990231", "19990229", "20000229", "20010431"]
    log = [{"user_id": "u", "item_id": str(i), "timestamp": day} for i, day in enumerate(days)]
    items = [{"item_id": str(i), "title": "x", "available_from": day} for i, day in enumerate(days)]
    dataset = read_dataset(folder_of(tmp_path, log, items))
    begun = [920_160_000.0, 951_782_400.0]
    assert dataset.interactions.times.tolist() == begun
    assert dataset.report.skipped == {"no timestamp that is a time": 3}
    np.testing.assert_array_equal(
        dataset.catalogue.available_from, [begun[0], np.nan, np.nan, begun[1], np.nan]
    )
    assert any("3 release times" in note for note in dataset.report.notes)


def test_release_times_in_milliseconds_may_be_of_1971(tmp_path):
    days = {"a": "40000000000", "b": "1500000000000", "c": "1500000000001"}
    items = [{"item_id": key, "title": key, "available_from": day} for key, day in days.items()]
    dataset = read_dataset(folder_of(tmp_path, items=items))
    assert dataset.catalogue.available_from.tolist() == [40_000_000.0, 1_500_000_000.0, 1_500_000_000.001]


def test_people_are_typed_by_column(tmp_path):
    users = [{"user_id": "u1", "age": "31"}, {"user_id": "u9", "age": ""}]
    dataset = read_dataset(folder_of(tmp_path, users=users))
    assert dataset.users.to_pylist() == [{"user_id": "u1", "age": 31}, {"user_id": "u9", "age": None}]


def test_cases_stand_beside_an_empty_log(tmp_path):
    valid = [
        {"user_id": "u", "history": "a b a", "item_id": "007"},
        {"user_id": "v", "history": None, "item_id": "a"},
        {"user_id": "w", "history": "zz b", "item_id": "zz"},
        {"user_id": "x", "history": "zz b", "item_id": "a"},
    ]
    dataset = read_dataset(folder_of(tmp_path, log=None, valid=valid))
    assert len(dataset.interactions) == 0
    cases = dataset.cases["valid"]
    assert cases.user_keys == ("u", "v", "x")
    assert [history.tolist() for history in cases.histories()] == [[0, 1, 0], [], [1]]
    assert cases.targets.tolist() == [2, 0, 0]
    assert np.isnan(cases.times).all()
    assert dataset.report.skipped == {
        "unknown item as the answer in valid.csv": 1,
        "unknown item in a history of valid.csv": 1,
    }


def test_cases_without_items_make_their_own_catalogue(tmp_path):
    test = [{"user_id": "u", "history": ["z", "b"], "item_id": "a"}]
    dataset = read_dataset(folder_of(tmp_path, log=None, items=None, test=test, ending="jsonl"))
    assert list(dataset.catalogue.keys) == ["a", "b", "z"]
    assert dataset.cases["test"].history(0).tolist() == [2, 1]
    assert dataset.cases["test"].targets.tolist() == [0]


def test_unused_columns_are_noted(tmp_path):
    log = [{**row, "device": "tv", "weight": 1, "position": 3} for row in LOG]
    notes = read_dataset(folder_of(tmp_path, log)).report.notes
    assert "interactions.csv: columns not used: device, weight" in notes
    assert "timestamp and position are both there: position is not used" in notes


def test_the_first_to_ask_for_an_error_on_unknown_items_gets_it(tmp_path):
    log = [*LOG, {"user_id": "u", "item_id": "aa", "timestamp": 1, "rating": 1}]
    folder_of(tmp_path, log)
    expected = r'unknown item "aa" \(did you mean "a"\?\) \(in interactions.csv, row 4\)'
    with pytest.raises(DataError, match=expected):
        read_dataset(tmp_path, on_unknown="error")


def test_reading_writes_nothing(tmp_path):
    folder_of(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    read_dataset(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_long_numbers_are_names(tmp_path):
    """A float would make two sellers one."""
    (tmp_path / "items.csv").write_text(
        "item_id,title,seller,stock\na,A,1234567890123456781,3\nb,B,1234567890123456782,4\n"
    )
    (tmp_path / "interactions.csv").write_text("user_id,item_id,timestamp\nu,a,1\n")
    catalogue = read_dataset(tmp_path).catalogue
    assert [one.attributes["seller"] for one in catalogue] == ["1234567890123456781", "1234567890123456782"]
    assert [one.attributes["stock"] for one in catalogue] == [3, 4]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (json.dumps(["Fun \U0001f600", "Drama"]), ("Fun \U0001f600", "Drama")),
        (json.dumps(["Comedy", None]), ("Comedy",)),
        ("['Comedy', 'Drama']", ("Comedy", "Drama")),
        ('["Comedy", ' + "[" * 100_000, ('Comedy",',)),  # damaged, and too deep for any parser
        (r'["Comedy\ud83d", "Drama"]', ("Comedy?", "Drama")),  # half a surrogate pair, which no text holds
        (r"['Comedy\ud83d', 'Drama']", ("Comedy?", "Drama")),
    ],
)
def test_lists_written_out_in_a_cell(tmp_path, cell, expected):
    quoted = cell.replace('"', '""')
    (tmp_path / "items.csv").write_text(f'item_id,title,categories\na,A,"{quoted}"\n')
    (tmp_path / "interactions.csv").write_text("user_id,item_id,timestamp\nu,a,1\n")
    assert read_dataset(tmp_path).catalogue[0].categories == expected


def test_rows_of_a_table_of_items_that_are_left_out_are_said(tmp_path, capsys):
    (tmp_path / "new.csv").write_text(
        "item_id,title,price\n1,Salt,3\n2,Salt, pepper,4\n,Nothing,2\n4,Tea,5\n"
    )
    assert list(read_items(tmp_path / "new.csv").keys) == ["1", "4"]
    said = capsys.readouterr().err
    assert "new.csv: 1 rows left out: no item_id" in said
    assert said.count("rows left out") == 2


def test_a_column_may_come_up_in_a_later_file(tmp_path):
    (tmp_path / "items.csv").write_text("item_id,title\na,A\nb,B\n")
    folder = tmp_path / "interactions.parquet"
    folder.mkdir()
    for number, columns in enumerate(({}, {"rating": [5.0]})):
        rows = {"user_id": ["u"], "item_id": ["ab"[number]], "timestamp": [10 + number], **columns}
        pq.write_table(pa.table(rows), folder / f"{number}.parquet")
    np.testing.assert_array_equal(read_dataset(tmp_path).interactions.values, [np.nan, 5.0])


def test_a_parquet_file_with_a_name_twice_is_refused(tmp_path):
    (tmp_path / "items.csv").write_text("item_id,title\na,A\n")
    columns = [pa.array(["u"]), pa.array(["a"]), pa.array([1]), pa.array([2])]
    table = pa.Table.from_arrays(columns, ["user_id", "item_id", "timestamp", "timestamp"])
    pq.write_table(table, tmp_path / "interactions.parquet")
    with pytest.raises(DataError, match='the column "timestamp" stands twice .*interactions.parquet'):
        read_dataset(tmp_path)
