"""A pushed run is a run: whoever fetches it can ask it, and finds nobody's log in it."""

from __future__ import annotations

import shutil

import pytest

from firstlight.base.errors import ArtifactError, UnknownKeyError
from firstlight.base.files import verify_directory
from firstlight.recommender import Recommender, push
from firstlight.recommender.run_directory import load_run


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
