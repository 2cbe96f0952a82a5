"""A language model writes the sentences, from ledger facts alone.

For each family of points the prompt holds a few examples (facts, then a sentence) and the facts of
one point; what the model adds up to the line's end is the draft. Catalogue descriptions never reach
it. Prompts of one family share their beginning, which is run once and kept.
"""

from __future__ import annotations

import copy
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from transformers import DynamicCache

from .ledger import Ledger
from .phrases import FACTS, PHRASES
from .templates import Point, cited

INSTRUCTION = "Each line of facts becomes one plain, warm sentence. Nothing is added.\n\n"
MAX_STYLES = 2
MAX_PREFIXES = 16  # kept keys and values; about 7 MB each for a model of 135M parameters
_EXAMPLES: tuple[Mapping[str, str], ...] = (
    {"n": "“Blue Door”", "t": "slow pace", "a": "slow pace", "w": "the slow pace",
     "f": "length", "m": "four", "x": "1987", "y": "1991"},
    {"n": "“Red Hill”", "t": "author Mary Oliver", "a": "author, Mary Oliver", "w": "Poetry",
     "f": "price", "m": "two", "x": "2004", "y": "2001"},
    {"n": "“Old Mill”", "t": "Travel category", "a": "Travel category", "w": "Travel",
     "f": "weight", "m": "six", "x": "1965", "y": "1970"},
)  # fmt: skip
_UNITS: Mapping[str, tuple[str, ...]] = {
    "wish_number": ("12 minutes", "40", "7.5 kg"),
    "fact_is": ("short", "low", "light"),
    "popularity": ("5", "3", "8"),
    "years_close": (" (1987)", " (2004)", " (1965)"),
}


class HasModel(Protocol):
    """A causal language model and its tokenizer, for example a `finetune` LanguageModel."""

    @property
    def model(self) -> Any:
        """A transformers model with ``generate``."""
        ...

    @property
    def tokenizer(self) -> Any:
        """Its tokenizer."""
        ...


class _Job(NamedTuple):
    row: int
    place: int
    point: Point


