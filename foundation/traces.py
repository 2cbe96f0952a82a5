"""What the training log leaves behind beside the network: wider and narrower transitions, and trends.

Kept in the run so that the experts (`experts.py`) need no log.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy import sparse

from ..base.errors import ArtifactError
from ..base.files import atomic_file
from ..corpus.interactions import Interactions
from ..eval.item_graph import transition_graph
from .sparse_tensors import extended, from_tensors, to_tensors

KEEP = 300  # the strongest transitions of each item
NEWEST = (0.05, 0.20)  # what counts as late in a log with times: the last part of all training


@dataclass(frozen=True)
class Traces:
    """Transitions between rows [n, n], and how many of an item's interactions came late.

    Attributes
    ----------
    far
        Transitions within 20 steps, discounted less for popularity than the memory's.
    following
        Transitions to the very next item, forward only.
    late
        float32 [n, 2]: interactions in the newest 5 % and 20 % of training; where the log has
        positions only, those that end a person's sentence, and those among the last two.
    """

    far: sparse.csr_matrix
    following: sparse.csr_matrix
    late: NDArray[np.float32]

    @classmethod
    def of(cls, train: Interactions, n_items: int) -> Traces:
        """Count a training log."""
        far = transition_graph(train, n_items, steps=20, sender=-0.3, receiver=-0.2, keep=KEEP)
        following = transition_graph(
            train, n_items, steps=1, backward=0.0, sender=-0.5, receiver=-0.2, keep=KEEP
        )
        late = [np.bincount(train.rows[one], minlength=n_items) for one in _late(train)]
        return cls(far, following, np.stack(late, 1).astype(np.float32))

    @classmethod
    def none(cls, n_items: int) -> Traces:
        """Those of an empty log, for where no expert is asked."""
        empty = sparse.csr_matrix((n_items, n_items), dtype=np.float32)
        return cls(empty, empty, np.zeros((n_items, len(NEWEST)), np.float32))

    def extended(self, n_items: int) -> Traces:
        """The same traces over a catalogue that has grown to `n_items` rows."""
        late = np.zeros((n_items, self.late.shape[1]), np.float32)
        late[: len(self.late)] = self.late
        return Traces(extended(self.far, n_items), extended(self.following, n_items), late)

    def save(self, path: Path) -> None:
        """Write one safetensors file, atomically."""
        tensors = {**to_tensors("far", self.far), **to_tensors("following", self.following)}
        with atomic_file(path) as draft:
            save_file({**tensors, "late": self.late}, draft)

    @classmethod
    def load(cls, path: Path) -> Traces:
        """Read what :meth:`save` wrote."""
        try:
            found = load_file(path)
            return cls(from_tensors("far", found), from_tensors("following", found), found["late"])
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise ArtifactError(f"not the traces of a log: {error}", where=str(path)) from error


def _late(train: Interactions) -> list[NDArray[np.bool_]]:
    """Which interactions are late, strictly and loosely."""
    if train.clock == "timestamp" and len(train):
        edges = np.quantile(train.times, [1 - share for share in NEWEST])
        return [train.times > edge for edge in edges]
    to_end = train.offsets[1:][train.users] - np.arange(len(train))  # 1 at a sentence's end
    return [to_end <= 1, to_end <= 2]
