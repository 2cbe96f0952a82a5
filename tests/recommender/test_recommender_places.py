"""Where a run lies, who else writes it, and whose vectors it holds."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from firstlight.base.errors import ArtifactError, DataError, ModelError
from firstlight.base.files import verify_directory, write_text
from firstlight.encoders import Content
from firstlight.recommender import Recommender, add_items, evaluate, growing, pretrain, training
from firstlight.recommender.content import image_encoder_of, resolved, text_encoder_of
from firstlight.recommender.reporting import save_report
from firstlight.recommender.run_directory import IMAGE_ENCODER, load_run, revise

pytestmark = pytest.mark.slow


@pytest.fixture
def own(pretrained, tmp_path):
    """A pretrained run of one's own."""
    return shutil.copytree(pretrained, tmp_path / "own")


@pytest.fixture
def table(tmp_path):
    """A table of one new item with this key."""

    def write(key):
        path = tmp_path / f"{key}.csv"
        path.write_text(f"item_id,title\n{key},A Fresh Start\n")
        return path

    return write


def test_a_run_can_be_used_from_inside(own, table, monkeypatch):
    for command in (
        lambda: add_items(".", table("n1")),
        lambda: save_report(evaluate(".", most_cases=20)),
        lambda: add_items("../own", table("n2")),
    ):
        monkeypatch.chdir(own)
        command()
    monkeypatch.chdir(own)
    recommender = Recommender.from_pretrained(".")
    assert {"n1", "n2"} <= set(recommender.catalogue.keys)
    assert recommender.recommend(history=["n1"], k=3).recommendations
    assert recommender.run.index_path.parent.name == ".own.index"


def test_a_linked_run_stays_a_link(own, table, tmp_path):
    link = tmp_path / "current"
    link.symlink_to(own)
    add_items(link, table("n1"))
    assert link.is_symlink()
    assert "n1" in load_run(own).catalogue.keys


def test_of_two_writers_the_second_is_told(own, table, monkeypatch):
    """One item is added while another is encoded: the slower one may not undo it."""
    real = growing.read_content

    def slow(*arguments):
        monkeypatch.setattr(growing, "read_content", real)
        add_items(own, table("quick"))
        return real(*arguments)

    monkeypatch.setattr(growing, "read_content", slow)
    with pytest.raises(
        ArtifactError, match=r"changed meanwhile \(in .*own\).*run the command again; nothing was written"
    ):
        add_items(own, table("slow"))
    keys = load_run(own).catalogue.keys
    assert ("quick" in keys, "slow" in keys) == (True, False)
    add_items(own, table("slow"))
    assert {"quick", "slow"} <= set(load_run(own).catalogue.keys)


def test_what_is_changed_while_a_draft_is_open_stays(own, table):
    with pytest.raises(ArtifactError, match="changed meanwhile"), revise(own) as draft:
        write_text(draft / "report" / "index.html", "mine")
        add_items(own, table("n1"))
    verify_directory(own)
    assert "n1" in load_run(own).catalogue.keys
    assert not (own / "report").exists()


def test_a_run_replaced_while_it_is_copied_is_told(own, table, monkeypatch):
    def gone(*_arguments, **_options):
        add_items(own, table("n1"))
        raise FileNotFoundError(2, "No such file or directory")

    before = shutil.copytree
    monkeypatch.setattr(
        shutil, "copytree", lambda *a, **o: monkeypatch.setattr(shutil, "copytree", before) or gone()
    )
    with pytest.raises(ArtifactError, match="changed meanwhile"), revise(own):
        pass
    verify_directory(own)


def test_the_encoders_of_a_run_are_the_ones_that_made_its_vectors(pretrained):
    run = load_run(pretrained)
    assert run.content.text is not None and run.content.image is not None
    assert text_encoder_of(run) is not None and image_encoder_of(run) is not None
    other = replace(
        run,
        content=Content(
            replace(run.content.text, encoder="other@1"), replace(run.content.image, encoder="other@2")
        ),
    )
    message = r"the encoder sentence-transformers/\S+@\w+ \(in content.text\); expected other@1, which made"
    with pytest.raises(ModelError, match=message):
        text_encoder_of(other)
    with pytest.raises(ModelError, match=r"the encoder image_encoder@\w+ .*other@2.*pretrain again"):
        image_encoder_of(other)


def test_folders_of_encoders_are_kept_absolute(small_config, tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    (tmp_path / "none").mkdir()
    monkeypatch.chdir(tmp_path)
    config = replace(small_config.content, text="model", image="none")
    assert resolved(config).text == str(tmp_path / "model")
    assert resolved(config).image == "none"
    assert resolved(small_config.content) == small_config.content
    seen = []
    monkeypatch.setattr(training, "_stands_already", lambda _out, asked: seen.append(asked) or True)
    with pytest.raises(DataError, match="no such folder"):  # a finished run is compared with its data
        pretrain("data", "out", replace(small_config, content=config))
    assert seen[0].content == resolved(config)


def test_a_tower_left_by_a_run_cut_short_is_not_published(world, small_config, tmp_path):
    stale = tmp_path / ".run.work" / IMAGE_ENCODER
    stale.mkdir(parents=True)
    (stale / "open_clip_config.json").write_text("{}")
    config = replace(
        small_config,
        content=replace(small_config.content, text="none", image="none"),
        pretrain=replace(small_config.pretrain, epochs=1),
    )
    run = load_run(pretrain(world, tmp_path / "run", config))
    assert not (run.path / IMAGE_ENCODER).exists()
    assert np.all(run.counts >= 0)
