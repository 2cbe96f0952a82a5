"""The blend: voters re-order a list, weighed by how cold the items and the person are.

The list comes in the foundation's order. Each further voter v, in turn, re-orders the items of one count bin
among the seats that these items hold, by

    score so far + w[history bin, count bin][v] * z_v

where z standardizes the voter within the list. So what a voter knows about never-seen items can bring the
right one forward among them, and cannot push a well-known item from its place: a weight that helps one kind
of item costs the other kinds nothing, and a weight of zero leaves the order as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ArtifactError, DataError
from ..base.files import read_json, write_json
from .blend_fit import fit_weights
from .blend_report import BlendReport
from .voters import (
    BASE,
    COUNTS,
    SITUATIONS,
    VoterList,
    count_bins,
    history_bin,
    joining_order,
    reseated,
    situation,
    standardized,
)

Vector = NDArray[np.float32]


class Blend:
    """Weights by situation and voter; make one with :meth:`fit`, :meth:`load` or :meth:`foundation_only`.

    Parameters
    ----------
    weights
        By situation (see :data:`~.voters.SITUATIONS`), then by voter; zero or more, absent is zero.
    """

    def __init__(self, weights: Mapping[str, Mapping[str, float]]) -> None:
        self.weights = weights

    @classmethod
    def foundation_only(cls) -> Blend:
        """The order the list was given."""
        return cls({name: {BASE: 1.0} for name in SITUATIONS})

    @classmethod
    def fit(cls, lists: Sequence[VoterList], *, seed: int = 0) -> tuple[Blend, BlendReport]:
        """Fit the weights on lists that no voter was trained on; see :mod:`~.blend_fit` for how.

        Raises
        ------
        DataError
            If there is no list, a list lacks the foundation, or a score is not finite.
        """
        weights, report = fit_weights(lists, seed=seed)
        return cls(weights), report

    def needs(self, voter: str, counts: NDArray[np.integer], history_length: int) -> bool:
        """Whether a voter can change anything about this list; if not, do not ask it.

        Parameters
        ----------
        voter
            "content", "llm", ...
        counts
            int [n]: interactions of each candidate in training.
        history_length
            Of the person.
        """
        bins, sizes = np.unique(count_bins(counts), return_counts=True)
        row = self._row(voter, history_length)
        return voter == BASE or bool(row[bins[sizes > 1]].any())

    def parts(
        self, votes: Mapping[str, NDArray[np.floating]], counts: NDArray[np.integer], history_length: int
    ) -> dict[str, Vector]:
        """What each voter adds to the score of each candidate, float32 [n]; their sum orders the list.

        The foundation's part is its standardized score; another voter's part is the difference between
        an item's seat after it and before. A voter that is missing from `votes` does not vote.

        Raises
        ------
        DataError
            If the foundation is missing, the number of scores is not that of the candidates, or a score
            is not finite.
        """
        sizes = {name: len(vote) for name, vote in votes.items()}
        if BASE not in sizes or set(sizes.values()) != {len(counts)}:
            raise DataError(
                f"scores {sizes} for {len(counts)} candidates",
                where="the blend",
                expected=f"one score for each candidate, those of {BASE} among them",
            )
        bins = count_bins(counts)
        total = standardized(votes[BASE])
        parts = {BASE: total}
        for voter in joining_order(votes):
            row = self._row(voter, history_length)
            moved = total
            if row.any():
                moved = reseated(total, total + row[bins] * standardized(votes[voter]), bins)
            parts[voter], total = moved - total, moved
        return {voter: part.astype(np.float32) for voter, part in parts.items()}

    def _row(self, voter: str, history_length: int) -> NDArray[np.float64]:
        """The voter's weights by count bin, for one length of history."""
        row = history_bin(history_length)
        names = [situation(row, bin_) for bin_ in range(len(COUNTS))]
        return np.array([self.weights[name].get(voter, 0.0) for name in names])

    def save(self, path: Path) -> None:
        """Write readable JSON, atomically."""
        write_json(Path(path), {"weights": self.weights})

    @classmethod
    def load(cls, path: Path) -> Blend:
        """Read what :meth:`save` wrote.

        Raises
        ------
        ArtifactError
            If the file is missing or holds something else.
        """
        stored = read_json(Path(path))
        weights = stored.get("weights") if isinstance(stored, dict) else None
        if not isinstance(weights, dict) or set(weights) != set(SITUATIONS) or not _sound(weights):
            raise ArtifactError(
                "not the weights of a blend",
                where=str(path),
                expected=f'numbers from 0 up for each voter, by situation ("{SITUATIONS[0]}", ...)',
                fix="run finetune again",
            )
        return cls(weights)


def _sound(weights: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether every weight is a finite number from 0 up."""
    return all(
        isinstance(by_voter, dict)
        and all(isinstance(one, (int, float)) and 0 <= one < np.inf for one in by_voter.values())
        for by_voter in weights.values()
    )
