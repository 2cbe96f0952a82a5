"""The model as a function from cases to scores over the whole catalogue; what evaluation calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from ..corpus.interactions import Cases
from ..corpus.keys import Rows
from .experts import Experts
from .features import ItemFeatures
from .memory import TransitionMemory
from .mixing import BLOCK_ELEMENTS, Mask, Mixing, Voices, with_history
from .model import FoundationModel

Scores = NDArray[np.float32]

SHARPNESS = 16.0  # from a mean cosine to a logit


class FoundationScorer:
    """``scorer(cases)`` is float32 [b, n_items]; item vectors are computed once.

    Parameters
    ----------
    memory
        The transition memory beside the network, if any.
    mixing
        Experts and mixer on top of both, if any.
    foreign
        Content experts of a domain that the network was not trained on. They speak in its place
        wherever there is a history: measured on other shops, it knows less than they do.
    """

    def __init__(
        self,
        model: FoundationModel,
        features: ItemFeatures,
        memory: TransitionMemory | None = None,
        mixing: Mixing | None = None,
        foreign: Experts | None = None,
    ) -> None:
        self.model, self.memory, self.mixing, self.foreign = model, memory, mixing, foreign
        self.features = features.to(model.device)
        self.vectors, bias = model.items(self.features)
        self.candidates = self.vectors.float().cpu().numpy()
        self.bias = bias.float().cpu().numpy()
        counts = features.counts.cpu().numpy()
        self._raised = float(model.tower.cold_bias) * (counts == 0)
        self._log_counts = np.log1p(counts, dtype=np.float32)

    @cached_property
    def _bare(self) -> tuple[Scores, Scores]:
        """Vectors and biases that the items would have if nobody had touched them."""
        untouched = replace(self.features, counts=torch.zeros_like(self.features.counts))
        vectors, bias = self.model.items(untouched)
        return vectors.float().cpu().numpy(), bias.float().cpu().numpy()

    def people(self, cases: Cases) -> Scores:
        """One vector for each case, float32 [b, size]."""
        times = [cases.moments(case) for case in range(len(cases))]
        return self.model.people(cases.histories(), self.vectors, times)

    def __call__(self, cases: Cases) -> Scores:
        """Scores of every item for every case, [b, n_items]."""
        return self.scores(self.people(cases), cases.histories())

    def scores(
        self, people: Scores, histories: Sequence[Rows], also: NDArray[np.int64] | None = None
    ) -> Scores:
        """The same for people read already, [b, n_items].

        With a memory these are log probabilities; with a mixer its scores, in which the rows `also`
        are mixed even where no expert puts them high. Without a history what is popular has the share in
        them that the memory says.
        """
        out = self.mixed(people, histories, also)
        if self.memory is not None and self.memory.popular:
            unknown = [len(rows) == 0 for rows in histories]
            out[unknown] = self.with_popular(out[unknown], self.memory.popular)
        return out

    def with_popular(self, scores: Scores, share: float) -> Scores:
        """``(1 - share) * score + share * log(1 + interactions)`` of every item, [..., n_items]."""
        return np.float32(1 - share) * scores + np.float32(share) * self._log_counts

    def mixed(
        self,
        people: Scores,
        histories: Sequence[Rows],
        also: NDArray[np.int64] | None = None,
        raised: Mask | None = None,
    ) -> Scores:
        """The same without popularity.

        `raised`, bool [b], says for whom new items are raised; None: for those with a history. Where
        somebody's scores with and without an only item are compared, it must be the same for both.
        """
        raised = with_history(histories) if raised is None else raised
        if self.mixing is None:
            found = self._alone(people, histories, raised)
            return found if self.memory is None else self.memory.mixed(found, histories, out=found)
        out = np.empty((len(people), len(self.bias)), dtype=np.float32)
        step = max(1, BLOCK_ELEMENTS // len(self.bias))
        for start in range(0, len(people), step):
            part = slice(start, start + step)
            voices = self.voices(people[part], histories[part], raised[part])
            out[part] = self.mixing.scores(voices, histories[part], also, raised[part])
        return out

    def voices(self, people: Scores, histories: Sequence[Rows], raised: Mask | None = None) -> Voices:
        """What the network says of every item, with its memory, and without IDs."""
        network = self._alone(people, histories, with_history(histories) if raised is None else raised)
        base = network if self.memory is None else self.memory.mixed(network, histories)
        if self.foreign is not None:
            return Voices(base, network, network)
        vectors, bias = self._bare
        return Voices(base, network, people @ vectors.T + bias)

    def _alone(self, people: Scores, histories: Sequence[Rows], raised: Mask) -> Scores:
        """The network's own scores, or those of the content that speaks for it."""
        found = people @ self.candidates.T
        found += self.bias
        found[~raised] -= self._raised  # without a history nothing tells new items apart: they would be all
        if self.foreign is None:
            return found
        return np.where(with_history(histories)[:, None], SHARPNESS * self.foreign.alike(histories), found)
