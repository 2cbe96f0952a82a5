"""Which encoders a run gets: pictures that cannot be learned from are left out, unless they were asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from firstlight.base.errors import ConfigError, ModelError
from firstlight.corpus import Catalogue, Item, ItemKey
from firstlight.encoders import TextEncoder, align
from firstlight.recommender import pretrain
from firstlight.recommender.config import ContentConfig
from firstlight.recommender.content import image_encoder
from firstlight.recommender.data import read_data
from firstlight.recommender.splitting import make_split


@pytest.fixture(scope="module")
def text():
    return TextEncoder(device="cpu")


def catalogue_of(folder, count):
    items = [Item(ItemKey(f"k{i}"), f"Title {i}", image=folder / f"{i}.png") for i in range(count)]
    return Catalogue.from_items(items)


def chosen(image, catalogue, folder, text):
    rows = np.arange(len(catalogue))
    return image_encoder(
        ContentConfig(image=image), catalogue, folder / "tower", text=text, rows=rows, seed=0
    )


@pytest.mark.parametrize("count", [3, 100])
def test_pictures_that_are_missing_are_left_out_unless_asked_for(tmp_path, text, count, capsys):
    catalogue = catalogue_of(tmp_path, count)
    assert chosen("auto", catalogue, tmp_path, text) is None
    told = f"{count} pictures are left out: 0 items with both a text and a readable picture; expected at least 64"
    assert told in capsys.readouterr().err
    with pytest.raises(ModelError, match="0 items with both a text and a readable picture"):
        chosen("align", catalogue, tmp_path, text)


def test_pictures_without_text_are_left_out_unless_asked_for(tmp_path, capsys):
    catalogue = catalogue_of(tmp_path, 100)
    assert chosen("auto", catalogue, tmp_path, None) is None
    told = "100 pictures are left out: pictures to learn from, but no text (in content.text=none)"
    assert told in capsys.readouterr().err
    with pytest.raises(
        ConfigError, match="but no text .*expected a text encoder .*name a pretrained image model"
    ):
        chosen("align", catalogue, tmp_path, None)


def test_without_pictures_nothing_is_said(tmp_path, text, capsys):
    assert chosen("auto", Catalogue.from_items([Item(ItemKey("a"), "A")]), tmp_path, text) is None
    assert chosen("none", catalogue_of(tmp_path, 100), tmp_path, text) is None
    assert capsys.readouterr().err == ""


def test_the_image_tower_learns_from_training_items_alone(world, small_config, tmp_path, monkeypatch):
    """Pictures of items that come out later are not learned from, though they are in the catalogue."""

    class EnoughSeen(Exception):
        pass

    rows = []

    def watched(*_, **given):
        rows.extend(given["rows"].tolist())
        raise EnoughSeen

    monkeypatch.setattr(align, "align", watched)
    with pytest.raises(EnoughSeen):
        pretrain(world, tmp_path / "run", small_config)
    data = read_data(replace(small_config.data, path=str(world)))
    train = make_split(data.interactions, small_config.split, fitting=True).train
    assert sorted(rows) == np.unique(train.rows).tolist()
    assert len(rows) < len(data.catalogue)
