"""What a ranker is trained on, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..base.config import demand, to_yaml
from ..base.errors import DataError
from ..base.hashing import digest
from ..prompts.render import Limits
from .contract import RankRequest
from .llm import DEFAULT_LLM, Dtype

Stage = Literal["text", "projector", "everything"]
Loss = Literal["softmax", "s-dpo"]


@dataclass(frozen=True)
class RankExample:
    """A list with a known answer: `request.candidates[positive]` is what the person took next.

    Attributes
    ----------
    prior
        float32 [n]: the log-odds (up to a constant) that each candidate comes with. The ranker's score is
        added to them in training and when it is judged, so it learns what they do not know; None adds
        nothing.

    Raises
    ------
    DataError
        If `positive` names no candidate, there is nothing to tell it from, or `prior` has another length.
    """

    request: RankRequest
    positive: int
    prior: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        n = len(self.request.candidates)
        if self.prior is not None and self.prior.shape != (n,):
            raise DataError(
                f"a prior of shape {self.prior.shape} for {n} candidates",
                where="RankExample",
                expected="one number for each candidate",
            )
        if n < 2 or not 0 <= self.positive < n:
            raise DataError(
                f"positive {self.positive} of {n} candidates",
                where="RankExample",
                expected="two candidates or more, one of them the positive",
                fix="leave out people whose next item the retriever did not find, or add it to the list",
            )

    def narrowed(self, n_negatives: int, rng: np.random.Generator) -> RankExample:
        """The same with at most `n_negatives` of its negatives, drawn without replacement."""
        others = np.delete(np.arange(len(self.request.candidates)), self.positive)
        drawn = rng.permutation(others)[:n_negatives]
        kept = [self.positive, *drawn.tolist()]
        prior = None if self.prior is None else self.prior[kept]
        return RankExample(_subset(self.request, kept), 0, prior)

    def judged(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """What decides the order: the ranker's scores on top of the prior."""
        return scores if self.prior is None else scores + self.prior


def _subset(request: RankRequest, which: list[int]) -> RankRequest:
    vectors, cold = request.candidate_vectors, request.candidate_cold
    return replace(
        request,
        candidates=[request.candidates[i] for i in which],
        candidate_vectors=None if vectors is None else vectors[which],
        candidate_cold=None if cold is None else cold[which],
    )


@dataclass(frozen=True)
class RankerConfig:
    """Training of the packed ranker.

    Attributes
    ----------
    model, dtype
        The base model and its precision, see :func:`~.llm.load_llm`.
    depth
        Only the base model's first so many layers are used; None is all. Cost falls in proportion, and a
        ranker that is trained needs the last layers, which choose the next word, least.
    limits
        Token budgets of the prompt.
    soft_tokens, soft_dropout
        Whether foundation vectors enter, and how often a known one plays "none" in training.
    text_share, projector_share
        Shares of the steps, in this order: LoRA alone on text alone, every soft token saying "none"; then
        the projector and the readout alone, LoRA resting (CoLLM, arXiv 2310.19488, trains so). What is
        left trains everything together.
    lora_rank, lora_alpha, lora_dropout
        rsLoRA on all linear layers, scaled by ``lora_alpha / sqrt(lora_rank)``. Dropout costs a fifth of
        the training time on a CPU, so it is off.
    lora_layers
        Only the last so many layers get LoRA; None is all. With text alone the backward pass then
        stops there; soft tokens need it to reach the input.
    loss, beta
        "softmax" over the list, or "s-dpo" at `beta` against the untrained ranker, see
        :func:`~.losses.softmax_dpo`; that costs another forward pass, a third more time.
    n_negatives
        Drawn anew each epoch from the negatives that an example brings.
    max_people, max_valid
        Examples and validation lists used, the first ones; None uses all.
    epochs, max_steps
        Passes over the examples, and an upper bound on optimizer steps (None: no bound).
    batch_people, accumulate
        Packs in one forward pass, and forward passes in one optimizer step.
    learning_rate, projector_learning_rate
        For LoRA, and for what starts from nothing (projector) or is a single row (readout).
    warmup
        Part of the steps over which the rates rise; they fall to zero along a cosine.
    lm_weight
        Weight of the loss on the words of the positive's title.
    gradient_checkpointing
        Less memory for about a third more time.
    eval_every, patience
        Optimizer steps between evaluations (and checkpoints), and evaluations without a gain before
        training stops; the best weights are kept.
    seed
        Decides everything random.

    Raises
    ------
    ConfigError
        If a number is out of its range.
    """

    model: str = DEFAULT_LLM
    dtype: Dtype = "auto"
    depth: int | None = None
    limits: Limits = field(default_factory=Limits)
    soft_tokens: bool = True
    soft_dropout: float = 0.3
    text_share: float = 0.0
    projector_share: float = 0.0
    lora_rank: int = 16
    lora_alpha: float = 16.0
    lora_dropout: float = 0.0
    lora_layers: int | None = None
    loss: Loss = "softmax"
    beta: float = 1.0
    n_negatives: int = 15
    max_people: int | None = None
    max_valid: int | None = None
    epochs: int = 1
    max_steps: int | None = None
    batch_people: int = 4
    accumulate: int = 1
    learning_rate: float = 2e-4
    projector_learning_rate: float = 1e-3
    weight_decay: float = 0.0
    warmup: float = 0.1
    clip: float = 1.0
    lm_weight: float = 0.05
    gradient_checkpointing: bool = False
    eval_every: int = 20
    patience: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        sizes = ("lora_rank", "n_negatives", "epochs", "batch_people", "accumulate")
        optional = ("depth", "max_people", "max_valid", "max_steps", "lora_layers")
        shares = ("soft_dropout", "text_share", "projector_share", "lora_dropout", "warmup")
        named = partial(demand, self, where="RankerConfig")
        named((*sizes, "eval_every", "patience"), lambda one: one >= 1, expected="1 or more")
        named(optional, lambda one: one is None or one >= 1, expected="1 or more")
        named(shares, lambda one: 0 <= one < 1, expected="from 0 to below 1")
        above = ("beta", "lora_alpha", "learning_rate", "projector_learning_rate", "clip")
        named(above, lambda one: one > 0, expected="above 0")
        named(("weight_decay", "lm_weight", "seed"), lambda one: one >= 0, expected="0 or more")

    def stage(self, step: int, total: int) -> Stage:
        """What step `step` of `total` trains."""
        if not self.soft_tokens or step >= total * (self.text_share + self.projector_share):
            return "everything"
        return "text" if step < total * self.text_share else "projector"


def training_digest(config: RankerConfig, *sets: Sequence[RankExample], base: str = "") -> str:
    """Names a training by everything that decides its outcome; a checkpoint resumes only its own.

    `base` says which weights it starts from and how they are asked.
    """
    parts: list[str | bytes] = [to_yaml(config), base]
    for examples in sets:
        parts.append(str(len(examples)))
        for example in examples:
            parts += _content(example)
    return digest(*parts)


def _content(example: RankExample) -> list[str | bytes]:
    request = example.request
    arrays = (
        request.person,
        request.history_vectors,
        request.candidate_vectors,
        request.candidate_cold,
        example.prior,
    )
    items = [*request.history, *request.candidates]
    return [
        request.wish,
        f"{example.positive} of {len(request.candidates)}",
        *(text for item in items for text in (item.key, item.title, *item.categories, "")),
        *(b"" if array is None else np.ascontiguousarray(array).tobytes() for array in arrays),
    ]
