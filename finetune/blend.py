"""The blend: one score from several voters, weighed by how cold the item and the person are.

    score(i) = z_foundation(i) + sum over the other voters v of w[situation of i][v] * z_v(i)

z standardizes a voter within the list, so voters of any scale can be added; the situation is how long
the history is and how often the item was touched. The foundation's weight is one: with all other weights
at zero a list keeps exactly the foundation's order, and a voter without weight need not be asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ArtifactError, DataError
from ..base.files import read_json, write_json
from .blend_fit import BlendReport, fit_weights
from .voters import BASE, COUNTS, SITUATIONS, VoterList, count_bins, history_bin, situation, standardized

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
            If there is no list, a list lacks a voter, or a score is not finite.
        """
        weights, report = fit_weights(lists, seed=seed)
        return cls(weights), report

    def needs(self, voter: str, counts: NDArray[np.integer], history_length: int) -> bool:
        """Whether a voter has a say on any of the candidates; if not, do not ask it.

        Parameters
        ----------
        voter
            "content", "llm", ...
        counts
            int [n]: interactions of each candidate in training.
        history_length
            Of the person.
        """
        return bool(self._weights_of(voter, counts, history_length).any())

    def parts(
        self, votes: Mapping[str, NDArray[np.floating]], counts: NDArray[np.integer], history_length: int
    ) -> dict[str, Vector]:
        """What each voter adds to the score of each candidate, float32 [n]; their sum orders the list.

        A voter that is missing from `votes` (switched off, or away) simply does not vote.

        Raises
        ------
        DataError
            If the number of scores is not that of the candidates, or a score is not finite.
        """
        sizes = {name: len(vote) for name, vote in votes.items()}
        if set(sizes.values()) - {len(counts)}:
            raise DataError(
                f"scores {sizes} for {len(counts)} candidates",
                where="the blend",
                expected="one score for each candidate",
            )
        return {
            voter: (self._weights_of(voter, counts, history_length) * standardized(vote)).astype(np.float32)
            for voter, vote in votes.items()
        }

    def _weights_of(
        self, voter: str, counts: NDArray[np.integer], history_length: int
    ) -> NDArray[np.float64]:
        """The voter's weight on each candidate, [n]."""
        row = history_bin(history_length)
        by_count = [self.weights[situation(row, bin_)].get(voter, 0.0) for bin_ in range(len(COUNTS))]
        return np.array(by_count)[count_bins(counts)]

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
