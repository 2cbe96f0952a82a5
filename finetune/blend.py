"""The blend: foundation, content and language model as voters, weighed by how cold things are.

Every voter's scores are standardized over the list. The foundation counts 1; what the others count
depends on the history's length and on whether the item was ever touched, and is fitted on validation
lists by coordinate search on NDCG@10. A weight must earn its place on lists it was not fitted on, in
both directions, or it is 0; and where a voter counts 0 everywhere it is not even asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ArtifactError, DataError
from ..base.files import read_json, write_json

Vector = NDArray[np.float32]
BASE = "foundation"
GRID = (0.0, 0.1, 0.2, 0.35, 0.6, 1.0)
ROUNDS = 3  # passes of the coordinate search
SHORT = 5  # the longest history that counts as short
LENGTHS, KINDS = ("history up to 5", "history over 5"), ("new items", "known items")
SITUATIONS = tuple(f"{length}, {kind}" for length, kind in product(LENGTHS, KINDS))
Weights = dict[str, dict[str, float]]


@dataclass(frozen=True)
class VoterList:
    """One list with a known answer.

    Attributes
    ----------
    votes
        Each voter's scores, float32 [n]; "foundation" must be among them.
    positive
        Which candidate the person took.
    counts
        int [n]: training interactions of each candidate.
    history_length
        Items in the person's history.
    """

    votes: Mapping[str, Vector]
    positive: int
    counts: NDArray[np.integer]
    history_length: int


@dataclass(frozen=True)
class BlendReport:
    """NDCG@10 by segment on the fitting lists: the foundation alone, and the blend."""

    segments: Mapping[str, Mapping[str, float]]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {name: dict(one) for name, one in self.segments.items()}

    def text(self) -> str:
        """One line for each segment."""
        lines = ["NDCG@10 on the retrieved lists, foundation alone -> blend, on the lists that fitted it"]
        for name, one in self.segments.items():
            lines.append(
                f"  {name:18} {one['before']:.4f} -> {one['after']:.4f}   ({one['lists']:.0f} lists)"
            )
        return "\n".join(lines)


class Blend:
    """Weights by situation; make one with :meth:`fit`, :meth:`load` or :meth:`foundation_only`."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    @classmethod
    def foundation_only(cls) -> Blend:
        """The order the list was given."""
        return cls({situation: {BASE: 1.0} for situation in SITUATIONS})

    def parts(
        self, votes: Mapping[str, Vector], counts: NDArray[np.integer], length: int
    ) -> dict[str, Vector]:
        """What each voter adds to the score of each candidate, float32 [n]; their sum orders the list."""
        return {name: self._at(name, counts, length) * standardized(vote) for name, vote in votes.items()}

    def needs(self, voter: str, counts: NDArray[np.integer], length: int) -> bool:
        """Whether this voter has a say on any of the candidates; if not, do not ask it."""
        return bool(self._at(voter, counts, length).any())

    def _at(self, voter: str, counts: NDArray[np.integer], length: int) -> Vector:
        new, known = (self.weights[f"{_length(length)}, {kind}"].get(voter, 0.0) for kind in KINDS)
        return np.where(counts == 0, new, known).astype(np.float32)

    @classmethod
    def fit(cls, lists: Sequence[VoterList]) -> tuple[Blend, BlendReport]:
        """Fit the weights on lists that no voter was trained on.

        Lists are halved by their place. Each half's weights are tried on the other one, and where
        either attempt does not help, or makes new or known targets worse, the foundation stays alone.

        Raises
        ------
        DataError
            If there is no list.
        """
        if not lists:
            raise DataError(
                "no validation list has its target", fix="retrieve more candidates (serve.rerank)"
            )
        blend = cls.foundation_only()
        for length in LENGTHS:
            part = [one for one in lists if _length(one.history_length) == length]
            blend = cls({**blend.weights, **_fitted(part, length)})
        return blend, _report(lists, blend)

    def save(self, path: Path) -> None:
        """Write readable JSON, atomically."""
        write_json(path, {"weights": self.weights})

    @classmethod
    def load(cls, path: Path) -> Blend:
        """Read what :meth:`save` wrote."""
        weights = read_json(path).get("weights")
        if not isinstance(weights, dict) or set(weights) != set(SITUATIONS):
            raise ArtifactError(
                "not a blend", where=str(path), expected=f"weights for {'; '.join(SITUATIONS)}"
            )
        return cls(weights)


