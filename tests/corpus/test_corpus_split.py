from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.base.errors import ConfigError, DataError
from firstlight.corpus import Interactions
from firstlight.corpus.split import (
    few_shot,
    leave_one_out,
    ready_made,
    release_times,
    revealing,
    time_split,
    user_cold,
    zero_shot,
)

N_ITEMS = 12
ITEM_KEYS = [f"i{row}" for row in range(N_ITEMS)]


def log_of(triples, clock="timestamp"):
    """A log of (user number, row, time) triples."""
    table = np.array(triples, dtype=float).reshape(-1, 3)
    users = table[:, 0].astype(int)
    keys = [f"u{number}" for number in range(int(users.max(initial=-1)) + 1)]
    return Interactions.build(
        keys, users, table[:, 1].astype(int), table[:, 2], item_keys=ITEM_KEYS, clock=clock
    )


triples = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, N_ITEMS - 1), st.integers(0, 30)), min_size=1, max_size=80
)


def as_set(log):
    return sorted(zip(log.users.tolist(), log.times.tolist(), log.rows.tolist(), strict=True))


def asked(cases):
    numbers = [int(key[1:]) for key in cases.user_keys]
    return list(zip(numbers, cases.times.tolist(), cases.targets.tolist(), strict=True))


@given(triples, st.booleans())
@settings(deadline=None)
def test_leave_one_out_divides_the_log(rows, train_on_valid):
    log = log_of(rows)
    split = leave_one_out(log, train_on_valid=train_on_valid)
    parts = as_set(split.train) + asked(split.test) + ([] if train_on_valid else asked(split.valid))
    assert sorted(parts) == as_set(log)
    assert len(split.valid) == len(split.test) == sum(len(s) >= 3 for s in log.sentences())
    for case in range(len(split.test)):
        user = int(split.test.user_keys[case][1:])
        sentence = log.sentence(user).tolist()
        assert split.test.history(case).tolist() == sentence[:-1]
        assert split.valid.history(case).tolist() == sentence[:-2]
        assert (split.test.targets[case], split.valid.targets[case]) == (sentence[-1], sentence[-2])


def test_leave_one_out_names_its_convention_and_the_people_left_in_training():
    log = log_of([(0, 1, 1), (0, 2, 2), (0, 3, 3), (1, 1, 1), (1, 2, 2)])
    held, trained = leave_one_out(log, train_on_valid=False), leave_one_out(log, train_on_valid=True)
    assert held.name == "leave-one-out, validation item not trained on"
    assert trained.name == "leave-one-out, validation item trained on"
    assert held.notes == ("1 people have fewer than 3 interactions and are in training only",)
    assert held.train.sentence(1).tolist() == [1, 2]
    assert held.digest != trained.digest


@given(triples, st.sampled_from([0.5, 0.7, 0.8]), st.booleans())
@settings(deadline=None)
def test_time_split_never_trains_on_the_future(rows, cut, train_on_valid):
    log = log_of(rows)
    try:
        split = time_split(log, cut=cut, valid=0.2, train_on_valid=train_on_valid)
    except DataError:
        return  # too few distinct times; the message has its own test
    later = split.test.times.min()
    assert split.train.times.max(initial=-1) < later
    assert split.valid.times.max(initial=-1) < later
    if not train_on_valid:
        assert split.train.times.max(initial=-1) < split.valid.times.min()
    parts = as_set(split.train) + asked(split.test) + ([] if train_on_valid else asked(split.valid))
    assert sorted(parts) == as_set(log)
    for cases in (split.valid, split.test):
        for case in range(len(cases)):
            length, user = cases.lengths[case], int(cases.user_keys[case][1:])
            before = log.rows[log.offsets[user] :][:length]
            assert cases.history(case).tolist() == before.tolist()
            assert (cases.moments(case) <= cases.times[case]).all()
            assert log.rows[log.offsets[user] + length] == cases.targets[case]


