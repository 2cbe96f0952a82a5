"""Packed sentences: nothing lost, nothing padded, windows cover every interaction once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.corpus import Interactions
from firstlight.corpus.sentences import START, pack, training_batches


def log_of(lengths: list[int]) -> Interactions:
    users = np.repeat(np.arange(len(lengths)), lengths)
    rows = np.arange(len(users))
    return Interactions.build(
        [f"u{i}" for i in range(len(lengths))],
        users,
        rows,
        rows.astype(float),
        item_keys=[f"i{i}" for i in range(max(1, len(users)))],
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 23), min_size=1, max_size=12),
    st.integers(1, 9),
    st.integers(4, 40),
    st.integers(0, 5),
)
def test_every_interaction_stands_in_exactly_one_window(lengths, max_items, batch_tokens, seed):
    log = log_of(lengths)
    rows = []
    for batch in training_batches(
        log, max_items=max_items, batch_tokens=batch_tokens, rng=np.random.default_rng(seed)
    ):
        assert batch.lengths.sum() == len(batch.rows)
        assert batch.lengths.max() <= max_items + 1
        assert len(batch.rows) <= batch_tokens or len(batch.lengths) == 1
        heads = np.concatenate([[0], np.cumsum(batch.lengths)])[:-1]
        assert (batch.rows[heads] == START).all()
        for start, length in zip(heads, batch.lengths, strict=True):
            window = batch.rows[start + 1 : start + length]
            assert (np.diff(window) == 1).all()  # consecutive interactions of one person
        rows.extend(batch.rows[batch.rows >= 0])
    assert sorted(rows) == list(range(sum(lengths)))


def test_epochs_differ_but_a_seed_repeats():
    log = log_of([40, 7, 19])
    first, again, other = (
        [
            b.rows.tolist()
            for b in training_batches(log, max_items=6, batch_tokens=20, rng=np.random.default_rng(s))
        ]
        for s in (1, 1, 2)
    )
    assert first == again != other


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 23), min_size=1, max_size=12), st.integers(1, 9), st.floats(0.01, 0.99))
def test_gaps_leave_out_some_interactions_but_no_window_and_no_window_s_last(lengths, max_items, gaps):
    log = log_of(lengths)

    def windows(gaps: float) -> list[list[int]]:
        rng = np.random.default_rng(0)
        found = []
        for batch in training_batches(log, max_items=max_items, batch_tokens=10**6, rng=rng, gaps=gaps):
            found += [one[1:].tolist() for one in np.split(batch.rows, np.cumsum(batch.lengths)[:-1])]
        return found

    for whole, left in zip(windows(0.0), windows(gaps), strict=True):
        assert left[-1] == whole[-1]
        assert left == [row for row in whole if row in left]  # the same order


def test_as_many_are_left_out_as_asked():
    log = log_of([200] * 100)
    sizes = [
        sum(
            len(batch.rows) - len(batch.lengths)
            for batch in training_batches(
                log, max_items=200, batch_tokens=4000, rng=np.random.default_rng(0), gaps=gaps
            )
        )
        for gaps in (0.0, 0.15)
    ]
    assert sizes[0] == 20_000
    assert sizes[1] == pytest.approx(20_000 * 0.85, rel=0.02)


def test_pack_keeps_empty_histories_and_times():
    packed = pack([np.array([3, 4], np.int32), np.zeros(0, np.int32)], [np.array([5.0, 9.0]), np.zeros(0)])
    assert packed.rows.tolist() == [START, 3, 4, START]
    assert packed.times.tolist() == [5.0, 5.0, 9.0, 0.0]
    assert packed.lengths.tolist() == [3, 1]


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_shards_share_out_a_batch(world):
    packed = pack([np.arange(n, dtype=np.int32) for n in (3, 0, 5, 2)])
    shards = [packed.shard(rank, world) for rank in range(world)]
    assert all(len(shard.lengths) for shard in shards)
    if world <= 4:
        assert sum(len(shard.rows) for shard in shards) == len(packed.rows)
