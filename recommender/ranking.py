"""From a pool of rows to an ordered list: the voters, their blend, and what to do without the LLM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..base.errors import FirstlightError
from ..base.hashing import key_hashes
from ..base.progress import say
from ..eval.ranking import Candidates, top_rows
from ..finetune import Blend, PackedRanker, Ranker, RankRequest
from ..finetune.voters import BASE, standardized
from ..foundation.scorer import FoundationScorer
from .mixture import scorer_of
from .question import Person
from .run_directory import RANKER, Run
from .voters import ContentSpace

Vectors = NDArray[np.float32]
ADAPTER = "adapter"
BLEND = "blend.json"
VOTERS = ("content", "llm")  # who may re-order the foundation's best
STRANGER = 4.0  # how much more a wish counts without a history


@dataclass(frozen=True)
class Ordering:
    """Rows, best first, with what each voter gave them."""

    rows: NDArray[np.int64]
    scores: Vectors
    parts: Mapping[str, Vectors]
    degraded: bool

    def before(self, whole: Ordering) -> Ordering:
        """These rows, then the others of an ordering that they led; its scores are moved to go on here."""
        size = len(self.rows)
        step = self.scores[-1] - whole.scores[size - 1]
        rest = {name: np.zeros(len(whole.rows) - size, np.float32) for name in self.parts}
        rest |= {name: part[size:] for name, part in whole.parts.items()}
        rest[BASE] = rest[BASE] + step
        return Ordering(
            np.concatenate([self.rows, whole.rows[size:]]),
            np.concatenate([self.scores, whole.scores[size:] + step]),
            {name: np.concatenate([part, rest[name]]) for name, part in self.parts.items()},
            self.degraded,
        )


class Voting:
    """Scores pools for people with one run's foundation model, content space and ranker.

    `served` is asked instead of the run's own ranker where it is set. `patience` is how many seconds the
    run's own may take over a list; None: as many as it needs.
    """

    def __init__(self, run: Run, space: ContentSpace) -> None:
        self.run, self.space = run, space
        self.served: Ranker | None = None
        self.patience: float | None = None
        self._unusable: FirstlightError | None = None
        self.ranker_path = run.path / RANKER / ADAPTER

    @cached_property
    def scorer(self) -> FoundationScorer:
        """The foundation model over all items."""
        return scorer_of(self.run)

    @cached_property
    def ties(self) -> NDArray[np.uint64]:
        """Who goes first among equals, as in evaluation: by a hash of the key; row numbers tell tales."""
        return key_hashes(self.run.catalogue.keys, "item")

    @cached_property
    def blend(self) -> Blend:
        """The voters' weights; the foundation alone before `finetune`."""
        path = self.run.path / RANKER / BLEND
        return Blend.load(path) if path.is_file() else Blend.foundation_only()

    @cached_property
    def ranker(self) -> PackedRanker:
        """The language model, merged for speed; loaded when first needed."""
        if self._unusable:
            raise self._unusable
        try:
            ranker = PackedRanker.from_pretrained(
                self.ranker_path, dtype=self.run.config.ranker.dtype
            ).merge()
        except FirstlightError as error:  # or every question would read the files again
            self._unusable = error
            raise
        ranker.timeout = self.patience
        return ranker

    def ready(self) -> None:
        """Load what ordering needs; a language model that cannot be had is told when it is asked."""
        _ = self.scorer
        weights = self.blend.weights.values()
        if self.served is None and any(one.get("llm") for one in weights):
            with suppress(FirstlightError):
                _ = self.ranker

    def state(self, person: Person) -> Vectors:
        """The person's vector, float32 [d]."""
        return self.states([person])[0]

    def states(self, people: Sequence[Person]) -> Vectors:
        """Several people's vectors, float32 [b, d]."""
        model = self.scorer.model
        return model.people([one.rows for one in people], self.scorer.vectors, [one.times for one in people])

    def foundation(
        self, people: Sequence[Person], states: Vectors, also: NDArray[np.int64] | None = None
    ) -> Vectors:
        """The foundation's scores of every item, experts included, float32 [b, n].

        `also` are rows to be looked at closely even where no expert puts them high.
        """
        return self.scorer.scores(states, [one.rows for one in people], also)

    def pool_size(self, k: int) -> int:
        """How many rows each way of finding some may name for a list of `k`."""
        return max(self.run.config.serve.pool, 2 * k)

    def votes(self, person: Person, state: Vectors, rows: NDArray[np.int64]) -> dict[str, Vectors]:
        """What every voter but the language model says of some rows."""
        scores = self.foundation([person], state[None], rows)[0]
        return {BASE: scores[rows], "content": self._content(person, rows)}

    def _content(self, person: Person, rows: NDArray[np.int64]) -> Vectors:
        return self.space.vectors[rows] @ self.space.profile(person.rows)

    def order(
        self,
        person: Person,
        state: Vectors,
        pool: NDArray[np.int64],
        *,
        allowed: NDArray[np.bool_] | None = None,
        wish: str = "",
        similarity: Vectors | None = None,
        k: int = 10,
    ) -> Ordering:
        """Order a pool for one person.

        Parameters
        ----------
        state
            The person's vector, from :meth:`state`.
        allowed
            Which rows may be added to it, bool [n]; None: none. Experts raise what neither vectors nor memory
            find, most of it new. Where they are asked, which is about every item, their best come in, so that
            what is served is what was evaluated.
        similarity
            How well each item of the catalogue meets the wish, float32 [n].
        k
            How many will be shown.

        Content and language model re-order the best of the pool alone, `serve.rerank` of them, which is what
        their weights were fitted on; the others stand behind, in the order they had.
        """
        scores = self.foundation([person], state[None], pool)[0]
        if allowed is not None and self.run.mixer is not None:
            competing = Candidates(allowed=allowed, tie_hashes=self.ties)
            best = top_rows(scores[None], self.pool_size(k), competing)[0]
            pool = np.union1d(pool, best[best >= 0])
        votes = {BASE: scores[pool]}
        if similarity is not None:
            votes["wish"] = self._wish(person, votes[BASE], similarity[pool])
        first, places = self._blended(person, pool, votes)
        head = first.rows[: self.run.config.serve.rerank]
        asked = [one for one in VOTERS if self.blend.needs(one, self.run.counts[head], len(person))]
        if not asked:
            return first
        votes = {name: vote[places[: len(head)]] for name, vote in votes.items()}
        votes["content"] = self._content(person, head)
        llm = self._llm(person, state, head, wish) if "llm" in asked else None
        if llm is not None:
            votes["llm"] = llm
        second, _ = self._blended(person, head, votes)
        return replace(second.before(first), degraded="llm" in asked and llm is None)

    def _wish(self, person: Person, foundation: Vectors, similarity: Vectors) -> Vectors:
        """What the wish says of a pool, in spreads of the foundation's vote.

        Of somebody without history that vote only says what is popular, so the wish counts more.
        """
        if not len(similarity):
            return similarity
        weight = self.run.config.serve.wish_weight * (1 if len(person) else STRANGER)
        return np.asarray(weight * max(1.0, float(foundation.std())) * standardized(similarity), np.float32)

    def _blended(
        self, person: Person, rows: NDArray[np.int64], votes: dict[str, Vectors]
    ) -> tuple[Ordering, NDArray[np.int64]]:
        """Rows ordered by the sum of what the blend makes of the votes, and where each stood before.

        A wish counts as it is.
        """
        weighed = {name: vote for name, vote in votes.items() if name != "wish"}
        parts = dict(self.blend.parts(weighed, self.run.counts[rows], len(person)))
        if "wish" in votes:
            parts["wish"] = votes["wish"]
        total = np.asarray(np.sum(list(parts.values()), axis=0), dtype=np.float32)
        order = np.lexsort((self.ties[rows], -total))
        parts = {name: one[order] for name, one in parts.items()}
        return Ordering(rows[order], total[order], parts, degraded=False), order

    def _llm(self, person: Person, state: Vectors, pool: NDArray[np.int64], wish: str) -> Vectors | None:
        """The language model's scores, or None when it cannot be had."""
        try:
            ranker = self.served or self.ranker
            return ranker.score([self.request(person, state, pool, wish)])[0]
        except (FirstlightError, RuntimeError, OSError, MemoryError) as error:
            say(f"the language model is away, the list keeps its order without it: {error}")
            return None

    def request(self, person: Person, state: Vectors, pool: NDArray[np.int64], wish: str = "") -> RankRequest:
        """What the ranker is asked about a pool."""
        items = self.run.catalogue
        recent = person.newest(self.run.config.ranker.limits.history_items)
        unit = self.scorer.candidates
        return RankRequest(
            history=[items[int(row)] for row in recent],
            candidates=[items[int(row)] for row in pool],
            wish=wish,
            person=state,
            history_vectors=unit[recent],
            candidate_vectors=unit[pool],
            candidate_cold=self.run.counts[pool] == 0,
        )