def test_time_split_cuts_where_it_says_and_keeps_equal_times_together():
    log = log_of([(t % 3, t % N_ITEMS, t // 2) for t in range(100)])  # times 0, 0, 1, 1, ... 49, 49
    split = time_split(log, cut=0.81, valid=0.1)
    assert split.test.times.min() == 40
    assert split.valid.times.min() == 35
    assert len(split.test) == 20
    assert split.notes == ("test starts 1970-01-01 00:00:40 UTC, validation 1970-01-01 00:00:35 UTC",)


def test_time_split_refuses_positions():
    log = log_of([(0, 1, 0), (0, 2, 1), (1, 1, 0)], clock="position")
    with pytest.raises(DataError, match="by position, which is no common clock"):
        time_split(log)
    with pytest.raises(
        DataError,
        match='expected a column "timestamp"; hold out otherwise: --set split.protocol=leave-one-out',
    ):
        release_times(log, N_ITEMS)


def test_time_split_refuses_one_single_moment_and_bad_shares():
    log = log_of([(0, row, 7) for row in range(10)])
    with pytest.raises(DataError, match="1 distinct times in 10 interactions"):
        time_split(log)
    with pytest.raises(ConfigError, match="0 < valid < cut < 1"):
        time_split(log, cut=0.1, valid=0.2)


@given(triples, st.integers(0, 3))
@settings(deadline=None)
def test_user_cold_holds_whole_people_out(rows, seed):
    log = log_of(rows)
    split = user_cold(log, share=0.4, valid=0.3, reveal=(0, 1, 5), seed=seed)
    trained = {log.user_keys[user] for user in np.unique(split.train.users)}
    in_test, in_valid = set(split.test.user_keys), set(split.valid.user_keys)
    assert not trained & in_test
    assert not trained & in_valid
    assert not in_test & in_valid
    there = {log.user_keys[user] for user in np.unique(log.users)}
    assert trained | in_test | in_valid == there
    for case in range(len(split.test)):
        sentence = log.sentence(log.user_keys.index(split.test.user_keys[case])).tolist()
        shown = len(split.test.history(case))
        assert shown in (0, 1, 5)
        assert sentence[: shown + 1] == [*split.test.history(case).tolist(), split.test.targets[case]]


def test_user_cold_depends_on_keys_and_seed_only():
    rng = np.random.default_rng(0)
    rows = [(user, rng.integers(N_ITEMS), t) for user in range(400) for t in range(12)]
    split = user_cold(log_of(rows), seed=1)
    assert user_cold(log_of(rows[::-1]), seed=1).digest == split.digest
    assert user_cold(log_of(rows), seed=2).digest != split.digest
    assert 0.1 < len(set(split.test.user_keys)) / 400 < 0.2
    assert np.unique(split.test.lengths).tolist() == [0, 1, 5, 10]


def test_user_cold_refuses_shares_that_leave_nobody():
    with pytest.raises(ConfigError, match="sum below 1"):
        user_cold(log_of([(0, 1, 1)]), share=0.9, valid=0.1)


def test_few_shot_nests_and_keeps_the_questions():
    split = leave_one_out(log_of([(u, t, t) for u in range(300) for t in range(4)]), train_on_valid=False)
    tenth, half = few_shot(split, 0.1), few_shot(split, 0.5)
    assert set(tenth.train.users) < set(half.train.users) < set(split.train.users)
    assert tenth.test is split.test
    assert "few-shot 10%" in tenth.name
    assert len(few_shot(split, 0).train) == 0
    with pytest.raises(ConfigError, match="a share from 0 to 1"):
        few_shot(split, 2)


def test_ready_made_cases_of_an_untrained_domain_are_zero_shot():
    split = leave_one_out(log_of([(0, t, t) for t in range(5)]), train_on_valid=False)
    nothing = split.train.where(np.zeros(len(split.train), dtype=bool))
    assert ready_made(nothing, split.valid, split.test).name.startswith("zero-shot")
    assert ready_made(split.train, split.valid, split.test).name == "ready-made cases"


def test_zero_shot_keeps_the_questions_and_trains_on_nothing():
    split = leave_one_out(log_of([(0, t, t) for t in range(5)]), train_on_valid=False)
    found = zero_shot(split)
    assert len(found.train) == 0
    assert found.test is split.test
    assert found.name.startswith("zero-shot, nothing trained on this domain; questions of leave-one-out")
    assert found.digest != split.digest


def test_newcomers_are_asked_the_same_questions_with_less_history():
    log = log_of([(0, t, t) for t in range(7)] + [(1, t, t) for t in range(3)])
    cases = leave_one_out(log, train_on_valid=False).test
    found = revealing(cases, (3, 0, 1))
    assert [history.tolist() for history in found.histories()] == [[], [5], [3, 4, 5]]
    assert found.history_times.tolist() == [5, 3, 4, 5]
    assert set(found.targets) == {6}
    assert found.user_keys == ("u0",) * 3  # the other person has no three items to hide
    assert len(revealing(cases, (0, 9))) == 0


def test_the_digest_sees_every_change():
    rows = [(u, (u + t) % N_ITEMS, t) for u in range(5) for t in range(5)]
    before = leave_one_out(log_of(rows), train_on_valid=False).digest
    for place in range(len(rows)):
        user, row, time = rows[place]
        changed = [*rows[:place], (user, (row + 1) % N_ITEMS, time), *rows[place + 1 :]]
        assert leave_one_out(log_of(changed), train_on_valid=False).digest != before


def test_release_times_take_the_catalogue_word_but_never_after_the_first_interaction():
    log = log_of([(0, 0, 5), (1, 0, 3), (0, 1, 9), (1, 2, 4)])
    said = np.full(N_ITEMS, np.nan)
    said[[1, 2, 3]] = 2.0, 8.0, 6.0
    found = release_times(log, N_ITEMS, said)
    assert found[:4].tolist() == [3.0, 2.0, 4.0, 6.0]
    assert np.isneginf(found[4:]).all()
