"""The cache: hits equal misses bit for bit; kills, damage and company do no harm."""

import multiprocessing
import sqlite3

import numpy as np
import pytest

from firstlight.base.hashing import digest
from firstlight.encoders import EmbeddingCache


@pytest.fixture
def cache(tmp_path):
    return EmbeddingCache(tmp_path / "vectors")


def some(n, seed=0, dim=8):
    keys = [digest(str(seed), str(i)) for i in range(n)]
    return keys, np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)


def test_gives_back_the_same_bits(cache, counting):
    keys, vectors = some(1200)
    vectors[0, :3] = [np.float32(1e-45), -0.0, np.nextafter(np.float32(1), np.float32(2))]
    cache.put(counting, keys[:1000], vectors[:1000])
    found, hit = EmbeddingCache(cache.folder).get(counting, keys[::-1])
    assert hit.tolist() == [False] * 200 + [True] * 1000
    assert found[200:].tobytes() == vectors[:1000][::-1].tobytes()
    assert not found[:200].any()


def test_encoders_do_not_share(cache, counting):
    keys, vectors = some(3)
    cache.put(counting, keys, vectors)
    counting.revision = "2"
    assert not cache.get(counting, keys)[1].any()
    counting.revision, counting.dim = "1", 16  # a lie about the length is a miss, not a crash
    assert not cache.get(counting, keys)[1].any()


def test_putting_again_replaces(cache, counting):
    keys, vectors = some(3)
    cache.put(counting, keys, vectors)
    cache.put(counting, keys[1:], -vectors[1:])
    np.testing.assert_array_equal(cache.get(counting, keys)[0], [vectors[0], -vectors[1], -vectors[2]])


def test_a_row_with_a_broken_seal_is_a_miss(cache, counting):
    keys, vectors = some(5)
    cache.put(counting, keys, vectors)
    with sqlite3.connect(cache.path(counting)) as database:
        blob = bytearray(
            database.execute("SELECT vector FROM vectors WHERE key = ?", (keys[2],)).fetchone()[0]
        )
        blob[7] ^= 1
        database.execute("UPDATE vectors SET vector = ? WHERE key = ?", (bytes(blob), keys[2]))
        database.execute("UPDATE vectors SET key = 'x' WHERE key = ?", (keys[3],))
        database.execute("UPDATE vectors SET key = ? WHERE key = ?", (keys[3], keys[4]))
    assert cache.get(counting, keys)[1].tolist() == [True, True, False, False, False]


@pytest.mark.parametrize("damage", ["garbage", "truncated", "scribbled", "empty"])
def test_a_damaged_file_is_encoded_again(cache, counting, damage, capsys):
    keys, vectors = some(2000)
    cache.put(counting, keys, vectors)
    path = cache.path(counting)
    data = bytearray(path.read_bytes())
    if damage == "garbage":
        data = b"this is not a database, and long enough to tell" * 100
    elif damage == "truncated":
        data = data[: len(data) // 2]
    elif damage == "scribbled":
        data[16384 : 5 * 16384] = bytes(4 * 16384)
    else:
        data = b""
    path.write_bytes(data)
    found, hit = cache.get(counting, keys)
    np.testing.assert_array_equal(found[hit], vectors[hit])
    assert not hit.all()
    cache.put(counting, keys, vectors)
    cache.put(counting, keys, vectors)  # the first may have found the damage only now
    assert cache.get(counting, keys)[1].all()
    assert damage == "empty" or "is damaged" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_costs_only_time(tmp_path, counting, capsys):
    (tmp_path / "file").write_text("in the way")
    cache = EmbeddingCache(tmp_path / "file" / "vectors")
    keys, vectors = some(2)
    cache.put(counting, keys, vectors)
    assert not cache.get(counting, keys)[1].any()
    assert capsys.readouterr().err.count("embedding cache: going on without it") == 1


def test_a_damaged_file_that_cannot_be_removed_costs_only_time(cache, counting, monkeypatch, capsys):
    cache.folder.mkdir()
    cache.path(counting).write_bytes(b"this is not a database, and long enough to tell" * 100)

    def refused(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(cache.folder), "unlink", refused)
    keys, vectors = some(2)
    cache.put(counting, keys, vectors)
    assert not cache.get(counting, keys)[1].any()
    assert capsys.readouterr().err.count("going on without it") == 1


def test_default_place(monkeypatch, tmp_path):
    monkeypatch.setenv("FIRSTLIGHT_CACHE", str(tmp_path))
    assert EmbeddingCache().folder == tmp_path / "embeddings"


def _write(folder, encoder, seed):
    for part in range(10):
        keys, vectors = some(50, seed=100 * seed + part)
        EmbeddingCache(folder).put(encoder, keys, vectors)


def test_two_processes_at_once(cache, counting):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write, args=(cache.folder, counting, seed)) for seed in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    for seed in [100 * s + part for s in (1, 2) for part in range(10)]:
        keys, vectors = some(50, seed=seed)
        np.testing.assert_array_equal(cache.get(counting, keys)[0], vectors)


def _die_while_writing(folder, encoder):
    import os

    database = sqlite3.connect(EmbeddingCache(folder).path(encoder), isolation_level=None)
    database.execute("PRAGMA cache_size = 1")  # spill half-written pages to the file
    database.execute("BEGIN")
    keys, vectors = some(3000, seed=9)
    rows = [(key, vector.tobytes(), b"seal") for key, vector in zip(keys, vectors, strict=True)]
    database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
    os._exit(9)


def test_killed_in_the_middle_of_a_write(cache, counting):
    keys, vectors = some(100)
    cache.put(counting, keys, vectors)
    worker = multiprocessing.get_context("fork").Process(
        target=_die_while_writing, args=(cache.folder, counting)
    )
    worker.start()
    worker.join(60)
    assert worker.exitcode == 9
    np.testing.assert_array_equal(cache.get(counting, keys)[0], vectors)
    assert not cache.get(counting, some(3000, seed=9)[0])[1].any()
