"""One contract, every retriever: the order, the ties, the filters, and what happens at the edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.base.errors import ConfigError, ModelError
from firstlight.base.hashing import key_hashes
from firstlight.retrieval import ExactRetriever, FaissRetriever, Retriever


def exact(vectors, hashes):
    return ExactRetriever(vectors, hashes, device="numpy")


def exact_on_torch(vectors, hashes):
    """The code a GPU runs, on torch's CPU device."""
    return ExactRetriever(vectors, hashes, device="cpu")


def flat(vectors, hashes):
    return FaissRetriever(vectors, hashes, kind="flat")


def hnsw(vectors, hashes):
    return FaissRetriever(vectors, hashes, kind="hnsw")


def ivf(vectors, hashes):
    return FaissRetriever(vectors, hashes, kind="ivf")


EXACT = [exact, exact_on_torch, flat]
ALL = [*EXACT, hnsw, ivf]


def hashes_of(n):
    return key_hashes([f"item {i}" for i in range(n)], "item")


def world(n=600, d=16, seed=0):
    """Clustered unit vectors, as embeddings are."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((20, d))
    vectors = centers[rng.integers(20, size=n)] + 0.5 * rng.standard_normal((n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def oracle(vectors, hashes, queries, k, allowed=None):
    """Sort everything: score down, hash up."""
    rows = np.full((len(queries), k), -1)
    for i, query in enumerate(queries):
        scores = np.array([np.float32(np.dot(query.astype(float), v.astype(float))) for v in vectors])
        mask = (
            np.ones(len(vectors), bool)
            if allowed is None
            else np.broadcast_to(allowed, (len(queries), len(vectors)))[i]
        )
        order = sorted(np.flatnonzero(mask), key=lambda row: (-scores[row], hashes[row]))[:k]
        rows[i, : len(order)] = order
    return rows


@pytest.mark.parametrize("build", ALL)
def test_it_is_a_retriever_and_knows_its_size(build):
    vectors = world()
    retriever = build(vectors, hashes_of(600))
    assert isinstance(retriever, Retriever)
    assert len(retriever) == 600
    hits = retriever.search(world(5, seed=1), 7)
    assert hits.scores.shape == hits.rows.shape == (5, 7)
    assert hits.scores.dtype == np.float32
    assert hits.rows.dtype == np.int64


@pytest.mark.parametrize("build", EXACT)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_order_and_ties_equal_a_full_sort(build, data):
    """Small integers make many ties, also ones that reach across the k-th place."""
    n, d = data.draw(st.integers(1, 120)), data.draw(st.integers(1, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    vectors = rng.integers(-2, 3, (n, d)).astype(np.float32)
    queries = rng.integers(-2, 3, (3, d)).astype(np.float32)
    k = data.draw(st.integers(1, n + 5))
    allowed = data.draw(st.sampled_from([None, rng.random(n) < 0.5, rng.random((3, n)) < 0.5]))
    hits = build(vectors, hashes_of(n)).search(queries, k, allowed=allowed)
    np.testing.assert_array_equal(hits.rows, oracle(vectors, hashes_of(n), queries, k, allowed))


@pytest.mark.parametrize("build", EXACT)
@settings(max_examples=40, deadline=None)
@given(
    scale=st.sampled_from([1e-30, 1e-20, 1e-3, 1.0, 1e3, 1e17]),
    seed=st.integers(0, 2**32),
    offset=st.sampled_from([0.0, 1.0, 1000.0]),
)
def test_near_ties_equal_float64(build, scale, seed, offset):
    """Scores that differ in the last bits of float32, and vectors that stand twice."""
    rng = np.random.default_rng(seed)
    vectors = ((offset + 1e-3 * rng.standard_normal((150, 8))) * scale).astype(np.float32)
    vectors[75:] = vectors[:75]
    queries = rng.standard_normal((2, 8)).astype(np.float32)
    hits = build(vectors, hashes_of(150)).search(queries, 9)
    np.testing.assert_array_equal(hits.rows, oracle(vectors, hashes_of(150), queries, 9))


def test_flat_equals_exact_to_the_bit_where_a_tie_is_longer_than_the_list_faiss_returns():
    vectors = np.ones((5000, 4), dtype=np.float32)
    vectors[:7] = 2
    queries = np.ones((2, 4), dtype=np.float32)
    truth = exact(vectors, hashes_of(5000)).search(queries, 50)
    found = flat(vectors, hashes_of(5000)).search(queries, 50)
    assert set(truth.rows[0, :7]) == set(range(7))
    np.testing.assert_array_equal(found.rows, truth.rows)
    np.testing.assert_array_equal(found.scores, truth.scores)


@pytest.mark.parametrize("build", [exact, flat])
def test_larger_than_one_block_and_with_groups(build, monkeypatch):
    monkeypatch.setattr("firstlight.retrieval.exact._SCORES_AT_ONCE", 1 << 12)
    vectors, queries = world(3001), world(9, seed=3)
    hits = build(vectors, hashes_of(3001)).search(queries, 5)
    np.testing.assert_array_equal(hits.rows, oracle(vectors, hashes_of(3001), queries, 5))


@pytest.mark.parametrize("build", ALL)
def test_batch_equals_single_to_the_bit(build):
    vectors, queries = world(), world(40, seed=2)
    retriever = build(vectors, hashes_of(600))
    batch = retriever.search(queries, 10)
    for i in range(40):
        single = retriever.search(queries[i : i + 1], 10)
        np.testing.assert_array_equal(single.rows[0], batch.rows[i])
        np.testing.assert_array_equal(single.scores[0], batch.scores[i])


@pytest.mark.parametrize("few", [0, 16_384])
@pytest.mark.parametrize("build", ALL)
def test_the_filter_is_obeyed_and_filled_up(build, few, monkeypatch):
    """With one mask or one for each query, in the thinned index (few = 0) and in the small subset."""
    monkeypatch.setattr("firstlight.retrieval.faiss_index._FEW", few)
    rng = np.random.default_rng(4)
    vectors, queries = world(), world(6, seed=5)
    retriever = build(vectors, hashes_of(600))
    for share in (0.01, 0.3, 0.97):
        for shape in ((600,), (6, 600)):
            allowed = rng.random(shape) < share
            hits = retriever.search(queries, 20, allowed=allowed)
            each = np.broadcast_to(allowed, (6, 600))
            for i in range(6):
                found = hits.rows[i][hits.rows[i] >= 0]
                assert each[i][found].all()
                assert len(set(found)) == len(found) == min(20, each[i].sum())


@pytest.mark.parametrize("build", ALL)
def test_more_asked_than_there_is(build):
    vectors = world(12)
    retriever = build(vectors, hashes_of(12))
    hits = retriever.search(vectors[:2], 20)
    assert (hits.rows[:, 12:] == -1).all()
    assert (hits.scores[:, 12:] == -np.inf).all()
    assert sorted(hits.rows[0, :12]) == list(range(12))
    nothing = retriever.search(vectors[:2], 3, allowed=np.zeros(12, bool))
    assert (nothing.rows == -1).all()
    assert (nothing.scores == -np.inf).all()


@pytest.mark.parametrize("build", ALL)
def test_empty_catalogue_and_empty_batch(build):
    empty = build(np.zeros((0, 4), np.float32), hashes_of(0))
    hits = empty.search(np.ones((2, 4), np.float32), 3)
    assert (hits.rows == -1).all()
    retriever = build(world(12, 4), hashes_of(12))
    assert retriever.search(np.zeros((0, 4), np.float32), 3).rows.shape == (0, 3)
    assert retriever.search(np.zeros((0, 4), np.float32), 3, allowed=np.ones((0, 12), bool)).rows.shape == (
        0,
        3,
    )


@pytest.mark.parametrize("build", ALL)
def test_wrong_arguments_are_refused(build):
    retriever = build(world(12), hashes_of(12))
    queries = world(2, seed=1)
    with pytest.raises(ModelError, match=r"queries of shape \(2, 15\) \(in search\); expected \[b, 16\]"):
        retriever.search(queries[:, :15], 3)
    with pytest.raises(ModelError, match="k = 0"):
        retriever.search(queries, 0)
    with pytest.raises(ModelError, match=r"allowed is bool \(11,\)"):
        retriever.search(queries, 3, allowed=np.ones(11, bool))
    with pytest.raises(ModelError, match="allowed is int64"):
        retriever.search(queries, 3, allowed=np.ones(12, np.int64))
    with pytest.raises(ModelError, match="a query that is not finite"):
        retriever.search(np.full((1, 16), np.nan, np.float32), 3)
    with pytest.raises(ModelError, match=r"a vector that is not finite \(in row 1\)"):
        build(np.array([[0.0], [np.inf]], np.float32), hashes_of(2))
    with pytest.raises(ModelError, match="with 3 hashes"):
        build(world(12), hashes_of(3))


def test_products_beyond_float32_are_refused():
    retriever = exact(np.full((3, 2), 1e30, np.float32), hashes_of(3))
    with pytest.raises(ModelError, match="inner products overflow float32"):
        retriever.search(np.full((1, 2), 1e30, np.float32), 1)


@pytest.mark.parametrize(("build", "bound"), [(hnsw, 0.97), (ivf, 0.85)])
@pytest.mark.parametrize("share", [1.0, 0.2])
def test_approximate_recall(build, bound, share, monkeypatch):
    monkeypatch.setattr("firstlight.retrieval.faiss_index._FEW", 0)
    vectors, queries = world(4000, 24), world(100, 24, seed=7)
    allowed = np.random.default_rng(8).random(4000) < share
    truth = exact(vectors, hashes_of(4000)).search(queries, 10, allowed=allowed)
    found = build(vectors, hashes_of(4000)).search(queries, 10, allowed=allowed)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(truth.rows, found.rows, strict=True)])
    assert recall >= bound
    same = truth.rows == found.rows
    np.testing.assert_array_equal(found.scores[same], truth.scores[same])


def with_twins(length, n=4000, d=24):
    """Two fifths of the rows are one and the same vector, as items without content are."""
    vectors = world(n, d)
    vectors[np.random.default_rng(9).random(n) < 0.4] = length * vectors[0]
    return vectors


@pytest.mark.parametrize("share", [1.0, 0.2])
@pytest.mark.parametrize(("build", "bound"), [(hnsw, 0.97), (ivf, 0.85), (flat, 1.0)])
def test_rows_of_one_vector_do_not_cut_the_others_off(build, bound, share, monkeypatch):
    monkeypatch.setattr("firstlight.retrieval.faiss_index._FEW", 0)
    vectors, queries = with_twins(1.0), world(100, 24, seed=7)
    allowed = np.random.default_rng(8).random(4000) < share
    truth = exact(vectors, hashes_of(4000)).search(queries, 10, allowed=allowed)
    found = build(vectors, hashes_of(4000)).search(queries, 10, allowed=allowed)
    each = [len(set(a) & set(b)) / 10 for a, b in zip(truth.rows, found.rows, strict=True)]
    assert np.mean(each) >= bound
    assert np.min(each) >= bound - 0.45


@pytest.mark.parametrize("build", [hnsw, ivf])
def test_rows_of_one_vector_are_found_in_the_order_of_ties(build, monkeypatch):
    """Nothing else comes near the query; a filter takes some of them away."""
    monkeypatch.setattr("firstlight.retrieval.faiss_index._FEW", 0)
    vectors, hashes, query = with_twins(3.0), hashes_of(4000), with_twins(3.0)[:1]
    for allowed in (None, np.random.default_rng(8).random(4000) < 0.5):
        truth = exact(vectors, hashes).search(query, 50, allowed=allowed)
        found = build(vectors, hashes).search(query, 50, allowed=allowed)
        np.testing.assert_array_equal(found.rows, truth.rows)


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_the_build_does_not_depend_on_threads(kind):
    import faiss

    vectors = world(1500)
    before = faiss.omp_get_max_threads()
    made = []
    for threads in (1, 2):
        faiss.omp_set_num_threads(threads)
        made.append(faiss.serialize_index(FaissRetriever(vectors, hashes_of(1500), kind=kind)._index))
        assert faiss.omp_get_max_threads() == threads
    faiss.omp_set_num_threads(before)
    np.testing.assert_array_equal(*made)


def test_kinds_by_size_and_by_name(monkeypatch):
    monkeypatch.setattr("firstlight.retrieval.faiss_index.FLAT_BELOW", 100)
    assert FaissRetriever(world(99), hashes_of(99)).kind == "flat"
    assert FaissRetriever(world(100), hashes_of(100)).kind == "hnsw"
    with pytest.raises(
        ConfigError, match=r'unknown index kind "tree".*expected one of auto, flat, hnsw, ivf'
    ):
        FaissRetriever(world(9), hashes_of(9), kind="tree")
