"""The published formats, written out small by hand as their owners write them."""

import gzip
import json

import numpy as np
import pytest

from firstlight.base.errors import DataError
from firstlight.corpus import read_dataset


def rows_of(dataset):
    log = dataset.interactions
    keys = dataset.catalogue.keys
    people = [log.user_keys[user] for user in log.users]
    return list(zip(people, [keys[row] for row in log.rows], log.times, log.values, strict=True))


def test_movielens_latest(tmp_path):
    (tmp_path / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n1,10,4.0,964982703\n2,20,0.5,964982931\n"
    )
    (tmp_path / "movies.csv").write_text(
        'movieId,title,genres\n10,"American President, The (1995)",Comedy|Drama\n'
        "20,Toy Story (1995),(no genres listed)\n"
    )
    (tmp_path / "tags.csv").write_text("userId,movieId,tag,timestamp\n1,10,witty,5\n")
    dataset = read_dataset(tmp_path)
    assert dataset.report.kind == "MovieLens latest"
    assert rows_of(dataset) == [("1", "10", 964982703.0, 4.0), ("2", "20", 964982931.0, 0.5)]
    president, toys = dataset.catalogue
    assert president.title == "American President, The (1995)"
    assert president.categories == ("Comedy", "Drama")
    assert toys.categories == ()
    assert dict(toys.attributes) == {"year": 1995}
    assert any(note.startswith("tags.csv is read only when joined") for note in dataset.report.notes)


def test_movielens_latest_without_movies_says_so(tmp_path):
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,10,4.0,964982703\n")
    with pytest.raises(DataError, match=r"no such file \(in .*movies.csv\)"):
        read_dataset(tmp_path)


def test_movielens_1m(tmp_path):
    (tmp_path / "ratings.dat").write_bytes(b"1::10::5::978300760\n1::20::3::978302109\n")
    (tmp_path / "movies.dat").write_bytes(
        '10::Misérables, Les (1995)::Drama|Musical\n20::Alien: "The" Cut (1979)::Horror\n'.encode("latin-1")
    )
    (tmp_path / "users.dat").write_bytes(b"1::F::1::10::48067\n2::M::56::16::02139\n")
    dataset = read_dataset(tmp_path)
    assert dataset.report.kind == "MovieLens 1M"
    assert rows_of(dataset) == [("1", "10", 978300760.0, 5.0), ("1", "20", 978302109.0, 3.0)]
    assert [item.title for item in dataset.catalogue] == ["Misérables, Les (1995)", 'Alien: "The" Cut (1979)']
    assert dataset.catalogue[0].categories == ("Drama", "Musical")
    assert dataset.users.to_pylist()[1] == {
        "user_id": "2", "gender": "M", "age": 56, "occupation": 16, "zip": "02139"
    }  # fmt: skip


def test_movielens_10m_is_in_utf8_and_has_no_people(tmp_path):
    (tmp_path / "ratings.dat").write_bytes(b"1::10::5::978300760\n1::20::3::978302109\n")
    (tmp_path / "movies.dat").write_bytes(
        "10::Misérables, Les (1995)::Drama\n20::Amélie (2001)::Comedy\n".encode()
    )
    assert [item.title for item in read_dataset(tmp_path).catalogue] == [
        "Misérables, Les (1995)",
        "Amélie (2001)",
    ]


def test_the_double_colon_is_found_across_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("firstlight.corpus.readers.streams.BLOCK_BYTES", 3)
    test_movielens_1m(tmp_path)


def test_movielens_100k(tmp_path):
    (tmp_path / "u.data").write_text("196\t242\t3\t881250949\n")
    flags = "|".join("1" if place in (3, 4) else "0" for place in range(19))
    line = f"242|Café (1996)|24-Jan-1997||http://us.imdb.com/x|{flags}\n"
    (tmp_path / "u.item").write_bytes(line.encode("latin-1"))
    (tmp_path / "u.user").write_text("196|49|M|writer|55105\n")
    dataset = read_dataset(tmp_path)
    assert dataset.report.kind == "MovieLens 100k"
    assert rows_of(dataset) == [("196", "242", 881250949.0, 3.0)]
    assert dataset.catalogue[0].title == "Café (1996)"
    assert dataset.catalogue[0].categories == ("Animation", "Children's")
    assert dataset.users.column_names == ["user_id", "age", "gender", "occupation", "zip"]


@pytest.mark.parametrize("zipped", [False, True])
def test_amazon_reviews_2023(tmp_path, zipped):
    reviews = [
        {
            "user_id": "U1",
            "parent_asin": "A1",
            "asin": "A0",
            "rating": 5.0,
            "timestamp": 1588687728923,
            "text": "x" * 50,
        },
        {"user_id": "U1", "parent_asin": "A2", "asin": "A2", "rating": 1.0, "timestamp": 1588687728924},
    ]
    metadata = [
        {
            "parent_asin": "A1",
            "title": "Cream",
            "description": ["Soft.", "Mild."],
            "features": ["not read"],
            "categories": ["Beauty", "Skin"],
            "price": "from 1,024.99",
            "average_rating": 4.8,
            "rating_number": 9,
            "images": [
                {"thumb": "http://t", "hi_res": "http://side", "variant": "PT01"},
                {"large": "http://l", "hi_res": None, "variant": "MAIN"},
            ],
            "store": "Acme",
            "details": {"Brand": "Acme"},
        },
        {
            "parent_asin": "A2",
            "title": "Soap",
            "description": [],
            "features": ["Clean.", "Long."],
            "price": None,
            "categories": [],
            "images": {"hi_res": [None], "large": ["http://z"]},
        },
    ]
    for name, rows in {"Beauty": reviews, "meta_Beauty": metadata}.items():
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        (tmp_path / f"{name}.jsonl{'.gz' if zipped else ''}").write_bytes(
            gzip.compress(data) if zipped else data
        )
    dataset = read_dataset(tmp_path)
    assert dataset.report.kind == "Amazon Reviews 2023"
    assert rows_of(dataset) == [("U1", "A1", 1588687728.923, 5.0), ("U1", "A2", 1588687728.924, 1.0)]
    cream, soap = dataset.catalogue
    assert (cream.title, cream.description, cream.categories) == ("Cream", "Soft. Mild.", ("Beauty", "Skin"))
    assert dict(cream.attributes) == {"store": "Acme", "price": 1024.99, "image_link": "http://l"}
    assert soap.description == "Clean. Long."
    assert dict(soap.attributes) == {"image_link": "http://z"}
    assert any("average_rating, rating_number" in note for note in dataset.report.notes)


