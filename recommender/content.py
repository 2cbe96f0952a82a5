"""Choosing the encoders a run is made with, and reading the catalogue with them.

The encoders are asked of their package by name when they are needed: what they stand on takes a second and
more than 100 MiB to import, which a service that reads no new text and no pictures does without.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .. import encoders
from ..base.errors import ConfigError, ModelError
from ..base.progress import say
from ..corpus.catalogue import Catalogue
from ..encoders import Content, EmbeddingCache, Encoded, encode_catalogue
from ..encoders.contract import Encoder, identity
from ..eval.baselines import unit_rows
from ..foundation import ItemFeatures
from .config import ContentConfig
from .run_directory import IMAGE_ENCODER, Run

SHOWN_FAILURES = 5
TRAINED = ("auto", "align")  # settings of content.image under which an image tower is trained
KEYWORDS = (*TRAINED, "none")

AnyEncoder = TypeVar("AnyEncoder", bound=Encoder)


def resolved(config: ContentConfig) -> ContentConfig:
    """The same with absolute folders, so that the run finds its encoders from any working directory."""
    return replace(config, text=_absolute(config.text), image=_absolute(config.image))


def _absolute(model: str) -> str:
    return os.path.abspath(model) if model not in KEYWORDS and Path(model).is_dir() else model


def text_encoder(config: ContentConfig) -> encoders.TextEncoder | None:
    """The run's text encoder, or None when text is off."""
    if config.text == "none":
        return None
    return encoders.TextEncoder(config.text, titles_only=config.titles_only)


def image_encoder(
    config: ContentConfig,
    catalogue: Catalogue,
    folder: Path,
    *,
    text: encoders.TextEncoder | None,
    rows: NDArray[np.int64],
    seed: int,
) -> encoders.ImageEncoder | None:
    """The run's image encoder, trained into `folder` where no pretrained one is named.

    `rows` are the items it may learn from: those released to training. Under "auto", pictures that an image
    tower cannot learn from are told and left out.

    Raises
    ------
    ConfigError, ModelError
        If "align" was asked for by name without a text encoder or with too few usable pictures, or a named
        encoder cannot be had.
    """
    named = len(catalogue) - catalogue.table.column("image").null_count
    if config.image == "none" or (config.image == "auto" and not named):
        return None
    if config.image not in TRAINED:
        return encoders.ImageEncoder(config.image)
    try:
        return _aligned(catalogue, folder, text=text, rows=rows, seed=seed)
    except (ConfigError, ModelError) as error:
        if config.image == "align":
            raise
        say(f"{named:,} pictures are left out: {error}")
        return None


def _aligned(
    catalogue: Catalogue,
    folder: Path,
    *,
    text: encoders.TextEncoder | None,
    rows: NDArray[np.int64],
    seed: int,
) -> encoders.ImageEncoder:
    """An image encoder of the catalogue's own, trained into `folder`."""
    if text is None:
        raise ConfigError(
            "pictures to learn from, but no text",
            where="content.text=none",
            expected="a text encoder to align with",
            fix="name a pretrained image model, or switch text on",
        )
    from ..encoders.align import align  # noqa: PLC0415  (slow to import, needed here only)

    align(catalogue, folder, text=text, rows=rows, seed=seed, cache=EmbeddingCache())
    return encoders.ImageEncoder(folder, text=text)


def read_content(
    catalogue: Catalogue, text: encoders.TextEncoder | None, image: encoders.ImageEncoder | None
) -> Content:
    """Encode the catalogue through the on-disk cache, and say which items could not be read."""
    content = encode_catalogue(catalogue, text, image, EmbeddingCache())
    for modality, failures in content.failures.items():
        for key, reason in list(failures.items())[:SHOWN_FAILURES]:
            say(f'item "{key}" goes without {modality}: {reason}')
        if len(failures) > SHOWN_FAILURES:
            say(f"... and {len(failures) - SHOWN_FAILURES} more items without {modality}")
    return content


def text_encoder_of(run: Run) -> encoders.TextEncoder | None:
    """The text encoder a run was made with; None when it has no text.

    Raises
    ------
    ModelError
        If it cannot be had, or is not what it was.
    """
    vectors = run.content.text
    encoder = None if vectors is None else text_encoder(run.config.content)
    return _who_made(encoder, vectors, "content.text") if encoder and vectors is not None else None


def image_encoder_of(run: Run) -> encoders.ImageEncoder | None:
    """The image encoder a run was made with; None when it has no pictures.

    Raises
    ------
    ModelError
        If it cannot be had, or is not what it was.
    """
    vectors = run.content.image
    if vectors is None:
        return None
    own = run.path / IMAGE_ENCODER
    encoder = encoders.ImageEncoder(own if own.is_dir() else run.config.content.image)
    return _who_made(encoder, vectors, "content.image")


def _who_made(encoder: AnyEncoder, vectors: Encoded, setting: str) -> AnyEncoder:
    """The encoder, once it is known that the run's vectors are its own; other spaces do not mix."""
    if vectors.encoder not in ("", identity(encoder)):
        raise ModelError(
            f"the encoder {identity(encoder)}",
            where=setting,
            expected=f"{vectors.encoder}, which made the run's vectors",
            fix="put that model back where it was, or pretrain again with this one",
        )
    return encoder


def features_of(content: Content, counts: NDArray[np.integer]) -> ItemFeatures:
    """What the item tower reads, from the encoders' output."""
    text = None if content.text is None else (content.text.vectors, content.text.present)
    image = None if content.image is None else (content.image.vectors, content.image.present)
    return ItemFeatures.build(counts, text=text, image=image)


def raw_vectors(content: Content) -> NDArray[np.float32] | None:
    """Text and picture side by side as they were encoded, float32 [n, d]; what tells how alike items are."""
    encoded = [one for one in (content.text, content.image) if one is not None]
    parts = [unit_rows(one.vectors) * one.present[:, None] for one in encoded]
    return unit_rows(np.concatenate(parts, axis=1)) if parts else None
