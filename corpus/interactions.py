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

    Attributes
    ----------
    user_keys
        Whose case it is; a person may have several.
    history_rows, offsets
        Case i's history, oldest first, is ``history_rows[offsets[i]:offsets[i + 1]]``.
    history_times
        Beside `history_rows`, on the log's clock; NaN where unknown.
    targets
        The row that came next, int32 [n].
    times
        When it came, float64 [n], NaN where unknown.
    """

    user_keys: tuple[UserKey, ...]
    history_rows: Rows
    history_times: NDArray[np.float64]
    offsets: NDArray[np.int64]
    targets: Rows
    times: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.targets)

    def history(self, case: int) -> Rows:
        """The rows of one case's history, oldest first."""
        return self.history_rows[self.offsets[case] : self.offsets[case + 1]]

    def histories(self) -> list[Rows]:
        """Every case's history."""
        return [self.history(case) for case in range(len(self))]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How long each history is."""
        return np.diff(self.offsets)

    def take(self, chosen: NDArray[np.integer] | NDArray[np.bool_]) -> Cases:
        """The chosen cases, by index or mask, in that order."""
        index = np.arange(len(self))[chosen]
        return self.newest(index, self.lengths[index])

    def newest(self, index: NDArray[np.integer], lengths: NDArray[np.integer]) -> Cases:
        """Cases by index, of whose histories only the newest `lengths` items are left."""
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        starts = self.offsets[index + 1] - lengths
        places = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Cases(
            tuple(self.user_keys[i] for i in index),
            self.history_rows[places],
            self.history_times[places],
            offsets,
            self.targets[index],
            self.times[index],
        )


def cases_at(log: Interactions, places: NDArray[np.integer]) -> Cases:
    """Turn interactions into cases: each at `places` becomes a target, all before it its history."""
    starts = log.offsets[log.users[places]]
    lengths = places - starts
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    inside = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
    return Cases(
        tuple(log.user_keys[user] for user in log.users[places]),
        log.rows[inside],
        log.times[inside],
        offsets,
        log.rows[places],
        log.times[places],
    )
