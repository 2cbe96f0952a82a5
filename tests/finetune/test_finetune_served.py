"""The ranker behind an HTTP server gives the pack's own scores, or a typed error."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from finetune_world import LIMITS, build_llm, build_request
from ranking_server import serving

from firstlight.base.errors import ConfigError, ModelError
from firstlight.finetune import PackedRanker, ServedRanker, export_ranker
from firstlight.finetune.lora import add_lora
from firstlight.finetune.served import served_name


@pytest.fixture(scope="module")
def stored(tokenizer, tiny_llm, tmp_path_factory):
    """A ranker of text alone whose adapter and readout are anything but fresh."""
    llm = replace(build_llm(tokenizer), name=str(tiny_llm))
    made = PackedRanker.from_base(llm, limits=LIMITS)
    made.adapter = add_lora(llm.model, name=llm.name, rank=4, alpha=8, dropout=0, seed=1)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, weight in made.network.named_parameters():
            if "lora_B" in name or name == "readout":
                weight.add_(0.2 * torch.randn(weight.shape, generator=generator))
    out = tmp_path_factory.mktemp("served")
    made.save_pretrained(out / "adapter")
    assert export_ranker(out / "adapter", out / "exported") == served_name(out / "adapter")
    return out


@pytest.fixture
def server(stored):
    with serving(stored / "exported", served_name(stored / "adapter")) as found:
        yield found


@pytest.fixture
def asked(stored, server):
    return ServedRanker.from_pretrained(stored / "adapter", server.url, timeout=30)


def test_scores_are_those_of_the_pack(stored, server, asked):
    requests = [
        build_request(1, n=9, wish="a quiet one"),
        build_request(2, n=1),
        build_request(3, n=6, history=0),
    ]
    packed = PackedRanker.from_pretrained(stored / "adapter", dtype="float32").score(requests)
    server.mood = "shuffled"
    for one, other in zip(asked.score(requests), packed, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, rtol=0)
        assert one.dtype == np.float32
    assert np.ptp(packed[0]) > 0.1, "the comparison would prove nothing"
    assert asked.score([build_request(4, n=0)])[0].shape == (0,)


def test_the_request_is_what_the_server_documents(server, asked):
    request = build_request(1, n=3)
    asked.score([request])
    ((path, kind, body),) = server.seen
    assert (path, kind) == ("/classify", "application/json")
    assert set(body) == {"model", "input", "use_activation"}
    assert body["use_activation"] is False
    prefix = asked.renderer.prefix(request.history).ids
    candidates = [asked.renderer.candidate(item) for item in request.candidates]
    assert body["input"] == [[*prefix, *one] for one in candidates]


@pytest.mark.parametrize(
    ("mood", "told"),
    [
        ("broken", "status 500: .*EngineCore died"),
        ("short", "the answer lacks 0"),
        ("two classes", "not one finite logit for each of 5 prompts"),
        ("not a number", "not one finite logit"),
        ("a web page", "the ranking server: Expecting value"),
    ],
)
def test_a_server_in_trouble_is_a_typed_error(server, asked, mood, told):
    server.mood = mood
    with pytest.raises(ModelError, match=told):
        asked.score([build_request(1, n=5)])
    server.mood = ""
    assert len(asked.score([build_request(1, n=5)])[0]) == 5


def test_a_slow_server_is_given_up(stored, server):
    server.mood = "slow"
    hasty = ServedRanker.from_pretrained(stored / "adapter", server.url, timeout=0.2)
    with pytest.raises(
        ModelError, match=r"no answer within 0.2 seconds \(in http://127.0.0.1:\d+\); expected vLLM"
    ):
        hasty.score([build_request()])
    server.patience_ends.set()


def test_another_training_has_another_name(server, asked):
    server.name = "ranker-000000000000"
    with pytest.raises(ModelError, match=r"status 404: .*does not exist.*vllm serve DIR --runner pooling"):
        asked.score([build_request()])


def test_nobody_listens(stored):
    away = ServedRanker.from_pretrained(stored / "adapter", "http://127.0.0.1:9", timeout=0.3)
    with pytest.raises(ModelError, match="the ranking server: .*refused"):
        away.score([build_request()])


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "file:///etc/passwd", "ftp://host", "http://", "http://h?q=1"]
)
def test_what_is_no_address_is_refused(stored, url):
    with pytest.raises(ConfigError, match=r'in the ranking server\); expected "http://HOST:PORT"'):
        ServedRanker.from_pretrained(stored / "adapter", url)


def test_soft_tokens_cannot_travel(tokenizer, tmp_path):
    soft = tmp_path / "soft"
    PackedRanker.from_base(build_llm(tokenizer), vector_dim=6, limits=LIMITS).save_pretrained(soft)
    told = "a ranker that reads soft tokens cannot be served apart.*--set ranker.soft_tokens=false"
    with pytest.raises(ModelError, match=told):
        export_ranker(soft, tmp_path / "out")
    with pytest.raises(ModelError, match=told):
        ServedRanker.from_pretrained(soft, "http://127.0.0.1:9")
    assert not (tmp_path / "out").exists()
