"""A language model writes; a random one writes nonsense, and none of it is ever shown."""

from __future__ import annotations

import math
import time
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from firstlight.explain import Explainer, plan
from firstlight.explain.writer import LLMWriter, _by_prefix, _question


@pytest.fixture(scope="module")
def tiny():
    """A random two-layer Llama over bytes."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(models.BPE(vocab={one: i for i, one in enumerate(["<end>", *letters])}, merges=[]))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<end>")
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=4096, initializer_range=0.3,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = LlamaForCausalLM(config).eval()
    return SimpleNamespace(model=model, tokenizer=tokenizer)


@pytest.fixture
def ledgers(world):
    return [world.ledger(number) for number in range(6)]


def test_nonsense_is_never_shown(world, tiny, ledgers):
    shown = Explainer(world.verifier, LLMWriter(tiny, max_new_tokens=12)).explain(ledgers)
    assert {sentence.origin for one in shown for sentence in one.sentences} == {"templated"}
    assert not any(one.degraded for one in shown)
    assert all(sentence.verdict.ok for one in shown for sentence in one.sentences)


def test_a_batch_writes_what_each_prompt_alone_would(tiny, ledgers):
    """The shared prefix with its cache, and padding in the middle, change nothing."""
    plans = [plan(one) for one in ledgers]
    writer = LLMWriter(tiny, max_new_tokens=60)
    drafts = writer.write(ledgers, plans, seconds=math.inf)
    texts = set()
    for prefix, jobs in _by_prefix(plans).items():
        for job in jobs:
            start = tiny.tokenizer.encode(prefix)
            ids = torch.tensor(
                [start + tiny.tokenizer.encode(_question(job.point), add_special_tokens=False)]
            )
            stops = writer._stops()
            output = tiny.model.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=60, do_sample=False,
                eos_token_id=stops, pad_token_id=stops[0],
            )  # fmt: skip
            text = writer._line(output[0, ids.shape[1] :].tolist(), stops, late=False)
            draft = drafts[job.row][job.place]
            assert draft is not None
            assert draft.startswith(text.rstrip(".!?"))
            texts.add(text)
    assert len(texts) > 3


def test_small_batches_write_the_same(tiny, ledgers):
    plans = [plan(one) for one in ledgers]
    one, many = (LLMWriter(tiny, max_new_tokens=8, batch_size=size) for size in (1, 16))
    assert one.write(ledgers, plans, seconds=60) == many.write(ledgers, plans, seconds=60)


def test_no_time_means_no_draft_and_a_degraded_answer(world, tiny, ledgers):
    shown = Explainer(world.verifier, LLMWriter(tiny), seconds=0.0).explain(ledgers)
    assert all(one.degraded and one.sentences for one in shown)


def test_the_deadline_holds(tiny, ledgers):
    slow = SimpleNamespace(tokenizer=tiny.tokenizer, model=tiny.model)
    forward = tiny.model.forward

    def wait(*arguments, **more):
        time.sleep(0.05)
        return forward(*arguments, **more)

    tiny.model.forward = wait
    try:
        begin = time.monotonic()
        drafts = LLMWriter(slow, max_new_tokens=500).write(
            ledgers, [plan(one) for one in ledgers], seconds=0.5
        )
        took = time.monotonic() - begin
    finally:
        tiny.model.forward = forward
    assert any(draft is None for row in drafts for draft in row)
    assert took < 5


def test_only_facts_reach_the_model(tiny, ledgers):
    """Titles of this ledger, its values and fixed examples; no description, no instruction from a title."""
    read = []

    class Listening:
        """The tokenizer, and what it is given."""

        def __getattr__(self, name):
            return getattr(tiny.tokenizer, name)

        def encode(self, text, **more):
            read.append(text)
            return tiny.tokenizer.encode(text, **more)

    plans = [plan(one) for one in ledgers]
    heard = SimpleNamespace(model=tiny.model, tokenizer=Listening())
    LLMWriter(heard, max_new_tokens=1).write(ledgers, plans, seconds=math.inf)
    questions = [text for text in read if text.startswith("Facts: ")]
    prefixes = [text for text in read if text not in questions and text != "\n"]
    assert len(questions) == sum(map(len, plans))
    assert all("\n" not in one.removesuffix("\nSentence:") for one in questions)
    assert all(one.count("Facts: ") == 3 for one in prefixes)
    assert not any("stranger" in text for text in read)


@pytest.mark.slow
def test_smollm_writes_sentences_that_pass(world):
    """The embedded 135M model: most of its sentences stand as written, none is shown unchecked."""
    load_llm = pytest.importorskip("firstlight.finetune.llm").load_llm
    ledgers = [world.ledger(number, cold=number % 2 == 0) for number in range(4)]
    shown = Explainer(world.verifier, LLMWriter(load_llm()), seconds=300).explain(ledgers)
    origins = [sentence.origin for one in shown for sentence in one.sentences]
    assert not any(one.degraded for one in shown)
    assert origins.count("templated") <= 0.6 * len(origins), origins
    assert all(world.verifier.check(one.marked, each.ledger).ok for each in shown for one in each.sentences)
