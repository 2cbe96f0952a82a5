"""What may be learned from, and what is asked: splits of one log, each with a digest that names it.

A person with too few interactions for a protocol stays in training only. Nothing here knows a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ConfigError, DataError
from ..base.hashing import digest, key_hashes
from .interactions import Cases, Interactions, cases_at


@dataclass(frozen=True)
class Split:
    """One log, divided.

    Attributes
    ----------
    name
        The protocol with its convention, as it must stand beside every figure.
    train
        What may be learned from; people keep their numbers of the whole log.
    valid, test
        The questions. A history may hold what `train` does not (the validation item, a new person).
    digest
        Changes when any interaction, case or convention changes.
    notes
        What a reader of the figures should know.
    train_on_valid
        Whether `train` holds the validation targets.
    cut
        When the test starts, for a cut in time; nothing in `train` may be that late.
    """

    name: str
    train: Interactions
    valid: Cases
    test: Cases
    digest: str
    notes: tuple[str, ...] = ()
    train_on_valid: bool = False
    cut: float | None = None


def leave_one_out(log: Interactions, *, train_on_valid: bool) -> Split:
    """Each person's last interaction is the test, the one before it validation.

    The test history holds the validation item under both conventions; `train_on_valid` says whether
    training does too. People with fewer than three interactions stay in training only.

    Source: Kang & McAuley, "Self-Attentive Sequential Recommendation" (ICDM 2018).
    """
    ends = log.offsets[1:][np.diff(log.offsets) >= 3]
    keep = np.ones(len(log), dtype=bool)
    keep[ends - 1] = False
    keep[ends - 2] = train_on_valid
    few = int(np.count_nonzero(np.diff(log.offsets) < 3))
    notes = (f"{few} people have fewer than 3 interactions and are in training only",) if few else ()
    name = f"leave-one-out, validation item {_trained(train_on_valid)}"
    valid, test = cases_at(log, ends - 2), cases_at(log, ends - 1)
    return _split(name, log.where(keep), valid, test, notes, train_on_valid=train_on_valid)


def time_split(
    log: Interactions, *, cut: float = 0.8, valid: float = 0.1, train_on_valid: bool = False
) -> Split:
    """One global cut in time; each later interaction is a case whose history is all that came before it.

    Parameters
    ----------
    log
        Must have the clock "timestamp".
    cut
        The share of interactions before the test, in (0, 1). Equal times stay on one side.
    valid
        The share of interactions, directly before the cut, that become validation cases.
    train_on_valid
        Whether `train` holds the validation part too, for the final fit.

    Raises
    ------
    DataError
        If the log has positions instead of times, or too few distinct times.

    Source: Meng et al., "Exploring Data Splitting Strategies for the Evaluation of Recommendation
    Models" (RecSys 2020), "temporal global"; on leakage without one, Ji et al. (TOIS 2023).
    """
    if not 0 < valid < cut < 1:
        raise ConfigError(f"cut={cut}, valid={valid}", where="time_split", expected="0 < valid < cut < 1")
    _need_times(log)
    first_valid, first_test = _instants(log.times, (cut - valid, cut))
    keep = log.times < (first_test if train_on_valid else first_valid)
    if not first_valid < first_test or not keep.any():
        raise DataError(
            f"{len(np.unique(log.times))} distinct times in {len(log)} interactions",
            where="the time column",
            expected="times spread enough to place the cuts",
            fix="hold out otherwise: --set split.protocol=leave-one-out or user-cold",
        )
    during = np.flatnonzero((log.times >= first_valid) & (log.times < first_test))
    after = np.flatnonzero(log.times >= first_test)
    name = f"global time cut at {cut:.0%}, validation part {_trained(train_on_valid)}"
    notes = (f"test starts {_date(first_test)}, validation {_date(first_valid)}",)
    return _split(
        name,
        log.where(keep),
        cases_at(log, during),
        cases_at(log, after),
        notes,
        train_on_valid=train_on_valid,
        cut=first_test,
    )


def user_cold(
    log: Interactions,
    *,
    share: float = 0.15,
    valid: float = 0.05,
    reveal: Sequence[int] = (0, 1, 5, 10),
    seed: int = 0,
    train_on_valid: bool = False,
) -> Split:
    """Whole people are held out; their first r interactions are shown and the next one is asked.

    Who is held out depends on the hash of the person's key and `seed` only. A person of the test gives one
    case for each r in `reveal` that is smaller than the number of their interactions; one of validation,
    who are few and have much to decide, for every r up to the largest.

    Parameters
    ----------
    share, valid
        Which share of the people is asked in the test and in validation.
    train_on_valid
        Whether `train` holds the validation people too, for the final fit.
    """
    if not (share > 0 and valid >= 0 and share + valid < 1):
        raise ConfigError(
            f"share={share}, valid={valid}", where="user_cold", expected="positive shares, sum below 1"
        )
    chance = key_hashes(log.user_keys, f"user-cold {seed}") / 2.0**64  # [n_users], uniform in [0, 1)
    revealed = tuple(sorted(set(reveal)))
    in_test, in_valid = chance < share, (chance >= share) & (chance < share + valid)
    name = f"user-cold, {share:.0%} of people held out, seed {seed}"
    if train_on_valid:
        name += f", validation people {_trained(True)}"
    kept = ~(in_test if train_on_valid else in_test | in_valid)
    steps = tuple(range(revealed[-1] + 1))
    notes = (
        f"the first {', '.join(map(str, revealed))} interactions are revealed",
        "people are split, time is not: training holds what others did later",
    )
    return _split(
        name,
        log.where(kept[log.users]),
        cases_at(log, _revealed_places(log, in_valid, steps)),
        cases_at(log, _revealed_places(log, in_test, revealed)),
        notes,
        train_on_valid=train_on_valid,
    )


def ready_made(log: Interactions, valid: Cases, test: Cases) -> Split:
    """A split that came with the data; an empty `log` makes it a zero-shot target domain."""
    name = "ready-made cases" if len(log) else "zero-shot, ready-made cases, nothing trained on this domain"
    return _split(name, log, valid, test, ())


def zero_shot(split: Split) -> Split:
    """The same questions, with nothing of this domain to learn from."""
    nothing = split.train.where(np.zeros(len(split.train), bool))
    name = f"zero-shot, nothing trained on this domain; questions of {split.name}"
    return _split(name, nothing, split.valid, split.test, split.notes)


def few_shot(split: Split, share: float) -> Split:
    """The same questions, but training keeps only a `share` of its people, chosen by key hash."""
    if not 0 <= share <= 1:
        raise ConfigError(f"share={share}", where="few_shot", expected="a share from 0 to 1")
    kept = key_hashes(split.train.user_keys, "few-shot 0") / 2.0**64 < share
    name = f"{split.name}, few-shot {share:.0%} of people, seed 0"
    return _split(
        name,
        split.train.where(kept[split.train.users]),
        split.valid,
        split.test,
        split.notes,
        train_on_valid=split.train_on_valid,
        cut=split.cut,
    )


def revealing(cases: Cases, steps: Sequence[int] = (0, 1, 5, 10)) -> Cases:
    """The same questions asked of newcomers: only the newest r items of each history are left.

    Each case whose history has at least ``max(steps)`` items comes back once for each r, so that all
    r are asked the same questions.
    """
    shown = np.unique(np.asarray(steps, dtype=np.int64))
    long = np.flatnonzero(cases.lengths >= shown[-1])
    return cases.newest(np.repeat(long, len(shown)), np.tile(shown, len(long)))


def release_times(
    log: Interactions, n_items: int, available_from: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """When each row became available, float64 [n_items]: the catalogue's word, else its first interaction.

    `log` is the whole log, test included: that an item is on the shelf is known when it is asked for.
    Rows with neither word nor interaction have always been there (-inf).
    """
    _need_times(log)
    first = np.full(n_items, np.inf)
    np.minimum.at(first, log.rows, log.times)
    if available_from is None:
        available_from = np.full(n_items, np.nan)
    released = np.fmin(available_from, first)  # fmin skips NaN; nothing precedes its first interaction
    return np.where(np.isinf(released), -np.inf, released)


def _date(seconds: float) -> str:
    return f"{str(np.datetime64(int(seconds), 's')).replace('T', ' ')} UTC"


def _trained(on: bool) -> str:
    return "trained on" if on else "not trained on"


def _need_times(log: Interactions) -> None:
    if log.clock != "timestamp":
        raise DataError(
            "the log orders each person's interactions by position, which is no common clock",
            where="the interactions",
            expected='a column "timestamp"',
            fix="hold out otherwise: --set split.protocol=leave-one-out or user-cold",
        )


def _instants(times: NDArray[np.float64], shares: tuple[float, float]) -> tuple[float, float]:
    """The times of the interactions at these shares of the log, in time order."""
    if not len(times):
        raise DataError("an empty log", where="time_split", expected="at least some interactions")
    ordered = np.sort(times)
    first, second = (float(ordered[int(share * len(times))]) for share in shares)
    return first, second


def _revealed_places(
    log: Interactions, people: NDArray[np.bool_], reveal: tuple[int, ...]
) -> NDArray[np.int64]:
    """Places of the targets after the first r interactions of `people`, by person and then by r."""
    starts, lengths = log.offsets[:-1][people], np.diff(log.offsets)[people]
    steps = np.array(reveal, dtype=np.int64)
    return (starts[:, None] + steps)[steps < lengths[:, None]]


def _split(
    name: str,
    train: Interactions,
    valid: Cases,
    test: Cases,
    notes: tuple[str, ...],
    *,
    train_on_valid: bool = False,
    cut: float | None = None,
) -> Split:
    columns = (train.users, train.rows, train.times)
    named = digest(
        name,
        digest(*train.user_keys),
        *(column.tobytes() for column in columns),
        _digest_of_cases(valid),
        _digest_of_cases(test),
    )
    return Split(name, train, valid, test, named, notes, train_on_valid, cut)


def _digest_of_cases(cases: Cases) -> str:
    items = int(cases.lengths.sum())
    histories = (
        (items * cases.rows.itemsize, (part.history_rows.tobytes() for part in cases.blocks())),
        (items * cases.row_times.itemsize, (part.history_times.tobytes() for part in cases.blocks())),
    )
    arrays = (cases.offsets, cases.targets, cases.times)
    return digest(*cases.user_keys, *histories, *(array.tobytes() for array in arrays))
