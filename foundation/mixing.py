"""From the network's scores to the mixture's: opinions, candidates, columns, mixer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ArtifactError
from ..corpus.keys import Rows
from .columns import BARE, BASE, NETWORK, ItemFacts, Table, candidates, table
from .experts import Experts
from .mixer import Mixer

Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]

LIMIT = 200_000  # items; beyond, asking every expert about every item takes too long
BLOCK_ELEMENTS = 1 << 21  # of one opinion held at once


@dataclass(frozen=True)
class Voices:
    """What the network says of every item, float32 [b, n] each.

    Attributes
    ----------
    base
        Network and memory mixed as probabilities: where the mixer starts from.
    network, bare
        The network's scores, and those it would give if nobody had touched any candidate.
    """

    base: Scores
    network: Scores
    bare: Scores


class Panel:
    """The experts over one catalogue, with what counting says of its items."""

    def __init__(self, experts: Experts, facts: ItemFacts) -> None:
        self.experts, self.facts = experts, facts

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns of its tables."""
        n_items = len(self.facts.counts)
        nothing = np.zeros((1, n_items), np.float32)
        voices = Voices(nothing, nothing, nothing)
        return self.table(voices, [np.zeros(0, np.int32)], np.zeros((1, n_items), dtype=bool)).names

    def table(
        self, voices: Voices, histories: Sequence[Rows], blocked: Mask, also: NDArray[np.int64] | None = None
    ) -> Table:
        """Candidates and their columns; `blocked` rows [b, n] compete only where they are in `also`."""
        opinions = {BASE: voices.base, NETWORK: voices.network, BARE: voices.bare}
        opinions |= self.experts.opinions(histories)
        chosen, tops = candidates(opinions, blocked, self.facts.cold)
        if also is not None:
            chosen[:, also] = True
        lengths = np.array([len(rows) for rows in histories], dtype=np.int64)
        return table(opinions, chosen, tops, self.facts, lengths)


class Mixing:
    """A panel and the mixer that was fitted on it."""

    def __init__(self, panel: Panel, mixer: Mixer) -> None:
        self.panel, self.mixer = panel, mixer

    def scores(
        self,
        voices: Voices,
        histories: Sequence[Rows],
        also: NDArray[np.int64] | None = None,
        raised: Mask | None = None,
    ) -> Scores:
        """The mixture's scores, float32 [b, n]; rows that are no candidates come behind, in base order.

        Parameters
        ----------
        also
            Rows that are mixed in any case, whatever the experts say of them.
        raised
            For whom new items are raised, bool [b]; None: for those with a history.

        Raises
        ------
        ArtifactError
            If the mixer was fitted on a column that the panel does not give.
        """
        found = self.panel.table(voices, histories, seen_mask(histories, voices.base.shape[1]), also)
        values = self._columns(found)
        raised = with_history(histories) if raised is None else raised
        new = self.panel.facts.cold[found.rows] & (found.rows >= int(self.mixer.stock))
        mixed = self.mixer.scores(values, new & raised[found.cases])
        floor = np.full(len(voices.base), np.inf, np.float32)
        np.minimum.at(floor, found.cases, mixed)
        floor[~np.isfinite(floor)] = 0
        out = voices.base - voices.base.max(axis=1, keepdims=True) - 1 + floor[:, None]
        out[found.cases, found.rows] = mixed
        return out

    def _columns(self, found: Table) -> Scores:
        """The columns the mixer was fitted on, in its order.

        There may be more: a catalogue's words become a view as soon as two items that people took share one.
        """
        if found.names == self.mixer.names:
            return found.values
        missing = [name for name in self.mixer.names if name not in found.names]
        if missing:
            raise ArtifactError(
                f'a mixer fitted on "{missing[0]}"',
                where="the run",
                expected=f"columns of its experts: {', '.join(found.names)}",
                fix="pretrain again",
            )
        return found.values[:, [found.names.index(name) for name in self.mixer.names]]


def with_history(histories: Sequence[Rows]) -> Mask:
    """Whose history holds anything, bool [b]."""
    return np.array([len(rows) > 0 for rows in histories], dtype=bool)


def seen_mask(histories: Sequence[Rows], n_items: int) -> Mask:
    """Which rows stand in each history, bool [b, n]."""
    seen = np.zeros((len(histories), n_items), dtype=bool)
    for case, rows in enumerate(histories):
        seen[case, rows] = True
    return seen