def test_amazon_metadata_alone_is_refused(tmp_path):
    (tmp_path / "meta_Toys.jsonl").write_text('{"parent_asin": "A"}\n')
    with pytest.raises(DataError, match="metadata without reviews"):
        read_dataset(tmp_path)


def test_recbole_atomic_files(tmp_path):
    (tmp_path / "x.inter").write_text(
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\tlabel:float\n1\t7\t3\t881250949\t1\n1\t8\t5\t881250950\t0\n"
    )
    (tmp_path / "x.item").write_text(
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\tprice:float\tvector:float_seq\n"
        '7\tToy "Story"\t1995\tAnimation Comedy\t9.5\t0.5 -1\n8\tHeat\t\tAction\t\t\n'
    )
    (tmp_path / "x.user").write_text("user_id:token\tage:token\n1\t24\n")
    dataset = read_dataset(tmp_path)
    assert dataset.report.kind == "RecBole"
    assert rows_of(dataset) == [("1", "7", 881250949.0, 3.0), ("1", "8", 881250950.0, 5.0)]
    toys, heat = dataset.catalogue
    assert (toys.title, toys.categories) == ('Toy "Story"', ("Animation", "Comedy"))
    assert dict(toys.attributes) == {"release_year": 1995, "price": 9.5, "vector": (0.5, -1.0)}
    assert dict(heat.attributes) == {}
    assert dataset.users.to_pylist() == [{"user_id": "1", "age": 24}]
    assert "x.inter: columns not used: label" in dataset.report.notes


def test_recbole_headers_must_be_typed_and_alone(tmp_path):
    (tmp_path / "x.inter").write_text("user_id\titem_id:token\n1\t2\n")
    with pytest.raises(DataError, match=r'the header "user_id" \(in x.inter\); expected name:type'):
        read_dataset(tmp_path)
    (tmp_path / "x.valid.inter").write_text("user_id:token\titem_id:token\n1\t2\n")
    with pytest.raises(DataError, match=r"x.inter and x.valid.inter .* expected one .inter file"):
        read_dataset(tmp_path)


@pytest.fixture
def hub_tables(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    log = {"user_id": [1, 1, 2], "item_id": ["b", "a", "zz"], "timestamp": [5, 9, 7]}
    items = {"item_id": ["a", "b"], "title": ["A", "B"], "genres": [["x"], []], "year": [1999, 2000]}
    return datasets, {
        "interactions": datasets.Dataset.from_dict(log),
        "items": datasets.Dataset.from_dict(items),
    }


def check_hub(dataset):
    np.testing.assert_equal(rows_of(dataset), [("1", "b", 5.0, np.nan), ("1", "a", 9.0, np.nan)])
    assert dataset.catalogue[0].categories == ("x",)
    assert dataset.report.skipped == {"unknown item": 1}


def test_a_saved_hugging_face_folder(tmp_path, hub_tables):
    datasets, tables = hub_tables
    datasets.DatasetDict(tables).save_to_disk(str(tmp_path / "both"))
    check_hub(read_dataset(tmp_path / "both"))
    tables["interactions"].save_to_disk(str(tmp_path / "alone"))
    assert list(read_dataset(tmp_path / "alone").catalogue.keys) == ["a", "b", "zz"]
    tables["items"].save_to_disk(str(tmp_path / "items"))
    with pytest.raises(
        DataError, match="no table of interactions among: table: genres, item_id, title, year"
    ):
        read_dataset(tmp_path / "items")
    (tmp_path / "alone" / "state.json").write_text("{")
    with pytest.raises(DataError, match="not a readable saved dataset"):
        read_dataset(tmp_path / "alone")


def test_a_hub_id_reads_its_configurations(monkeypatch, hub_tables):
    datasets, tables = hub_tables
    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", lambda self, name, **_: name)
    monkeypatch.setattr(datasets, "get_dataset_config_names", lambda name: ["items", "interactions", "raw"])
    monkeypatch.setattr(
        datasets, "load_dataset", lambda name, one: datasets.DatasetDict({"train": tables[one]})
    )
    check_hub(read_dataset("hf:someone/films"))
    check_hub(read_dataset("someone/films"))


def test_without_a_hub_both_ways_out_are_named(monkeypatch, hub_tables, tmp_path):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path)

    def unreachable(self, name, **_):
        raise ConnectionError("no route")

    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", unreachable)
    with pytest.raises(DataError) as caught:
        read_dataset("someone/films")
    assert '"someone/films" is no folder here, and could not be loaded as a dataset: no route' in str(
        caught.value
    )
    assert "load it once (it stays in the cache) or save_to_disk and give that folder" in caught.value.fix
