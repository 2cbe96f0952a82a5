"""What is served is what was evaluated: the best of the mixture, wherever retrieval looks."""

from __future__ import annotations

import numpy as np
import pytest

from firstlight.base.hashing import key_hashes
from firstlight.eval.ranking import Candidates, Seen, top_rows
from firstlight.prompts.wish import Wish
from firstlight.recommender import Recommender
from firstlight.recommender.question import Person
from firstlight.recommender.splitting import make_split

K = 10


def test_served_lists_are_evaluated_lists(pretrained):
    recommender = Recommender.from_pretrained(pretrained)
    run = recommender.run
    assert run.mixer is not None
    cases = make_split(run.log, run.config.split).test
    cases = cases.take(np.flatnonzero(cases.lengths > 0)[:40])
    scores = recommender.voting.scorer(cases)
    evaluated = top_rows(scores, K, Candidates(Seen(cases.history_rows, cases.offsets)))
    missed = 0
    for case, rows in enumerate(evaluated):
        history = [run.catalogue.keys[row] for row in cases.history(case)]
        served = {one.item.key for one in recommender.recommend(history=history, k=K).recommendations}
        missed += len({run.catalogue.keys[row] for row in rows} - served)
    assert missed <= 0.01 * evaluated.size


def test_equals_are_ordered_as_in_evaluation(pretrained):
    """By a hash of their keys: a catalogue may be numbered in the order people took its items."""
    voting = Recommender.from_pretrained(pretrained).voting
    rows, person = np.arange(0, 100, 5), Person(np.array([3], np.int32), np.zeros(1))
    voting.foundation = lambda people, states, also=None: np.zeros((1, len(voting.run.catalogue)), np.float32)
    keys = [voting.run.catalogue.keys[row] for row in rows]
    expected = rows[np.argsort(key_hashes(keys, "item"))]
    np.testing.assert_array_equal(voting.order(person, voting.state(person), rows).rows, expected)
    assert not (np.diff(expected) > 0).all()


def test_the_pool_takes_in_what_only_experts_raise(pretrained):
    """Retrieval is asked for one item alone, which then is no reason to miss the others."""
    recommender = Recommender.from_pretrained(pretrained)
    history = [str(key) for key in recommender.catalogue.keys[:2]]
    whole = recommender.recommend(history=history, k=K)
    recommender._pool = lambda asked, state: np.array([5], dtype=np.int64)
    narrow = recommender.recommend(history=history, k=K)
    same = {one.item.key for one in whole.recommendations} & {one.item.key for one in narrow.recommendations}
    assert len(same) >= K - 1


def test_new_means_that_nobody_has_picked_it(pretrained):
    """Also not after the model was trained: the log tells, where there is one."""
    recommender = Recommender.from_pretrained(pretrained)
    run = recommender.run
    picked = run.log.counts(len(run.catalogue))
    later = np.flatnonzero((run.counts == 0) & (picked > 0))
    never = np.flatnonzero(picked == 0)
    assert len(later)
    for row, kind in ((later[0], False), *((row, True) for row in never[:1])):
        ledger = recommender.reasons.ledgers(
            Person(np.array([3], np.int32), np.zeros(1)), np.array([row]), Wish("")
        )
        assert any(entry.kind == "new" for entry in ledger[0].entries) == kind
    shares = recommender.reasons.popularity
    most = picked.argmax()
    assert shares[most] == pytest.approx(np.mean(picked >= picked[most]))
    assert shares.max() == 1


def test_what_training_never_saw_is_no_reason(pretrained):
    """An item that many picked later may be popular; the model could not know."""
    recommender = Recommender.from_pretrained(pretrained)
    run, reasons = recommender.run, recommender.reasons
    reasons.popularity = np.zeros(len(run.catalogue))  # everything among the most picked
    later = np.flatnonzero((run.counts == 0) & (run.log.counts(len(run.catalogue)) > 0))[0]
    person = Person(np.array([3], np.int32), np.zeros(1))
    for row, said in ((later, False), (run.counts.argmax(), True)):
        (ledger,) = reasons.ledgers(person, np.array([row]), Wish(""))
        assert any(entry.kind == "popularity" for entry in ledger.entries) == said
