"""From a run's split settings to a split of its log."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ConfigError
from ..corpus.catalogue import Catalogue
from ..corpus.interactions import Cases, Interactions
from ..corpus.split import Split, leave_one_out, release_times, time_split, user_cold
from .config import SplitConfig

NOTHING = np.zeros(0)
NO_CASES = Cases.of(
    (), NOTHING.astype(np.int32), NOTHING, np.zeros(1, np.int64), NOTHING.astype(np.int32), NOTHING
)
SERVED_STEPS = 50  # of each person held out for validation: newcomers and people well known
ALL = 0.999  # the cut of protocol "none": the test keeps a last crumb and is thrown away


def resolved_protocol(config: SplitConfig, log: Interactions) -> str:
    """The protocol that "auto" stands for, given the log's clock."""
    if config.protocol != "auto":
        return config.protocol
    return "time" if log.clock == "timestamp" else "leave-one-out"


def make_split(log: Interactions, config: SplitConfig, *, fitting: bool = False) -> Split:
    """Divide the log; see :class:`SplitConfig`.

    Parameters
    ----------
    fitting
        The split by which weights are fitted: validation is in no count, whatever comes of it later.
    """
    protocol, both = resolved_protocol(config, log), config.train_on_valid and not fitting
    if protocol == "time":
        return time_split(log, cut=config.cut, valid=config.valid, train_on_valid=both)
    if protocol == "leave-one-out":
        return leave_one_out(log, train_on_valid=both)
    if protocol == "user-cold":
        return user_cold(log, share=config.share, valid=config.valid, seed=config.seed, train_on_valid=both)
    if protocol == "none":
        return _served(log, config, fitting)
    raise ConfigError(f'protocol "{protocol}"', expected="auto, time, leave-one-out, user-cold or none")


def _served(log: Interactions, config: SplitConfig, fitting: bool) -> Split:
    """No test. The newest part picks the checkpoint and fits the weights, and is counted afterwards."""
    if log.clock == "timestamp":
        whole = time_split(log, cut=ALL, valid=config.valid / 2)
    else:
        whole = user_cold(
            log, share=0.001, valid=config.valid / 2, reveal=range(SERVED_STEPS), seed=config.seed
        )
    train = whole.train if fitting else log
    people = len(set(whole.valid.user_keys))
    notes = (f"validation, counted afterwards: {len(whole.valid)} questions to {people} people",)
    return Split("none: for serving, no test", train, whole.valid, NO_CASES, whole.digest, notes, not fitting)


def released(log: Interactions, catalogue: Catalogue) -> NDArray[np.float64] | None:
    """Release times by row on the log's clock, or None where the clock is no calendar."""
    if log.clock != "timestamp":
        return None
    return release_times(log, len(catalogue), catalogue.available_from)
