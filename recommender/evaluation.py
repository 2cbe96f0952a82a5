"""`evaluate`: this run beside the baselines, on questions it has never learned from."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ConfigError
from ..base.files import write_json
from ..base.hashing import key_hashes
from ..corpus import read_dataset
from ..corpus.interactions import Cases
from ..corpus.split import Split, leave_one_out, ready_made
from ..eval import Finding, check_leaks
from ..eval.baselines import content_neighbors, ensemble, popularity, recent_popularity
from ..eval.compare import Comparison, against_all
from ..eval.item_graph import transition_graph, transitions
from ..eval.protocol import ScoreFn
from ..eval.protocol import evaluate as ask
from ..eval.results import CaseResults
from .content import image_encoder_of, read_content, text_encoder_of
from .pools import person_of, retrieved
from .ranking import Voting
from .run_directory import Run, load_run
from .splitting import make_split, released, resolved_protocol
from .validation import sample
from .voters import ContentSpace

OURS, BLENDED = "firstlight", "firstlight + LLM"
SEGMENTS = ("all", "warm", "cold")


@dataclass(frozen=True)
class Outcome:
    """What an evaluation found.

    Attributes
    ----------
    results
        The outcome of every system on the same cases, ours first.
    reranked
        The foundation alone and with the language model, on the (fewer) cases that were asked of both.
    comparisons
        Ours against each baseline, corrected for their number, by segment.
    """

    run: Path
    split: Split
    results: Mapping[str, CaseResults]
    comparisons: Mapping[str, list[Comparison]]
    reranked: Mapping[str, CaseResults] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values: every figure with its interval, split, command and time."""
        return {
            "command": " ".join(sys.argv),
            "protocol": self.split.name,
            "split_digest": self.split.digest,
            "notes": list(self.split.notes),
            "seconds": round(self.seconds, 1),
            "leaks": [str(one) for one in self.findings],
            "results": {name: one.summary().as_dict() for name, one in self.results.items()},
            "reranked": {name: one.summary().as_dict() for name, one in self.reranked.items()},
            "comparisons": {name: [str(one) for one in found] for name, found in self.comparisons.items()},
        }

    def save(self, path: Path) -> None:
        """Write :meth:`as_dict` as JSON."""
        write_json(path, self.as_dict())

    def text(self) -> str:
        """A table for a terminal."""
        lines = [
            f"{self.split.name}; split {self.split.digest[:12]}; NDCG@10 and its 95 % interval over people"
        ]
        lines += _table(self.results)
        lines += [f"  {one}" for found in self.comparisons.values() for one in found]
        lines += [f"leak check: {one}" for one in self.findings] or ["leak check: nothing found"]
        lines += list(self.notes)
        if self.reranked:
            lines += ["", "with the language model, on the cases asked of it:", *_table(self.reranked)]
        return "\n".join(lines)


def evaluate(
    path: Path | str,
    *,
    protocol: str | None = None,
    data: str | None = None,
    most_cases: int = 4000,
    most_llm_cases: int = 300,
) -> Outcome:
    """Rank the run's own test cases over the full catalogue, and write ``run/report``.

    Parameters
    ----------
    protocol
        Must be the one the run was held out for; "item-cold" is the time split, whose report has a
        cold part. None takes the run's own.
    data
        Another domain, for "zero-shot".
    most_cases, most_llm_cases
        How many cases are asked, chosen by hash.

    Raises
    ------
    ConfigError
        If the run has learned from what the protocol asks.
    """
    started = time.monotonic()
    run = load_run(Path(path))
    if protocol == "zero-shot":
        run, split = _elsewhere(run, data)
    else:
        split = _own_split(run, protocol)
    outcome = _Evaluation(run, split).outcome(most_cases, most_llm_cases, started)
    return outcome


def _own_split(run: Run, protocol: str | None) -> Split:
    own = resolved_protocol(run.config.split, run.log)
    wanted = {"item-cold": "time", None: own}.get(protocol, protocol)
    if wanted != own or own == "none":
        raise ConfigError(
            f'protocol "{protocol}" on a run that was held out for "{own}"',
            where=str(run.path),
            expected="questions the run has not learned from",
            fix=f"pretrain another run with --set split.protocol={wanted}",
        )
    return make_split(run.log, run.config.split)


