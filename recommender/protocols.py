"""Which questions a run is asked: those it was held out for, or another domain's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from ..base.errors import ConfigError, DataError
from ..corpus import Dataset, read_dataset
from ..corpus.split import Split, few_shot, leave_one_out, ready_made, time_split, zero_shot
from ..foundation.memory import TransitionMemory
from ..foundation.traces import Traces
from .content import image_encoder_of, read_content, text_encoder_of
from .run_directory import Run, need_log
from .splitting import make_split, resolved_protocol

ELSEWHERE = ("zero-shot", "few-shot")
NAMES = ("leave-one-out", "time", "item-cold", "user-cold", *ELSEWHERE)
USUAL_SHARE = 0.2  # of the transition memory in another domain, when the run itself has none


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

    What is known of a few people enters as transitions only, in the run's transition memory. The mixer
    weighs experts of the domain it was fitted on, so it stays behind (measured: fitted on two shops, it
    helps on neither of them nor on a third when only content can be read).
    """
    split = _split_of(dataset)
    split = few_shot(split, share) if share else zero_shot(split)
    n_items, log = len(dataset.catalogue), dataset.interactions
    memory = TransitionMemory(sparse.csr_matrix((n_items, n_items), dtype=np.float32))
    if len(split.train):
        memory = TransitionMemory.of(split.train, n_items)
        memory.share = run.memory.share or USUAL_SHARE
    content = read_content(dataset.catalogue, text_encoder_of(run), image_encoder_of(run))
    untouched = np.zeros(n_items, np.int64)
    foreign = replace(
        run,
        catalogue=dataset.catalogue,
        log=log,
        counts=untouched,
        content=content,
        memory=memory,
        traces=Traces.none(n_items),
        mixer=None,
        look_alikes=None,
    )
    return Questions(foreign, split, protocol)


def _split_of(dataset: Dataset) -> Split:
    """Ready-made cases where there are any, else a cut in time, else leave-one-out."""
    log = dataset.interactions
    if "test" in dataset.cases:
        test = dataset.cases["test"]
        return ready_made(log, dataset.cases.get("valid", test.take(np.zeros(0, np.int64))), test)
    if not len(log):
        raise DataError("neither a log nor ready-made cases", where=dataset.name, expected="one of the two")
    return time_split(log) if log.clock == "timestamp" else leave_one_out(log, train_on_valid=False)
