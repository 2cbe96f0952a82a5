"""The whole chain on a small world: every question, every promise about what comes back."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from firstlight.base.errors import ArtifactError, ConfigError, DataError, UnknownKeyError
from firstlight.base.files import read_json, write_text
from firstlight.corpus.predicates import parse_predicate
from firstlight.recommender import Question, Recommender, add_items, finetune, pretrain, tuning
from firstlight.recommender.run_directory import revise

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recommender(tuned) -> Recommender:
    return Recommender.from_pretrained(tuned)


@pytest.fixture(scope="module")
def keys(recommender):
    return recommender.catalogue.keys


def asked(recommender, **question):
    return [one.item.key for one in recommender.recommend(**question).recommendations]


def test_every_kind_of_question_is_answered(recommender, keys, world):
    picture = next(world.glob("images/*.jpg"))
    user = recommender.run.log.user_keys[0]
    questions = [
        {},
        {"user": user},
        {"history": [keys[3]]},
        {"query": "a quiet story"},
        {"image": picture},
        {"image": picture.read_bytes(), "query": "something by the sea", "history": [keys[5], keys[9]]},
        {"user": user, "history": [keys[1]], "query": f"like {recommender.catalogue[7].title}"},
    ]
    for question in questions:
        found = asked(recommender, k=5, **question)
        assert len(found) == len(set(found)) == 5
        assert set(found) <= set(keys)


def test_seen_denied_and_filtered_items_never_come_back(recommender, keys):
    log = recommender.run.log
    for user in range(0, log.n_users, 40):
        seen = {keys[row] for row in log.sentence(user)}
        free = asked(recommender, user=log.user_keys[user], k=20)
        assert not seen & set(free)
        assert free[0] not in asked(recommender, user=log.user_keys[user], k=20, deny=[free[0]])
    allowed = list(keys[10:14])
    assert set(asked(recommender, allow=allowed, k=9)) == set(allowed)
    short = recommender.recommend(where=[parse_predicate("length_minutes<=12")], k=30)
    assert all(one.item.attributes["length_minutes"] <= 12 for one in short.recommendations)


def test_too_few_items_are_said(recommender, keys):
    answer = recommender.recommend(allow=[keys[0], keys[1]], k=5)
    assert len(answer.recommendations) == 2
    assert answer.notes == ("items that pass the filters: 2",)


def test_unknown_keys_are_errors_or_counted(recommender, keys):
    with pytest.raises(
        UnknownKeyError, match='unknown user "nobody"; expected a user of the log; ask with a history'
    ):
        recommender.recommend(user="nobody")
    with pytest.raises(UnknownKeyError, match='unknown item "zzz"'):
        recommender.recommend(history=["zzz"])
    answer = recommender.answer(Question(history=("zzz", keys[0]), on_unknown="count"))
    assert "left out of the history: 1 unknown key" in answer.notes
    with pytest.raises(ConfigError, match="k = 0; expected a whole number of at least 1"):
        recommender.recommend(k=0)


def test_what_the_catalogue_cannot_answer_is_said(recommender):
    answer = recommender.recommend(query="something under $20", k=3)
    assert any("cannot answer" in note for note in answer.notes)
    assert len(answer.recommendations) == 3


def test_every_shown_sentence_has_passed_the_verifier(recommender, keys):
    shown = 0
    for question in (
        {"user": recommender.run.log.user_keys[5]},
        {"history": [keys[2]], "query": "a quiet story"},
        {},
    ):
        for one in recommender.recommend(k=6, explain=True, **question).recommendations:
            for sentence in one.explanation.sentences:
                again = recommender.reasons.explainer.verifier.check(sentence.marked, one.explanation.ledger)
                assert again.ok, (sentence.marked, again.reasons)
                shown += 1
    assert shown >= 12


def test_a_reason_from_the_history_is_a_real_drop(recommender):
    """What the ledger calls a drop is what happens when the item is left out by hand."""
    log, keys = recommender.run.log, recommender.catalogue.keys
    user = int(np.argmax(np.diff(log.offsets) > 4))
    person = recommender.people.find(Question(user=log.user_keys[user]))
    rows = np.array(
        [int(recommender.catalogue.vocabulary.row(asked(recommender, user=log.user_keys[user], k=1)[0]))]
    )
    drops = recommender.reasons.drops(person, rows)
    last = type(person)(person.rows[:-1], person.times[:-1])
    with_, without = recommender.voting.foundation([person, last], recommender.voting.states([person, last]))[
        :, rows[0]
    ]
    assert drops[-1, 0] == pytest.approx(with_ - without, abs=1e-4)
    assert len(keys) > rows[0]


def test_explain_one_item(recommender, keys):
    explanation = recommender.explain(keys[4], history=[keys[5]])
    assert explanation.ledger.item.key == keys[4]
    assert json.dumps(explanation.as_dict())
    with pytest.raises(UnknownKeyError):
        recommender.explain("zzz", history=[keys[5]])


def test_answers_are_json_and_repeat(recommender, keys):
    ask = {"history": [keys[5], keys[6]], "query": "a quiet story", "k": 4, "explain": True}
    first, again = (recommender.recommend(**ask).as_dict() for _ in range(2))
    assert json.loads(json.dumps(first)) == again


def test_without_the_language_model_the_answer_says_so(run, monkeypatch):
    recommender = Recommender.from_pretrained(run)
    recommender.voting.blend.weights = {
        situation: {"foundation": 1.0, "llm": 1.0} for situation in recommender.voting.blend.weights
    }
    whole = recommender.recommend(history=[recommender.catalogue.keys[3]], k=3)
    assert not whole.degraded
    assert {"foundation", "llm"} <= set(whole.recommendations[0].parts)
    shutil.rmtree(run / "ranker" / "adapter")
    fresh = Recommender(recommender.run)
    fresh.voting.__dict__["blend"] = recommender.voting.blend
    answer = fresh.recommend(history=[recommender.catalogue.keys[3]], k=3)
    assert answer.degraded
    assert len(answer.recommendations) == 3


def test_added_items_are_found_and_nothing_else_moves(run, tmp_path):
    before = Recommender.from_pretrained(run)
    model = before.catalogue[11]
    table = tmp_path / "new.csv"
    table.write_text(f'item_id,title,description,categories\nn1,A Fresh Start,"{model.description}",Drama\n')
    assert add_items(run, table) == 1
    after = Recommender.from_pretrained(run)
    assert after.catalogue.keys[-1] == "n1"
    np.testing.assert_allclose(after.run.store.vectors[:-1], before.run.store.vectors, atol=1e-6)
    answer = after.recommend(history=[model.key], allow=["n1", *after.catalogue.keys[:5]], k=6)
    new = next(one for one in answer.recommendations if one.item.key == "n1")
    assert new.cold
    similar = after.space.scores(np.array([11], np.int32))
    assert similar[-1] > np.median(similar)


def test_items_that_are_known_are_refused_and_the_run_stays(run, tmp_path):
    manifest = (run / "manifest.json").read_text()
    known = Recommender.from_pretrained(run).catalogue.keys[0]
    table = tmp_path / "new.csv"
    table.write_text(f"item_id,title\n{known},Again\n")
    with pytest.raises(DataError, match=f'1 items are in the run already, such as "{known}"'):
        add_items(run, table)
    assert (run / "manifest.json").read_text() == manifest


@pytest.mark.parametrize(
    "name", ["foundation/model.safetensors", "vectors.safetensors", "catalogue.parquet", "ranker/blend.json"]
)
def test_a_damaged_run_is_refused_by_name(run, name):
    path = run / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ArtifactError, match=f"altered or truncated .*{name}"):
        Recommender.from_pretrained(run)
    path.unlink()
    with pytest.raises(ArtifactError, match=f"a listed file is missing .*{name}"):
        Recommender.from_pretrained(run)


def test_a_run_without_manifest_is_not_complete(run):
    (run / "manifest.json").unlink()
    with pytest.raises(ArtifactError, match="no manifest.json: this is not a complete run directory"):
        Recommender.from_pretrained(run)


def test_a_complete_run_is_left_as_it_is(pretrained, world, small_config, capsys):
    before = (pretrained / "manifest.json").read_text()
    assert pretrain(world, pretrained, small_config) == pretrained
    assert (pretrained / "manifest.json").read_text() == before
    from dataclasses import replace

    other = replace(small_config, pretrain=replace(small_config.pretrain, epochs=4))
    with pytest.raises(ArtifactError, match="something else stands there"):
        pretrain(world, pretrained, other)


def test_the_run_holds_what_the_design_says(tuned):
    listed = set(read_json(tuned / "manifest.json")["files"])
    assert {
        "config.yaml",
        "catalogue.parquet",
        "foundation/config.json",
        "foundation/model.safetensors",
        "vectors.safetensors",
        "ranker/adapter/adapter_config.json",
        "ranker/adapter/adapter_model.safetensors",
        "ranker/adapter/projector.safetensors",
        "ranker/blend.json",
        "image_encoder/open_clip_model.safetensors",
    } <= listed
    assert not any(name.endswith((".pkl", ".pt", ".bin", ".pth")) for name in listed)


def test_finetune_leaves_a_run_that_was_pretrained_anew_meanwhile(run, monkeypatch):
    """Old settings beside new weights would be neither run."""
    settings = (run / "config.yaml").read_text()

    class Slow:
        def __init__(self, found):
            pass

        def tune(self, adapter):
            with revise(run) as draft:
                write_text(draft / "config.yaml", settings.replace("n_blocks: ", "n_blocks: 1"))

    monkeypatch.setattr(tuning, "Tuner", Slow)
    with pytest.raises(ArtifactError, match="changed"):
        finetune(run)
    assert "n_blocks: 1" in (run / "config.yaml").read_text()


def test_finetune_refuses_settings_of_pretraining(run):
    with pytest.raises(ConfigError, match='expected only "ranker", "tuning" and "serve" settings'):
        finetune(run, ["pretrain.epochs=9"])
