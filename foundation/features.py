"""What the item tower reads about every item, by catalogue row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..base.errors import ModelError


@dataclass(frozen=True)
class ItemFeatures:
    """Encoder vectors, their presence, and how often each item was touched in training.

    Attributes
    ----------
    text, image
        float32 [n, dim]; width 0 when the modality is off.
    has_text, has_image
        bool [n].
    counts
        float32 [n], interactions in training; 0 is cold.
    codes
        int64 [n, levels] semantic ids; width 0 until :meth:`ItemTower.coded` has found them.
    """

    text: Tensor
    has_text: Tensor
    image: Tensor
    has_image: Tensor
    counts: Tensor
    codes: Tensor

    @classmethod
    def build(
        cls,
        counts: NDArray[np.integer],
        *,
        text: tuple[NDArray[np.float32], NDArray[np.bool_]] | None = None,
        image: tuple[NDArray[np.float32], NDArray[np.bool_]] | None = None,
    ) -> ItemFeatures:
        """From arrays by row: (vectors [n, dim], present [n]) for each modality there is."""
        n = len(counts)
        none = (np.zeros((n, 0), np.float32), np.zeros(n, bool))
        texts, images = text or none, image or none
        for name, (vectors, present) in (("text", texts), ("image", images)):
            if len(vectors) != n or len(present) != n:
                raise ModelError(f"{len(vectors)} {name} vectors", expected=f"one for each of {n} items")
            if not np.isfinite(vectors).all():
                raise ModelError(f"{name} vectors with NaN or infinity", fix="look at the encoder's output")
        return cls(
            torch.from_numpy(np.ascontiguousarray(texts[0])),
            torch.from_numpy(texts[1].copy()),
            torch.from_numpy(np.ascontiguousarray(images[0])),
            torch.from_numpy(images[1].copy()),
            torch.from_numpy(counts.astype(np.float32)),
            torch.zeros((n, 0), dtype=torch.int64),
        )

    def __len__(self) -> int:
        return len(self.counts)

    def to(self, device: torch.device) -> ItemFeatures:
        """The same features on another device."""
        return ItemFeatures(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))

    def take(self, rows: Tensor) -> ItemFeatures:
        """The features of some rows, in that order."""
        return ItemFeatures(
            *(getattr(self, name).index_select(0, rows) for name in self.__dataclass_fields__)
        )

    def whitened(self) -> ItemFeatures:
        """All but the encoders' vectors, for those who have them whitened: they are most of what is moved."""
        return replace(self, text=self.text[:, :0], image=self.image[:, :0])

    def hidden(self, *, text: Tensor, image: Tensor) -> ItemFeatures:
        """The same items, the text and pictures of some (bool [n] each) as if they were missing."""
        return replace(self, has_text=self.has_text & ~text, has_image=self.has_image & ~image)
