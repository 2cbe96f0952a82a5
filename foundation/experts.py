"""Many simple opinions about every item, beside the network's: who followed whom, and what looks alike.

Each expert is cheap, needs no training, and knows something the others do not. What they are worth
together, for which person and which item, is the mixer's to learn (`mixer.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..corpus.keys import Rows
from ..eval.item_graph import nearest
from .memory import TransitionMemory, profiles
from .sparse_tensors import extended
from .traces import Traces

Scores = NDArray[np.float32]
Sparse = Any  # a scipy matrix; scipy has no types of its own

ATTRIBUTES = "attributes"  # the view of :func:`firstlight.corpus.tokens.token_views` with few values
NEIGHBORS = 20  # look-alikes over which an item's transitions are averaged
LEARNED = ("near", "last", "far", "following", "through")  # what an item nobody has touched has none of
SMOOTHED = "smoothed"
MASSES = (*LEARNED, SMOOTHED)  # opinions from 0 up; all others are cosines


class Experts:
    """Opinions from transitions and from content.

    Parameters
    ----------
    memory, traces
        What the training log left behind.
    dense
        Unit vectors float32 [n, d] by modality ("text", "image"); a zero row has nothing to say.
    tokens
        Unit TF-IDF rows [n, m] by view; see :func:`firstlight.corpus.tokens.token_views`.
    look_alikes
        What :attr:`look_alikes` was found to be for the same content, or for its first rows; None: find it
        when asked.
    """

    def __init__(
        self,
        memory: TransitionMemory,
        traces: Traces,
        dense: Mapping[str, Scores],
        tokens: Mapping[str, Sparse],
        look_alikes: Sparse | None = None,
    ) -> None:
        self.graph, self.traces = memory.graph, traces
        self.dense, self.tokens = dict(dense), dict(tokens)
        self.size = self.graph.indptr.size - 1
        self._found_alike = look_alikes
        self._turned = {name: rows.T.tocsr() for name, rows in self.tokens.items()}

    @property
    def content(self) -> list[str]:
        """The names of the content views."""
        return [*self.dense, *self.tokens]

    @cached_property
    def look_alikes(self) -> Sparse:
        """[n, n]: each row weighs its nearest items in content by squared similarity, and sums to 1.

        Without content nothing looks alike: all zeros. Rows that came later look like others, and the
        rows before them stay as they were found.
        """
        if not self.content:
            return sparse.csr_matrix((self.size, self.size), dtype=np.float32)
        found = self._found_alike
        if found is None:
            return nearest(self._similar, self.size, NEIGHBORS)
        known = found.shape[0]
        if known == self.size:
            return found
        fresh = nearest(self._similar, self.size, NEIGHBORS, first=known)
        return sparse.vstack([extended(found, self.size)[:known], fresh], format="csr")

    def opinions(self, histories: Sequence[Rows]) -> dict[str, Scores]:
        """What each expert says of every item, float32 [b, n] by name."""
        recent, last = profiles(histories, self.size), profiles(histories, self.size, window=1)
        return dict(self._opinions(histories, recent, last))

    def alike(self, histories: Sequence[Rows]) -> Scores:
        """How much each item is like the history, the mean of its views' cosines, float32 [b, n].

        Attributes are left out: few values that many items share drown what titles say.
        """
        recent = profiles(histories, self.size)
        views = [view for view in self.content if view != ATTRIBUTES]
        if not views:
            return np.zeros((len(histories), self.size), np.float32)
        return np.asarray(np.mean([self._match(view, recent) for view in views], axis=0), dtype=np.float32)

    def _opinions(
        self, histories: Sequence[Rows], recent: Sparse, last: Sparse
    ) -> Iterator[tuple[str, Scores]]:
        graph: Sparse = self.graph
        near = (recent @ graph).toarray()
        yield "near", near
        yield "last", (last @ graph).toarray()
        long: Sparse = profiles(histories, self.size, window=50, fading=0.95)
        yield "far", (long @ self.traces.far).toarray()
        yield "following", (recent @ self.traces.following).toarray()
        if self.content:
            yield "through", ((recent @ self.look_alikes) @ graph).toarray()
            yield SMOOTHED, (self.look_alikes @ near.T).T
        for view in self.content:
            yield view, self._match(view, recent)
            yield f"{view} of last", self._match(view, last)

    def _match(self, view: str, weights: Sparse) -> Scores:
        """Cosine between the weighed history and every item, [b, n]; 0 for an empty history."""
        if view in self.tokens:
            profile: Sparse = weights @ self.tokens[view]
            length = np.sqrt(np.asarray(profile.multiply(profile).sum(axis=1)))
            return (profile @ self._turned[view]).toarray() / np.maximum(length, 1e-9)
        profile = weights @ self.dense[view]
        length = np.linalg.norm(profile, axis=1, keepdims=True)
        return (profile / np.maximum(length, 1e-9)) @ self.dense[view].T

    def _similar(self, rows: NDArray[np.int64]) -> Scores:
        """The sum over the views of the cosines between some items and all, [len(rows), n]."""
        found = np.zeros((len(rows), self.size), np.float32)
        for vectors in self.dense.values():
            found += vectors[rows] @ vectors.T
        for name, words in self.tokens.items():
            found += (words[rows] @ self._turned[name]).toarray()
        return found
