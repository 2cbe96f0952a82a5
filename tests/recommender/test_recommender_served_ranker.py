"""Questions answered with the ranker behind a server: the same answers, and none the worse when it is away."""

from __future__ import annotations

import shutil

import pytest
from finetune_world import LIMITS
from ranking_server import serving

from firstlight import Recommender
from firstlight.base.errors import ConfigError, ModelError
from firstlight.finetune import Blend, PackedRanker, export_ranker
from firstlight.finetune.voters import SITUATIONS
from firstlight.recommender.run_directory import revise


@pytest.fixture
def text_run(run, tiny_llm):
    """A run whose ranker reads text alone and has a say everywhere."""
    with revise(run) as draft:
        shutil.rmtree(draft / "ranker" / "adapter")
        made = PackedRanker.from_base(str(tiny_llm), limits=LIMITS, dtype="float32")
        made.save_pretrained(draft / "ranker" / "adapter")
        Blend({name: {"foundation": 1.0, "llm": 1.0} for name in SITUATIONS}).save(
            draft / "ranker" / "blend.json"
        )
    return run


@pytest.fixture
def server(text_run, tmp_path):
    name = export_ranker(text_run / "ranker" / "adapter", tmp_path / "exported")
    with serving(tmp_path / "exported", name) as found:
        yield found


def answered(run):
    recommender = Recommender.from_pretrained(run)
    return recommender, recommender.recommend(history=list(recommender.catalogue.keys[3:6]), k=4)


def order(answer):
    return [one.item.key for one in answer.recommendations]


def test_the_server_answers_as_the_run_itself_would(text_run, server, monkeypatch):
    _, own = answered(text_run)
    monkeypatch.setenv("FIRSTLIGHT_RANKER_URL", server.url)
    recommender, served = answered(text_run)
    assert not served.degraded
    assert order(served) == order(own)
    assert any(one.parts["llm"] for one in served.recommendations), "the comparison would prove nothing"
    assert len(server.seen) == 1
    assert "ranker" not in vars(recommender.voting), "the run's own weights are not loaded"


def test_without_the_server_the_list_keeps_its_order_and_says_so(text_run, server, monkeypatch, capsys):
    monkeypatch.setenv("FIRSTLIGHT_RANKER_URL", server.url)
    server.mood = "broken"
    recommender, answer = answered(text_run)
    assert answer.degraded
    assert "the ranking server: status 500" in capsys.readouterr().err
    recommender.voting.blend = Blend.foundation_only()
    assert order(answer) == order(recommender.recommend(history=list(recommender.catalogue.keys[3:6]), k=4))


def test_what_is_no_address_is_said_when_the_run_is_loaded(text_run, monkeypatch):
    monkeypatch.setenv("FIRSTLIGHT_RANKER_URL", "localhost:8000")
    with pytest.raises(
        ConfigError, match='"localhost:8000" .in the ranking server.; expected "http://HOST:PORT"'
    ):
        Recommender.from_pretrained(text_run)


def test_a_run_with_soft_tokens_is_refused(run, monkeypatch):
    monkeypatch.setenv("FIRSTLIGHT_RANKER_URL", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match="reads soft tokens cannot be served apart"):
        Recommender.from_pretrained(run)
