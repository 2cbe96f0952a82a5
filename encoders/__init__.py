"""Floor 2: what items are, from their text and their pictures. Knows nothing of behavior.

What needs sentence-transformers or open_clip loads on first use, because they take seconds to import.
To train an image tower: ``from firstlight.encoders.align import align``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .cache import EmbeddingCache
from .content import Content, encode_catalogue
from .contract import Encoded, Encoder

if TYPE_CHECKING:
    from .align import Alignment
    from .align_training import AlignSettings
    from .image import ImageEncoder
    from .text import TextEncoder

__all__ = [
    "AlignSettings",
    "Alignment",
    "Content",
    "EmbeddingCache",
    "Encoded",
    "Encoder",
    "ImageEncoder",
    "TextEncoder",
    "encode_catalogue",
]

_HOMES = {
    "AlignSettings": ".align_training",
    "Alignment": ".align",
    "ImageEncoder": ".image",
    "TextEncoder": ".text",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name], __name__), name)
