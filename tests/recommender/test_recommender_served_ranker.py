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


@pytest.mark.parametrize("url", ["localhost:8000", "http://127.0.0.1:99999", "http://h:abc", "http://[::1"])
def test_what_is_no_address_is_said_when_the_run_is_loaded(text_run, monkeypatch, url):
    monkeypatch.setenv("FIRSTLIGHT_RANKER_URL", url)
    with pytest.raises(ConfigError, match='expected "http://HOST:PORT"') as raised:
        Recommender.from_pretrained(text_run)
    assert f'"{url}" (in the ranking server)' in str(raised.value)


def test_the_own_ranker_keeps_the_precision_it_was_trained_in(text_run, monkeypatch):
    seen = []
    load = PackedRanker.from_pretrained
    monkeypatch.setattr(
        PackedRanker, "from_pretrained", lambda path, **options: seen.append(options) or load(path, **options)
    )
    answered(text_run)
    assert seen == [{"dtype": "float32"}]


def test_a_slow_or_damaged_ranker_leaves_the_order_and_is_asked_once(text_run, monkeypatch, capsys):
    recommender = Recommender.from_pretrained(text_run)
    history = list(recommender.catalogue.keys[3:6])
    recommender.voting.patience = 0.0
    slow = recommender.recommend(history=history, k=4)
    assert slow.degraded
    assert "candidates are left" in capsys.readouterr().err
    (text_run / "ranker" / "adapter" / "projector.safetensors").write_bytes(b"torn")
    recommender, loads = Recommender(recommender.run), []
    load = PackedRanker.from_pretrained
    monkeypatch.setattr(
        PackedRanker, "from_pretrained", lambda *one, **options: loads.append(one) or load(*one, **options)
    )
    answers = [recommender.recommend(history=history, k=4) for _ in range(2)]
    assert all(one.degraded for one in answers)
    assert len(loads) == 1
    assert order(answers[0]) == order(slow)


def test_what_is_not_read_stands_behind_in_its_order(text_run):
    """The language model re-orders the best `rerank` and no others, however many are asked for."""
    recommender = Recommender.from_pretrained(text_run)
    history, asked = list(recommender.catalogue.keys[3:6]), recommender.run.config.serve.rerank
    told = recommender.recommend(history=history, k=25)
    recommender.voting.blend = Blend.foundation_only()
    plain = recommender.recommend(history=history, k=25)
    assert order(told)[asked:] == order(plain)[asked:]
    assert sorted(order(told)[:asked]) == sorted(order(plain)[:asked])
    assert order(told)[:asked] != order(plain)[:asked]
    scores = [one.score for one in told.recommendations]
    assert scores == sorted(scores, reverse=True)
    assert all(one.score == pytest.approx(sum(one.parts.values()), abs=1e-4) for one in told.recommendations)


def test_a_run_with_soft_tokens_is_refused(run, monkeypatch):
    monkeypatch.setenv("FIRSTLIGHT_RANKER_URL", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match="reads soft tokens cannot be served apart"):
        Recommender.from_pretrained(run)


def test_a_recommender_made_ready_has_loaded_what_it_needs_and_keeps_to_its_limit(text_run):
    recommender = Recommender.from_pretrained(text_run).ready(0.0)
    assert {"scorer", "ranker"} <= set(vars(recommender.voting))
    assert {"retriever", "text_encoder", "wishes"} <= set(vars(recommender))
    assert recommender.voting.ranker.timeout == recommender.reasons.explainer.seconds == 0.0
    assert recommender.recommend(history=list(recommender.catalogue.keys[3:6]), k=4).degraded


def test_what_cannot_be_loaded_stops_only_the_questions_that_need_it(text_run, capsys):
    with revise(text_run) as draft:
        config = (draft / "config.yaml").read_text()
        (draft / "config.yaml").unlink()
        (draft / "config.yaml").write_text(config.replace("text: ", "text: /nowhere/", 1))
    recommender = Recommender.from_pretrained(text_run).ready(60.0)
    assert "not ready for every question" in capsys.readouterr().err
    assert {"retriever", "wishes", "words"} <= vars(recommender).keys(), "what a first question asks is there"
    assert not recommender.recommend(history=list(recommender.catalogue.keys[3:6]), k=4).degraded
