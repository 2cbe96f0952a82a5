"""`finetune`: the language model learns to rank this run's own candidates, then the voters are weighed.

Only validation cases are used, which the network has not learned from (the mixer has): on its own
training data it is so sure of itself that a second voice would learn nothing. Their people are divided by
key hash: most teach the ranker, a few decide when its training stops, the others fit the blend.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.config import load_config, to_yaml
from ..base.errors import ConfigError, DataError
from ..base.files import changed_meanwhile, remove_drafts, write_json, write_text
from ..base.hashing import key_hashes
from ..base.progress import say
from ..finetune import (
    Blend,
    BlendReport,
    Probed,
    RankExample,
    TrainingReport,
    VoterList,
    probe,
    train_ranker,
)
from .config import RunConfig
from .mixture import as_fitted
from .pools import Pool, retrieved
from .processes import processes
from .ranking import ADAPTER, BLEND, Voting
from .run_directory import RANKER, Run, load_run, need_log, revise
from .splitting import make_split, released
from .validation import sample
from .voters import ContentSpace

TEACH, STOP = 0.55, 0.10  # shares of the validation people; the rest fits the blend
TRIES, LEAST_TRIED = 12, 2000  # cases asked for each list wanted: the retriever finds some targets only
RANDOM_NEGATIVES = 8  # besides the retriever's own, so that the ranker also knows what is far away


@dataclass(frozen=True)
class Tuning:
    """What `finetune` did; `probes` says what the ranker's order rests on, where lists were left for it."""

    training: TrainingReport
    blend: Blend
    report: BlendReport
    probes: dict[str, Probed]

    def text(self) -> str:
        """A few lines for a terminal."""
        found = [one["ndcg@10"] for one in self.training.evaluations] or [float("nan")]
        taught = f"ranker: {self.training.people} lists in {self.training.steps} steps"
        quality = f"NDCG@10 on held-out lists {found[0]:.3f} untrained, {max(found):.3f} kept"
        lines = [f"{taught}; {quality} (step {self.training.best_step})", self.report.text()]
        if self.probes:
            lines.append("NDCG@10 of the ranker alone, and its change when something is taken away")
            lines += [f"  {name:34} {found}" for name, found in self.probes.items()]
        return "\n".join(lines)


def finetune(path: Path | str, overrides: Sequence[str] = ()) -> Tuning:
    """Train the ranker of a run, fit the blend, and put both into the run.

    Parameters
    ----------
    overrides
        ``ranker.``, ``tuning.`` and ``serve.`` settings on top of the run's own.

    Raises
    ------
    ConfigError
        If a setting would change what pre-training has already used.
    DataError
        If the run has too few validation people to learn from.
    """
    count = processes().num_processes
    if count > 1:
        raise ConfigError(
            f"finetune in {count} processes",
            expected="one: each would write the same files",
            fix="start it without torchrun; pretrain is what can be spread over several",
        )
    run = load_run(Path(path))
    need_log(run, "tuned")
    config = load_config(RunConfig, run.path / "config.yaml", overrides)
    if not _same_but_for_tuning(config, run.config):
        raise ConfigError(
            "a setting of pre-training",
            where="--set",
            expected='only "ranker", "tuning" and "serve" settings',
            fix="pretrain another run to change the others",
        )
    run = replace(run, config=config)
    remove_drafts(run.path)
    work = run.path.with_name(f".{run.path.name}.ranker")
    tuning = Tuner(as_fitted(run)).tune(work / ADAPTER)
    with revise(run.path) as draft:
        if not _same_but_for_tuning(load_config(RunConfig, draft / "config.yaml"), config):
            raise changed_meanwhile(run.path)  # pretrained anew, with other settings
        _write(draft, run, tuning, work / ADAPTER)
    shutil.rmtree(work, ignore_errors=True)
    return tuning


def _same_but_for_tuning(one: RunConfig, other: RunConfig) -> bool:
    """Whether two runs' settings differ at most in what may be chosen after pre-training."""
    return replace(one, ranker=other.ranker, tuning=other.tuning, serve=other.serve) == other


def _write(draft: Path, run: Run, tuning: Tuning, adapter: Path) -> None:
    """Put the ranker, the blend and the settings into the draft of a run."""
    shutil.rmtree(draft / RANKER, ignore_errors=True)
    shutil.copytree(adapter, draft / RANKER / ADAPTER)
    tuning.blend.save(draft / RANKER / BLEND)
    write_json(draft / RANKER / "training.json", asdict(tuning.training))
    write_json(draft / RANKER / "blend_report.json", tuning.report.as_dict())
    write_json(draft / RANKER / "probes.json", {name: vars(one) for name, one in tuning.probes.items()})
    write_text(draft / "config.yaml", to_yaml(run.config))


