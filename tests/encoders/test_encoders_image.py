"""Picture vectors: failures are per item, and no checkpoint runs code or fetches anything."""

import json
import shutil

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from firstlight.base.errors import ArtifactError, DataError, ModelError
from firstlight.corpus import Item, ItemKey
from firstlight.encoders import ImageEncoder, image_models

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 12, "width": 16, "heads": 2, "layers": 1},
}
PREPROCESS = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "shortest"}


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory):
    """An ordinary open_clip checkpoint with random weights."""
    folder = tmp_path_factory.mktemp("clip")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = open_clip.CLIP(**json.loads(json.dumps(TINY)))
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    config = {"model_cfg": TINY, "preprocess_cfg": PREPROCESS}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def altered(clip_folder, tmp_path):
    """A copy of the checkpoint with another configuration."""

    def alter(**towers):
        folder = shutil.copytree(clip_folder, tmp_path / "altered")
        config = {"model_cfg": TINY | towers, "preprocess_cfg": PREPROCESS}
        (folder / "open_clip_config.json").write_text(json.dumps(config))
        return folder

    return alter


def test_an_open_clip_folder_equals_open_clip(clip_folder, shapes):
    """The oracle is open_clip's own loader, transform and tokenizer."""
    model, transform = open_clip.create_model_from_pretrained(f"local-dir:{clip_folder}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{clip_folder}")
    encoder = ImageEncoder(clip_folder, device="cpu")
    items = [shapes[row] for row in range(3)]
    pixels = torch.stack([transform(Image.open(item.image)) for item in items])
    with torch.inference_mode():
        images = model.eval().encode_image(pixels, normalize=True)
        texts = model.encode_text(tokenizer(["a red circle", "blue"]), normalize=True)
    np.testing.assert_allclose(encoder.encode(items).vectors, images, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_texts(["a red circle", "", "blue"])[[0, 2]], texts, atol=1e-5)
    assert encoder.dim == 16


def test_one_broken_picture_fails_alone(image_encoder, shapes, tmp_path):
    (tmp_path / "cut.png").write_bytes(shapes[0].image.read_bytes()[:60])
    (tmp_path / "text.png").write_text("not a picture")
    items = [
        shapes[0],
        Item(ItemKey("cut"), "", image=tmp_path / "cut.png"),
        Item(ItemKey("text"), "", image=tmp_path / "text.png"),
        Item(ItemKey("gone"), "", image=tmp_path / "gone.png"),
        shapes[1],
    ]
    encoded = image_encoder.encode(items)
    assert encoded.present.tolist() == [True, False, False, False, True]
    assert set(encoded.failures) == {"cut", "text", "gone"}
    assert "broken" in encoded.failures["cut"]
    assert "not a picture" in encoded.failures["text"]
    assert "No such file" in encoded.failures["gone"]
    whole = image_encoder.encode([shapes[0], shapes[1]]).vectors
    np.testing.assert_allclose(encoded.vectors[[0, 4]], whole, atol=1e-5)


def test_files_bytes_and_images_are_the_same(image_encoder, shapes):
    path = shapes[0].image
    vectors = image_encoder.encode_images([path, path.read_bytes(), Image.open(path)])
    np.testing.assert_allclose(vectors, np.repeat(vectors[:1], 3, axis=0), atol=1e-5)
    assert image_encoder.encode_images([]).shape == (0, image_encoder.dim)
    with pytest.raises(DataError, match="not a picture of a known format"):
        image_encoder.encode_images([b"GIF89a"])


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ModelError, match=r'did you mean "ViT-B-32/laion2b_s34b_b79k".*content.image=align'):
        ImageEncoder("ViT-B-32/laion2b_s34b_b79")


def test_pretrained_weights_that_cannot_be_had(monkeypatch):
    def unreachable(*_args, **_options):
        raise RuntimeError("Failed to download weights\nmore")

    monkeypatch.setattr(image_models.open_clip, "create_model_from_pretrained", unreachable)
    with pytest.raises(
        ModelError, match=r"Failed to download weights; make the hub reachable.*content.image=align$"
    ):
        ImageEncoder()


def test_a_pretrained_pair_goes_through_open_clips_own_loader(monkeypatch, clip_folder):
    load = open_clip.create_model_from_pretrained
    asked = []

    def create(name, tag, return_transform):
        asked.append((name, tag))
        return load(f"local-dir:{clip_folder}", return_transform=return_transform)

    monkeypatch.setattr(image_models.open_clip, "create_model_from_pretrained", create)
    weights = clip_folder / "open_clip_model.safetensors"
    monkeypatch.setattr(image_models, "download_pretrained", lambda _config: str(weights))
    encoder = ImageEncoder(device="cpu")
    assert asked == [("ViT-B-32", "laion2b_s34b_b79k")]
    assert encoder.name == "ViT-B-32/laion2b_s34b_b79k"
    assert (encoder.dim, len(encoder.revision)) == (16, 16)


def test_weights_decide_the_revision(clip_folder, altered):
    folder = altered()
    assert ImageEncoder(folder).revision == ImageEncoder(clip_folder).revision
    state = open_clip.CLIP(**json.loads(json.dumps(TINY))).state_dict()
    save_file(state, folder / "open_clip_model.safetensors")
    assert ImageEncoder(folder).revision != ImageEncoder(clip_folder).revision


@pytest.mark.parametrize("setting", ["timm_model_name", "hf_model_name"])
def test_checkpoints_that_fetch_other_models_are_refused(altered, setting):
    tower = "vision_cfg" if setting.startswith("timm") else "text_cfg"
    folder = altered(**{tower: {**TINY[tower], setting: "someone/else"}})
    with pytest.raises(ModelError, match=rf"builds on a model from elsewhere \({setting}\)"):
        ImageEncoder(folder)


def test_pickled_weights_are_never_opened(clip_folder, altered):
    folder = altered()
    (folder / "open_clip_model.safetensors").rename(folder / "open_clip_pytorch_model.bin")
    with pytest.raises(
        ModelError, match=r"not a usable image model: No such file|expected open_clip_config.json and"
    ):
        ImageEncoder(folder)


def test_unusable_folders(altered, tmp_path):
    with pytest.raises(ArtifactError, match="no such file"):
        ImageEncoder(tmp_path)
    with pytest.raises(ModelError, match="not a usable image model"):
        ImageEncoder(altered(embed_dim=24))
