"""The slow twin of the packed ranker, for tests and benchmarks: every candidate with a prefix of its own."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from .contract import RankRequest
from .ranker import PackedRanker, Question, joined_voices


def score_pairs(ranker: PackedRanker, request: RankRequest, *, batch: int = 1) -> NDArray[np.float32]:
    """Scores float32 [n] from ordinary runs of ``prefix + candidate``, right-padded in batches of `batch`.

    Nothing of the pack is used: the model gets the usual 2D mask and makes its own causal one, so this
    is what :meth:`PackedRanker.score` must equal up to rounding, and what it must beat in time.
    """
    question = ranker.ask(request)
    ranker.network.eval()
    scores = np.empty(len(question.order), np.float32)
    with torch.inference_mode(), ranker.precision():
        for start in range(0, len(question.order), batch):
            which = range(start, min(start + batch, len(question.order)))
            scores[question.order[start : start + batch]] = _run(ranker, question, which)
    return scores


def _run(ranker: PackedRanker, question: Question, which: range) -> NDArray[np.float32]:
    network = ranker.network
    texts = [question.prefix + question.candidates[i] for i in which]
    ends = torch.tensor([len(text) - 1 for text in texts])
    ids = torch.zeros(len(texts), int(ends.max()) + 1, dtype=torch.int64)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = torch.tensor(text)
    mask = (torch.arange(ids.shape[1])[None] <= ends[:, None]).long().to(network.device)
    voices = joined_voices([question.prefix_voices + question.candidate_voices.take([i]) for i in which])
    embedded = network.embed(ids.to(network.device), voices)
    hidden = network.lm.get_decoder()(inputs_embeds=embedded, attention_mask=mask).last_hidden_state
    return network.read(hidden, ends[:, None].to(network.device))[:, 0].cpu().numpy()
