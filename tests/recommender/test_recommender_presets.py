"""Presets are settings like any others: they load, they can be overruled, an unknown one is named."""

from __future__ import annotations

import pytest

from firstlight.base.config import load_config
from firstlight.base.errors import ConfigError
from firstlight.recommender import RunConfig
from firstlight.recommender.presets import PRESETS, preset


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_changes_the_defaults(name):
    assert load_config(RunConfig, None, preset(name)) != RunConfig()


def test_what_is_set_by_hand_wins():
    found = load_config(RunConfig, None, (*preset("media"), "shape.max_items=30"))
    assert found.shape.max_items == 30
    assert found.shape.dropout == 0.3


def test_no_preset_is_no_setting():
    assert preset(None) == ()


def test_an_unknown_preset_is_refused():
    with pytest.raises(ConfigError, match='"shop" is no preset; expected retail or media'):
        preset("shop")
