"""The image tower finds planted structure, is reproducible, and says what it is."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from firstlight.base.errors import ArtifactError, ModelError
from firstlight.corpus import Catalogue, Item, ItemKey
from firstlight.encoders import AlignSettings, ImageEncoder
from firstlight.encoders.align import align
from firstlight.encoders.align_training import MEAN, STD, _augment, _normalized, held_out_recall

KINDS = [
    f"A {color} {shape}" for color in ("red", "green", "blue", "yellow") for shape in ("circle", "square")
]
QUICK = AlignSettings(image_size=32, width=8, dim=16, epochs=1, batch=32)


def test_held_out_pictures_find_their_captions(aligned):
    assert (aligned.pairs, aligned.held_out) == (324, 36)
    assert aligned.chance == pytest.approx(10 / 36)
    assert aligned.recall >= 0.9


def test_texts_find_pictures_of_their_kind(image_encoder, shapes):
    """Query by text, through the saved checkpoint: the nearest pictures show what was asked for."""
    vectors = image_encoder.encode(list(shapes)).vectors
    titles = np.array([item.title for item in shapes])
    best = (image_encoder.encode_texts(KINDS) @ vectors.T).argsort(axis=1)[:, -10:]
    right = np.mean([np.mean(titles[rows] == kind) for kind, rows in zip(KINDS, best, strict=True)])
    assert right >= 0.8  # chance: 1/12


def test_one_seed_gives_one_model(shapes, text_encoder, text_cache, tmp_path):
    state = torch.random.get_rng_state()
    options = {"text": text_encoder, "cache": text_cache, "settings": QUICK, "rows": np.arange(96)}
    weights = [
        load_file(align(shapes, tmp_path / name, seed=seed, **options).path / "open_clip_model.safetensors")
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not torch.equal(weights[0]["visual.conv1.weight"], weights[2]["visual.conv1.weight"])
    assert torch.equal(state, torch.random.get_rng_state()), "the global generator was used"


def test_an_equal_call_reuses_the_result(shapes, text_encoder, text_cache, tmp_path, capsys):
    out = tmp_path / "tower"
    options = {"text": text_encoder, "cache": text_cache, "settings": QUICK}
    first = align(shapes, out, rows=np.arange(64), **options)
    written = (out / "open_clip_model.safetensors").stat().st_mtime_ns
    assert align(shapes, out, rows=np.arange(64), **options) == first
    assert (out / "open_clip_model.safetensors").stat().st_mtime_ns == written
    assert (
        "trained on this catalogue's 53 picture-text pairs; no pretrained CLIP weights"
        in capsys.readouterr().err
    )
    assert align(shapes, out, rows=np.arange(80), **options).pairs == 69
    (out / "open_clip_config.json").write_text("{}")  # damaged: trained again, not trusted
    assert align(shapes, out, rows=np.arange(80), **options).pairs == 69


def test_too_few_pairs(shapes, text_encoder, text_cache, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    items = [
        *list(shapes)[:63],
        Item(ItemKey("x"), "Broken", image=tmp_path / "broken.png"),
        Item(ItemKey("y"), "Y"),
    ]
    with pytest.raises(ModelError, match=r"63 items with both.*at least 64.*use pretrained weights"):
        align(Catalogue.from_items(items), tmp_path / "out", text=text_encoder, cache=text_cache)
    with pytest.raises(ModelError, match="0 items with both"):
        align(shapes, tmp_path / "out", text=text_encoder, rows=np.array([], dtype=int))
    assert not (tmp_path / "out").exists()


def test_large_catalogues_are_sampled(shapes, text_encoder, text_cache, tmp_path):
    settings = AlignSettings(image_size=32, width=8, dim=16, epochs=1, max_pairs=70)
    result = align(shapes, tmp_path / "out", text=text_encoder, cache=text_cache, settings=settings)
    assert result.pairs + result.held_out == 70


def test_recall_counts_ties_against():
    class Towers:
        def encode_image(self, pixels, normalize):
            return torch.eye(3)[pixels[:, 0, 0, 0].mul(STD[0]).add(MEAN[0]).mul(255).round().long()]

        def encode_text(self, sentences, normalize):
            return sentences

    pictures = np.zeros((3, 2, 2, 3), np.uint8) + np.arange(3, dtype=np.uint8)[:, None, None, None]
    assert held_out_recall(Towers(), pictures, np.eye(3, dtype=np.float32), 1) == 1.0
    twins = np.eye(3, dtype=np.float32)[[0, 0, 2]]
    assert held_out_recall(Towers(), pictures, twins, 1) == pytest.approx(1 / 3)


def test_training_sees_what_the_checkpoint_will_see(image_encoder, shapes):
    """The pixels of training are those of the saved transform, and augmentation keeps their range."""
    from firstlight.corpus.pictures import decode
    from firstlight.encoders.align import _pixels

    item = shapes[5]
    pixels = torch.from_numpy(np.array(_pixels(item.image, 32)))[None]
    torch.testing.assert_close(_normalized(pixels)[0], image_encoder._transform(decode(item.image)))
    several = _augment(pixels.repeat(64, 1, 1, 1), torch.Generator().manual_seed(0))
    assert several.shape == (64, 3, 32, 32)
    assert several.isfinite().all()
    assert several.std(dim=0).mean() > 0.05


def test_a_checkpoint_needs_its_own_text_encoder(aligned, tmp_path, text_encoder):
    config = json.loads((aligned.path / "open_clip_config.json").read_text())
    assert config["model_cfg"]["sentence_model"]["name"] == text_encoder.name
    assert config["alignment"]["pairs"] == 324
    config["model_cfg"]["sentence_model"]["revision"] = "another"
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    (tmp_path / "open_clip_model.safetensors").write_bytes(
        (aligned.path / "open_clip_model.safetensors").read_bytes()
    )
    encoder = ImageEncoder(tmp_path, text=text_encoder)
    with pytest.raises(
        ModelError, match=r"expected sentence-transformers/all-MiniLM-L6-v2@another.*align the image"
    ):
        encoder.encode_texts(["a red circle"])


def test_an_altered_checkpoint_is_refused(aligned, tmp_path):
    import shutil

    copy = shutil.copytree(aligned.path, tmp_path / "copy")
    with (copy / "open_clip_model.safetensors").open("r+b") as stream:
        stream.seek(-4, 2)
        stream.write(b"\0\0\0\0")
    with pytest.raises(ArtifactError, match="the file was altered or truncated"):
        ImageEncoder(copy)
