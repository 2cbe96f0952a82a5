"""Small and bare catalogues: nothing to read of an item, one item, nobody to validate on, words that come late."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firstlight.base.errors import DataError
from firstlight.recommender import Recommender, RunConfig, add_items, mixture, pretrain, training
from firstlight.recommender.run_directory import load_run

PEOPLE, ITEMS, LENGTH = 60, 30, 6


def bare_settings(**split) -> RunConfig:
    """IDs alone, trained in a second."""
    config = RunConfig()
    return replace(
        config,
        content=replace(config.content, text="none", image="none"),
        shape=replace(config.shape, hidden_size=8, n_blocks=1),
        pretrain=replace(config.pretrain, epochs=1),
        split=replace(config.split, **({"protocol": "leave-one-out"} | split)),
    )


def written(folder: Path, sentences, titles=None) -> Path:
    folder.mkdir()
    rows = [f"u{u},i{item},{place}" for u, one in enumerate(sentences) for place, item in enumerate(one)]
    (folder / "interactions.csv").write_text("\n".join(["user_id,item_id,position", *rows]) + "\n")
    if titles is not None:
        lines = [f"i{number},{title}" for number, title in enumerate(titles)]
        (folder / "items.csv").write_text("\n".join(["item_id,title", *lines]) + "\n")
    return folder


def sentences(items: int = ITEMS, length: int = LENGTH):
    rng = np.random.default_rng(0)
    return [rng.permutation(items)[:length].tolist() for _ in range(PEOPLE)]


def test_a_log_and_nothing_else_is_enough(tmp_path):
    """No titles, no encoders: no content expert, and nothing looks alike."""
    run = pretrain(written(tmp_path / "data", sentences()), tmp_path / "run", bare_settings())
    assert load_run(run).look_alikes.nnz == 0
    answer = Recommender.from_pretrained(run).recommend(user="u3", k=5)
    assert len(answer.recommendations) == 5


def test_a_catalogue_beyond_the_mixer_is_ranked_by_the_network_and_said_to_be(tmp_path, monkeypatch, capsys):
    for module in (mixture, training):
        monkeypatch.setattr(module, "LIMIT", ITEMS - 1)
    data, bare = written(tmp_path / "data", sentences()), bare_settings()
    run = pretrain(data, tmp_path / "run", bare)
    assert "more than the mixer takes" not in capsys.readouterr().err
    assert load_run(run).mixer is None
    assert load_run(run).traces.far.nnz == 0
    assert len(Recommender.from_pretrained(run).recommend(user="u3", k=5).recommendations) == 5
    settings = replace(bare, pretrain=replace(bare.pretrain, cold_share=0.0))
    pretrain(data, tmp_path / "other", settings)
    assert capsys.readouterr().err.startswith(
        "30 items are more than the mixer takes (29), and pretrain.cold_share = 0 teaches the network nothing "
        "about items nobody has touched: --set pretrain.cold_share=0.15 does"
    )


def test_items_added_to_a_run_without_encoders_can_be_asked_for_and_with(tmp_path):
    titles = [f"film {number % 7}" for number in range(ITEMS)]
    run = pretrain(written(tmp_path / "data", sentences(), titles), tmp_path / "run", bare_settings())
    (tmp_path / "new.csv").write_text("item_id,title\nx1,film 3\nx2,nothing like it\n")
    add_items(run, tmp_path / "new.csv")
    recommender = Recommender.from_pretrained(run)
    for question in ({}, {"user": "u1"}, {"history": ["x1"]}, {"history": ["i1"]}):
        assert len(recommender.recommend(k=3, **question).recommendations) == 3
    only = recommender.recommend(history=["i3"], allow=["x1", "x2"])
    assert {str(one.item.key) for one in only.recommendations} == {"x1", "x2"}


def test_nobody_to_choose_a_checkpoint_by_is_said_before_anything_is_trained(tmp_path):
    data = written(tmp_path / "data", [[u % 8, (u + 1) % 8] for u in range(12)])
    with pytest.raises(
        DataError, match=r"nobody is left.*leave-one-out.*24 interactions.*at least one question.*longer log"
    ):
        pretrain(data, tmp_path / "run", bare_settings())
    assert not (tmp_path / "run").exists()


def test_one_item_is_a_catalogue(tmp_path):
    data = written(tmp_path / "data", [[0] * 4] * 12, ["the only one"])
    recommender = Recommender.from_pretrained(pretrain(data, tmp_path / "run", bare_settings()))
    assert [str(one.item.key) for one in recommender.recommend(k=3).recommendations] == ["i0"]
    assert not recommender.recommend(user="u1", k=3).recommendations, "it was seen"


def test_a_word_that_validation_makes_known_changes_nothing_for_the_mixer(tmp_path):
    """Two items that people took must share a word before it counts; the second is taken in validation alone."""
    titles = [f"word{number}" for number in range(10)] + ["shared", "shared"]
    people = sentences(11)
    for person in people[:3]:
        person[-2] = 11
    data = written(tmp_path / "data", people, titles)
    run = pretrain(data, tmp_path / "run", bare_settings(train_on_valid=True))
    assert len(Recommender.from_pretrained(run).recommend(user="u5", k=2).recommendations) == 2


def test_what_comes_out_later_is_not_recommended_yet(pretrained, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(pretrained, run)
    table = tmp_path / "new.csv"
    table.write_text("item_id,title,available_from\nsoon,Soon,2100-01-01\nnow,Now,2001-01-01\n")
    add_items(run, table)
    recommender = Recommender.from_pretrained(run)
    found = recommender.recommend(history=[recommender.catalogue.keys[0]], k=len(recommender.catalogue))
    keys = {one.item.key for one in found.recommendations}
    assert "now" in keys
    assert "soon" not in keys
