"""Training batches: the pack that is served, with the place of the right answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .losses import IGNORE
from .packing import Pack, pack
from .ranker import PackedRanker, Question, joined_voices
from .soft_tokens import Voices
from .train_config import RankerConfig, RankExample, Stage


@dataclass(frozen=True)
class Batch:
    """One forward pass.

    Attributes
    ----------
    pack, voices
        What the network reads.
    positives
        int64 [b]: which candidate of each row was taken.
    priors
        float32 [b, n]: what the scores are added to; 0 where nothing is.
    labels
        int64 [b, l]: the next token where it belongs to the positive's title, else :data:`IGNORE`.
    """

    pack: Pack
    voices: Voices
    positives: Tensor
    priors: Tensor
    labels: Tensor

    @property
    def tokens(self) -> int:
        """Positions computed, padding included."""
        return self.pack.ids.numel()


def epoch_order(n: int, epoch: int, seed: int) -> list[int]:
    """The order in which one epoch sees the examples."""
    return np.random.default_rng([seed, 0, epoch]).permutation(n).tolist()


def build_batch(
    ranker: PackedRanker,
    examples: Sequence[tuple[int, RankExample]],
    epoch: int,
    config: RankerConfig,
    stage: Stage = "everything",
) -> Batch:
    """Render, draw negatives and drop soft tokens, all of them in the "text" stage.

    `examples` come with their numbers.

    Every draw depends on the seed, the epoch and the example's number alone, so a resumed training
    and any number of processes see the same.
    """
    questions, positives, priors = [], [], []
    for number, example in examples:
        rng = np.random.default_rng([config.seed, 1, epoch, number])
        narrow = example.narrowed(config.n_negatives, rng)
        question = ranker.ask(narrow.request)
        questions.append(_dropped(question, 1.0 if stage == "text" else config.soft_dropout, rng))
        positives.append(int(np.flatnonzero(question.order == 0)[0]))
        priors.append(narrow.judged(np.zeros(len(question.order), np.float32))[question.order])
    packed = pack([q.prefix for q in questions], [q.candidates for q in questions])
    voices = joined_voices([one for q in questions for one in (q.prefix_voices, q.candidate_voices)])
    answer = len(ranker.tokens_after_title)
    labels = torch.full_like(packed.ids, IGNORE)
    for row, (question, positive) in enumerate(zip(questions, positives, strict=True)):
        title = packed.segments[row] == positive + 1
        _label_title(labels[row], packed.ids[row], title, len(question.prefix), answer)
    device = ranker.network.device
    return Batch(
        packed.to(device),
        voices,
        torch.tensor(positives, device=device),
        _side_by_side(priors).to(device),
        labels.to(device),
    )


def _side_by_side(rows: Sequence[NDArray[np.float32]]) -> Tensor:
    """Rows of different lengths, filled up with zeros."""
    return torch.nn.utils.rnn.pad_sequence([torch.from_numpy(row) for row in rows], batch_first=True)


def _dropped(question: Question, rate: float, rng: np.random.Generator) -> Question:
    return Question(
        question.prefix,
        question.candidates,
        question.order,
        question.prefix_voices.dropped(rate, rng),
        question.candidate_voices.dropped(rate, rng),
    )


def _label_title(labels: Tensor, ids: Tensor, title: Tensor, prefix: int, answer: int) -> None:
    """Ask for each word of the title at the position before it; the first one follows the prefix."""
    places = title.nonzero()[:, 0].tolist()
    for before, place in zip([prefix - 1, *places], places[: len(places) - answer], strict=False):
        if ids[place] >= 0:
            labels[before] = ids[place]
