"""The CLIP models an `ImageEncoder` can hold, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip.constants import HF_CONFIG_NAME, HF_SAFE_WEIGHTS_NAME
from open_clip.factory import load_checkpoint
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg, CustomTextCLIP
from open_clip.pretrained import download_pretrained, get_pretrained_cfg
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from torch import nn

from ..base.errors import ModelError, first_line, nearest
from ..base.files import MANIFEST, read_json, verify_directory
from .fingerprint import fingerprint
from .text import TextEncoder

ELSEWHERE = ("timm_model_name", "hf_model_name", "hf_tokenizer_name")
"""Settings of a checkpoint that fetch a further model from somewhere else."""


@dataclass(frozen=True)
class ImageModel:
    """A CLIP model with what goes before its two towers.

    Attributes
    ----------
    name, revision
        As the `Encoder` contract has them.
    model
        An open_clip model: `CLIP` or one of its kin.
    transform
        An RGB picture to a tensor [3, height, width].
    read
        Texts to what the model's text tower takes, [n, ...].
    """

    name: str
    revision: str
    model: Any
    transform: Callable[[Image.Image], torch.Tensor]
    read: Callable[[list[str]], torch.Tensor]


def load_image_model(model: str | Path, text: TextEncoder | None = None) -> ImageModel:
    """Load ``architecture/pretrained`` of open_clip, or a folder with safetensors.

    Parameters
    ----------
    model
        What to load.
    text
        For a folder that `encoders.align` wrote: the sentence encoder to read queries with, when
        one is loaded already.

    Raises
    ------
    ModelError
        If the model is unknown or cannot be had.
    ArtifactError
        If a folder's files are missing or altered.
    """
    return _from_folder(Path(model), text) if Path(model).is_dir() else _pretrained(str(model))


def aligned_model(settings: Mapping[str, Any]) -> CustomTextCLIP:
    """An open_clip model whose text tower is one linear map of frozen sentence vectors.

    A tower trained from a catalogue's few thousand texts learns them by heart; a locked one brings
    what it knows (Zhai et al. 2022, "LiT", arXiv:2111.07991, with the roles of the towers swapped).
    """
    unused = CLIPTextCfg(context_length=8, vocab_size=8, width=8, heads=1, layers=1)
    model = CustomTextCLIP(settings["embed_dim"], CLIPVisionCfg(**settings["vision_cfg"]), unused)
    setattr(model, "text", nn.Linear(settings["sentence_dim"], settings["embed_dim"]))  # noqa: B010
    return model


def _from_folder(folder: Path, text: TextEncoder | None) -> ImageModel:
    """A checkpoint of open_clip's own towers; safetensors only, so that loading runs no code."""
    if (folder / MANIFEST).is_file():
        verify_directory(folder)
    config, weights = folder / HF_CONFIG_NAME, folder / HF_SAFE_WEIGHTS_NAME
    settings = read_json(config)
    try:
        towers = settings["model_cfg"]
        _refuse_elsewhere(towers)
        sentences = towers.get("sentence_model")
        model: Any = aligned_model(towers) if sentences else CLIP(**towers)
        load_checkpoint(model, str(weights))
        transform = _transform({**settings["preprocess_cfg"], "size": model.visual.image_size})
    except Exception as error:  # a damaged model makes its loader fail in any way
        raise ModelError(
            f"not a usable image model: {first_line(error)}",
            where=str(folder),
            expected=f"{HF_CONFIG_NAME} and {HF_SAFE_WEIGHTS_NAME} of one of open_clip's own architectures",
            fix="give the image_encoder folder of a run, or a model/pretrained pair of open_clip",
        ) from error
    if sentences:
        read = _sentence_reader(sentences, text)
    else:
        read = open_clip.SimpleTokenizer(context_length=model.context_length)
    return ImageModel(folder.name, fingerprint([config, weights]), model, transform, read)


def _refuse_elsewhere(towers: Mapping[str, Any]) -> None:
    named = [
        name for name in ELSEWHERE for tower in ("vision_cfg", "text_cfg") if towers.get(tower, {}).get(name)
    ]
    if named:
        raise ValueError(f"it builds on a model from elsewhere ({named[0]})")


def _sentence_reader(
    wanted: Mapping[str, Any], text: TextEncoder | None
) -> Callable[[list[str]], torch.Tensor]:
    """Sentence vectors by the encoder the tower was aligned with, loaded when first asked."""

    @cache
    def encoder() -> TextEncoder:
        found = text or TextEncoder(wanted["name"], max_tokens=wanted["max_tokens"], device="cpu")
        if found.revision != wanted["revision"]:
            raise ModelError(
                f"the text encoder {found.name}@{found.revision}",
                expected=f"{wanted['name']}@{wanted['revision']}, which this image model was aligned with",
                fix="install that text model, or align the image model again",
            )
        return found

    return lambda texts: torch.from_numpy(encoder().encode_texts(texts))


def _pretrained(name: str) -> ImageModel:
    """A pair of open_clip's list, by its own loader, which reads weights only."""
    architecture, _, tag = name.partition("/")
    known = ["/".join(pair) for pair in open_clip.list_pretrained()]
    if name not in known:
        raise ModelError(
            f'unknown image model "{name}"{nearest(name, known)}',
            expected="a folder, or architecture/pretrained as in open_clip.list_pretrained()",
            fix="choose one of them, or train one on the catalogue: content.image=align",
        )
    try:
        model: Any = open_clip.create_model_from_pretrained(architecture, tag, return_transform=False)
        weights = Path(download_pretrained(get_pretrained_cfg(architecture, tag)))
        read = open_clip.get_tokenizer(architecture)
    except Exception as error:
        raise ModelError(
            f'the image model "{name}" could not be loaded: {first_line(error)}',
            fix="make the hub reachable once, so that its cache has the model; give a folder that has it; "
            "or train a small one on the catalogue: content.image=align",
        ) from error
    preprocess = model.visual.preprocess_cfg
    return ImageModel(name, fingerprint([weights], str(preprocess)), model, _transform(preprocess), read)


def _transform(preprocess: Mapping[str, Any]) -> Callable[[Image.Image], torch.Tensor]:
    transform: Any = image_transform_v2(PreprocessCfg(**preprocess), is_train=False)
    return transform
