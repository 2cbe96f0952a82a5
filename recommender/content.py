"""Choosing the encoders a run is made with, and reading the catalogue with them.

The encoders are asked of their package by name when they are needed: what they stand on takes a second and
more than 100 MiB to import, which a service that reads no new text and no pictures does without.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import encoders
from ..base.errors import ConfigError
from ..base.progress import say
from ..corpus.catalogue import Catalogue
from ..encoders import Content, EmbeddingCache, encode_catalogue
from ..eval.baselines import unit_rows
from ..foundation import ItemFeatures
from .config import ContentConfig
from .run_directory import IMAGE_ENCODER, Run

SHOWN_FAILURES = 5
MIN_PAIRS = 64  # fewer picture-text pairs teach an image tower nothing


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

    `rows` are the items it may learn from: those released to training.
    """
    wanted = config.image
    if wanted == "auto":
        pictures = len(catalogue) - catalogue.table.column("image").null_count
        wanted = "align" if pictures >= MIN_PAIRS else "none"
        if pictures and wanted == "none":
            say(f"only {pictures} pictures: too few to train an image tower; pictures are left out")
    if wanted == "none":
        return None
    if wanted != "align":
        return encoders.ImageEncoder(wanted)
    if text is None:
        raise ConfigError(
            'content.image = "align" without text',
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
    """The text encoder a run was made with; None when it has no text."""
    return None if run.content.text is None else text_encoder(run.config.content)


def image_encoder_of(run: Run) -> encoders.ImageEncoder | None:
    """The image encoder a run was made with; None when it has no pictures."""
    if run.content.image is None:
        return None
    own = run.path / IMAGE_ENCODER
    return encoders.ImageEncoder(own if own.is_dir() else run.config.content.image)


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
