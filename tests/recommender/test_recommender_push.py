"""A pushed run is a run: whoever fetches it can ask it, and finds nobody's log in it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from pyarrow import parquet

from firstlight.base.errors import ArtifactError, UnknownKeyError
from firstlight.base.files import read_json, verify_directory, write_json
from firstlight.eval import CaseResults, Finding, Provenance, Report, compare
from firstlight.eval.write import write_report
from firstlight.recommender import Recommender, push
from firstlight.recommender.hub import model_card
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
    assert metrics["leaks"][0] == {"check": "too good", "count": 1, "total": 9, "example": ""}
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


@pytest.mark.parametrize("k", [5, 10])
def test_the_card_shows_the_metric_of_the_report_and_how_to_repeat_it(tmp_path, k):
    ranks, nobody = np.array([1.0, 3.0, 30.0, 7.0]), np.zeros(4, np.int64)
    lists = np.zeros((4, k), np.int32)
    ours = CaseResults("firstlight", ranks, lists, np.arange(4), np.array([3, 3, 0, 0]), nobody, (k,))
    rival = replace(ours, name="popularity", ranks=np.full(4, np.inf))
    metric = f"NDCG@{k}"
    about = Provenance("firstlight evaluate run", "leave-one-out", "d1g35t", (0, 5), 1.0)
    report = Report(
        "Firstlight", about, systems=[one.summary(replicates=20) for one in (ours, rival)], metric=metric,
        comparisons={"all": [compare(ours, rival, metric)]}, limits=["One split."],
        findings=[Finding("too good", "leak", 1, 4, 'person "zoe"', "look again")],
    )  # fmt: skip
    write_report(tmp_path / "report", report)
    write_json(tmp_path / "training.json", {"split": {"name": "leave-one-out", "digest": "d1g35t"}})
    card = model_card(tmp_path)
    assert "Split: leave-one-out (digest `d1g35t`)." in card
    assert f"| system | segment | n | {metric} | 95 % interval |" in card
    found = {"all": 4, "warm": 2, "cold": 2}
    for segment, n in found.items():
        mean = report.systems[0][segment].metrics[metric].mean
        assert f"| firstlight | {segment} | {n} | {mean:.4f} | " in card
    assert "\nSeeds: 0, 5. Command: `firstlight evaluate run`.\n" in card
    assert f"\n- firstlight and popularity cannot be told apart at {metric}: 0." in card
    assert "\n- Leak check: too good, 1 of 4\n- One split.\n" in card
    assert "zoe" not in card


def test_the_card_of_an_older_report_shows_its_only_metric(tmp_path):
    segment = {"n": 4, "people": 4, "NDCG@10": [0.5, 0.25, 0.75]}
    plant_report(tmp_path / "report", "ann", "firstlight evaluate run")
    older = read_json(tmp_path / "report" / "metrics.json") | {"systems": {"firstlight": {"all": segment}}}
    write_json(tmp_path / "report" / "metrics.json", older)
    write_json(tmp_path / "training.json", {"split": {"name": "leave-one-out", "digest": "d1g35t"}})
    assert "| firstlight | all | 4 | 0.5000 | 0.2500 to 0.7500 |" in model_card(tmp_path)


def plant_report(folder, someone, command):
    """What `demo` leaves, in short."""
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(f"<h3>{someone}</h3>")
    (folder / "card.md").write_text(f"Leak check: person {someone}. Command: {command}")
    (folder / "chart.png").write_bytes(b"png")
    leak = {"check": "too good", "count": 1, "total": 9, "example": f'person "{someone}", row 3'}
    figures = {"systems": {}, "comparisons": {}, "leaks": [leak], "limits": []}
    about = {"command": command, "notes": [], "seeds": [0]}
    write_json(folder / "metrics.json", figures | {"provenance": about})


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
