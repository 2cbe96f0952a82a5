"""Ready-made cases are windows of people's sentences: put together, they are the log."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from firstlight.corpus.case_log import log_of
from firstlight.corpus.interactions import Cases

WINDOW = 4
SENTENCES = st.dictionaries(
    st.text("abc", min_size=1, max_size=3),
    st.lists(st.integers(0, 99), min_size=2, max_size=15, unique=True),
    min_size=1,
    max_size=4,
)


def windows(sentences: dict[str, list[int]], order: np.random.Generator) -> Cases:
    """Every step of every sentence as a case with at most `WINDOW` items of history, in any order."""
    told = [
        (key, rows[max(0, at - WINDOW) : at], rows[at])
        for key, rows in sentences.items()
        for at in range(1, len(rows))
    ]
    told = [told[at] for at in order.permutation(len(told))]
    offsets = np.concatenate([[0], np.cumsum([len(history) for _, history, _ in told])])
    rows = np.array([row for _, history, _ in told for row in history], dtype=np.int32)
    nowhen = np.full(len(rows), np.nan)
    targets = np.array([target for *_, target in told], dtype=np.int32)
    return Cases.of(
        tuple(key for key, *_ in told), rows, nowhen, offsets, targets, np.full(len(told), np.nan)
    )


@given(SENTENCES, st.integers(0, 9))
def test_windows_become_the_sentences_they_were_cut_from(sentences, seed):
    log = log_of(windows(sentences, np.random.default_rng(seed)))
    found = dict(zip(log.user_keys, (one.tolist() for one in log.sentences()), strict=True))
    assert found == sentences
    assert log.clock == "position"
    np.testing.assert_array_equal(log.times[: log.offsets[1]], np.arange(log.offsets[1]))


def test_windows_that_do_not_meet_stand_one_after_the_other():
    cases = Cases.of(
        ("a", "a"),
        np.array([1, 2, 7, 8], np.int32),
        np.full(4, np.nan),
        np.array([0, 2, 4]),
        np.array([3, 9], np.int32),
        np.full(2, np.nan),
    )
    assert log_of(cases).sentence(0).tolist() == [1, 2, 3, 7, 8, 9]


def test_no_cases_are_an_empty_log():
    nothing = windows({"a": [1, 2]}, np.random.default_rng(0)).take(np.zeros(0, np.int64))
    assert len(log_of(nothing)) == 0
