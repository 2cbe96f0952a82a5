"""Soft tokens: what the foundation model knows, spoken in the language model's embedding space.

A foundation vector enters as one extra position (in the manner of E4SRec and CoLLM). Items without
interactions, and people or items without a vector, enter as a learned "none", so a cold item is judged by
its text alone; in training some known vectors play "none" too, which keeps both readings alive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..base.errors import DataError
from .contract import RankRequest

PERSON, HISTORY, CANDIDATE = range(3)
KINDS = 3


@dataclass(frozen=True)
class Voices:
    """Foundation vectors in the order in which their slots stand in a pack.

    Attributes
    ----------
    vectors
        float32 [s, d], zero where unknown.
    kinds
        int64 [s]: :data:`PERSON`, :data:`HISTORY` or :data:`CANDIDATE`.
    known
        bool [s]: false says "none" instead of the vector.
    """

    vectors: NDArray[np.float32]
    kinds: NDArray[np.int64]
    known: NDArray[np.bool_]

    def __add__(self, other: Voices) -> Voices:
        return Voices(
            np.concatenate([self.vectors, other.vectors]),
            np.concatenate([self.kinds, other.kinds]),
            np.concatenate([self.known, other.known]),
        )

    def take(self, which: slice | list[int]) -> Voices:
        """The chosen slots, in that order."""
        return Voices(self.vectors[which], self.kinds[which], self.known[which])

    def dropped(self, rate: float, rng: np.random.Generator) -> Voices:
        """The same, with each known vector turned into "none" with probability `rate`."""
        return Voices(self.vectors, self.kinds, self.known & (rng.random(len(self.known)) >= rate))


def prefix_voices(request: RankRequest, kept: int, dim: int) -> Voices:
    """The person, then the newest `kept` items of the history."""
    person = _voices(None if request.person is None else request.person[None], 1, PERSON, dim)
    history = _voices(request.history_vectors, len(request.history), HISTORY, dim)
    return person + history.take(slice(len(request.history) - kept, None))


def candidate_voices(request: RankRequest, dim: int) -> Voices:
    """One for each candidate, in the request's order; cold ones are "none"."""
    voices = _voices(request.candidate_vectors, len(request.candidates), CANDIDATE, dim)
    if request.candidate_cold is None:
        return voices
    if request.candidate_cold.shape != voices.known.shape:
        raise DataError(
            f"candidate_cold of shape {request.candidate_cold.shape}",
            where="RankRequest",
            expected=f"one for each of {len(request.candidates)} candidates",
        )
    return Voices(voices.vectors, voices.kinds, voices.known & ~request.candidate_cold)


def _voices(vectors: NDArray[np.float32] | None, count: int, kind: int, dim: int) -> Voices:
    kinds = np.full(count, kind, np.int64)
    if vectors is None:
        return Voices(np.zeros((count, dim), np.float32), kinds, np.zeros(count, bool))
    if vectors.shape != (count, dim) or not np.isfinite(vectors).all():
        raise DataError(
            f"foundation vectors of shape {vectors.shape}, or not finite",
            where="RankRequest",
            expected=f"finite [{count}, {dim}]",
            fix="use the foundation model this ranker was trained with",
        )
    return Voices(vectors.astype(np.float32), kinds, np.ones(count, bool))


class SoftTokens(nn.Module):
    """Foundation vectors [s, dim] to input embeddings [s, width].

    LayerNorm, then two linear layers with a GELU between, then every output is brought to `norm`,
    the mean length of the model's own token embeddings: a longer one would drown the words around it.
    """

    norm: Tensor

    def __init__(self, dim: int, width: int, norm: float) -> None:
        super().__init__()
        self.project = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, width), nn.GELU(), nn.Linear(width, width)
        )
        self.none = nn.Parameter(torch.randn(KINDS, width))
        self.register_buffer("norm", torch.tensor(norm))

    def forward(self, vectors: Tensor, kinds: Tensor, known: Tensor) -> Tensor:
        """Embeddings float32 [s, width] of length `norm` for the slots described by :class:`Voices`."""
        spoken = torch.where(known[:, None], self.project(vectors), self.none[kinds])
        return nn.functional.normalize(spoken, dim=-1) * self.norm
