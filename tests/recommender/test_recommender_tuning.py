"""The lists a ranker is taught with: what the foundation knows is their prior, and no probe sees it."""

from __future__ import annotations

import numpy as np
import pytest

from firstlight.recommender.run_directory import load_run
from firstlight.recommender.tuning import RANDOM_NEGATIVES, Tuner


@pytest.fixture(scope="module")
def tuner(pretrained) -> Tuner:
    return Tuner(load_run(pretrained))


def test_the_prior_of_a_list_is_what_the_foundation_says(tuner):
    for pool in tuner.teach[:5]:
        example = tuner.example(pool, np.random.default_rng(0))
        keys = [item.key for item in example.request.candidates]
        rows = tuner.run.catalogue.vocabulary.rows(keys)
        whole = tuner.voting.foundation([pool.person], pool.state[None], rows.astype(np.int64))[0]
        np.testing.assert_allclose(example.prior, whole[rows], rtol=1e-5)
        assert len(pool.rows) <= len(rows) <= len(pool.rows) + RANDOM_NEGATIVES
        assert rows[example.positive] == pool.rows[pool.positive]
        assert not set(rows) & set(pool.person.rows)


def test_narrowed_lists_keep_the_prior_of_what_is_left(tuner):
    example = tuner.example(tuner.teach[0], np.random.default_rng(0))
    narrow = example.narrowed(3, np.random.default_rng(1))
    prior = dict(zip([item.key for item in example.request.candidates], example.prior.tolist(), strict=True))
    told = narrow.judged(np.zeros(4, np.float32))
    assert told.tolist() == [prior[item.key] for item in narrow.request.candidates]


def test_what_was_not_out_yet_is_no_negative(tuner):
    catalogue, hidden = tuner.run.catalogue, 0
    for pool in [*tuner.teach, *tuner.stop]:
        example = tuner.example(pool, np.random.default_rng(len(pool.rows)))
        rows = catalogue.vocabulary.rows([item.key for item in example.request.candidates])
        assert (tuner.released[rows] <= pool.time).all()
        hidden += int((tuner.released > pool.time).sum())
    assert hidden, "everything was out: nothing is shown here"


def test_nobody_of_the_blend_taught_the_ranker_or_stopped_it(tuner):
    """Nor did those who stop it teach it: not other cases of the same people either."""
    cases = tuner.cases
    owner = {
        (cases.history(one).tobytes(), float(cases.times[one])): key
        for one, key in enumerate(cases.user_keys)
    }
    teach, stop, fit = (
        {owner[pool.person.rows.astype(cases.rows.dtype).tobytes(), pool.time] for pool in pools}
        for pools in (tuner.teach, tuner.stop, tuner.fit)
    )
    assert min(len(teach), len(stop), len(fit)) > 0
    assert not teach & stop
    assert not (teach | stop) & fit


def test_the_ranker_is_told_which_candidates_nobody_has_touched(tuner):
    pool, counts = tuner.teach[0], tuner.run.counts
    rows = np.concatenate([np.flatnonzero(counts == 0)[:3], np.flatnonzero(counts)[:4]])[::-1]
    request = tuner.voting.request(pool.person, pool.state, rows)
    assert request.candidate_cold.tolist() == [False] * 4 + [True] * 3