class LLMWriter:
    """Drafts sentences with a causal language model, greedily.

    Parameters
    ----------
    language_model
        Anything with `.model` (transformers, with ``generate``) and `.tokenizer`.
    max_new_tokens
        Bound on the length of one sentence.
    batch_size
        Sentences written at once.
    """

    def __init__(self, language_model: HasModel, *, max_new_tokens: int = 40, batch_size: int = 16) -> None:
        self.model = language_model.model
        self.tokenizer = language_model.tokenizer
        self.max_new_tokens = max_new_tokens
        self.batch_size = batch_size
        self._prefixes: dict[str, tuple[torch.Tensor, DynamicCache]] = {}

    def write(
        self, ledgers: Sequence[Ledger], plans: Sequence[Sequence[Point]], *, seconds: float
    ) -> list[list[str | None]]:
        """One draft with citation marks for each point; None where `seconds` ran out before its end."""
        until = time.monotonic() + seconds
        drafts: list[list[str | None]] = [[None] * len(points) for points in plans]
        for prefix, jobs in _by_prefix(plans).items():
            for start in range(0, len(jobs), self.batch_size):
                batch = jobs[start : start + self.batch_size]
                for job, text in zip(batch, self._complete(prefix, batch, until), strict=True):
                    drafts[job.row][job.place] = text and cited(text, job.point.cites)
        return drafts

    def _complete(self, prefix: str, jobs: Sequence[_Job], until: float) -> list[str | None]:
        """What follows each prompt: "" for a line without an end, None for one the time cut short."""
        left = until - time.monotonic()
        if left <= 0:
            return [None] * len(jobs)
        ids, mask, cache = self._inputs(prefix, [_question(job.point) for job in jobs])
        cache = copy.deepcopy(cache)
        cache.batch_repeat_interleave(len(jobs))
        stops = self._stops()
        with torch.inference_mode():
            output = self.model.generate(
                input_ids=ids,
                attention_mask=mask,
                past_key_values=cache,
                max_new_tokens=self.max_new_tokens,
                max_time=left,
                do_sample=False,
                eos_token_id=stops,
                pad_token_id=stops[0],
            )
        late = time.monotonic() >= until
        return [self._line(row.tolist(), stops, late) for row in output[:, ids.shape[1] :].cpu()]

    def _line(self, tokens: list[int], stops: Sequence[int], late: bool) -> str | None:
        end = next((place for place, token in enumerate(tokens) if token in stops), None)
        if end is None:  # a sentence that finds no end is none
            return None if late else ""
        text = self.tokenizer.decode(tokens[:end], skip_special_tokens=True)
        return text.partition("\n")[0].strip()

    def _stops(self) -> list[int]:
        """The end of text and the end of a line."""
        line = self.tokenizer.encode("\n", add_special_tokens=False)[-1:]
        return [one for one in (self.tokenizer.eos_token_id, *line) if one is not None]

    def _inputs(
        self, prefix: str, questions: Sequence[str]
    ) -> tuple[torch.Tensor, torch.Tensor, DynamicCache]:
        """Prefix and questions, int64 [b, p + q] with padding between them, and the prefix's cache."""
        start, cache = self._prefix_cache(prefix)
        lines = [
            self.tokenizer.encode(one, add_special_tokens=False, split_special_tokens=True)
            for one in questions
        ]
        width = max(map(len, lines))
        fill = self._stops()[0]
        tails = torch.tensor([[fill] * (width - len(one)) + one for one in lines])
        seen = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in lines])
        starts = start.cpu().expand(len(lines), -1)
        ids = torch.cat([starts, tails], dim=1).to(start.device)
        mask = torch.cat([torch.ones_like(starts), seen], dim=1).to(start.device)
        return ids, mask, cache

    def _prefix_cache(self, prefix: str) -> tuple[torch.Tensor, DynamicCache]:
        """The prefix's token ids [1, p] and its keys and values, which every batch extends a copy of."""
        if prefix not in self._prefixes:
            ids = torch.tensor([self.tokenizer.encode(prefix)], device=self.model.device)
            with torch.inference_mode():
                cache = self.model(
                    ids, use_cache=True, past_key_values=DynamicCache(config=self.model.config)
                )
            self._prefixes[prefix] = ids, cache.past_key_values
            if len(self._prefixes) > MAX_PREFIXES:
                self._prefixes.pop(next(iter(self._prefixes)))
        return self._prefixes[prefix]


def _by_prefix(plans: Sequence[Sequence[Point]]) -> dict[str, list[_Job]]:
    """The jobs that share a prompt's beginning; each family takes turns between its styles."""
    groups: dict[str, list[_Job]] = {}
    turns: Counter[str] = Counter()
    for row, points in enumerate(plans):
        for place, point in enumerate(points):
            prefix = _prefix(point, turns[point.family])
            turns[point.family] += 1
            groups.setdefault(prefix, []).append(_Job(row, place, point))
    return groups


def _prefix(point: Point, turn: int) -> str:
    """The instruction and three examples of a point's family, in the style whose turn it is."""
    phrases = PHRASES[point.family]
    size = len(_EXAMPLES)
    style = turn % max(1, min(MAX_STYLES, len(phrases) // size)) * size
    lines = [INSTRUCTION]
    for place, example in enumerate(_EXAMPLES):
        unit = _UNITS.get(point.family, (example["x"],) * size)[place]
        slots = {**point.slots, **example, "x": unit}
        sentence = Point(point.family, (), slots).filled(phrases[(style + place) % len(phrases)])
        lines.append(f"Facts: {FACTS[point.family].format(**slots)}.\nSentence: {sentence}\n\n")
    return "".join(lines)


def _question(point: Point) -> str:
    return f"Facts: {FACTS[point.family].format(**point.slots)}.\nSentence:"
