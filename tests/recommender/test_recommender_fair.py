"""In an evaluation nobody is shown what was not out yet, and the baselines know no more than the run."""

from __future__ import annotations

import numpy as np
import pytest

from firstlight.recommender import evaluate, evaluation
from firstlight.recommender.evaluation import content_vectors
from firstlight.recommender.run_directory import load_run
from firstlight.recommender.splitting import released


@pytest.fixture(scope="module")
def given() -> list[np.ndarray]:
    """The content vectors that the baselines are given."""
    return []


@pytest.fixture(scope="module")
def outcome(pretrained, given):
    real = evaluation.all_baselines

    def watched(split, n_items, vectors):
        given.append(vectors)
        return real(split, n_items, vectors)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "all_baselines", watched)
        return evaluate(pretrained, most_cases=60)


def test_no_system_shows_what_was_not_out_yet(outcome):
    cases, when = outcome.cases, released(outcome.run.log, outcome.run.catalogue)
    assert (when > cases.times[:, None]).any(), "everything was out: nothing is shown here"
    for name, found in outcome.results.items():
        shown = found.lists >= 0
        assert shown.any(), name
        assert not (shown & (when[found.lists] > cases.times[:, None])).any(), name


def test_what_the_baselines_see_of_content_is_fitted_on_training_items(outcome, given, pretrained):
    run = load_run(pretrained)
    known = outcome.split.train.counts(len(run.catalogue)) > 0
    np.testing.assert_allclose(given[0], content_vectors(run.content, known), atol=1e-5)
    leaking = content_vectors(run.content, np.ones(len(known), bool))
    alike = given[0].shape == leaking.shape and np.allclose(given[0], leaking, atol=0.05)
    assert not alike, "no item is cold: nothing is shown here"
