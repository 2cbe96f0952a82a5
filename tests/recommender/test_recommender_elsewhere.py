"""Another domain: content speaks in the network's place, and what a few people did is remembered."""

from __future__ import annotations

import numpy as np
import pytest

from firstlight.foundation.scorer import SHARPNESS, FoundationScorer
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
