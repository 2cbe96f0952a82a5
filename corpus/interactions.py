"""What people did: columns in one fixed order, by person and then by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..base.hashing import key_hashes, mix
from .keys import Rows, UserKey

Clock = Literal["timestamp", "position"]
BLOCK = 1 << 22  # history items at a time, where all would be too many


@dataclass(frozen=True)
class Interactions:
    """A log sorted by person and time; ties in time are broken by a hash of both keys.

    Build one with :meth:`build`, which sorts. All arrays have one entry for each interaction.

    Attributes
    ----------
    user_keys
        Each person's key, by user number.
    users
        User numbers, int32, non-decreasing.
    rows
        Catalogue rows, int32.
    times
        Seconds since 1970 (clock "timestamp") or the place in the person's order ("position").
    values
        Rating or weight, float32, NaN where there is none.
    offsets
        int64 [n_users + 1]: person u did ``rows[offsets[u]:offsets[u + 1]]``.
    """

    user_keys: tuple[UserKey, ...]
    users: NDArray[np.int32]
    rows: Rows
    times: NDArray[np.float64]
    values: NDArray[np.float32]
    offsets: NDArray[np.int64]
    clock: Clock

    @classmethod
    def build(
        cls,
        user_keys: Sequence[str],
        users: NDArray[np.integer],
        rows: NDArray[np.integer],
        times: NDArray[np.floating],
        *,
        item_keys: Sequence[str],
        values: NDArray[np.floating] | None = None,
        clock: Clock = "timestamp",
    ) -> Interactions:
        """Sort the columns and index them by person.

        `item_keys` (all keys of the catalogue, in row order) are needed only for the hash that
        breaks ties, so that neither file order nor item number can leak the future.
        """
        ties = mix(key_hashes(user_keys, "user")[users], key_hashes(item_keys, "item")[rows])
        order = np.lexsort((ties, times, users))
        if values is None:
            values = np.full(len(users), np.nan, dtype=np.float32)
        return cls.from_sorted(
            tuple(UserKey(key) for key in user_keys),
            users[order].astype(np.int32),
            rows[order].astype(np.int32),
            times[order].astype(np.float64),
            values[order].astype(np.float32),
            clock,
        )

    @classmethod
    def from_sorted(
        cls,
        user_keys: tuple[UserKey, ...],
        users: NDArray[np.int32],
        rows: Rows,
        times: NDArray[np.float64],
        values: NDArray[np.float32],
        clock: Clock,
    ) -> Interactions:
        """From columns that stand in the right order already, such as a saved log's."""
        offsets = np.searchsorted(users, np.arange(len(user_keys) + 1)).astype(np.int64)
        return cls(user_keys, users, rows, times, values, offsets, clock)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def n_users(self) -> int:
        """How many people there are, those without a single interaction included."""
        return len(self.user_keys)

    def sentence(self, user: int) -> Rows:
        """The rows person `user` touched, oldest first."""
        return self.rows[self.offsets[user] : self.offsets[user + 1]]

    def sentences(self) -> Iterator[Rows]:
        """Everyone's rows, oldest first."""
        return (self.sentence(user) for user in range(self.n_users))

    def counts(self, n_items: int) -> NDArray[np.int64]:
        """How often each row was touched, int64 [n_items]."""
        return np.bincount(self.rows, minlength=n_items).astype(np.int64)

    def where(self, keep: NDArray[np.bool_]) -> Interactions:
        """The interactions for which `keep` is true; people keep their numbers."""
        return self.from_sorted(
            self.user_keys,
            self.users[keep],
            self.rows[keep],
            self.times[keep],
            self.values[keep],
            self.clock,
        )


@dataclass(frozen=True)
class Cases:
    """Questions with a known answer: after this history, at this time, which item came next.

    Histories lie in arrays that cases share, often a whole log's: somebody who is asked a thousand times is
    kept once, not a thousand times. A part of the cases costs nothing to take.

    Attributes
    ----------
    user_keys
        Whose case it is; a person may have several.
    rows, row_times
        What histories are made of, and when it was, on the log's clock; NaN where unknown.
    starts, ends
        Case i's history, oldest first, is ``rows[starts[i]:ends[i]]``, int64 [n].
    targets
        The row that came next, int32 [n].
    times
        When it came, float64 [n], NaN where unknown.
    """

    user_keys: tuple[UserKey, ...]
    rows: Rows
    row_times: NDArray[np.float64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    targets: Rows
    times: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        user_keys: tuple[UserKey, ...],
        history_rows: Rows,
        history_times: NDArray[np.float64],
        offsets: NDArray[np.int64],
        targets: Rows,
        times: NDArray[np.float64],
    ) -> Cases:
        """From histories one after the other: case i's is ``history_rows[offsets[i]:offsets[i + 1]]``."""
        return cls(user_keys, history_rows, history_times, offsets[:-1], offsets[1:], targets, times)

    def __len__(self) -> int:
        return len(self.targets)

    def history(self, case: int) -> Rows:
        """The rows of one case's history, oldest first."""
        return self.rows[self.starts[case] : self.ends[case]]

    def moments(self, case: int) -> NDArray[np.float64]:
        """When each of these was."""
        return self.row_times[self.starts[case] : self.ends[case]]

    def histories(self) -> list[Rows]:
        """Every case's history."""
        return [self.history(case) for case in range(len(self))]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How long each history is."""
        return self.ends - self.starts

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each case's history begins in :attr:`history_rows`, and where the last one ends."""
        return np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)

    @property
    def history_rows(self) -> Rows:
        """All histories one after the other: a copy, so of many cases ask :meth:`blocks` for theirs."""
        return self.rows[spans(self.starts, self.lengths)]

    @property
    def history_times(self) -> NDArray[np.float64]:
        """Beside :attr:`history_rows`."""
        return self.row_times[spans(self.starts, self.lengths)]

    def blocks(self, most: int = BLOCK) -> Iterator[Cases]:
        """All cases in order, as parts whose histories have `most` items together, or are one."""
        offsets, start = self.offsets, 0
        while start < len(self):
            end = int(np.searchsorted(offsets, offsets[start] + most, side="right")) - 1
            yield self.take(np.arange(start, end := max(end, start + 1)))
            start = end

    def widest(self) -> Cases:
        """The cases whose histories hold all the others': the longest of those that begin at one place."""
        order = np.lexsort((self.ends, self.starts))
        last = np.append(np.diff(self.starts[order]) > 0, True) if len(order) else order.astype(bool)
        return self.take(order[last])

    def take(self, chosen: NDArray[np.integer] | NDArray[np.bool_]) -> Cases:
        """The chosen cases, by index or mask, in that order."""
        index = np.arange(len(self))[chosen]
        return self.newest(index, self.lengths[index])

    def newest(self, index: NDArray[np.integer], lengths: NDArray[np.integer]) -> Cases:
        """Cases by index, of whose histories only the newest `lengths` items are left."""
        ends = self.ends[index]
        return Cases(
            tuple(self.user_keys[i] for i in index),
            self.rows,
            self.row_times,
            ends - lengths,
            ends,
            self.targets[index],
            self.times[index],
        )


def cases_at(log: Interactions, places: NDArray[np.integer]) -> Cases:
    """Turn interactions into cases: each at `places` becomes a target, all before it its history."""
    return Cases(
        tuple(log.user_keys[user] for user in log.users[places]),
        log.rows,
        log.times,
        log.offsets[log.users[places]],
        places.astype(np.int64),
        log.rows[places],
        log.times[places],
    )


def spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The indices ``start, start + 1, ...`` of every span, concatenated, int64 [sum of `lengths`]."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
