"""Pictures carry what only they can tell, in a form that simple models find."""

from __future__ import annotations

import numpy as np
import pytest

from firstlight.corpus.sample.emblems import EMBLEMS
from firstlight.corpus.sample.palettes import PALETTES
from firstlight.corpus.sample.pictures import PIXELS, TEXTURES, draw_picture
from firstlight.corpus.sample.scenes import SCENES
from firstlight.corpus.sample.shapes import SIDE
from firstlight.corpus.sample.words import GENRES, MOODS, SETTINGS, STYLES

N = 400


@pytest.fixture(scope="module")
def gallery():
    """Pictures with every attribute drawn independently, as float arrays, and the attributes."""
    rng = np.random.default_rng(0)
    kinds = {"genre": GENRES, "setting": SETTINGS, "mood": MOODS, "style": STYLES}
    codes = {kind: rng.integers(0, len(values), N) for kind, values in kinds.items()}
    pictures = [
        draw_picture(*(kinds[kind][codes[kind][i]] for kind in kinds), np.random.default_rng(i))
        for i in range(N)
    ]
    return np.stack([np.asarray(one, np.float32) / 255 for one in pictures]), codes


def accuracy(features, labels):
    """Ridge regression onto one-hot labels, trained on three quarters."""
    features = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)
    train = np.arange(len(labels)) < len(labels) * 3 // 4
    x, y = features[train], np.eye(labels.max() + 1)[labels[train]]
    kernel = x @ x.T + x.shape[1] * np.eye(len(x))
    return float(((features[~train] @ (x.T @ np.linalg.solve(kernel, y))).argmax(1) == labels[~train]).mean())


def thumbnails(pixels, side):
    step = PIXELS // side
    return pixels.reshape(len(pixels), side, step, side, step, 3).mean(axis=(2, 4)).reshape(len(pixels), -1)


def test_color_tells_the_mood(gallery):
    pixels, codes = gallery
    assert accuracy(thumbnails(pixels, 4), codes["mood"]) > 0.75


def test_composition_tells_the_setting(gallery):
    pixels, codes = gallery
    gray = pixels.mean(axis=3, keepdims=True).repeat(3, axis=3)
    outline = np.abs(np.diff(thumbnails(gray, 32).reshape(N, 32, 32, 3)[..., 0], axis=1)).reshape(N, -1)
    assert accuracy(outline, codes["setting"]) > 3 / len(SETTINGS)


def test_texture_tells_the_style(gallery):
    pixels, codes = gallery
    gray = pixels.mean(axis=3)
    features = []
    for step in (1, 2, 3, 4, 6, 8):
        for axis in (1, 2):
            edge = np.abs(gray - np.roll(gray, step, axis=axis))
            features += [np.log(edge.mean(axis=(1, 2)) + 1e-4), (edge < 0.004).mean(axis=(1, 2))]
    assert accuracy(np.stack(features, axis=1), codes["style"]) > 0.7


def test_the_same_dice_draw_the_same_picture():
    one, two, other = (
        np.asarray(draw_picture("Fable", "sea", "eerie", "felt", np.random.default_rng(seed)))
        for seed in (1, 1, 2)
    )
    assert (one == two).all()
    assert (one != other).any()


def test_every_value_can_be_drawn():
    assert set(SCENES) == set(SETTINGS)
    assert set(EMBLEMS) == set(GENRES)
    assert set(PALETTES) == set(MOODS)
    assert set(TEXTURES) == set(STYLES)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_scene_reaches_the_bottom_and_has_depth(setting):
    layers = SCENES[setting](PALETTES["cozy"], np.random.default_rng(0))
    assert len({layer.color for layer in layers}) >= 3
    assert max(y for layer in layers for shape in layer.shapes for _, y in shape.points) >= SIDE
