"""A catalogue's vectors: only what changed is encoded, and nothing that fails stops the rest."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from firstlight.base.errors import ArtifactError, ModelError
from firstlight.corpus import Catalogue, Item, ItemKey
from firstlight.corpus.pictures import read_bytes
from firstlight.encoders import Content, EmbeddingCache, Encoded, content, encode_catalogue


@pytest.fixture
def cache(tmp_path):
    return EmbeddingCache(tmp_path / "vectors")


def same(one, two):
    for a, b in ((one.text, two.text), (one.image, two.image)):
        if a is None or b is None:
            assert a is b
            continue
        assert a.vectors.tobytes() == b.vectors.tobytes()
        assert a.present.tolist() == b.present.tolist()
        assert (a.failures, a.encoder) == (b.failures, b.encoder)


def test_rows_are_the_catalogues(counting, titled):
    catalogue = titled("one", "", "two", "a bad one", "one")
    result = encode_catalogue(catalogue, text=counting)
    assert result.image is None
    assert len(result) == 5
    assert result.text.present.tolist() == [True, False, True, False, True]
    assert result.failures == {"text": {"k3": "a bad title"}}
    assert result.text.encoder == "counting@1"
    expected = counting.encode([catalogue[0], catalogue[2]]).vectors
    np.testing.assert_array_equal(result.text.vectors[[0, 2, 4]], expected[[0, 1, 0]])


def test_equal_contents_are_encoded_once_and_fail_together(counting, titled):
    result = encode_catalogue(titled("one", "bad", "one", "bad"), text=counting)
    assert sorted(counting.seen) == ["bad", "one"]
    assert result.failures["text"] == {"k1": "a bad title", "k3": "a bad title"}


def test_only_what_changed_is_encoded_again(counting, titled, cache):
    first = encode_catalogue(titled("one", "two", "three", "bad"), text=counting, cache=cache)
    counting.seen.clear()
    again = encode_catalogue(titled("one", "two", "three", "bad"), text=counting, cache=cache)
    same(first, again)
    assert counting.seen == ["bad"], "a failure is tried again"
    counting.seen.clear()
    encode_catalogue(titled("new", "three", "TWO", "one"), text=counting, cache=cache)
    assert sorted(counting.seen) == ["TWO", "new"]
    counting.seen.clear()
    counting.revision = "2"
    encode_catalogue(titled("one", "two"), text=counting, cache=cache)
    assert sorted(counting.seen) == ["one", "two"]


def test_a_killed_run_goes_on_where_it_was(counting, titled, cache, monkeypatch):
    monkeypatch.setattr(content, "CHUNK", 10)
    catalogue = titled(*(f"title {i}" for i in range(45)))
    counting.fail_at = 4
    with pytest.raises(KeyboardInterrupt):
        encode_catalogue(catalogue, text=counting, cache=cache)
    assert len(counting.seen) == 30
    done = set(counting.seen)
    counting.fail_at, counting.seen = None, []
    resumed = encode_catalogue(catalogue, text=counting, cache=cache)
    assert len(counting.seen) == 15
    assert done.isdisjoint(counting.seen)
    same(resumed, encode_catalogue(catalogue, text=counting))


def test_real_encoders_hit_equals_miss(text_encoder, image_encoder, shapes, cache, tmp_path):
    items = [Item(one.key, f"{one.title} {i}", image=one.image) for i, one in enumerate(shapes) if i < 20]
    (tmp_path / "broken.png").write_bytes(b"broken")
    items.append(Item(ItemKey("broken"), "", image=tmp_path / "broken.png"))
    catalogue = Catalogue.from_items(items)
    miss = encode_catalogue(catalogue, text=text_encoder, image=image_encoder, cache=cache)
    hit = encode_catalogue(catalogue, text=text_encoder, image=image_encoder, cache=cache)
    same(miss, hit)
    assert miss.failures == {"text": {}, "image": {"broken": "not a picture of a known format"}}
    np.testing.assert_allclose(miss.image.vectors, image_encoder.encode(items).vectors, atol=1e-5)


class Pictures:
    """Vectors drawn from files; `meanwhile` runs between hashing a chunk and encoding it."""

    name, revision, dim = "pictures", "1", 8

    def __init__(self, titles):
        self.titles, self.meanwhile = titles, lambda: None

    def content(self, item):
        return read_bytes(item.image)

    def encode(self, items):
        self.meanwhile()
        titled = [Item(item.key, item.image.read_text() if item.image.exists() else "") for item in items]
        return self.titles.encode(titled)


@pytest.fixture
def pictured(tmp_path):
    paths = [tmp_path / name for name in ("a.png", "b.png", "c.png")]
    paths[0].write_text("a")
    return Catalogue.from_items([Item(ItemKey(one.stem), "", image=one) for one in paths])


def test_what_cannot_be_read_is_neither_encoded_nor_cached(counting, pictured, cache):
    """b appears while a is encoded: c, which is missing too, must not get its vector, now or later."""
    encoder = Pictures(counting)
    encoder.meanwhile = lambda: pictured[1].image.write_text("b")
    first = encode_catalogue(pictured, image=encoder, cache=cache)
    assert first.image.present.tolist() == [True, False, False]
    assert set(first.failures["image"]) == {"b", "c"}
    assert "cannot be read: No such file" in first.failures["image"]["c"]
    assert counting.seen == ["a"]
    again = encode_catalogue(pictured, image=encoder, cache=cache)
    assert again.image.present.tolist() == [True, True, False]


def test_a_file_replaced_while_it_is_encoded_is_not_cached_under_its_old_bytes(counting, pictured, cache):
    encoder, path = Pictures(counting), pictured[0].image
    encoder.meanwhile = lambda: path.write_text("other")
    encode_catalogue(pictured, image=encoder, cache=cache)
    encoder.meanwhile = lambda: None
    path.write_text("a")
    fresh = encode_catalogue(pictured, image=encoder, cache=cache)
    same(fresh, encode_catalogue(pictured, image=encoder))


def test_failures_are_told(counting, titled, capsys):
    encode_catalogue(titled("bad one", "good", "bad two"), text=counting)
    assert "text: 2 of 3 items could not be used, as k0: a bad title" in capsys.readouterr().err


def test_take_and_concat(counting, titled):
    everything = encode_catalogue(titled("a", "b", "", "bad", "e"), text=counting)
    assert everything.take(np.array([4, 0])).text.vectors.tolist() == everything.text.vectors[[4, 0]].tolist()
    parts = [everything.take(np.arange(5) < 2), everything.take(np.arange(2, 5))]
    same(parts[0].concat(parts[1]), everything)
    empty = Content(None, None)
    assert len(empty.concat(empty)) == 0
    with pytest.raises(ModelError, match=r"text vectors for the new items only.*encode the text of both"):
        empty.concat(everything)
    counting.revision = "2"
    with pytest.raises(ModelError, match=r"vectors of counting@2 .* beside vectors of counting@1"):
        everything.concat(encode_catalogue(titled("f"), text=counting))


def test_save_and_load(counting, titled, tmp_path):
    original = encode_catalogue(titled("a", "bad", "", "e"), text=counting)
    original.save(tmp_path / "content.safetensors")
    same(Content.load(tmp_path / "content.safetensors"), original)
    both = Content(original.text, Encoded(np.zeros((4, 3), np.float32), np.zeros(4, bool), {}, "other@1"))
    both.save(tmp_path / "content.safetensors")
    same(Content.load(tmp_path / "content.safetensors"), both)
    Content(None, None).save(tmp_path / "content.safetensors")
    same(Content.load(tmp_path / "content.safetensors"), Content(None, None))
    assert [path.name for path in tmp_path.iterdir()] == ["content.safetensors"]


def test_saved_bytes_are_always_the_same(tmp_path):
    """Several notes beside the tensors would be written in random order."""
    one = Encoded(np.zeros((1, 2), np.float32), np.ones(1, bool), {"b": "bad", "a": "bad"}, "encoder@1")
    written = set()
    for _ in range(20):
        Content(one, one).save(tmp_path / "content.safetensors")
        written.add((tmp_path / "content.safetensors").read_bytes())
    assert len(written) == 1


def test_unreadable_files(counting, titled, tmp_path):
    path = tmp_path / "content.safetensors"
    with pytest.raises(ArtifactError, match=r"not readable content vectors.*encode the catalogue again"):
        Content.load(path)
    encode_catalogue(titled("a", "b"), text=counting).save(path)
    tensors = load_file(path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ArtifactError, match="not readable content vectors"):
        Content.load(path)
    tensors["text.present"] = tensors["text.present"][:1]
    save_file(tensors, path, metadata={"text": '{"encoder": "", "failures": {}}'})
    with pytest.raises(ArtifactError, match=r"text: vectors \(2, 8\) and present \(1,\)"):
        Content.load(path)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.eye(8, dtype=np.float32)[:1], r"vectors \(1, 8\) and present \(2,\) for 2 items"),
        (2 * np.eye(8, dtype=np.float32)[:2], "a vector of length 2 .*expected length 1; divide each"),
        (np.full((2, 8), np.nan, np.float32), "a vector of length nan"),
    ],
)
def test_an_encoder_is_held_to_its_contract(counting, titled, vectors, message):
    counting.encode = lambda items: Encoded(vectors, np.ones(len(items), bool))
    with pytest.raises(ModelError, match=message):
        encode_catalogue(titled("a", "b"), text=counting)


def test_an_empty_catalogue(counting, cache):
    result = encode_catalogue(Catalogue.from_items([]), text=counting, cache=cache)
    assert result.text.vectors.shape == (0, 8)
    assert len(result) == 0
