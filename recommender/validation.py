"""The score that picks a checkpoint: NDCG@10 on validation, warm and cold together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from ..base.hashing import key_hashes
from ..corpus.interactions import Cases
from ..eval.metrics import harmonic_mean, mean_of, ndcg_of_ranks
from ..eval.ranking import Candidates, Seen, ranks_of_targets
from ..foundation import FoundationModel, ItemFeatures
from ..foundation.memory import TransitionMemory
from ..foundation.scorer import FoundationScorer

MAX_CASES = 1500
BIAS_BOUND = 8.0
USUAL_SHARE = 0.2  # of the memory, while training
MORE_BIAS = (0.0, 0.5, 1.0, 1.5)  # beyond the most likely one
SHARES = (0.0, 0.1, 0.2, 0.3)  # with more, known pairs drown new items as soon as many are out
MIN_COLD = 30  # fewer cold cases say nothing about cold items
NONE_FOUND = 1e-3  # below what a single cold case among the first ten would bring
ELEMENTS = 1 << 24  # scores of a block of cases: 64 MiB, and a handful of such arrays at a time

Scores = NDArray[np.float32]


class _Network(NamedTuple):
    """A network at rest, and what it makes of those who are asked for, [n_cases, size]."""

    scorer: FoundationScorer
    people: Scores


class Validator:
    """Calling it with a model gives its validation figures; "score" is the one to maximize.

    Two numbers that training cannot find are fitted here. "cold_bias" is added to the score of all
    items nobody has touched, for people with a history: training saw count 0 only on items that
    played cold. While training it is the most likely one. "memory" is the transition memory's share.
    At the end :meth:`best` chooses both on a grid.

    The score is the harmonic mean of warm and cold NDCG@10 (picking by warm items alone selects
    checkpoints that lean on IDs), or NDCG@10 of all cases when hardly any is cold. Where no new item is found
    the mean is 0 for the best network and the worst; a little of the latter tells them apart.
    """

    def __init__(
        self,
        cases: Cases,
        features: ItemFeatures,
        memory: TransitionMemory,
        released: NDArray[np.float64] | None,
    ) -> None:
        self.cases = cases.take(sample(cases, MAX_CASES))
        self.features, self.memory, self.released = features, memory, released
        self.cold = features.counts.numpy() == 0
        self.counted = np.count_nonzero(self.cold[self.cases.targets]) >= MIN_COLD

    def __call__(self, model: FoundationModel) -> dict[str, float]:
        """Figures for the most likely bias and the usual share of the memory."""
        network = self._network(model)
        tries = [(self._likeliest_bias(network), USUAL_SHARE)]
        return self._figures(network, np.arange(len(self.cases)), tries)[0]

    def best(self, model: FoundationModel) -> dict[str, float]:
        """Figures for the bias and the share with the best score.

        Judged on the newest half of the cases: new items keep coming out, and what is right when few
        of them are there floods the lists when there are many.
        """
        network = self._network(model)
        likely = self._likeliest_bias(network)
        biases = [likely + more for more in MORE_BIAS] if self.counted else [0.0]
        newest = np.argsort(-np.nan_to_num(self.cases.times), kind="stable")[: (len(self.cases) + 1) // 2]
        tried = self._figures(network, newest, [(bias, share) for bias in biases for share in SHARES])
        return max(tried, key=lambda found: found["score"])

    def _network(self, model: FoundationModel) -> _Network:
        set_cold_bias(model, 0.0)
        scorer = FoundationScorer(model, self.features)
        return _Network(scorer, scorer.people(self.cases))

    def _blocks(self, network: _Network, which: NDArray[np.int64]) -> Iterator[tuple[Cases, Scores]]:
        """Some cases and the network's own scores, -inf for what was not released yet."""
        step = max(1, ELEMENTS // len(self.cold))
        for start in range(0, len(which), step):
            part = which[start : start + step]
            cases = self.cases.take(part)
            scores = network.scorer.scores(network.people[part], cases.histories())
            if self.released is not None:
                scores[self.released > cases.times[:, None]] = -np.inf
            yield cases, scores

    def _figures(
        self, network: _Network, which: NDArray[np.int64], tries: Sequence[tuple[float, float]]
    ) -> list[dict[str, float]]:
        """What some cases give with each bias and share of the memory."""
        gains: list[list[NDArray[np.float64]]] = [[] for _ in tries]
        for cases, scores in self._blocks(network, which):
            raised = (cases.lengths > 0)[:, None] & self.cold  # as the scorer raises new items
            for found, (bias, share) in zip(gains, tries, strict=True):
                mixed = self.memory.mixed(scores + np.float32(bias) * raised, cases.histories(), share)
                found.append(_ndcg(mixed, cases))
        cold = self.cold[self.cases.targets[which]]
        return [
            self._figure(np.concatenate(found), cold) | {"cold_bias": bias, "memory": share}
            for found, (bias, share) in zip(gains, tries, strict=True)
        ]

    def _figure(self, gains: NDArray[np.float64], cold: NDArray[np.bool_]) -> dict[str, float]:
        figures = {"ndcg": mean_of(gains), "warm": mean_of(gains[~cold]), "cold": mean_of(gains[cold])}
        both = float(harmonic_mean(figures["warm"], figures["cold"]))
        score = (both or NONE_FOUND * figures["ndcg"]) if self.counted else figures["ndcg"]
        return {"score": score, **figures}

    def _likeliest_bias(self, network: _Network) -> float:
        """The number that, added to cold items, makes the targets most likely; 0 without cold cases."""
        asked = np.flatnonzero(self.cases.lengths > 0)  # whom the scorer raises new items for
        if not (self.counted and len(asked)):
            return 0.0
        sides = [
            [logsumexp(scores[:, side], axis=1) for side in (~self.cold, self.cold)]
            for _, scores in self._blocks(network, asked)
        ]
        warm, cold = (np.concatenate(side) for side in zip(*sides, strict=True))
        hits = self.cold[self.cases.targets[asked]].mean()
        found = minimize_scalar(
            lambda bias: np.logaddexp(warm, cold + bias).mean() - bias * hits,
            bounds=(-BIAS_BOUND, BIAS_BOUND),
            method="bounded",
        )
        return float(found.x)


def _ndcg(scores: Scores, cases: Cases) -> NDArray[np.float64]:
    """NDCG@10 of each case, seen items out; ties go against the target."""
    ranks = ranks_of_targets(scores, cases.targets, Candidates(Seen(cases.history_rows, cases.offsets)))
    return ndcg_of_ranks(ranks)


def set_cold_bias(model: FoundationModel, value: float) -> None:
    """Add `value` to the score of every item nobody has touched."""
    with torch.no_grad():
        model.tower.cold_bias.fill_(value)


def sample(cases: Cases, most: int) -> NDArray[np.int64]:
    """At most `most` case numbers, in order, chosen by a hash of whose they are and where they stand."""
    salted = [f"{key}/{start}" for key, start in zip(cases.user_keys, cases.offsets, strict=False)]
    return np.sort(np.argsort(key_hashes(salted, "sample"), kind="stable")[:most])
