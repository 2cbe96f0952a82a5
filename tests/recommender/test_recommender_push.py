"""A pushed run is a run: whoever fetches it can ask it, and finds nobody's log in it."""

from __future__ import annotations

import json
import shutil

import pytest
from pyarrow import parquet

from firstlight.base.errors import ArtifactError, UnknownKeyError
from firstlight.base.files import verify_directory, write_json
from firstlight.recommender import Recommender, push
from firstlight.recommender.run_directory import load_run, revise


class Hub:
    """Stands for the hub's client: keeps what is uploaded."""

    def __init__(self, folder) -> None:
        self.folder, self.created = folder, []

    def create_repo(self, repo_id, *, private, exist_ok):
        self.created.append((repo_id, private, exist_ok))

    def upload_folder(self, *, repo_id, folder_path):
        shutil.copytree(folder_path, self.folder)
        return f"hub/{repo_id}"


def test_what_is_fetched_answers_and_knows_nobody(run, tmp_path):
    own = Recommender.from_pretrained(run)
    someone, history = str(own.run.log.user_keys[0]), [str(key) for key in own.catalogue.keys[:3]]
    hub = Hub(tmp_path / "fetched")
    assert push(run, "shop/first", private=True, api=hub) == "hub/shop/first"
    assert hub.created == [("shop/first", True, True)]
    fetched = Recommender.from_pretrained(hub.folder)
    assert len(fetched.run.log) == 0
    assert someone.encode() not in (hub.folder / "log.parquet").read_bytes()
    asked = [one.recommend(history=history, k=5).recommendations for one in (own, fetched)]
    assert [one.item.key for one in asked[0]] == [one.item.key for one in asked[1]]
    with pytest.raises(UnknownKeyError):
        fetched.recommend(user=someone)
    assert (hub.folder / "README.md").read_text().startswith("---\nlibrary_name: firstlight")


def test_no_file_of_the_upload_tells_of_people_or_of_this_machine(run, tmp_path, world):
    """A report with a gallery and a leak's example, pictures that could not be read, local commands."""
    someone = str(load_run(run).log.user_keys[0])
    command = f"firstlight evaluate {run} --data={tmp_path}/elsewhere --set ranker.model=own/er"
    shutil.rmtree(run / "report", ignore_errors=True)  # of another test's evaluation
    plant_report(run / "report", someone, command)
    plant_report(run / "report" / "zero-shot-1234", someone, command)
    hub = Hub(tmp_path / "fetched")
    with revise(run):
        pass  # the manifest knows of the reports now
    push(run, "shop/first", api=hub)
    files = [path for path in hub.folder.rglob("*") if path.is_file()]
    for path in files:
        told = path.read_bytes()
        if path.suffix == ".parquet":
            told = json.dumps(parquet.read_table(path).to_pydict()).encode()
        for private in (someone, str(tmp_path), str(world.parent)):
            assert private.encode() not in told, path
    assert {path.name for path in files if "report" in path.parts} == {"metrics.json", "chart.png"}
    metrics = json.loads((hub.folder / "report" / "metrics.json").read_text())
    assert metrics["leaks"][0] == {"check": "too good", "count": 1, "example": ""}
    assert (
        metrics["provenance"]["command"]
        == "firstlight evaluate run --data=elsewhere --set ranker.model=own/er"
    )
    assert someone in (run / "report" / "index.html").read_text(), "the own report is as it was"


def test_what_is_fetched_still_reads_pictures(run, tmp_path, world):
    hub = Hub(tmp_path / "fetched")
    push(run, "shop/first", api=hub)
    picture = next(path for path in world.rglob("*") if path.suffix in (".png", ".jpg"))
    asked = [Recommender.from_pretrained(path).recommend(image=picture, k=5) for path in (run, hub.folder)]
    assert [one.item.key for one in asked[0].recommendations] == [
        one.item.key for one in asked[1].recommendations
    ]


def plant_report(folder, someone, command):
    """What `demo` leaves, in short."""
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(f"<h3>{someone}</h3>")
    (folder / "card.md").write_text(f"Leak check: person {someone}. Command: {command}")
    (folder / "chart.png").write_bytes(b"png")
    leak = {"check": "too good", "count": 1, "example": f'person "{someone}", row 3'}
    about = {"command": command, "notes": []}
    write_json(folder / "metrics.json", {"systems": {}, "provenance": about, "leaks": [leak]})


def test_the_own_log_stays(run, tmp_path):
    before = len(load_run(run).log)
    push(run, "shop/first", api=Hub(tmp_path / "fetched"))
    verify_directory(run)
    assert len(load_run(run).log) == before > 0


def test_a_hub_that_cannot_be_reached_is_said(run, tmp_path):
    hub = Hub(tmp_path / "fetched")

    def refuse(*_, **__):
        raise OSError("no route")

    hub.create_repo = refuse
    with pytest.raises(
        ArtifactError, match=r"the hub did not take the run: no route \(in shop/first\); log in"
    ):
        push(run, "shop/first", api=hub)
    verify_directory(run)
