"""Leaks of the split itself: answers in training, futures in histories, people on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base.hashing import key_hashes, mix
from ..corpus.interactions import Cases, Interactions
from ..corpus.split import Split
from .finding import Finding, example, finding

DUPLICATE_LENGTH = 8  # shorter equal sequences happen by chance ...
DUPLICATES = 0.005  # ... and some people do have two accounts
REPEATS = 0.05  # excess of repeated targets over the repeats inside sentences
Hashes = NDArray[np.uint64]
NO_HASHES = np.zeros(0, dtype=np.uint64)


def in_history(cases: Cases) -> NDArray[np.bool_]:
    """Which targets stand in their own history, bool [n]."""
    return _any_of(cases, lambda part: part.history_rows == np.repeat(part.targets, part.lengths))


def training_holds_answers(split: Split) -> Iterator[Finding]:
    """Test interactions in training; validation ones too, unless that is the convention."""
    checked = (
        {"test": split.test} if split.train_on_valid else {"test": split.test, "validation": split.valid}
    )
    train = split.train
    done = _Done(key_hashes(train.user_keys)[train.users], train.rows, train.times)
    for name, cases in checked.items():
        hit = done.holds(cases)
        yield from finding(
            f"{name} interactions in training", "leak", hit, example(cases, hit), "remove them from training"
        )


def answers_in_other_histories(split: Split) -> Iterator[Finding]:
    """Test interactions in the histories of validation: what is tuned on them has seen the answers."""
    valid = split.valid.widest()
    people = np.repeat(key_hashes(valid.user_keys), valid.lengths)
    hit = _Done(people, valid.history_rows, valid.history_times).holds(split.test)
    yield from finding(
        "test interactions in the histories of validation", "leak", hit, example(split.test, hit),
        "cut the histories of validation before the test begins",
    )  # fmt: skip


@dataclass(frozen=True)
class _Done:
    """Interactions, as hashes of people beside rows and times."""

    people: Hashes
    rows: NDArray[np.integer]
    times: NDArray[np.float64]

    def holds(self, cases: Cases) -> NDArray[np.bool_]:
        """Which targets stand here, by person, row and time; without times, repeats do not count."""
        timed = bool(len(cases)) and not (np.isnan(cases.times).any() or np.isnan(self.times).any())
        mine = mix(key_hashes(cases.user_keys), _bits(cases.targets))
        theirs = mix(self.people, _bits(self.rows))
        if timed:
            mine, theirs = mix(mine, _bits(cases.times)), mix(theirs, _bits(self.times))
        return _among(mine, theirs) & (timed | ~in_history(cases))


def future(split: Split) -> Iterator[Finding]:
    """Training after the cut, and histories that reach beyond their case."""
    train = split.train
    if split.cut is not None:
        late = train.times >= split.cut
        yield from finding(
            "training after the cut in time",
            "leak",
            late,
            f"the cut at {split.cut:.0f} s",
            "train before the cut",
        )
    for name, cases in {"test": split.test, "validation": split.valid}.items():
        whose = _any_of(cases, lambda part: part.history_times > np.repeat(part.times, part.lengths))
        yield from finding(
            f"{name} histories that reach beyond their own question", "leak", whose, example(cases, whose),
            "cut each history at the time of its case",
        )  # fmt: skip


def repeats(split: Split) -> Iterator[Finding]:
    """Targets in their own history, far more often than people otherwise come back to an item.

    Where they often do, more of them do in the longer histories of a test.
    """
    hit, usual = in_history(split.test), _usual_repeats(split)
    if len(hit) and hit.mean() > usual + max(REPEATS, min(usual, (1 - usual) / 2)):
        yield from finding(
            "targets that stand in their own history", "leak", hit, example(split.test, hit),
            "cut each history before its target",
        )  # fmt: skip


def _usual_repeats(split: Split) -> float:
    """How often a sentence of training (without training: a history) ends with an item it held before."""
    one = split.train if len(split.train) else split.test.widest()
    rows, offsets = (one.rows if isinstance(one, Interactions) else one.history_rows), one.offsets
    lengths = np.diff(offsets)
    filled = offsets[1:][lengths > 0]
    same = rows == np.repeat(rows[filled - 1], lengths[lengths > 0])
    again = np.add.reduceat(same, filled - lengths[lengths > 0]) > 1 if len(filled) else np.zeros(1)
    return float(again.mean())


def leaks_of_split(split: Split) -> list[Finding]:
    """Everything that can be wrong with a split by itself."""
    return [
        *training_holds_answers(split),
        *answers_in_other_histories(split),
        *future(split),
        *repeats(split),
        *asked_twice(split),
        *duplicate_people(split),
    ]


def asked_twice(split: Split) -> Iterator[Finding]:
    """Cases that are both in validation and in test.

    Histories are read of those alone whose person, answer and length stand in both.
    """
    valid, test = (
        mix(mix(key_hashes(cases.user_keys), _bits(cases.targets)), _bits(cases.lengths))
        for cases in (split.valid, split.test)
    )
    both, hit = _among(valid, test), _among(test, valid)
    hit[hit] = _among(
        mix(test[hit], _sequence_hashes(split.test.take(hit))),
        mix(valid[both], _sequence_hashes(split.valid.take(both))),
    )
    yield from finding(
        "cases that stand in validation and in test",
        "leak",
        hit,
        example(split.test, hit),
        "keep one of the two",
    )


def duplicate_people(split: Split) -> Iterator[Finding]:
    """Test cases whose whole sequence, answer included, begins another person's training sentence."""
    prefixes, owners = _prefix_hashes(split.train)
    order = np.argsort(prefixes)
    asked = _sequence_hashes(split.test)
    first, last = (np.searchsorted(prefixes[order], asked, side=side) for side in ("left", "right"))
    owners_hash = key_hashes(split.train.user_keys)[owners[order]]
    own = _among(mix(asked, key_hashes(split.test.user_keys)), mix(prefixes[order], owners_hash))
    long = split.test.lengths + 1 >= DUPLICATE_LENGTH
    hit = (last - first > own) & long
    if np.count_nonzero(hit) > DUPLICATES * np.count_nonzero(long):
        yield from finding(
            "people of the test who stand in training under another key",
            "leak",
            hit,
            example(split.test, hit),
            "keep one of the doubles, or put both on one side",
        )


