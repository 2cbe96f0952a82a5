"""The words around the data, by version. A version's words never change: rankers are trained on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..base.errors import ArtifactError
from ..corpus.catalogue import Item
from .clean import harmless_part


@dataclass(frozen=True)
class RankTemplate:
    """How a person and a candidate are put to the ranker.

    Plain text without chat roles: nothing a person or a catalogue wrote can reach a system role,
    and base models without a chat template work too. Every foreign text stands on a line of its own
    and holds no line break (see :func:`~.clean.clean_text`), so it cannot end its line.

    Attributes
    ----------
    opening, line, nobody
        Before the history, before each of its items, and instead of an empty one.
    wish
        Before what the person typed.
    question
        The end of the shared prefix.
    answer
        After each candidate's text; the score is read at its last token.
    yes, no
        The words whose difference of log-probabilities is the score before any training.
    """

    opening: str
    line: str
    nobody: str
    wish: str
    question: str
    answer: str
    yes: str
    no: str


TEMPLATES: Mapping[str, RankTemplate] = MappingProxyType(
    {
        "rank-1": RankTemplate(
            opening="Someone liked these, the latest last:\n",
            line="- ",
            nobody="- nothing yet\n",
            wish="They ask for: ",
            question="Would they like this next?\n",
            answer="\nAnswer:",
            yes=" Yes",
            no=" No",
        ),
    }
)
PROMPT_VERSION = "rank-1"
"""The version new rankers are trained with; recorded beside their weights."""


def rank_template(version: str) -> RankTemplate:
    """The words of one version.

    Raises
    ------
    ArtifactError
        If this release does not know the version.
    """
    if version not in TEMPLATES:
        raise ArtifactError(
            f'prompt version "{version}"',
            where="ranker.json",
            expected=f"one of {', '.join(TEMPLATES)}",
            fix="use the release that trained this ranker, or run finetune again",
        )
    return TEMPLATES[version]


def item_line(item: Item) -> str:
    """What the ranker reads of an item: title, then categories, as far as they are harmless."""
    title = harmless_part(item.title) or "untitled"
    categories = [part for one in item.categories if (part := harmless_part(one))]
    return f"{title}; {', '.join(categories)}" if categories else title