def standardized(scores: Vector) -> Vector:
    """Zero mean and unit deviation over the list; zeros when all are equal."""
    spread = float(scores.std())
    return ((scores - scores.mean()) / spread if spread > 1e-9 else np.zeros_like(scores)).astype(np.float32)


def _length(history_length: int) -> str:
    return LENGTHS[int(history_length > SHORT)]


def _fitted(lists: Sequence[VoterList], length: str) -> Weights:
    """Weights for one length of history: the mean of both halves', or the foundation alone."""
    alone = {f"{length}, {kind}": {BASE: 1.0} for kind in KINDS}
    halves = (lists[::2], lists[1::2])
    if min(map(len, halves)) < 2:
        return alone
    found = [_search(half, alone) for half in halves]
    crossed = ((halves[1], found[0]), (halves[0], found[1]))
    if any(_harms(other, alone, weights) for other, weights in crossed):
        return alone
    mean = {
        situation: {
            voter: round(float(np.mean([one[situation].get(voter, 0.0) for one in found])), 3)
            for voter in found[0][situation]
        }
        for situation in alone
    }
    return alone if _harms(lists, alone, mean) else mean


def _search(lists: Sequence[VoterList], start: Weights) -> Weights:
    """Coordinate search: one weight at a time over the grid; a change must gain, smaller weights win ties."""
    best = {situation: dict(weights) for situation, weights in start.items()}
    best_score = float(_ndcg(lists, best).mean())
    others = [voter for voter in lists[0].votes if voter != BASE]
    for _, situation, voter in product(range(ROUNDS), start, others):
        for value in GRID:
            tried = {**best, situation: {**best[situation], voter: value}}
            score = float(_ndcg(lists, tried).mean())
            if score > best_score + 1e-9:
                best, best_score = tried, score
    return best


def _harms(lists: Sequence[VoterList], before: Weights, after: Weights) -> bool:
    """Whether the lists, or those with a new or a known target, get worse."""
    gain = _ndcg(lists, after) - _ndcg(lists, before)
    new = np.array([one.counts[one.positive] == 0 for one in lists])
    return any(gain[part].mean() < 0 for part in (new, ~new, np.ones_like(new)) if part.any())


def _ndcg(lists: Sequence[VoterList], weights: Weights) -> NDArray[np.float64]:
    """NDCG@10 of each list; ties count against the positive."""
    full = Blend({**Blend.foundation_only().weights, **weights})
    ranks = np.empty(len(lists))
    for place, one in enumerate(lists):
        total = np.sum(list(full.parts(one.votes, one.counts, one.history_length).values()), axis=0)
        ranks[place] = (total >= total[one.positive]).sum()
    return np.where(ranks <= 10, 1 / np.log2(1 + ranks), 0.0)


def _report(lists: Sequence[VoterList], blend: Blend) -> BlendReport:
    """Before and after by segment."""
    before = _ndcg(lists, Blend.foundation_only().weights)
    after = _ndcg(lists, blend.weights)
    new = np.array([one.counts[one.positive] == 0 for one in lists])
    short = np.array([one.history_length <= SHORT for one in lists])
    parts = {
        "all": np.ones_like(new),
        "new targets": new,
        "known targets": ~new,
        LENGTHS[0]: short,
        LENGTHS[1]: ~short,
    }
    return BlendReport(
        {
            name: {
                "before": float(before[part].mean()),
                "after": float(after[part].mean()),
                "lists": float(part.sum()),
            }
            for name, part in parts.items()
            if part.any()
        }
    )
