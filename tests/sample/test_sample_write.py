"""The sample folder: same seed same bytes, ordinary files, careful with what is already there."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from firstlight.base.errors import ConfigError, DataError
from firstlight.base.files import verify_directory
from firstlight.corpus.sample import load_truth, write_sample
from firstlight.corpus.sample.items import DAY, DAYS, END, START

USERS, ITEMS = 300, 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample") / "world"
    write_sample(out, users=USERS, items=ITEMS, seed=3)
    return out


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def hashes(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
def test_another_process_with_another_hash_seed_writes_the_same_bytes(folder, tmp_path):
    sizes = f"users={USERS}, items={ITEMS}, seed=3"
    code = f"import sys; from firstlight import write_sample; write_sample(sys.argv[1], {sizes})"
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "again")], env=environment, check=True)
    again = hashes(tmp_path / "again")
    assert again == hashes(folder)
    assert sum(name.startswith("images/") for name in again) > ITEMS * 0.9


def test_another_seed_writes_another_world(folder, tmp_path):
    write_sample(tmp_path / "other", users=USERS, items=ITEMS, seed=4, images=False)
    ours, other = hashes(folder), hashes(tmp_path / "other")
    assert all(ours[name] != other[name] for name in ("items.csv", "interactions.csv", "users.csv"))


def test_the_summary_counts_what_is_there(tmp_path):
    summary = write_sample(tmp_path / "w", users=50, items=40, seed=0)
    assert summary.path == (tmp_path / "w").resolve()
    assert (summary.users, summary.items, summary.seed) == (50, 40, 0)
    assert len(rows(tmp_path / "w" / "users.csv")) == 50
    assert len(rows(tmp_path / "w" / "items.csv")) == 40
    assert len(rows(tmp_path / "w" / "interactions.csv")) == summary.interactions
    assert len(rows(tmp_path / "w" / "exposures.csv")) == summary.exposures
    assert len(list((tmp_path / "w" / "images").iterdir())) == summary.pictures


def test_items_have_what_the_data_contract_asks_for(folder):
    items = rows(folder / "items.csv")
    assert len({item["item_id"] for item in items}) == len({item["title"] for item in items}) == ITEMS
    assert 0 < sum(not item["description"] for item in items) < 0.08 * ITEMS
    assert 0 < sum(not item["image"] for item in items) < 0.08 * ITEMS
    for item in items:
        assert item["image"] in ("", f"images/{item['item_id']}.jpg")
        assert not item["image"] or (folder / item["image"]).is_file()
        assert 1 <= len(item["categories"].split("|")) <= 2
        assert 1980 <= int(item["year"]) <= int(item["available_from"][:4])
        assert int(item["length_minutes"]) > 0


def test_releases_give_a_time_cut_its_cold_items(folder):
    days = [
        datetime.fromisoformat(item["available_from"]).replace(tzinfo=UTC)
        for item in rows(folder / "items.csv")
    ]
    released = np.array([day.timestamp() for day in days])
    assert 0.4 < (released < START).mean() < 0.6
    assert 0.15 <= (released >= START + 0.8 * DAYS * DAY).mean() <= 0.20


def test_pictures_are_small_and_of_one_size(folder):
    paths = sorted((folder / "images").iterdir())
    assert {Image.open(path).size for path in paths} == {(128, 128)}
    assert np.mean([path.stat().st_size for path in paths]) < 10_000


def test_interactions_are_the_clicked_exposures(folder):
    clicks, shown = rows(folder / "interactions.csv"), rows(folder / "exposures.csv")
    clicked = Counter((one["user_id"], one["item_id"]) for one in shown if one["clicked"] == "1")
    assert clicked == Counter((one["user_id"], one["item_id"]) for one in clicks)
    assert max(clicked.values()) == 1  # nobody watches a film twice
    assert {one["rating"] for one in clicks} == {"", "1", "2", "3", "4", "5"}
    assert {one["event"] for one in clicks} == {"abandoned", "watched", "finished"}
    assert all(0 < float(one["propensity"]) <= 1 for one in shown)


def test_nobody_acts_before_joining_or_sees_a_film_before_its_release(folder):
    joined = {one["user_id"]: one["joined"] for one in rows(folder / "users.csv")}
    released = {one["item_id"]: one["available_from"] for one in rows(folder / "items.csv")}
    for one in rows(folder / "exposures.csv"):
        day = datetime.fromtimestamp(int(one["timestamp"]), UTC).date().isoformat()
        assert day >= joined[one["user_id"]]
        assert day >= released[one["item_id"]]
        assert START <= int(one["timestamp"]) < END + 10 * DAY


def test_without_images_there_is_no_image_folder(tmp_path):
    summary = write_sample(tmp_path / "w", users=5, items=5, images=False)
    assert summary.pictures == 0
    assert not (tmp_path / "w" / "images").exists()
    assert {one["image"] for one in rows(tmp_path / "w" / "items.csv")} == {""}


@pytest.mark.parametrize(("users", "items"), [(1, 1), (1, 7), (20, 2), (3, 30)])
def test_the_smallest_worlds_work(tmp_path, users, items):
    write_sample(tmp_path / "w", users=users, items=items, images=False)
    truth = load_truth(tmp_path / "w" / "truth")
    scores = truth.relevance("u00000", END)
    assert scores.shape == (items,)
    assert np.isfinite(scores).all()


def test_the_folder_is_published_whole_with_a_manifest(folder):
    manifest = verify_directory(folder)
    assert {"items.csv", "interactions.csv", "exposures.csv", "users.csv", "README.txt"} <= set(manifest)
    assert not list(folder.parent.glob(".*"))


def test_a_former_sample_is_replaced(tmp_path):
    write_sample(tmp_path / "w", users=5, items=5, images=True)
    write_sample(tmp_path / "w", users=6, items=6, images=False)
    assert len(rows(tmp_path / "w" / "users.csv")) == 6
    assert not (tmp_path / "w" / "images").exists()


def test_an_empty_folder_is_used(tmp_path):
    (tmp_path / "w").mkdir()
    assert write_sample(tmp_path / "w", users=2, items=3, images=False).items == 3


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(
        DataError, match=r"not empty: notes\.txt .*new or empty folder.*choose another folder"
    ):
        write_sample(tmp_path, users=2, items=3)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_former_sample_with_a_foreign_file_is_refused(tmp_path):
    write_sample(tmp_path / "w", users=2, items=3, images=False)
    (tmp_path / "w" / "thesis.tex").write_text("years of work")
    with pytest.raises(DataError, match=r"thesis\.tex"):
        write_sample(tmp_path / "w", users=2, items=3)
    assert (tmp_path / "w" / "thesis.tex").read_text() == "years of work"


def test_a_folder_that_only_looks_like_a_sample_is_refused(tmp_path):
    (tmp_path / "w" / "truth").mkdir(parents=True)
    (tmp_path / "w" / "truth" / "world.json").write_text(json.dumps({"kind": "something else"}))
    (tmp_path / "w" / "manifest.json").write_text(json.dumps({"files": {"truth/world.json": ""}}))
    with pytest.raises(DataError, match="not empty"):
        write_sample(tmp_path / "w", users=2, items=3)


def test_a_file_is_refused(tmp_path):
    (tmp_path / "w").write_text("")
    with pytest.raises(ConfigError, match=r"a file .*expected a folder"):
        write_sample(tmp_path / "w")


@pytest.mark.parametrize(
    ("sizes", "text"),
    [
        ({"users": 0}, r"0 \(in --users\); expected a number of at least 1"),
        ({"items": -4}, r"-4 \(in --items\)"),
        ({"seed": -1}, r"-1 \(in --seed\); expected a number of at least 0"),
    ],
)
def test_impossible_numbers_are_refused(tmp_path, sizes, text):
    with pytest.raises(ConfigError, match=text):
        write_sample(tmp_path / "w", **sizes)
    assert not (tmp_path / "w").exists()


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def broken(*_args, **_options):
        raise RuntimeError("the brush broke")

    monkeypatch.setattr("firstlight.corpus.sample.write.write_pictures", broken)
    with pytest.raises(RuntimeError, match="brush"):
        write_sample(tmp_path / "w", users=2, items=3)
    assert list(tmp_path.iterdir()) == []
