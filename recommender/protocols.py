"""Which questions a run is asked: those it was held out for, or another domain's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..base.errors import ConfigError, DataError
from ..corpus import Dataset, read_dataset
from ..corpus.case_log import log_of
from ..corpus.split import Split, few_shot, leave_one_out, ready_made, time_split, zero_shot
from ..foundation.memory import TransitionMemory
from .content import image_encoder_of, read_content, text_encoder_of
from .mixture import traces_of
from .run_directory import Run, need_log
from .splitting import make_split, resolved_protocol

ELSEWHERE = ("zero-shot", "few-shot")
NAMES = ("leave-one-out", "time", "item-cold", "user-cold", *ELSEWHERE)
USUAL_SHARE = 0.2  # of the transition memory in another domain, where nothing can be fitted


@dataclass(frozen=True)
class Questions:
    """A model over the catalogue that is asked, and the split of what is asked."""

    run: Run
    split: Split
    protocol: str


def questions(run: Run, protocol: str | None, data: str | None, share: float) -> Questions:
    """Resolve a protocol's name for a run.

    Parameters
    ----------
    protocol
        One of :data:`NAMES`, or None for the run's own. "item-cold" is the time split, read by how
        often training saw the right answer.
    data
        The other domain, for "zero-shot" and "few-shot".
    share
        Share of the other domain's people whose interactions are known, for "few-shot".

    Raises
    ------
    ConfigError
        If the run has learned from what the protocol asks, or the protocol needs other options.
    """
    if protocol not in (None, *NAMES):
        raise ConfigError(f'protocol "{protocol}"', where="--protocol", expected=", ".join(NAMES))
    if protocol not in ELSEWHERE:
        if data is not None:
            own = resolved_protocol(run.config.split, run.log)
            raise ConfigError(
                f"--data with protocol {protocol or own}",
                expected="--protocol zero-shot or few-shot, which ask another domain",
            )
        return _own(run, protocol)
    if data is None:
        raise ConfigError(
            f"{protocol} without another domain", expected="--data with a folder of ready-made cases or a log"
        )
    return _elsewhere(run, read_dataset(data), 0.0 if protocol == "zero-shot" else share, str(protocol))


def _own(run: Run, protocol: str | None) -> Questions:
    need_log(run, "evaluated on its own questions")
    own = resolved_protocol(run.config.split, run.log)
    wanted = {"item-cold": "time", None: own}.get(protocol, protocol)
    if own == "none":
        raise ConfigError(
            'a run that held nothing back for a test (split.protocol = "none")',
            where=str(run.path),
            expected="questions the run has not learned from",
            fix="pretrain another run without that setting to evaluate it",
        )
    if wanted != own:
        raise ConfigError(
            f'protocol "{protocol}" on a run that was held out for "{own}"',
            where=str(run.path),
            expected="questions the run has not learned from",
            fix=f"pretrain another run with --set split.protocol={wanted}",
        )
    return Questions(run, make_split(run.log, run.config.split), protocol or own)


def _elsewhere(run: Run, dataset: Dataset, share: float, protocol: str) -> Questions:
    """The run's model over another catalogue: no item has an ID part, and no weight is changed.

    What is known of a few people there is counted, and nothing is fitted on it. The run's own mixer weighs
    the experts of its own domain, so it stays behind.
    """
    dataset = _with_log(dataset) if share else dataset
    split = few_shot(_split_of(dataset), share) if share else zero_shot(_split_of(dataset))
    n_items = len(dataset.catalogue)
    memory = TransitionMemory.of(split.train, n_items)
    memory.share = USUAL_SHARE if len(split.train) else 0.0
    content = read_content(dataset.catalogue, text_encoder_of(run), image_encoder_of(run))
    foreign = replace(
        run,
        catalogue=dataset.catalogue,
        log=dataset.interactions,
        counts=split.train.counts(n_items),
        content=content,
        memory=memory,
        traces=traces_of(split.train, n_items),
        mixer=None,
        look_alikes=None,
        foreign=True,
    )
    return Questions(foreign, split, protocol)


def _with_log(dataset: Dataset) -> Dataset:
    """A dataset of nothing but cases with what its validation cases tell of people, as its log."""
    if len(dataset.interactions) or "valid" not in dataset.cases:
        return dataset
    cases = {name: one for name, one in dataset.cases.items() if name != "valid"}
    return replace(dataset, interactions=log_of(dataset.cases["valid"]), cases=cases)


def _split_of(dataset: Dataset) -> Split:
    """Ready-made cases where there are any, else a cut in time, else leave-one-out."""
    log = dataset.interactions
    if "test" in dataset.cases:
        test = dataset.cases["test"]
        return ready_made(log, dataset.cases.get("valid", test.take(np.zeros(0, np.int64))), test)
    if not len(log):
        raise DataError("neither a log nor ready-made cases", where=dataset.name, expected="one of the two")
    return time_split(log) if log.clock == "timestamp" else leave_one_out(log, train_on_valid=False)
