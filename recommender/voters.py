"""Who votes on an item: the foundation model, content neighbors, and what was wished for."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from ..corpus.keys import Rows
from ..encoders import Encoded
from ..eval.baselines import unit_rows
from .run_directory import Run

PROFILE_LENGTH = 10
PROFILE_DECAY = 0.7  # weight of each older item of the history

Vectors = NDArray[np.float32]


class ContentSpace:
    """Items as their encoders see them, before any behavior: text and picture side by side.

    Both modalities are whitened with the foundation model's own statistics (training items only) and
    weigh the same; a missing one is a zero.
    """

    def __init__(self, run: Run) -> None:
        self.content, self.model, self.n_items = run.content, run.model, len(run.catalogue)

    @cached_property
    def vectors(self) -> Vectors:
        """Unit vectors by row, float32 [n, d]; zero for an item with neither text nor picture."""
        tower = self.model.tower
        parts = []
        for encoded, modality in ((self.content.text, tower.text), (self.content.image, tower.image)):
            if encoded is not None and modality is not None:
                with torch.no_grad():
                    white = modality.whitening(torch.from_numpy(encoded.vectors)).numpy()
                parts.append(unit_rows(white) * encoded.present[:, None])
        if not parts:
            return np.zeros((self.n_items, 0), np.float32)
        return unit_rows(np.concatenate(parts, axis=1))

    def profile(self, rows: Rows) -> Vectors:
        """One vector [d] for a history: its last items, newer ones heavier; zeros for an empty one."""
        recent = rows[-PROFILE_LENGTH:][::-1]
        weights = PROFILE_DECAY ** np.arange(len(recent), dtype=np.float32)
        return (weights @ self.vectors[recent]).astype(np.float32)

    def scores(self, rows: Rows) -> Vectors:
        """Similarity of every item to a history, float32 [n]."""
        return self.vectors @ self.profile(rows)


def similarity(encoded: Encoded, query: Vectors) -> Vectors:
    """Cosine of a wish's or picture's vector with every item's, float32 [n]; -1 for an item without one."""
    return np.where(encoded.present, encoded.vectors @ query, -1).astype(np.float32)