def _elsewhere(run: Run, data: str | None) -> tuple[Run, Split]:
    """The run's model over another domain's catalogue, where every item is cold, and that domain's cases."""
    if data is None:
        raise ConfigError(
            "zero-shot without another domain", expected="--data with a folder of ready-made cases or a log"
        )
    dataset = read_dataset(data)
    content = read_content(dataset.catalogue, text_encoder_of(run), image_encoder_of(run))
    counts = np.zeros(len(dataset.catalogue), np.int64)
    foreign = replace(
        run, catalogue=dataset.catalogue, log=dataset.interactions, counts=counts, content=content
    )
    if "test" in dataset.cases:
        none = dataset.cases.get("valid", dataset.cases["test"])
        return foreign, ready_made(dataset.interactions, none, dataset.cases["test"])
    whole = leave_one_out(dataset.interactions, train_on_valid=False)
    name = "zero-shot, leave-one-out targets, nothing trained on this domain"
    return foreign, replace(whole, name=name, train=whole.train.where(np.zeros(len(whole.train), bool)))


class _Evaluation:
    """One run and the questions it is asked."""

    def __init__(self, run: Run, split: Split) -> None:
        self.run, self.split = run, split
        self.space = ContentSpace(run.content, run.model)
        self.voting = Voting(run, self.space)
        self.released = released(run.log, run.catalogue) if len(split.train) else None
        self.hashes = key_hashes(run.catalogue.keys, "item")

    def outcome(self, most_cases: int, most_llm_cases: int, started: float) -> Outcome:
        cases = self.split.test.take(sample(self.split.test, most_cases))
        notes = [f"{len(cases):,} of {len(self.split.test):,} test cases were asked, chosen by hash"]
        results = {name: self._asked(name, system, cases) for name, system in self._systems().items()}
        others = {name: one for name, one in results.items() if name != OURS}
        parts = results[OURS].segments()
        comparisons = {
            segment: against_all(results[OURS], others, where=parts[segment])
            for segment in SEGMENTS
            if parts[segment].any()
        }
        reranked = self._reranked(cases.take(sample(cases, most_llm_cases)))
        return Outcome(
            self.run.path,
            self.split,
            results,
            comparisons,
            reranked,
            check_leaks(self.split, self.run.catalogue, counts=self.run.counts),
            notes,
            time.monotonic() - started,
        )

    def _asked(self, name: str, system: ScoreFn, cases: Cases) -> CaseResults:
        return ask(
            system,
            cases,
            counts=self.run.counts,
            name=name,
            released=self.released,
            tie_hashes=self.hashes,
        )

    def _systems(self) -> dict[str, ScoreFn]:
        """Ours and the baselines; those that need training data only where there is some."""
        found: dict[str, ScoreFn] = {OURS: self.voting.scorer}
        train, n_items = self.split.train, len(self.run.catalogue)
        if len(train):
            found["popularity"] = popularity(self.run.counts)
            if train.clock == "timestamp":
                found["recent popularity"] = recent_popularity(train, n_items)
            found["item transitions"] = transitions(transition_graph(train, n_items))
        if self.space.vectors.shape[1]:
            found["content neighbors"] = content_neighbors(self.space.vectors)
        if "item transitions" in found and "content neighbors" in found:
            parts = [(1.0, found["item transitions"]), (1.0, found["content neighbors"])]
            found["transitions + content"] = ensemble(parts)
        return found

    def _reranked(self, cases: Cases) -> dict[str, CaseResults]:
        """The foundation alone and the blend, on the same cases; nothing without a ranker."""
        if not self.run.has_ranker or not len(cases):
            return {}
        return {
            "foundation alone": self._asked("foundation alone", self.voting.scorer, cases),
            BLENDED: self._asked(BLENDED, self._blended, cases),
        }

    def _blended(self, cases: Cases) -> NDArray[np.float32]:
        """Scores whose order is the blend's within the retrieved list, and the foundation's behind it."""
        scores = self.voting.scorer(cases)
        size = self.run.config.serve.rerank
        for case, pool in enumerate(retrieved(self.voting, cases, size, self.released)):
            ordering = self.voting.order(person_of(cases, case), pool.rows)
            top = scores[case].max()
            scores[case, ordering.rows] = top + np.arange(len(ordering.rows), 0, -1, dtype=np.float32)
        return scores


def _table(results: Mapping[str, CaseResults]) -> list[str]:
    """One line for each system: NDCG@10 by segment."""
    lines = [f"{'':24}" + "".join(f"{segment:>28}" for segment in SEGMENTS)]
    for name, one in results.items():
        found = one.summary()
        cells = [found.segments.get(segment) for segment in SEGMENTS]
        texts = [str(cell.metrics["NDCG@10"]) if cell and cell.n else "-" for cell in cells]
        lines.append(f"{name:24}" + "".join(f"{text:>28}" for text in texts))
    return lines
