"""`evaluate`: this run beside the baselines, on questions it has never learned from."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ConfigError, DataError
from ..corpus.interactions import Cases
from ..corpus.split import revealing
from ..encoders import Content
from ..eval import CaseResults, Comparison, Estimate, Summary, against_all_in_parts, compare
from ..eval.baseline_set import all_baselines
from ..eval.baselines import unit_rows, whitened
from ..eval.groups import group_gap, people_groups
from ..eval.leaks_split import in_history
from ..eval.memorization import survival
from ..eval.protocol import ScoreFn
from ..eval.protocol import evaluate as ask
from ..eval.results import Groups
from .content import raw_vectors
from .data import read_data
from .leak_check import leaks_of_run
from .outcome import ALONE, BLENDED, OURS, SEGMENTS, Outcome
from .probing import blended, language_model_alone, without_titles
from .protocols import ELSEWHERE, Questions, questions
from .ranking import Voting
from .run_directory import Run, load_run
from .splitting import make_split, released
from .validation import sample
from .voters import ContentSpace

REVEALED = (0, 1, 5, 10)
MOST_NEWCOMERS = 500  # questions asked with each length of history
RERANKED = "cases asked of the language model"


def evaluate(
    path: Path | str,
    *,
    protocol: str | None = None,
    data: str | None = None,
    share: float = 0.05,
    seeds: Sequence[Path | str] = (),
    by: Sequence[str] = (),
    ks: Sequence[int] = (10,),
    probe: bool = False,
    most_cases: int = 4000,
    most_llm_cases: int = 300,
) -> Outcome:
    """Rank the run's own test cases over the full catalogue, beside every baseline.

    Parameters
    ----------
    protocol
        Must be the one the run was held out for; "item-cold" is the time split, read by how often
        training saw the right answer. "zero-shot" and "few-shot" ask another domain. None takes the
        run's own.
    data, share
        The other domain, and for "few-shot" the share of its people whose interactions are known.
    seeds
        The same run trained with other seeds; figures are then over all of them.
    by
        Columns of the people table; the report then says which group is served worse.
    ks
        Cutoffs of the metrics; the first is that of comparisons and charts.
    probe
        Ask the language model again with neutral titles, to see what it remembers.
    most_cases, most_llm_cases
        How many cases are asked, chosen by hash.

    Raises
    ------
    ConfigError
        If the run has learned from what the protocol asks, or another seed's run was held out for
        other questions.
    """
    for name, least in (
        ("--k", min(ks, default=0)),
        ("--cases", most_cases),
        ("--llm-cases", most_llm_cases),
    ):
        if least < 1:
            raise ConfigError(str(least), where=name, expected="at least 1")
    started = time.monotonic()
    asked = questions(load_run(Path(path)), protocol, data, share)
    others = [load_run(Path(other)) for other in seeds]
    if probe and not asked.run.has_ranker:
        raise ConfigError(
            "--probe on a run without a language model", where=str(path), fix="finetune it first"
        )
    evaluation = _Evaluation(asked, others, tuple(ks))
    cases = asked.split.test.take(sample(asked.split.test, most_cases))
    return evaluation.outcome(cases, most_llm_cases, by=by, probe=probe, started=started)


def content_vectors(content: Content, fit: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """Whitened content as the baselines use it: text and picture side by side, float32 [n, d].

    The statistics come from the rows `fit`; a missing text or picture is a zero. None without either.
    """
    parts = []
    for encoded in (content.text, content.image):
        if encoded is not None and (encoded.present & fit).sum() > 1:
            white = whitened(encoded.vectors, encoded.present & fit)
            parts.append(unit_rows(white) * encoded.present[:, None])
    return unit_rows(np.concatenate(parts, axis=1)) if parts else None


def _repeated(cases: Cases) -> Iterator[str]:
    """What a reader must know where people come back to what they had."""
    again = int(in_history(cases).sum())
    if again:
        yield (
            f"{again:,} of {len(cases):,} right answers were in the person's history already; what was seen "
            "is left out of every list, so all systems miss them"
        )


class _Evaluation:
    """One model and the questions it is asked."""

    def __init__(self, asked: Questions, others: Sequence[Run], ks: tuple[int, ...]) -> None:
        self.run, self.split, self.ks = asked.run, asked.split, ks
        self.protocol, self.own = asked.protocol, asked.protocol not in ELSEWHERE
        self.others = [self._same_questions(other) for other in others]
        self.counts = self.split.train.counts(len(self.run.catalogue))
        self.voting = Voting(self.run, ContentSpace(self.run))
        self.released = released(self.run.log, self.run.catalogue) if len(self.run.log) else None
        fit = self.counts > 0 if self.counts.any() else np.ones(len(self.counts), bool)
        self.vectors = content_vectors(self.run.content, fit)
        self.metric = f"NDCG@{ks[0]}"

    def _same_questions(self, other: Run) -> Run:
        same = self.own and other.catalogue.keys == self.run.catalogue.keys
        if same and make_split(other.log, other.config.split).digest == self.split.digest:
            return other
        raise ConfigError(
            "a run that was held out for other questions",
            where=str(other.path),
            expected=f"the split {self.split.digest[:12]} of {self.run.path}, trained with another seed",
        )

    def outcome(
        self, cases: Cases, most_llm_cases: int, *, by: Sequence[str], probe: bool, started: float
    ) -> Outcome:
        groups = {column: self._groups(cases, column) for column in by}
        baselines = all_baselines(self.split, len(self.run.catalogue), self.vectors)
        systems = {OURS: self.voting.scorer, **baselines.systems}
        results = {name: self._asked(name, system, cases) for name, system in systems.items()}
        seeds = [results[OURS], *(self._asked(OURS, self._scorer(run), cases) for run in self.others)]
        few = cases.take(sample(cases, most_llm_cases))
        reranked = self._reranked(few)
        gaps = {column: group_gap(results[OURS], parts, self.metric) for column, parts in groups.items()}
        return Outcome(
            run=self.run,
            split=self.split,
            cases=cases,
            counts=self.counts,
            results=results,
            seeds=seeds,
            newcomers=self._newcomers(systems, cases),
            comparisons=self._compared(seeds, results, reranked),
            reranked=reranked,
            groups={name: mask for parts in groups.values() for name, mask in parts.items()},
            gaps={column: gap for column, gap in gaps.items() if gap},
            memorization=self._memorized(few) if probe else None,
            findings=leaks_of_run(self.voting, self.split, few, self.released, own=self.own),
            notes=[self._how_many(len(cases)), *_repeated(cases), *baselines.notes],
            protocol=self.protocol,
            own=self.own,
            training_seeds=[one.config.pretrain.seed for one in (self.run, *self.others)],
            vectors=raw_vectors(self.run.content),
            metric=self.metric,
            seconds=time.monotonic() - started,
        )

    def _how_many(self, n: int) -> str:
        return f"{n:,} of {len(self.split.test):,} test cases were asked, chosen by hash"

    @staticmethod
    def _scorer(run: Run) -> ScoreFn:
        return Voting(run, ContentSpace(run)).scorer

    def _asked(self, name: str, system: ScoreFn, cases: Cases) -> CaseResults:
        return ask(
            system,
            cases,
            counts=self.counts,
            name=name,
            released=self.released,
            tie_hashes=self.voting.ties,
            ks=self.ks,
        )

    def _newcomers(self, systems: dict[str, ScoreFn], cases: Cases) -> list[Summary]:
        """All systems on the same questions with less and less history, ours first.

        Whole people held out (user-cold) are such questions already.
        """
        asked = cases
        if not np.isin(cases.lengths, REVEALED).all():
            long = cases.take(cases.lengths >= max(REVEALED))
            asked = revealing(long.take(sample(long, MOST_NEWCOMERS)), REVEALED)
        if not len(asked):
            return []
        found = (self._asked(name, system, asked) for name, system in systems.items())
        parts = {f"revealed {n}": asked.lengths == n for n in REVEALED}
        return [one.summary(groups=parts) for one in found]

    def _groups(self, cases: Cases, column: str) -> Groups:
        """The cases by one column of the people table, which is read from the run's data again."""
        try:
            users = read_data(self.run.config.data).users if self.own else None
        except DataError as error:
            raise DataError(
                f"the run's data cannot be read again: {error}",
                where=f'--by "{column}"',
                fix="run this where the run was pretrained, if the path is relative",
            ) from error
        if users is None:
            raise ConfigError(
                f'--by "{column}" without a people table',
                where=self.run.config.data.path,
                expected="users.csv or another table of people in the data",
            )
        return people_groups(cases, users, column)

    def _compared(
        self, seeds: Sequence[CaseResults], results: dict[str, CaseResults], reranked: dict[str, CaseResults]
    ) -> dict[str, list[Comparison]]:
        """Ours against each baseline in each part, the blend against the foundation; corrected together."""
        others = {name: one for name, one in results.items() if name != OURS}
        parts = {name: mask for name, mask in results[OURS].segments().items() if name in SEGMENTS}
        beside = {}
        if reranked:
            beside[RERANKED] = [compare(reranked[BLENDED], reranked[ALONE], self.metric)]
        return against_all_in_parts(seeds, others, parts, self.metric, beside=beside)

    def _reranked(self, cases: Cases) -> dict[str, CaseResults]:
        """The foundation alone and the blend, on the same cases; nothing without a ranker."""
        if not self.run.has_ranker or not len(cases):
            return {}
        systems = {ALONE: self.voting.scorer, BLENDED: blended(self.voting, self.released)}
        return {name: self._asked(name, system, cases) for name, system in systems.items()}

    def _memorized(self, cases: Cases) -> Estimate:
        """How much of the language model's own score survives neutral titles."""
        voices = (self.voting, without_titles(self.voting))
        plain, neutral = (
            self._asked("LLM", language_model_alone(voice, self.released), cases) for voice in voices
        )
        return survival(plain, neutral, self.metric)
