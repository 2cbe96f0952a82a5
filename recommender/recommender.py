"""The public face: ``Recommender.from_pretrained(run).recommend(history=[...], query="...", k=10)``.

One question walks through five steps: who asks (`question`), what may be returned (filters and hard
limits of the wish), which items are near (retrieval, by behavior and by wish), in what order
(voters and their blend), and why (evidence and explanation).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ConfigError, FirstlightError
from ..base.progress import say
from ..corpus.catalogue import Catalogue
from ..corpus.predicates import Predicate, parse_predicate
from ..explain import Explanation
from ..finetune import ServedRanker
from ..finetune.voters import standardized
from ..prompts.wish import Wish, WishParser
from ..retrieval.contract import Retriever
from ..retrieval.filters import Filters
from ..retrieval.words import WordIndex
from .answers import Answer, Recommendation
from .content import image_encoder_of, text_encoder_of
from .question import People, Person, Question
from .ranking import Ordering, Voting
from .reasons import Reasons
from .run_directory import Run, load_run
from .voters import ContentSpace, similarity

if TYPE_CHECKING:
    from ..encoders import ImageEncoder, TextEncoder

Vectors = NDArray[np.float32]
RANKER_URL = "FIRSTLIGHT_RANKER_URL"
MET = 6.0  # what all wished attributes together are worth, in deviations of the likeness to the text


@dataclass(frozen=True)
class _Asked:
    """A question resolved against the run."""

    question: Question
    person: Person
    wish: Wish
    allowed: NDArray[np.bool_]
    met: NDArray[np.bool_]  # which items have each wished attribute, [len(wish.wanted), n]
    similarity: Vectors | None  # to the typed wish, its anchors and the picture: float32 [n]


class Recommender:
    """Answers questions from a run directory; make one with :meth:`from_pretrained`."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.people = People(run.log, run.catalogue.vocabulary)
        self.space = ContentSpace(run)
        self.voting = Voting(run, self.space)
        self.reasons = Reasons(run, self.space, self.voting)

    @classmethod
    def from_pretrained(cls, path: Path | str) -> Recommender:
        """Load a run directory; runs no code of it.

        With ``FIRSTLIGHT_RANKER_URL`` in the environment its ranker is asked there (see
        :class:`~firstlight.finetune.ServedRanker`); neither a run nor a question can name an address.

        Raises
        ------
        ArtifactError
            If a file is missing, truncated or altered.
        ConfigError, ModelError
            If that address is none, or the ranker cannot be served apart.
        """
        found = cls(load_run(Path(path)))
        url = os.environ.get(RANKER_URL)
        if url and found.run.has_ranker:
            found.voting.served = ServedRanker.from_pretrained(found.voting.ranker_path, url)
        return found

    def ready(self, seconds: float) -> Recommender:
        """Load now what the first question would load, and give language models a limit.

        Ranker and writer may then take up to `seconds` each for one question; where that is not enough, the
        list keeps its order, templates speak, and the answer says that it is degraded. What cannot be loaded
        is told, and refused when a question needs it.
        """
        self.voting.patience, self.reasons.patience = seconds, seconds
        self.voting.ready()
        for part in ("retriever", "text_encoder", "image_encoder", "wishes", "words"):
            try:
                getattr(self, part)
            except FirstlightError as error:
                say(f"not ready for every question: {error}")
        _ = self.reasons.explainer
        return self

    @property
    def catalogue(self) -> Catalogue:
        """What can be recommended."""
        return self.run.catalogue

    @cached_property
    def retriever(self) -> Retriever:
        """Search over the foundation's vectors."""
        return self.run.store.retriever(index_path=self.run.index_path)

    @cached_property
    def text_encoder(self) -> TextEncoder | None:
        """Reads typed wishes; None when the run has no text."""
        return text_encoder_of(self.run)

    @cached_property
    def image_encoder(self) -> ImageEncoder | None:
        """Reads pictures; None when the run has none."""
        return image_encoder_of(self.run)

    @property
    def version(self) -> str:
        """Another one for every change of the run's files; what was loaded stays what it was."""
        return self.run.version

    @cached_property
    def words(self) -> WordIndex:
        """Finds items by the words of their texts."""
        return WordIndex(item.text for item in self.catalogue)

    @cached_property
    def wishes(self) -> WishParser:
        """Understands typed wishes in the catalogue's own words."""
        return WishParser(self.catalogue)

    def recommend(
        self,
        *,
        user: str | None = None,
        history: Sequence[str] = (),
        query: str = "",
        image: Path | str | bytes | None = None,
        k: int = 10,
        explain: bool = False,
        allow: Sequence[str] | None = None,
        deny: Sequence[str] = (),
        where: Sequence[Predicate | str] = (),
        repeats: bool = False,
    ) -> Answer:
        """Recommend `k` items; see :class:`Question` for what each part means.

        Parameters
        ----------
        image
            A file, or the bytes of one.
        where
            Conditions, also as text, ``"year>=1990"``; see :mod:`firstlight.corpus.predicates`.

        Raises
        ------
        ConfigError
            If a part of the question is of a wrong type, or `k` is below 1.
        UnknownKeyError
            For an unknown user or item.
        DataError
            For a condition on an unknown field, or an unreadable picture.
        """
        if isinstance(where, str):
            raise ConfigError(f'"{where}" alone', where="where", expected="a list of conditions")
        conditions = tuple(parse_predicate(one) if isinstance(one, str) else one for one in where)
        image = Path(image) if isinstance(image, str) else image
        return self.answer(
            Question(user, history, query, image, k, explain, allow, deny, conditions, repeats)
        )

    def answer(self, question: Question) -> Answer:
        """Answer one question."""
        asked = self._resolve(question)
        state = self.voting.state(asked.person)
        ordering = self.voting.order(
            asked.person,
            state,
            self._pool(asked, state),
            allowed=asked.allowed,
            wish=question.query,
            similarity=asked.similarity,
            k=question.k,
        )
        rows = ordering.rows[: question.k]
        explanations, slow = self._explained(asked, rows) if question.explain else ([None] * len(rows), False)
        return Answer(
            tuple(self._recommendation(ordering, i, explanations[i]) for i in range(len(rows))),
            self._notes(asked),
            ordering.degraded or slow,
            _understood(asked.wish),
        )

    def explain(
        self, item: str, *, user: str | None = None, history: Sequence[str] = (), query: str = ""
    ) -> Explanation:
        """Say why `item` would be recommended to this person, whatever its rank.

        Raises
        ------
        UnknownKeyError
            For an unknown user or item.
        """
        row = self.catalogue.vocabulary.row(item)
        asked = self._resolve(Question(user, history, query, repeats=True))
        explanations, _ = self._explained(asked, np.array([row]))
        return explanations[0]

    # -- the five steps ---------------------------------------------------------------------------

    def _resolve(self, question: Question) -> _Asked:
        person = self.people.find(question)
        wish = self.wishes.parse(question.query) if question.query.strip() else Wish(question.query)
        anchors = self.catalogue.vocabulary.rows(wish.anchors)
        allow, deny = self._listed(question)
        filters = Filters(
            seen=anchors if question.repeats else np.concatenate([person.rows, anchors]),
            allow=allow,
            deny=deny,
            where=(*question.where, *wish.limits, *wish.unwanted),
            released_by=time.time(),
        )
        embedded = "" if wish.wanted and not wish.rest and len(person) else wish.query
        met = np.zeros((len(wish.wanted), len(self.catalogue)), dtype=bool)
        for place, one in enumerate(wish.wanted):
            met[place] = one.mask(self.catalogue)
        similarity = self._similarity(question, embedded, anchors, met)
        return _Asked(question, person, wish, filters.mask(self.catalogue), met, similarity)

    def _listed(self, question: Question) -> tuple[Sequence[str] | None, Sequence[str]]:
        """The keys to choose from and those to leave out; unknown ones stay only where they are errors."""
        allow, deny = question.allow, question.deny
        if question.on_unknown == "error":
            return allow, deny
        known = self.catalogue.vocabulary
        if allow is not None:
            allow = [key for key in allow if key in known]
        return allow, [key for key in deny if key in known]

    def _similarity(
        self, question: Question, embedded: str, anchors: NDArray[np.int32], met: NDArray[np.bool_]
    ) -> Vectors | None:
        """How well each item meets the wish and the picture, float32 [n]; None when neither was given.

        `embedded` is what texts are compared with: nothing where attributes say it all and a history says
        the rest, for how near each comedy is to the word "comedy" would only drown taste.
        """
        parts: list[NDArray[np.floating]] = []
        text = self.run.content.text
        if embedded.strip() and text is not None and self.text_encoder is not None:
            parts.append(standardized(similarity(text, self.text_encoder.encode_texts([embedded])[0])))
        if len(anchors):
            likeness = " ".join(self.catalogue[row].text for row in anchors.tolist())
            parts += [standardized(self.space.scores(anchors)), standardized(self.words.scores(likeness))]
        if len(met):
            parts.append(np.asarray(MET * np.mean(met, axis=0), dtype=np.float32))
        if question.image is not None:
            parts.append(standardized(self._like_picture(question.image)))
        return np.asarray(np.sum(parts, axis=0), dtype=np.float32) if parts else None

    def _like_picture(self, image: Path | bytes) -> Vectors:
        pictures = self.run.content.image
        if self.image_encoder is None or pictures is None:
            raise ConfigError(
                "this run reads no pictures",
                expected="a run pretrained with pictures",
                fix="ask in words, or pretrain with images",
            )
        return similarity(pictures, self.image_encoder.encode_images([image])[0])

    def _pool(self, asked: _Asked, state: Vectors) -> NDArray[np.int64]:
        """Rows worth ranking: the nearest by behavior, what is remembered, and what is nearest to a wish."""
        size = self.voting.pool_size(asked.question.k)
        near = self.retriever.search(state[None], size, allowed=asked.allowed).rows[0]
        counted = self._counted(asked.person)
        near = np.concatenate([near, counted[asked.allowed[counted]][:size]])
        if asked.similarity is not None:
            wished = np.where(asked.allowed, asked.similarity, -np.inf)
            best = np.argsort(-wished, kind="stable")[:size]
            near = np.concatenate([near, best[np.isfinite(wished[best])]])
        return np.unique(near[near >= 0]).astype(np.int64)

    def _counted(self, person: Person) -> NDArray[np.int64]:
        """Rows that followed a history, most often first; without a history, those that most people took."""
        if not len(person):
            return np.argsort(-self.run.counts, kind="stable")
        found = self.run.memory.recall([person.rows])
        return found.indices[np.argsort(np.negative(found.data), kind="stable")].astype(np.int64)

    def _explained(self, asked: _Asked, rows: NDArray[np.int64]) -> tuple[list[Explanation], bool]:
        explanations = self.reasons.explain(asked.person, rows, asked.wish)
        return explanations, any(one.degraded for one in explanations)

    def _recommendation(self, ordering: Ordering, place: int, why: Explanation | None) -> Recommendation:
        row = int(ordering.rows[place])
        parts = {name: float(values[place]) for name, values in ordering.parts.items()}
        cold = bool(self.run.counts[row] == 0)
        return Recommendation(self.catalogue[row], float(ordering.scores[place]), cold, parts, why)

    def _notes(self, asked: _Asked) -> tuple[str, ...]:
        notes = [f'the catalogue cannot answer "{part}"' for part in asked.wish.unanswerable]
        left = (asked.met & asked.allowed).sum(axis=1)
        met = {one.value for one, count in zip(asked.wish.wanted, left.tolist(), strict=True) if count}
        missed = dict.fromkeys(str(one) for one in asked.wish.wanted if one.value not in met)
        notes += [f"of what is left, nothing meets: {part}" for part in missed]
        if asked.person.unknown:
            some = "1 unknown key" if asked.person.unknown == 1 else f"{asked.person.unknown} unknown keys"
            notes.append(f"left out of the history: {some}")
        for name, keys in (("allow", asked.question.allow or ()), ("deny", asked.question.deny)):
            unknown = self.catalogue.vocabulary.known_rows(keys)[1]
            notes += [f"left out of {name}: {unknown} unknown"] if unknown else []
        allowed = int(asked.allowed.sum())
        if allowed < asked.question.k:
            notes.append(f"items that pass the filters: {allowed or 'none'}")
        return tuple(notes)


def _understood(wish: Wish) -> dict[str, object]:
    """How the wish was read, for people to check."""
    parts = {
        "like": list(wish.anchors),
        "wanted": [str(one) for one in wish.wanted],
        "unwanted": [str(one) for one in wish.unwanted],
        "limits": [str(one) for one in wish.limits],
    }
    return {name: values for name, values in parts.items() if values}
