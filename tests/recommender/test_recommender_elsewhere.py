"""Another domain: content speaks in the network's place, and what a few people did is remembered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from firstlight.foundation.mixer_prior import shipped_prior
from firstlight.foundation.scorer import SHARPNESS, FoundationScorer
from firstlight.recommender import mixture
from firstlight.recommender.config import MixerConfig
from firstlight.recommender.content import features_of
from firstlight.recommender.mixture import scorer_of
from firstlight.recommender.protocols import questions
from firstlight.recommender.run_directory import load_run


@pytest.fixture(scope="module")
def asked(pretrained, world):
    return questions(load_run(pretrained), "zero-shot", str(world), 0.0)


def test_content_decides_wherever_there_is_a_history(asked):
    scorer, cases = scorer_of(asked.run), asked.split.test
    cases = cases.take(np.flatnonzero(cases.lengths)[:20])
    assert scorer.foreign is not None
    alike = scorer.foreign.alike(cases.histories())
    np.testing.assert_allclose(
        scorer(cases), scorer.memory.mixed(SHARPNESS * alike, cases.histories()), atol=1e-4
    )
    assert np.ptp(alike, axis=1).min() > 0.1


def test_its_statistics_are_those_of_the_catalogue_that_is_asked(asked):
    experts = scorer_of(asked.run).foreign
    text = experts.dense["text"][asked.run.content.text.present]
    np.testing.assert_allclose(np.linalg.norm(text, axis=1), 1, atol=1e-5)
    assert np.abs(text.mean(axis=0)).max() < 0.05, "whitened around the catalogue's own mean"


def test_without_a_history_the_network_answers(asked):
    run, cases = asked.run, asked.split.test.take(np.arange(3))
    nobody = cases.newest(np.arange(3), np.zeros(3, np.int64))
    plain = FoundationScorer(run.model, features_of(run.content, run.counts), run.memory)
    np.testing.assert_allclose(scorer_of(run)(nobody), plain(nobody), atol=1e-5)


def test_a_run_at_home_listens_to_no_foreign_experts(pretrained):
    assert scorer_of(load_run(pretrained)).foreign is None


def test_what_is_counted_there_is_weighed_as_other_shops_taught(pretrained, world, tmp_path):
    run = load_run(pretrained)
    few = questions(run, "few-shot", str(world), 0.5)
    taught, cases = scorer_of(few.run), few.split.test.take(np.arange(20))
    assert taught.mixing is not None
    plain = replace(few.run, config=replace(run.config, mixer=MixerConfig("none")))
    assert scorer_of(plain).mixing is None
    assert np.abs(taught(cases) - scorer_of(plain)(cases)).max() > 0.1
    voices = taught.voices(taught.people(cases), cases.histories())
    np.testing.assert_array_equal(
        voices.bare, voices.network
    )  # no network: content is the same for new items
    shipped_prior().save(tmp_path / "prior.safetensors")
    named = replace(run.config, mixer=MixerConfig(str(tmp_path / "prior.safetensors")))
    np.testing.assert_array_equal(scorer_of(replace(few.run, config=named))(cases), taught(cases))


def test_where_nothing_is_counted_content_speaks_alone(asked):
    assert scorer_of(asked.run).mixing is None


def test_nor_are_the_experts_of_too_large_a_catalogue_asked(pretrained, world, monkeypatch):
    few = questions(load_run(pretrained), "few-shot", str(world), 0.5).run
    monkeypatch.setattr(mixture, "LIMIT", len(few.catalogue) - 1)
    assert scorer_of(few).mixing is None


def test_cases_without_a_log_are_the_log_of_a_few_people(pretrained, tmp_path):
    run = load_run(pretrained)
    write_cases(run, tmp_path)
    few, zero = (questions(run, name, str(tmp_path), 1.0) for name in ("few-shot", "zero-shot"))
    assert len(few.split.train) == 2 * 4  # two people with three picks and an answer each
    assert not len(few.split.valid)
    assert not len(zero.split.train)
    assert len(zero.split.test) == len(few.split.test) == 1


def write_cases(run, folder):
    keys = run.catalogue.keys
    items = ["item_id,title", *(f"{key},{item.title}" for key, item in zip(keys, run.catalogue, strict=True))]
    (folder / "items.csv").write_text("\n".join(items[:30]))
    head, told = (
        "user_id,history,item_id",
        [f"u{one},{' '.join(keys[one : one + 3])},{keys[one + 3]}" for one in range(3)],
    )
    (folder / "valid.csv").write_text("\n".join([head, *told[:2]]))
    (folder / "test.csv").write_text("\n".join([head, told[2]]))


def test_what_a_few_people_did_outweighs_likeness(pretrained, world):
    few = questions(load_run(pretrained), "few-shot", str(world), 0.5)
    row = int(np.argmax(np.diff(few.run.memory.graph.indptr)))
    history = [np.array([row], np.int32)]
    scorer = scorer_of(few.run)
    people = np.zeros((1, scorer.candidates.shape[1]), np.float32)
    scores = scorer.scores(people, history)[0]
    follower = few.run.memory.graph[row].indices[np.argmax(few.run.memory.graph[row].data)]
    likeness = SHARPNESS * scorer.foreign.alike(history)[0]
    rank = lambda values: int((np.delete(values, row) >= values[follower]).sum())  # noqa: E731
    assert rank(scores) < rank(likeness)