def _any_of(cases: Cases, told: Callable[[Cases], NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Which cases have a history item that `told` says yes to, bool [n]; asked block by block."""
    found = [np.zeros(0, dtype=bool)]
    for part in cases.blocks():
        whose = np.zeros(len(part), dtype=bool)
        whose[np.repeat(np.arange(len(part)), part.lengths)[told(part)]] = True
        found.append(whose)
    return np.concatenate(found)


def _among(values: Hashes, pool: Hashes) -> NDArray[np.bool_]:
    """Which values stand in the pool; sorting is several times as fast here as ``np.isin``."""
    ordered = np.append(np.sort(pool), np.uint64(2**64 - 1))
    return ordered[np.searchsorted(ordered[:-1], values)] == values


def _bits(values: NDArray[np.generic]) -> Hashes:
    return np.ascontiguousarray(values, dtype=np.float64).view(np.uint64)


def _steps(rows: NDArray[np.integer], places: NDArray[np.integer]) -> Hashes:
    """A hash for each (place, row); their sum names a sequence."""
    return mix(_bits(rows), _bits(places))


def _sequence_hashes(cases: Cases) -> Hashes:
    """One hash for each case's history followed by its target."""
    return np.concatenate([NO_HASHES, *map(_hashes_of_block, cases.blocks())])


def _hashes_of_block(cases: Cases) -> Hashes:
    places = np.arange(len(cases.history_rows)) - np.repeat(cases.offsets[:-1], cases.lengths)
    running = np.concatenate([[np.uint64(0)], np.cumsum(_steps(cases.history_rows, places), dtype=np.uint64)])
    return running[cases.offsets[1:]] - running[cases.offsets[:-1]] + _steps(cases.targets, cases.lengths)


def _prefix_hashes(log: Interactions) -> tuple[Hashes, NDArray[np.int32]]:
    """The same hash for every prefix of every person's sentence, and whose it is."""
    starts = log.offsets[:-1][log.users]
    steps = _steps(log.rows, np.arange(len(log)) - starts)
    running = np.concatenate([[np.uint64(0)], np.cumsum(steps, dtype=np.uint64)])
    return running[1:] - running[starts], log.users
