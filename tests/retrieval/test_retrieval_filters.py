"""Filters: every condition alone, all together, and what no retriever may then return."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.base.errors import DataError, UnknownKeyError
from firstlight.corpus import Catalogue, Item
from firstlight.corpus.predicates import Predicate
from firstlight.retrieval import Filters, VectorStore

N = 40
CATALOGUE = Catalogue.from_items(
    [
        Item(
            key=f"k{i}",
            title=f"title {i}",
            categories=("even" if i % 2 == 0 else "odd",),
            available_from=None if i % 5 == 0 else float(i),
            attributes={"size": float(i)},
        )
        for i in range(N)
    ]
)
STORE = VectorStore(CATALOGUE.keys, np.random.default_rng(0).standard_normal((N, 4)).astype(np.float32))


def rows(**conditions):
    return set(np.flatnonzero(Filters(**conditions).mask(CATALOGUE)))


def test_each_condition_alone():
    assert rows() == set(range(N))
    assert rows(seen=[0, 3]) == set(range(N)) - {0, 3}
    assert rows(seen=np.array([1], dtype=np.int32)) == set(range(N)) - {1}
    assert rows(allow=["k4", "k7"]) == {4, 7}
    assert rows(allow=[]) == set()
    assert rows(deny=["k4", "k7"]) == set(range(N)) - {4, 7}
    assert rows(where=(Predicate("categories", "is", "EVEN"),)) == set(range(0, N, 2))
    assert rows(where=(Predicate("size", "at_least", 30), Predicate("size", "at_most", 31))) == {30, 31}


def test_an_unknown_release_counts_as_released_and_the_moment_itself_too():
    assert rows(released_by=7.0) == {1, 2, 3, 4, 6, 7} | set(range(0, N, 5))


def test_deny_wins_over_allow():
    assert rows(allow=["k4", "k7"], deny=["k7"]) == {4}


def test_unknown_names_are_errors():
    with pytest.raises(UnknownKeyError, match=r'unknown item "k400" .did you mean "k4'):
        rows(deny=["k400"])
    with pytest.raises(UnknownKeyError, match='unknown item "nope"'):
        rows(allow=["nope"])
    for row in (-1, N):
        with pytest.raises(UnknownKeyError, match=rf"row {row} \(in the seen items\); expected rows 0 to 39"):
            rows(seen=[row])
    with pytest.raises(DataError, match=r'unknown field "sise" .did you mean "size"'):
        rows(where=(Predicate("sise", "at_least", 3),))


@settings(max_examples=60, deadline=None)
@given(
    seen=st.lists(st.integers(0, N - 1)),
    allow=st.none() | st.lists(st.integers(0, N - 1)),
    deny=st.lists(st.integers(0, N - 1)),
    least=st.none() | st.integers(0, N),
    released_by=st.none() | st.integers(0, N),
    kind=st.sampled_from(["exact", "flat", "hnsw"]),
)
def test_result_and_excluded_set_are_disjoint(seen, allow, deny, least, released_by, kind):
    filters = Filters(
        seen=seen,
        allow=None if allow is None else [f"k{i}" for i in allow],
        deny=[f"k{i}" for i in deny],
        where=() if least is None else (Predicate("size", "at_least", least),),
        released_by=released_by,
    )
    mask = filters.mask(CATALOGUE)
    expected = {
        i
        for i in range(N)
        if i not in seen
        and (allow is None or i in allow)
        and i not in deny
        and (least is None or i >= least)
        and (released_by is None or i % 5 == 0 or i <= released_by)
    }
    assert set(np.flatnonzero(mask)) == expected
    hits = RETRIEVERS[kind].search(np.ones((1, 4), np.float32), N, allowed=mask)
    assert set(hits.rows[0]) - {-1} == expected


RETRIEVERS = {kind: STORE.retriever(kind) for kind in ("exact", "flat", "hnsw")}
