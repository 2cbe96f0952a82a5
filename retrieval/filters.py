"""Which rows may be recommended. What a filter excludes, no retriever can return."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base.errors import UnknownKeyError
from ..corpus.catalogue import Catalogue
from ..corpus.predicates import Predicate


@dataclass(frozen=True)
class Filters:
    """All conditions on a result; an item must pass every one.

    Attributes
    ----------
    seen
        Rows the person already knows, an int sequence or array.
    allow
        Keys to choose from, or None for the whole catalogue; empty allows nothing.
    deny
        Keys never to return, even if allowed.
    where
        Conditions on fields, all of which must hold.
    released_by
        Seconds since 1970: nothing released later is returned; an unknown release counts as released.
    """

    seen: Sequence[int] | NDArray[np.integer] = ()
    allow: Collection[str] | None = None
    deny: Collection[str] = ()
    where: tuple[Predicate, ...] = ()
    released_by: float | None = None

    def mask(self, catalogue: Catalogue) -> NDArray[np.bool_]:
        """Which rows pass, bool [n].

        Raises
        ------
        UnknownKeyError
            If `allow`, `deny` or `seen` name an item that the catalogue does not hold.
        DataError
            If a condition names an unknown field or compares what has no order.
        """
        keep = np.ones(len(catalogue), dtype=np.bool_)
        if self.allow is not None:
            keep[:] = False
            keep[catalogue.vocabulary.rows(self.allow)] = True
        for predicate in self.where:
            keep &= predicate.mask(catalogue)
        if self.released_by is not None:
            keep &= ~(catalogue.available_from > self.released_by)
        keep[catalogue.vocabulary.rows(self.deny)] = False
        keep[_checked_rows(self.seen, len(catalogue))] = False
        return keep


def _checked_rows(rows: Sequence[int] | NDArray[np.integer], n: int) -> NDArray[np.int64]:
    """Rows as int64; a row outside the catalogue is an error, because -1 would quietly mean the last."""
    checked = np.asarray(rows, dtype=np.int64).reshape(-1)
    outside = checked[(checked < 0) | (checked >= n)]
    if len(outside):
        raise UnknownKeyError(f"row {outside[0]}", where="the seen items", expected=f"rows 0 to {n - 1}")
    return checked