class Tuner:
    """The steps of one fine-tuning, in order."""

    def __init__(self, run: Run) -> None:
        self.run, self.config = run, run.config
        self.voting = Voting(run, ContentSpace(run))
        self.released = released(run.log, run.catalogue)
        self.cases = make_split(run.log, run.config.split, fitting=True).valid
        place = key_hashes(self.cases.user_keys, "finetune") / 2.0**64
        sizes, stop = self.config.tuning, (place >= TEACH) & (place < TEACH + STOP)
        self.teach = self._some(self._found(place < TEACH, sizes.lists, sizes.pool), sizes.lists)
        self.stop = self._some(self._found(stop, sizes.stop_lists, sizes.pool), sizes.stop_lists)
        fit = self._found(place >= TEACH + STOP, sizes.blend_lists, self.config.serve.rerank)
        self.fit = self._some(fit, len(fit))

    def _found(self, mask: NDArray[np.bool_], wanted: int, size: int) -> list[Pool]:
        """Lists of `size` items that hold their target: only these can be re-ranked, so only these teach.

        Enough cases are tried for `wanted` of them; all that are found are returned, in the cases' order.
        """
        part = self.cases.take(mask)
        tried = part.take(sample(part, max(TRIES * wanted, LEAST_TRIED)))
        pools = retrieved(self.voting, tried, size, self.released)
        found = [pool for pool in pools if pool.positive is not None and len(pool.rows) > 1]
        if not found:
            raise DataError(
                f"none of {len(part)} validation cases has its target among its {size} best items",
                where=str(self.run.path),
                expected="lists that hold their answer, for teaching, stopping and the blend",
                fix="use more data, a larger split.valid, or a larger tuning.pool and serve.rerank",
            )
        return found

    def _some(self, pools: list[Pool], most: int) -> list[Pool]:
        """At most `most` of the lists, in random order."""
        order = np.random.default_rng(self.config.ranker.seed).permutation(len(pools))
        return [pools[i] for i in order[:most]]

    def tune(self, out: Path) -> Tuning:
        """Train the ranker into `out`, then fit the blend with it."""
        n_read = min(self.config.tuning.blend_lists, len(self.fit))
        say(
            f"finetune: {len(self.teach)} lists teach, {len(self.stop)} stop, {len(self.fit)} fit the blend, "
            f"{n_read} of them also read by the language model"
        )
        rng = np.random.default_rng(self.config.ranker.seed)
        teach = [self.example(pool, rng) for pool in self.teach]
        stop = [self.example(pool, rng).narrowed(self.config.ranker.n_negatives, rng) for pool in self.stop]
        training = train_ranker(teach, stop, config=self.config.ranker, out=out, keep=True)[1]
        self.voting.ranker_path = out
        blend, report = Blend.fit(self._lists(n_read))
        return Tuning(training, blend, report, self._probes(rng))

    def example(self, pool: Pool, rng: np.random.Generator) -> RankExample:
        """A list with its answer and some random rows behind it; what the foundation knows is its prior.

        What was not yet released when the list was asked for is no negative: it could not be taken.
        """
        others = rng.integers(0, len(self.run.catalogue), RANDOM_NEGATIVES)
        more = np.setdiff1d(others, np.append(pool.rows, pool.person.rows))
        if self.released is not None:
            more = more[~(self.released[more] > pool.time)]
        rows = np.append(pool.rows, more).astype(np.int64)
        known = self.voting.foundation([pool.person], pool.state[None], rows)[0, rows]
        request = self.voting.request(pool.person, pool.state, rows)
        return RankExample(request, int(pool.positive or 0), known)

    def _lists(self, n_read: int) -> list[VoterList]:
        """What each voter says of the blend's lists; the language model is dear and reads only the first."""
        requests = [self.voting.request(pool.person, pool.state, pool.rows) for pool in self.fit[:n_read]]
        told = self.voting.ranker.score(requests)
        return [self._list(pool, llm) for pool, llm in zip_longest(self.fit, told)]

    def _probes(self, rng: np.random.Generator) -> dict[str, Probed]:
        """What the ranker loses without its soft tokens, its order of history, or the titles."""
        pools, n = self.fit[: self.config.tuning.probe_lists], self.config.ranker.n_negatives
        lists = [replace(self.example(pool, rng), prior=None).narrowed(n, rng) for pool in pools]
        return probe(self.voting.ranker, lists) if lists else {}

    def _list(self, pool: Pool, llm: NDArray[np.float32] | None) -> VoterList:
        votes = self.voting.votes(pool.person, pool.state, pool.rows)
        if llm is not None:
            votes["llm"] = llm
        positive: Any = pool.positive
        return VoterList(votes, positive, self.run.counts[pool.rows], len(pool.person))
