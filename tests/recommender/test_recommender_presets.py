"""Presets are settings like any others: they load, they can be overruled, an unknown one is named."""

from __future__ import annotations

import pytest

from firstlight.base.config import load_config
from firstlight.base.errors import ConfigError
from firstlight.recommender import RunConfig
from firstlight.recommender.presets import PRESETS, preset


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_changes_the_defaults(name):
    assert load_config(RunConfig, preset=preset(name)) != RunConfig()


def test_what_is_set_by_hand_wins(tmp_path):
    """A file over the preset, and --set over both."""
    (tmp_path / "c.yaml").write_text("shape: {dropout: 0.1, n_heads: 8}\npretrain:\nserve: {pool: 7}\n")
    found = load_config(RunConfig, tmp_path / "c.yaml", ["shape.n_heads=2"], preset=preset("media"))
    assert (found.shape.dropout, found.shape.n_heads, found.serve.pool) == (0.1, 2, 7)
    assert (found.shape.hidden_size, found.pretrain.gaps) == (128, 0.15), (
        "what nobody touched is the preset's"
    )


def test_no_preset_is_no_setting():
    assert preset(None) == ()


def test_an_unknown_preset_is_refused():
    with pytest.raises(ConfigError, match='"shop" is no preset; expected retail or media'):
        preset("shop")
