"""The tiny model of :mod:`finetune_world` as fixtures."""

from __future__ import annotations

import pytest
from finetune_world import DIM, LIMITS, build_llm, build_tokenizer
from transformers import PreTrainedTokenizerFast

from firstlight.finetune.llm import LanguageModel
from firstlight.finetune.ranker import PackedRanker


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return build_tokenizer()


@pytest.fixture
def llm(tokenizer) -> LanguageModel:
    return build_llm(tokenizer)


@pytest.fixture
def ranker(llm) -> PackedRanker:
    return PackedRanker.from_base(llm, vector_dim=DIM, limits=LIMITS)


@pytest.fixture
def text_ranker(llm) -> PackedRanker:
    return PackedRanker.from_base(llm, limits=LIMITS)
