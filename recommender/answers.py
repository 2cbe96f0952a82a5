"""What comes back: items, where their scores come from, why, and what could not be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..corpus.catalogue import Item
from ..explain import Explanation


@dataclass(frozen=True)
class Recommendation:
    """One item of an answer.

    Attributes
    ----------
    score
        What the list is ordered by; comparable within one answer only.
    cold
        Whether nobody had touched the item when the model was trained.
    parts
        What each voter added to `score`: "foundation", "content", "llm", "wish".
    explanation
        Present when it was asked for.
    """

    item: Item
    score: float
    cold: bool
    parts: Mapping[str, float]
    explanation: Explanation | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        found: dict[str, Any] = {
            "item_id": self.item.key,
            "title": self.item.title,
            "score": round(self.score, 4),
            "cold": self.cold,
            "parts": {name: round(value, 4) for name, value in self.parts.items()},
        }
        if self.explanation is not None:
            found["explanation"] = self.explanation.as_dict()
        return found


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes
    ----------
    recommendations
        Best first; fewer than k when the filters leave fewer.
    notes
        What the reader should know: parts of the wish the catalogue cannot answer, unknown keys left
        out, how the wish was understood.
    degraded
        Whether a language model was due and could not be used.
    """

    recommendations: tuple[Recommendation, ...]
    notes: tuple[str, ...] = ()
    degraded: bool = False
    understood: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "items": [one.as_dict() for one in self.recommendations],
            "notes": list(self.notes),
            "degraded": self.degraded,
            "understood": dict(self.understood),
        }
