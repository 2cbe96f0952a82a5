import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from firstlight.corpus import Interactions, cases_at
from firstlight.corpus.interactions import spans

ITEMS = [f"item-{i}" for i in range(6)]
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 4)), max_size=40, unique=True)


def build(rows, **options):
    users, items, times = (np.array([row[i] for row in rows], dtype=int) for i in range(3))
    return Interactions.build(
        ["u0", "u1", "u2", "u3"], users, items, times.astype(float), item_keys=ITEMS, **options
    )


@given(ROWS, st.randoms(use_true_random=False))
def test_file_order_never_matters(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = build(rows), build(shuffled)
    np.testing.assert_array_equal(one.rows, other.rows)
    np.testing.assert_array_equal(one.times, other.times)
    np.testing.assert_array_equal(one.offsets, other.offsets)


@given(ROWS)
def test_each_person_has_their_rows_in_time_order(rows):
    log = build(rows)
    assert len(log) == len(rows)
    for user in range(log.n_users):
        mine = sorted((time, item) for who, item, time in rows if who == user)
        times = log.times[log.offsets[user] : log.offsets[user + 1]]
        assert sorted(zip(times, log.sentence(user), strict=True)) == mine
        assert (np.diff(times) >= 0).all()
    assert [len(sentence) for sentence in log.sentences()] == np.diff(log.offsets).tolist()
    np.testing.assert_array_equal(log.counts(6), np.bincount([row[1] for row in rows], minlength=6))


def test_ties_do_not_follow_item_numbers():
    rows = [(0, item, 0) for item in range(6)]
    order = build(rows).sentence(0).tolist()
    assert sorted(order) == list(range(6))
    assert order != sorted(order)


@given(ROWS, st.data())
def test_where_keeps_people_and_order(rows, data):
    log = build(rows)
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), dtype=bool)
    kept = log.where(keep)
    assert kept.n_users == log.n_users
    np.testing.assert_array_equal(kept.rows, log.rows[keep])
    for user in range(log.n_users):
        part = slice(log.offsets[user], log.offsets[user + 1])
        np.testing.assert_array_equal(kept.sentence(user), log.rows[part][keep[part]])


@given(ROWS, st.data())
def test_cases_hold_what_came_before(rows, data):
    log = build(rows)
    places = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8) if rows else st.just([]))
    cases = cases_at(log, np.array(places, dtype=np.int64))
    assert len(cases) == len(places)
    for case, place in enumerate(places):
        user = log.users[place]
        assert cases.user_keys[case] == log.user_keys[user]
        assert cases.targets[case] == log.rows[place]
        assert cases.times[case] == log.times[place]
        np.testing.assert_array_equal(cases.history(case), log.rows[log.offsets[user] : place])
        assert cases.lengths[case] == len(cases.histories()[case])
    chosen = cases.take(np.arange(len(places))[::-1])
    assert [history.tolist() for history in chosen.histories()] == [
        history.tolist() for history in cases.histories()[::-1]
    ]


def test_taking_by_mask_and_missing_values():
    log = build([(0, 1, 1), (0, 2, 2), (1, 3, 1)])
    assert np.isnan(log.values).all()
    cases = cases_at(log, np.array([1, 2])).take(np.array([True, False]))
    assert cases.user_keys == ("u0",)
    assert cases.history(0).tolist() == [1]
    assert cases.history_times.tolist() == [1.0]


@given(ROWS, st.data(), st.integers(1, 6))
def test_blocks_of_cases_are_all_cases_with_few_history_items_each(rows, data, most):
    log = build(rows)
    places = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8) if rows else st.just([]))
    cases = cases_at(log, np.array(places, dtype=np.int64))
    blocks = list(cases.blocks(most))
    assert [key for part in blocks for key in part.user_keys] == list(cases.user_keys)
    for name in ("history_rows", "history_times", "targets", "times", "lengths"):
        whole = [getattr(part, name) for part in blocks]
        np.testing.assert_array_equal(np.concatenate([[], *whole]), getattr(cases, name))
    assert all(len(part) == 1 or part.lengths.sum() <= most for part in blocks)


@given(ROWS, st.data())
def test_the_widest_cases_hold_every_history(rows, data):
    log = build(rows)
    places = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8) if rows else st.just([]))
    cases = cases_at(log, np.array(places, dtype=np.int64))
    widest = cases.widest()

    def known(of):
        return {(of.user_keys[i], row, time) for i in range(len(of)) for row, time in entries(of, i)}

    assert known(widest) == known(cases)
    assert len(set(widest.user_keys)) == len(widest)


def entries(cases, i):
    return zip(cases.history(i).tolist(), cases.moments(i).tolist(), strict=True)


def test_a_person_asked_a_thousand_times_is_kept_once():
    log = build([(0, place % 6, place) for place in range(1000)])
    cases = cases_at(log, np.arange(1000))
    assert cases.rows is log.rows
    assert cases.take(np.arange(500)).rows is log.rows
    assert cases.lengths.sum() == 499_500


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6)), max_size=12))
def test_spans_are_their_indices_one_after_the_other(pairs):
    starts, lengths = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    expected = [place for start, length in pairs for place in range(start, start + length)]
    assert spans(starts, lengths).tolist() == expected
    assert spans(starts, lengths).dtype == np.int64
