"""The vector store: what it scores, keeps, refuses, and how it grows."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from firstlight.base.errors import ArtifactError, ModelError
from firstlight.retrieval import ExactRetriever, FaissRetriever, Retriever, VectorStore

KEYS = [f"k{i}" for i in range(300)]
RNG = np.random.default_rng(0)
VECTORS = RNG.standard_normal((300, 8)).astype(np.float32)
BIAS = RNG.standard_normal(300).astype(np.float32)
QUERIES = RNG.standard_normal((5, 8)).astype(np.float32)


@pytest.mark.parametrize("kind", ["auto", "exact", "flat", "hnsw", "ivf"])
@pytest.mark.parametrize("bias", [None, BIAS])
def test_the_score_is_the_product_plus_the_bias(kind, bias):
    retriever = VectorStore(KEYS, VECTORS, bias).retriever(kind)
    hits = retriever.search(QUERIES, 6)
    full = QUERIES @ VECTORS.T + (0 if bias is None else bias)
    assert isinstance(retriever, Retriever)
    assert len(retriever) == 300
    np.testing.assert_allclose(hits.scores, np.take_along_axis(full, hits.rows, 1), rtol=1e-5, atol=1e-5)
    if kind in ("auto", "exact", "flat"):
        np.testing.assert_array_equal(hits.rows, np.argsort(-full, axis=1)[:, :6])


def test_auto_is_exact_when_small_and_faiss_when_large(monkeypatch):
    monkeypatch.setattr("firstlight.retrieval.store.gpu_available", lambda: False)
    assert isinstance(VectorStore(KEYS, VECTORS).retriever(), ExactRetriever)
    monkeypatch.setattr("firstlight.retrieval.store.FLAT_BELOW", 300)
    assert isinstance(VectorStore(KEYS, VECTORS).retriever(), FaissRetriever)


def test_a_gpu_means_exact_search(monkeypatch):
    monkeypatch.setattr("firstlight.retrieval.store.FLAT_BELOW", 300)
    monkeypatch.setattr("firstlight.retrieval.store.gpu_available", lambda: True)
    assert isinstance(VectorStore(KEYS, VECTORS).retriever(), ExactRetriever)


def test_ties_do_not_depend_on_row_order():
    """The same items in another order give the same keys back."""
    keys = [f"tie {i}" for i in range(50)]
    order = np.random.default_rng(1).permutation(50)
    same = np.ones((50, 3), np.float32)
    there = VectorStore(keys, same).retriever().search(QUERIES[:1, :3], 10).rows[0]
    back = VectorStore([keys[i] for i in order], same).retriever().search(QUERIES[:1, :3], 10).rows[0]
    assert [keys[i] for i in there] == [keys[order[i]] for i in back]


@pytest.mark.parametrize("bias", [None, BIAS])
def test_save_and_load_are_equal(tmp_path, bias):
    store = VectorStore(KEYS, VECTORS, bias)
    store.save(tmp_path / "vectors.safetensors")
    loaded = VectorStore.load(tmp_path / "vectors.safetensors", KEYS)
    np.testing.assert_array_equal(loaded.vectors, store.vectors)
    assert (loaded.bias is None) == (bias is None)
    for a, b in zip(loaded.retriever().search(QUERIES, 9), store.retriever().search(QUERIES, 9), strict=True):
        np.testing.assert_array_equal(a, b)


def test_saving_twice_gives_equal_bytes(tmp_path):
    for name in ("a", "b"):
        VectorStore(KEYS, VECTORS, BIAS).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_keys_are_refused(tmp_path):
    path = tmp_path / "vectors.safetensors"
    VectorStore(KEYS, VECTORS).save(path)
    for keys in (KEYS[::-1], KEYS[:-1], ["x", *KEYS[1:]]):
        with pytest.raises(ArtifactError, match="the vectors belong to other items than the catalogue"):
            VectorStore.load(path, keys)
    save_file({"vectors": VECTORS}, path)
    with pytest.raises(ArtifactError, match="belong to other items"):
        VectorStore.load(path, KEYS)


def test_missing_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "vectors.safetensors"
    with pytest.raises(ArtifactError, match=r"the vectors cannot be read: .*\(in .*vectors.safetensors\)"):
        VectorStore.load(path, KEYS)
    VectorStore(KEYS, VECTORS).save(path)
    whole = path.read_bytes()
    for length in (0, 7, 50, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ArtifactError, match="the vectors cannot be read"):
            VectorStore.load(path, KEYS)


def test_shapes_that_disagree_are_refused():
    with pytest.raises(ModelError, match=r"299 keys, vectors \(300, 8\), bias None"):
        VectorStore(KEYS[:-1], VECTORS)
    with pytest.raises(ModelError, match="bias"):
        VectorStore(KEYS, VECTORS, BIAS[:-1])
