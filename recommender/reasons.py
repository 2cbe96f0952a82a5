"""From a recommendation to its evidence and its explanation."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..base.errors import FirstlightError
from ..base.progress import say
from ..corpus.catalogue import Item
from ..explain import (
    Explainer,
    Explanation,
    Ledger,
    Lexicon,
    TemplateWriter,
    Verifier,
    build_ledger,
)
from ..explain.profile import Profile
from ..explain.writer import LLMWriter
from ..finetune.llm import load_llm
from ..prompts.wish import Wish
from .question import Person
from .ranking import Voting
from .run_directory import Run
from .voters import ContentSpace

NEIGHBORS = 3


class Reasons:
    """Builds ledgers from one run and has them written and checked.

    `patience` is how many seconds the writer may take for one list.
    """

    def __init__(self, run: Run, space: ContentSpace, voting: Voting) -> None:
        self.run, self.space, self.voting = run, space, voting
        self.patience = 20.0

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words of this catalogue."""
        return Lexicon(self.run.catalogue)

    @cached_property
    def explainer(self) -> Explainer:
        """Writer, template and verifier."""
        return Explainer(Verifier(self.lexicon), self._writer(), seconds=self.patience)

    def _writer(self) -> LLMWriter | TemplateWriter | None:
        """The configured writer; None when the language model is due and away."""
        if self.run.config.serve.writer == "template":
            return TemplateWriter()
        try:
            return LLMWriter(load_llm(self.run.config.ranker.model))
        except FirstlightError as error:
            say(f"explanations come from templates: {error}")
            return None

    def explain(self, person: Person, rows: NDArray[np.int64], wish: Wish) -> list[Explanation]:
        """One checked explanation for each row."""
        return self.explainer.explain(self.ledgers(person, rows, wish))

    def ledgers(self, person: Person, rows: NDArray[np.int64], wish: Wish) -> list[Ledger]:
        """The evidence for each row. How often it was picked is none where training saw nothing of that."""
        items = self.run.catalogue
        recent = person.newest(self.run.config.serve.explain_history)
        history = [items[int(row)] for row in person.rows]
        read = {one.key: Profile.of(one) for one in history}
        drops = np.full((len(history), len(rows)), np.nan)
        drops[len(history) - len(recent) :] = self.drops(person, rows)
        return [
            build_ledger(
                items[int(row)],
                history,
                drops=drops[:, place].tolist(),
                neighbors=self._neighbors(int(row), recent, wish),
                wish=wish if wish.text else None,
                cold=bool(self.picked[row] == 0),
                popularity=float(self.popularity[row]) if self.run.counts[row] else None,
                read=read,
                lexicon=self.lexicon,
                wording=self.run.config.serve.wording,
            )
            for place, row in enumerate(rows)
        ]

    def drops(self, person: Person, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """How far each row's score falls without each recent history item, float32 [h, len(rows)].

        All shortened histories are read in one packed batch.
        """
        recent = min(len(person), self.run.config.serve.explain_history)
        places = range(len(person) - recent, len(person))
        people = [person, *(_without(person, place) for place in places)]
        states, histories = self.voting.states(people), [one.rows for one in people]
        alike = np.ones(len(people), dtype=bool)  # or an only item would get the credit for being new
        scores = self.voting.scorer.mixed(states, histories, rows, raised=alike)[:, rows]
        return scores[:1] - scores[1:]

    def _neighbors(self, row: int, recent: NDArray[np.int32], wish: Wish) -> list[tuple[Item, float]]:
        """The nearest items in content among the history and the wish's anchors."""
        anchors = self.run.catalogue.vocabulary.rows(wish.anchors)
        near = np.unique(np.concatenate([recent, anchors]).astype(np.int64))
        near = near[near != row]
        cosine = self.space.vectors[near] @ self.space.vectors[row]
        best = np.argsort(-cosine, kind="stable")[:NEIGHBORS]
        chosen = np.union1d(best, np.flatnonzero(np.isin(near, anchors)))
        return [(self.run.catalogue[int(near[i])], float(cosine[i])) for i in chosen]

    @cached_property
    def picked(self) -> NDArray[np.int64]:
        """How often each row was picked, int64 [n]: what the model has not learned from counts too."""
        return np.maximum(self.run.counts, self.run.log.counts(len(self.run.catalogue)))

    @cached_property
    def popularity(self) -> NDArray[np.float64]:
        """The share of the catalogue picked at least as often as each row, in (0, 1]."""
        ordered = np.sort(self.picked)
        return 1 - np.searchsorted(ordered, self.picked, side="left") / len(ordered)


def _without(person: Person, place: int) -> Person:
    return Person(np.delete(person.rows, place), np.delete(person.times, place))
