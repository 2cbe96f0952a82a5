"""A memory of transitions: who follows whom, counted, as an expert beside the network.

Counts know at once what a network needs many epochs to learn (that part two follows part one), and
say nothing about what was never seen together, which is the network's part. The two are mixed as
probabilities, so that an item without transitions keeps its own score and its place among new ones:

    P(i | h) = (1 - share) * softmax(score)_i + share * p_i^2 / sum_j p_j^2

p is the transition mass that the last items send to i. It is squared because what is counted once
among many is mostly chance. The share is fitted on validation, since in training every transition
is its own evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy import sparse

from ..base.errors import ArtifactError
from ..base.files import atomic_file
from ..corpus.interactions import Interactions
from ..corpus.keys import Rows
from ..eval.item_graph import transition_graph
from .sparse_tensors import extended, from_tensors, to_tensors

KEEP = 200  # the strongest transitions of each item
BLOCK = 1 << 20  # scores mixed at a time, so that they stay in cache
WINDOW, FADING = 10, 0.7  # how the last items of a history weigh


class TransitionMemory:
    """Transition mass between catalogue rows, and its share of the mixture.

    Parameters
    ----------
    graph
        float32 [n, n]: the mass from each row to each other.
    share
        From 0 (switched off) to below 1.
    popular
        The share of what most people take in a list for somebody without a history, of whom no transition is
        known, from 0 to below 1. See :meth:`FoundationScorer.scores`.
    """

    def __init__(self, graph: sparse.csr_matrix, share: float = 0.0, popular: float = 0.0) -> None:
        self.graph, self.share, self.popular = graph, share, popular

    @classmethod
    def of(cls, train: Interactions, n_items: int) -> TransitionMemory:
        """Count the transitions of a training log."""
        return cls(transition_graph(train, n_items, keep=KEEP))

    def recounted(self, train: Interactions) -> TransitionMemory:
        """Another log's transitions, with the numbers that were fitted for these."""
        counted = TransitionMemory.of(train, self.graph.indptr.size - 1)
        return TransitionMemory(counted.graph, self.share, self.popular)

    def recall(self, histories: Sequence[Rows]) -> sparse.csr_matrix:
        """What is remembered, float32 [b, n]: each row sums to 1, or to 0 where nothing is."""
        walked: Any = profiles(histories, self.graph.indptr.size - 1) @ self.graph
        walked.data **= 2
        totals = np.asarray(walked.sum(axis=1)).ravel()
        walked.data /= np.repeat(np.where(totals > 0, totals, 1), np.diff(walked.indptr))
        return walked

    def mixed(
        self,
        scores: NDArray[np.float32],
        histories: Sequence[Rows],
        share: float | None = None,
        out: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """The network's scores [b, n] and the memory as one: log P, float32 [b, n]. -inf stays out.

        `out` is where to write it, which may be the scores themselves.
        """
        share = self.share if share is None else share
        logs = np.empty_like(scores, dtype=np.float32) if out is None else out
        remembered = self.recall(histories) if share else None
        step = max(1, BLOCK // max(1, scores.shape[1]))
        for start in range(0, len(scores), step):
            part = slice(start, start + step)
            torch.log_softmax(torch.from_numpy(scores[part]), dim=1, out=torch.from_numpy(logs[part]))
            if remembered is not None:
                _add(logs[part], remembered, start, share)
        return logs

    def extended(self, n_items: int) -> TransitionMemory:
        """The same memory over a catalogue that has grown to `n_items` rows."""
        return TransitionMemory(extended(self.graph, n_items), self.share, self.popular)

    def save(self, path: Path) -> None:
        """Write one safetensors file, atomically."""
        fitted = {"share": np.array([self.share]), "popular": np.array([self.popular])}
        tensors = {**to_tensors("graph", self.graph), **fitted}
        with atomic_file(path) as draft:
            save_file(tensors, draft)

    @classmethod
    def load(cls, path: Path) -> TransitionMemory:
        """Read what :meth:`save` wrote."""
        try:
            found = load_file(path)
            popular = float(found["popular"][0]) if "popular" in found else 0.0  # runs until November 2026
            return cls(from_tensors("graph", found), float(found["share"][0]), popular)
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise ArtifactError(f"not a transition memory: {error}", where=str(path)) from error


def _add(logs: NDArray[np.float32], remembered: Any, start: int, share: float) -> None:
    """Mix what is remembered, from row `start` on, into log probabilities [b, n], in their place."""
    bounds = remembered.indptr[start : start + len(logs) + 1]
    told, sizes = slice(bounds[0], bounds[-1]), np.diff(bounds)
    logs += np.where(sizes > 0, np.log1p(-share), 0).astype(np.float32)[:, None]
    # what is not remembered moves by a constant; mixing all as probabilities took three times as long
    flat = logs.reshape(-1)
    places = np.repeat(np.arange(len(logs)) * logs.shape[1], sizes) + remembered.indices[told]
    alone = flat[places]
    with np.errstate(divide="ignore"):  # where both are too small for float32 the network's own word stands
        both = np.maximum(np.log(np.exp(alone) + np.float32(share) * remembered.data[told]), alone)
    flat[places] = np.where(np.isneginf(alone), alone, both)


def profiles(
    histories: Sequence[Rows], n_items: int, *, window: int = WINDOW, fading: float = FADING
) -> sparse.csr_matrix:
    """What each history weighs, [b, n]: fading^age for its last `window` items, repeats added."""
    recent = [rows[-window:][::-1] for rows in histories]
    lengths = [len(rows) for rows in recent]
    ages = np.concatenate([np.arange(length) for length in lengths] or [np.zeros(0)])
    columns = np.concatenate([*recent, np.zeros(0, np.int32)])
    owners = np.repeat(np.arange(len(recent)), lengths)
    weights = (fading**ages).astype(np.float32)
    return sparse.csr_matrix((weights, (owners, columns)), shape=(len(recent), n_items))
