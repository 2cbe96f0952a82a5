"""Ledgers in, checked explanations out: write, verify, repair once, or fall back to a template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..base.progress import say
from .claims import Picked
from .fluency import reads_well
from .ledger import Ledger
from .reading import parse_claims
from .repair import repairs
from .scan import split_citations
from .templates import Point, TemplateWriter, plan
from .verifier import Verdict, Verifier

Origin = Literal["written", "repaired", "templated"]


class Writer(Protocol):
    """Drafts sentences from points; whatever it says is checked before it is shown."""

    def write(
        self, ledgers: Sequence[Ledger], plans: Sequence[Sequence[Point]], *, seconds: float
    ) -> list[list[str | None]]:
        """One draft with citation marks for each point; None where the time ran out."""
        ...


@dataclass(frozen=True)
class Sentence:
    """A shown sentence: without citation marks in `text`, with them in `marked`."""

    text: str
    marked: str
    cites: tuple[str, ...]
    origin: Origin
    verdict: Verdict

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "text": self.text,
            "marked": self.marked,
            "cites": list(self.cites),
            "origin": self.origin,
            "verdict": self.verdict.as_dict(),
        }


@dataclass(frozen=True)
class Explanation:
    """Why one item is recommended: checked sentences and the evidence they cite.

    `degraded` says that a language model was to write and was missing, failed or ran out of time.
    """

    sentences: tuple[Sentence, ...]
    ledger: Ledger
    degraded: bool

    @property
    def text(self) -> str:
        """The sentences without citation marks."""
        return " ".join(sentence.text for sentence in self.sentences)

    @property
    def marked(self) -> str:
        """The sentences with citation marks."""
        return " ".join(sentence.marked for sentence in self.sentences)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "text": self.text,
            "marked": self.marked,
            "sentences": [sentence.as_dict() for sentence in self.sentences],
            "evidence": self.ledger.as_dict(),
            "degraded": self.degraded,
        }


class Explainer:
    """Explains recommendations; every shown sentence has passed the verifier.

    Parameters
    ----------
    verifier
        Decides what may be shown.
    writer
        Drafts the sentences; where one of them fails, a template speaks. None means that it is missing and
        makes explanations degraded. A :class:`TemplateWriter` here is a choice, not a loss.
    seconds
        How long the writer may take for one call of :meth:`explain`.
    """

    def __init__(
        self,
        verifier: Verifier,
        writer: Writer | TemplateWriter | None = None,
        *,
        seconds: float = 20.0,
    ) -> None:
        self.verifier = verifier
        self.writer = writer
        self.seconds = seconds

    def explain(self, ledgers: Sequence[Ledger]) -> list[Explanation]:
        """One explanation for each ledger of one list; a ledger without entries gets no sentence."""
        plans = [plan(ledger) for ledger in ledgers]
        choices = TemplateWriter().alternatives(ledgers, plans)
        drafts = self._drafts(ledgers, plans)
        return [self._explanation(*one) for one in zip(ledgers, plans, drafts, choices, strict=True)]

    def _drafts(self, ledgers: Sequence[Ledger], plans: Sequence[Sequence[Point]]) -> list[list[str | None]]:
        """What the writer says; "" where a template is meant to speak, None where the writer is away."""
        if isinstance(self.writer, TemplateWriter):
            return [[""] * len(points) for points in plans]
        away: list[list[str | None]] = [[None] * len(points) for points in plans]
        if self.writer is None or not any(plans):
            return away
        try:
            return self.writer.write(ledgers, plans, seconds=self.seconds)
        except Exception as error:  # a model may fail in any way; the list must not fail with it
            say(f"the writer failed, templates speak instead: {type(error).__name__}: {error}")
            return away

    def _explanation(
        self,
        ledger: Ledger,
        points: Sequence[Point],
        drafts: Sequence[str | None],
        choices: Sequence[Sequence[str]],
    ) -> Explanation:
        shown = [self._sentence(ledger, *one) for one in zip(points, drafts, choices, strict=True)]
        kept = tuple(sentence for sentence in shown if sentence is not None)
        return Explanation(kept, ledger, degraded=any(draft is None for draft in drafts))

    def _sentence(
        self, ledger: Ledger, point: Point, draft: str | None, choices: Sequence[str]
    ) -> Sentence | None:
        """The first of draft, repairs and templates that passes; None when not even a template does."""
        if draft:
            found = self._first(ledger, self._worthy([draft], ledger), "written")
            if found is None:
                candidates = repairs(draft, point, self.verifier.refuted(draft, ledger))
                found = self._first(ledger, self._worthy(candidates, ledger), "repaired")
            if found is not None:
                return found
        return self._first(ledger, choices, "templated")

    def _worthy(self, drafts: Iterable[str], ledger: Ledger) -> Iterator[str]:
        """The drafts that read well and say more than that something was picked."""
        for draft in drafts:
            if reads_well(draft, ledger.wording.verb):
                claims = parse_claims(draft, ledger, self.verifier.lexicon)
                if not all(isinstance(claim, Picked) for claim in claims):
                    yield draft

    def _first(self, ledger: Ledger, candidates: Iterable[str], origin: Origin) -> Sentence | None:
        for marked in candidates:
            verdict = self.verifier.check(marked, ledger)
            if verdict.ok:
                text, cites = split_citations(marked)
                return Sentence(text, marked, cites, origin, verdict)
        return None
