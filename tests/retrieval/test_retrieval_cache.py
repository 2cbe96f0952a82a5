"""An index file is read only when it is ours, whole, and made from these vectors."""

import errno
import os

import numpy as np
import pytest

from firstlight.base.files import sha256
from firstlight.base.hashing import key_hashes
from firstlight.retrieval import FaissRetriever

HASHES = key_hashes([f"item {i}" for i in range(800)], "item")


def vectors(seed=0):
    return np.random.default_rng(seed).standard_normal((800, 12)).astype(np.float32)


@pytest.fixture
def parsed(monkeypatch, tmp_path):
    """Counts how often FAISS is asked to parse bytes; the user's cache is a fresh directory."""
    import faiss

    monkeypatch.setenv("FIRSTLIGHT_CACHE", str(tmp_path / "cache"))
    calls = []
    real = faiss.deserialize_index
    monkeypatch.setattr(faiss, "deserialize_index", lambda data: calls.append(len(data)) or real(data))
    return calls


def load(path, seed=0, kind="hnsw"):
    return FaissRetriever(vectors(seed), HASHES, path=path, kind=kind)


def same_answers(left, right):
    queries = vectors(5)[:20]
    for a, b in zip(left.search(queries, 9), right.search(queries, 9), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_the_second_time_it_is_read_and_answers_the_same(tmp_path, parsed, kind):
    built = load(tmp_path / "index.faiss", kind=kind)
    assert parsed == []
    read = load(tmp_path / "index.faiss", kind=kind)
    assert len(parsed) == 1
    same_answers(built, read)
    same_answers(read, FaissRetriever(vectors(), HASHES, kind=kind))


def test_a_flat_index_is_never_written(tmp_path, parsed):
    load(tmp_path / "index.faiss", kind="auto")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [0, 4, 1000, -1])
def test_a_tampered_file_is_rebuilt_not_parsed(tmp_path, parsed, place, capsys):
    path = tmp_path / "index.faiss"
    load(path)
    good = sha256(path)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    rebuilt = load(path)
    assert parsed == []
    assert "building it again" in capsys.readouterr().err
    assert sha256(path) == good
    same_answers(rebuilt, FaissRetriever(vectors(), HASHES, kind="hnsw"))


def test_a_truncated_or_missing_file_is_rebuilt(tmp_path, parsed):
    path = tmp_path / "index.faiss"
    load(path)
    good = sha256(path)
    path.write_bytes(path.read_bytes()[:100])
    load(path)
    path.unlink()
    load(path)
    (tmp_path / "index.faiss.json").write_text("{")
    load(path)
    assert parsed == []
    assert sha256(path) == good


def test_other_vectors_or_another_kind_rebuild(tmp_path, parsed):
    path = tmp_path / "index.faiss"
    load(path, seed=0)
    same_answers(load(path, seed=1), FaissRetriever(vectors(1), HASHES, kind="hnsw"))
    same_answers(load(path, seed=1, kind="ivf"), FaissRetriever(vectors(1), HASHES, kind="ivf"))
    assert parsed == []


def test_an_index_of_distinct_vectors_is_kept_as_such(tmp_path, parsed):
    twice = np.concatenate([vectors()[:400], vectors()[:400]])
    built, read = (FaissRetriever(twice, HASHES, kind="hnsw", path=tmp_path / "i.faiss") for _ in range(2))
    assert len(parsed) == 1
    assert built._index.ntotal == read._index.ntotal == 400
    same_answers(built, read)


def test_a_foreign_index_with_a_matching_record_is_rebuilt(tmp_path, parsed, monkeypatch, capsys):
    """Whoever ships a forged index ships a forged record beside it; only the user's own cache counts."""
    path = tmp_path / "index.faiss"
    load(path)
    monkeypatch.setenv("FIRSTLIGHT_CACHE", str(tmp_path / "another user"))
    load(path)
    assert parsed == []
    assert "was not written here" in capsys.readouterr().err
    load(path)
    assert len(parsed) == 1


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.ENOSPC, "could not write: No space left on device"), (errno.EPERM, "Operation not permitted")],
)
def test_an_unwritable_cache_costs_a_message_not_the_search(
    tmp_path, parsed, monkeypatch, capsys, number, told
):
    def refused(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.replace", refused)
    retriever = load(tmp_path / "index.faiss")
    said = capsys.readouterr().err
    assert "the index is not kept: " in said
    assert told in said
    assert len(retriever) == 800
    assert list(tmp_path.glob("*.faiss*")) == []
