"""The score that picks a checkpoint: NDCG@10 on validation, warm and cold together."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from ..base.hashing import key_hashes
from ..corpus.interactions import Cases
from ..eval.metrics import harmonic_mean, mean_of
from ..eval.protocol import evaluate
from ..foundation import FoundationModel, ItemFeatures
from ..foundation.memory import TransitionMemory
from ..foundation.scorer import FoundationScorer

MAX_CASES = 1500
BIAS_BOUND = 8.0
USUAL_SHARE = 0.2  # of the memory, while training
MORE_BIAS = (0.0, 0.5, 1.0, 1.5)  # beyond the most likely one
EVERYTHING = slice(None)
SHARES = (0.0, 0.1, 0.2, 0.3)  # with more, known pairs drown new items as soon as many are out
MIN_COLD = 30  # fewer cold cases say nothing about cold items


class Validator:
    """Calling it with a model gives its validation figures; "score" is the one to maximize.

    Two numbers that training cannot find are fitted here. "cold_bias" is added to the score of all
    items nobody has touched, for people with a history: cosine scores carry no popularity, and
    training saw count 0 only on items that played cold. While training it is the most likely one.
    "memory" is the transition memory's share. At the end :meth:`best` chooses both on a grid.

    The score is the harmonic mean of warm and cold NDCG@10 (picking by warm items alone selects
    checkpoints that lean on IDs), or NDCG@10 of all cases when hardly any is cold.
    """

    def __init__(
        self,
        cases: Cases,
        features: ItemFeatures,
        memory: TransitionMemory,
        released: NDArray[np.float64] | None,
    ) -> None:
        self.cases = cases.take(sample(cases, MAX_CASES))
        self.features, self.memory = features, memory
        self.counts = features.counts.numpy().astype(np.int64)
        self.cold = self.counts == 0
        self.counted = np.count_nonzero(self.cold[self.cases.targets]) >= MIN_COLD
        self.asked = self.cases.lengths > 0  # whom the scorer raises new items for
        self.later = None if released is None else released > self.cases.times[:, None]

    def __call__(self, model: FoundationModel) -> dict[str, float]:
        """Figures for the most likely bias and the usual share of the memory."""
        scores = self._scores(model)
        return self._figures(scores, self._likeliest_bias(scores), USUAL_SHARE)

    def best(self, model: FoundationModel) -> dict[str, float]:
        """Figures for the bias and the share with the best score.

        Judged on the newest half of the cases: new items keep coming out, and what is right when few
        of them are there floods the lists when there are many.
        """
        scores = self._scores(model)
        likely = self._likeliest_bias(scores)
        biases = [likely + more for more in MORE_BIAS] if self.counted else [0.0]
        newest = np.argsort(-np.nan_to_num(self.cases.times), kind="stable")[: (len(self.cases) + 1) // 2]
        tried = [self._figures(scores, bias, share, newest) for bias in biases for share in SHARES]
        return max(tried, key=lambda found: found["score"])

    def _scores(self, model: FoundationModel) -> NDArray[np.float32]:
        """The network's own scores, -inf for what was not released yet."""
        set_cold_bias(model, 0.0)
        scores = FoundationScorer(model, self.features)(self.cases)
        if self.later is not None:
            scores[self.later] = -np.inf
        return scores

    def _figures(
        self,
        scores: NDArray[np.float32],
        bias: float,
        share: float,
        which: NDArray[np.int64] | slice = EVERYTHING,
    ) -> dict[str, float]:
        cases = self.cases.take(np.arange(len(self.cases))[which])
        raised = self.asked[which, None] & self.cold
        mixed = self.memory.mixed(scores[which] + np.float32(bias) * raised, cases.histories(), share)
        results = evaluate(lambda part: mixed, cases, counts=self.counts, name="validate", batch=len(cases))
        ndcg, cold = results.values(("NDCG",))["NDCG@10"], results.target_counts == 0
        figures = {"ndcg": float(ndcg.mean()), "warm": mean_of(ndcg[~cold]), "cold": mean_of(ndcg[cold])}
        both = float(harmonic_mean(figures["warm"], figures["cold"]))
        score = both if self.counted else figures["ndcg"]
        return {"score": score, "cold_bias": bias, "memory": share, **figures}

    def _likeliest_bias(self, scores: NDArray[np.float32]) -> float:
        """The number that, added to cold items, makes the targets most likely; 0 without cold cases."""
        if not (self.counted and self.asked.any()):
            return 0.0
        scores, targets = scores[self.asked], self.cases.targets[self.asked]
        warm = np.asarray(logsumexp(scores[:, ~self.cold], axis=1))
        cold = np.asarray(logsumexp(scores[:, self.cold], axis=1))
        hits = self.cold[targets].mean()
        found = minimize_scalar(
            lambda bias: np.logaddexp(warm, cold + bias).mean() - bias * hits,
            bounds=(-BIAS_BOUND, BIAS_BOUND),
            method="bounded",
        )
        return float(found.x)


def set_cold_bias(model: FoundationModel, value: float) -> None:
    """Add `value` to the score of every item nobody has touched."""
    with torch.no_grad():
        model.tower.cold_bias.fill_(value)


def sample(cases: Cases, most: int) -> NDArray[np.int64]:
    """At most `most` case numbers, in order, chosen by a hash of whose they are and where they stand."""
    salted = [f"{key}/{start}" for key, start in zip(cases.user_keys, cases.offsets, strict=False)]
    return np.sort(np.argsort(key_hashes(salted, "sample"), kind="stable")[:most])
