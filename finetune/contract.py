"""What a ranker is asked and what it promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..corpus.catalogue import Item


@dataclass(frozen=True)
class RankRequest:
    """One person, one list to order.

    Attributes
    ----------
    history
        Items the person touched, oldest first; may be empty.
    candidates
        Items to score; their order must not matter.
    wish
        What the person typed, or an empty string.
    person, history_vectors, candidate_vectors
        Foundation vectors, float32 [d], [len(history), d], [len(candidates), d]; None switches the
        soft behavior tokens off.
    candidate_cold
        bool [len(candidates)]: no interaction in training, so the soft token is the learned "none".
    """

    history: Sequence[Item]
    candidates: Sequence[Item]
    wish: str = ""
    person: NDArray[np.float32] | None = None
    history_vectors: NDArray[np.float32] | None = None
    candidate_vectors: NDArray[np.float32] | None = None
    candidate_cold: NDArray[np.bool_] | None = None


@runtime_checkable
class Ranker(Protocol):
    """Scores candidates; a candidate's score depends on the person and itself only."""

    def score(self, requests: Sequence[RankRequest]) -> list[NDArray[np.float32]]:
        """One score for each candidate of each request, float32 [len(candidates)]; higher is better."""
        ...
