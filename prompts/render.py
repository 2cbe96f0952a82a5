"""From items to token ids under a budget that is never exceeded, measured in the model's own tokens.

Each piece is tokenized by itself, so its cost is known before it is added and equal text always gives
equal ids. A soft token (a foundation vector instead of a word, see ``finetune/soft_tokens.py``)
is announced by :data:`SLOT`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..base.config import demand
from ..base.errors import ConfigError
from ..corpus.catalogue import Item
from .clean import clean_text
from .templates import RankTemplate, item_line

SLOT = -1
"""The id that stands where a soft token enters."""

Tokenize = Callable[[str], list[int]]
"""Text to token ids, none of them special: ``<|im_start|>`` in a text must come out as plain characters."""


@dataclass(frozen=True)
class Limits:
    """How much is read, in tokens unless said.

    Attributes
    ----------
    history_items
        Newest items of the history that are shown, at most.
    history_tokens
        For each of them; longer titles are cut.
    wish_tokens
        For what the person typed.
    prefix_tokens
        For everything the candidates share; the oldest items go first when it is short.
    candidate_tokens
        For each candidate, its soft token and the closing words included.
    """

    history_items: int = 12
    history_tokens: int = 16
    wish_tokens: int = 48
    prefix_tokens: int = 320
    candidate_tokens: int = 24

    def __post_init__(self) -> None:
        some = ("history_tokens", "wish_tokens", "prefix_tokens", "candidate_tokens")
        demand(self, some, lambda one: one >= 1, expected="1 or more", where="limits")
        demand(self, ("history_items",), lambda one: one >= 0, expected="0 or more", where="limits")


@dataclass(frozen=True)
class Prefix:
    """The shared part of a pack: token ids, and how many of the newest history items they show."""

    ids: tuple[int, ...]
    kept: int


@dataclass(frozen=True)
class Renderer:
    """Renders people and candidates for one tokenizer, one template and one set of limits.

    Parameters
    ----------
    tokenize
        The model's tokenizer, without special tokens.
    start
        Ids the model expects before any text (a ``<bos>``, where it has one).
    slots
        Whether soft tokens enter: one for the person, one before each item.

    Raises
    ------
    ConfigError
        If the limits leave no room for the template's own words and one token of text.
    """

    tokenize: Tokenize
    template: RankTemplate
    limits: Limits
    start: tuple[int, ...] = ()
    slots: bool = False

    def __post_init__(self) -> None:
        framed = len(self._frame("")) + self.limits.wish_tokens + len(self._words("\n"))
        least = {
            "prefix_tokens": framed + max(len(self._words(self.template.nobody)), self._longest_line),
            "candidate_tokens": len(self._words(self.template.answer)) + self.slots + 1,
        }
        for name, need in least.items():
            if getattr(self.limits, name) < need:
                raise ConfigError(
                    f"{name} = {getattr(self.limits, name)}",
                    where="limits",
                    expected=f"at least {need} for the template's own words, an item and the wish",
                )

    def prefix(self, history: Sequence[Item], wish: str = "") -> Prefix:
        """Instruction, history (oldest first, the latest last) and wish; never above `prefix_tokens`."""
        frame = self._frame(wish)
        room = self.limits.prefix_tokens - len(frame)
        lines: list[list[int]] = []
        for item in reversed(history[max(0, len(history) - self.limits.history_items) :]):
            line = self._line(item)
            room -= len(line)
            if room < 0:
                break
            lines.append(line)
        told = [token for line in reversed(lines) for token in line] or self._words(self.template.nobody)
        return Prefix(tuple(frame[: self._opening] + told + frame[self._opening :]), len(lines))

    def candidate(self, item: Item) -> tuple[int, ...]:
        """One candidate, ready to be scored at its last token; never above `candidate_tokens`."""
        answer = self._words(self.template.answer)
        text = self._words(" " + clean_text(item_line(item)))
        room = self.limits.candidate_tokens - len(answer) - self.slots
        return tuple(self._slot + text[:room] + answer)

    @property
    def _slot(self) -> list[int]:
        return [SLOT] if self.slots else []

    @property
    def _opening(self) -> int:
        """How many ids come before the history."""
        return len(self.start) + len(self._slot) + len(self._words(self.template.opening))

    @property
    def _longest_line(self) -> int:
        """What an item of the history takes at most."""
        line = len(self._slot) + self.limits.history_tokens + len(self._words("\n"))
        return line if self.limits.history_items else 0

    def _words(self, text: str) -> list[int]:
        return list(self.tokenize(text))

    def _frame(self, wish: str) -> list[int]:
        """The prefix without its history."""
        frame = [*self.start, *self._slot, *self._words(self.template.opening)]
        asked = clean_text(wish, limit=1000)
        if asked:
            words = self._words(self.template.wish + asked)[: self.limits.wish_tokens]
            frame += words + self._words("\n")
        return frame + self._words(self.template.question)

    def _line(self, item: Item) -> list[int]:
        text = self._words(self.template.line + clean_text(item_line(item)))
        return self._slot + text[: self.limits.history_tokens] + self._words("\n")
