"""What the mixer reads of each candidate: every opinion, relative and absolute, beside item and person.

A candidate is a row that some expert puts high. All others are not worth a second look, which makes
mixing forty times cheaper than scoring the whole catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from .experts import LEARNED, MASSES, SMOOTHED

Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]

BASE, NETWORK, BARE = "base", "network", "network without ids"
FEW, MANY = 50, 100  # candidates of each expert
BROAD = (BASE, "near", "far", SMOOTHED)  # the experts that may name many, with the first content view
TINY_MASS = 1e-4
LEVEL_FLOOR = -6.0


@dataclass(frozen=True)
class ItemFacts:
    """What counting says of each row.

    Attributes
    ----------
    counts
        float32 [n], interactions in training.
    late
        float32 [n, 2]; see :class:`firstlight.foundation.traces.Traces`.
    """

    counts: Scores
    late: Scores

    @property
    def cold(self) -> Mask:
        """Rows nobody has touched, bool [n]."""
        return self.counts == 0

    def columns(self) -> dict[str, Scores]:
        """By name, [n] each; rows nobody has touched all read the same."""
        shares = np.log((self.late + 0.5) / (self.counts[:, None] + 2))
        found = {"interactions": np.log1p(self.counts), "is cold": self.cold}
        found |= {f"late {place}": shares[:, place] for place in range(shares.shape[1])}
        return {name: np.asarray(values, dtype=np.float32) for name, values in found.items()}


@dataclass(frozen=True)
class Table:
    """Candidates of a batch of cases, sorted by case.

    Attributes
    ----------
    cases, rows
        int64 [m]: whose candidate, and which catalogue row.
    values
        float32 [m, f]; column 0 is where the mixer starts from.
    names
        The columns' names.
    """

    cases: NDArray[np.int64]
    rows: NDArray[np.int64]
    values: Scores
    names: tuple[str, ...]


def candidates(opinions: Mapping[str, Scores], blocked: Mask, cold: Mask) -> tuple[Mask, dict[str, Scores]]:
    """Which rows are worth mixing, bool [b, n], and the best each opinion says of an open row, [b] by name.

    Each expert names its best; among rows nobody has touched, each expert that can tell them apart
    names its best too, since next to known ones they would never come up. With nothing open the best is 0.
    """
    chosen, tops = np.zeros(blocked.shape, dtype=bool), {}
    everyone, untouched, closed = np.arange(len(cold)), np.flatnonzero(cold), np.nonzero(blocked)
    first_view = next((name for name in opinions if name not in (*MASSES, BASE, NETWORK, BARE)), "")
    for name, scores in opinions.items():
        with _closing(scores, closed):
            top = _choose(chosen, scores, everyone, MANY if name in (*BROAD, first_view) else FEW)
            if len(untouched) and name not in LEARNED:
                _choose(chosen, scores[:, untouched], untouched, FEW)
        tops[name] = np.where(np.isfinite(top), top, np.float32(0))
    return chosen, tops


@contextmanager
def _closing(scores: Scores, closed: tuple[NDArray[np.int64], ...]) -> Iterator[None]:
    """Put some entries last for a while: a masked copy of every opinion took a fifth of the time."""
    kept = scores[closed]
    scores[closed] = -np.inf
    try:
        yield
    finally:
        scores[closed] = kept


def _choose(chosen: Mask, scores: Scores, rows: NDArray[np.int64], count: int) -> Scores:
    """Mark each case's `count` best of some rows with anything to say for them; return the best score, [b].

    Scores are [b, len(rows)].
    """
    best = torch.topk(torch.from_numpy(scores), min(count, len(rows)), dim=1, sorted=False)
    values, places = best.values.numpy(), best.indices.numpy()
    cases = np.broadcast_to(np.arange(len(scores))[:, None], places.shape)
    said = np.isfinite(values) & (values != 0)
    chosen[cases[said], rows[places[said]]] = True
    return values.max(axis=1)


def table(
    opinions: Mapping[str, Scores],
    chosen: Mask,
    tops: Mapping[str, Scores],
    facts: ItemFacts,
    lengths: NDArray[np.int64],
) -> Table:
    """The mixer's columns for the chosen rows.

    Parameters
    ----------
    opinions
        float32 [b, n] by name: `BASE`, `NETWORK`, `BARE`, and the experts'.
    chosen, tops
        From :func:`candidates`; what an opinion is relative to is its best.
    lengths
        Length of each case's history.
    """
    cases, rows = np.nonzero(chosen)
    columns = dict(_network(opinions, tops, cases, rows))
    for name in opinions:
        if name not in (BASE, NETWORK, BARE):
            columns |= _opinion(name, opinions[name][cases, rows], tops[name][cases])
    columns |= {name: values[rows] for name, values in facts.columns().items()}
    columns["history length"] = np.log1p(lengths)[cases]
    columns |= {f"best {name}": tops[name][cases] for name in opinions if name in ("near", "far", SMOOTHED)}
    values = np.stack([np.asarray(one, np.float32) for one in columns.values()], axis=1)
    return Table(cases, rows, values, tuple(columns))


def _network(
    opinions: Mapping[str, Scores],
    tops: Mapping[str, Scores],
    cases: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> Iterator[tuple[str, Scores]]:
    """The network's own columns; the ID-free ones are what a row would get if nobody had touched it."""
    top = tops[NETWORK]
    total = np.log(np.exp(opinions[NETWORK] - top[:, None]).sum(axis=1)) - np.log(opinions[NETWORK].shape[1])
    own, bare = opinions[NETWORK][cases, rows] - top[cases], opinions[BARE][cases, rows] - top[cases]
    yield BASE, opinions[BASE][cases, rows] - tops[BASE][cases]
    yield NETWORK, own
    yield f"{NETWORK} level", np.maximum(own - total[cases], LEVEL_FLOOR)
    yield BARE, bare
    yield f"{BARE} level", np.maximum(bare - total[cases], LEVEL_FLOOR)


def _opinion(name: str, values: Scores, top: Scores) -> dict[str, Scores]:
    if name in MASSES:
        share = np.asarray(values / np.maximum(top, 1e-9), dtype=np.float32)
        return {name: share, f"{name} level": np.log(values + np.float32(TINY_MASS))}
    return {name: values, f"{name} gap": values - top}


def as_cold(found: Table, which: Mask) -> Scores:
    """The values [m, f] with some candidates, bool [m], read as if nobody had ever touched them."""
    values, place = found.values.copy(), {name: at for at, name in enumerate(found.names)}
    for name, stand_in in ((BASE, BARE), (NETWORK, BARE), (f"{NETWORK} level", f"{BARE} level")):
        values[which, place[name]] = values[which, place[stand_in]]
    constants = {name: 0.0 for name in LEARNED} | {f"{name} level": np.log(TINY_MASS) for name in LEARNED}
    untouched = ItemFacts(np.zeros(1, np.float32), np.zeros((1, 2), np.float32))
    constants |= {name: one[0] for name, one in untouched.columns().items()}
    for name, constant in constants.items():
        if name in place:
            values[which, place[name]] = constant
    return values
