"""The model as a function from cases to scores over the whole catalogue; what evaluation calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..corpus.interactions import Cases
from ..corpus.keys import Rows
from .features import ItemFeatures
from .memory import TransitionMemory
from .model import FoundationModel


class FoundationScorer:
    """``scorer(cases)`` is float32 [b, n_items]; item vectors are computed once.

    Parameters
    ----------
    memory
        The transition memory beside the network, if any.
    """

    def __init__(
        self, model: FoundationModel, features: ItemFeatures, memory: TransitionMemory | None = None
    ) -> None:
        self.model, self.memory = model, memory
        self.vectors, bias = model.items(features.to(model.device))
        self.candidates = self.vectors.float().cpu().numpy()
        self.bias = bias.float().cpu().numpy()

    def people(self, cases: Cases) -> NDArray[np.float32]:
        """One vector for each case, float32 [b, size]."""
        times = [cases.history_times[a:b] for a, b in zip(cases.offsets, cases.offsets[1:], strict=False)]
        return self.model.people(cases.histories(), self.vectors, times)

    def __call__(self, cases: Cases) -> NDArray[np.float32]:
        """Scores of every item for every case, [b, n_items]."""
        return self.scores(self.people(cases), cases.histories())

    def scores(self, people: NDArray[np.float32], histories: Sequence[Rows]) -> NDArray[np.float32]:
        """The same for people read already, [b, n_items]; with a memory, log probabilities."""
        scores = people @ self.candidates.T + self.bias
        return scores if self.memory is None else self.memory.mixed(scores, histories)
