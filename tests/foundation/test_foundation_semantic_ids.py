"""Semantic ids: planted clusters come back, equal codes are told apart, collapsed codebooks are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pyarrow import csv, parquet

from firstlight.base.errors import ConfigError, ModelError
from firstlight.foundation.semantic_ids import Quantizer, _groups, _number_in_group, perplexity


def planted(outer=8, inner=8, each=20, width=24, seed=0):
    """Clusters of clusters: [outer * inner * each, width], and both memberships."""
    rng = np.random.default_rng(seed)
    big = rng.standard_normal((outer, width)) * 10
    small = rng.standard_normal((outer, inner, width))
    noise = rng.standard_normal((outer, inner, each, width)) * 0.02
    vectors = (big[:, None, None] + small[:, :, None] + noise).reshape(-1, width).astype(np.float32)
    outers = np.repeat(np.arange(outer), inner * each)
    inners = np.repeat(np.arange(outer * inner), each)
    return vectors, outers, inners


def same_partition(one, other):
    """Whether two labelings put the same items together."""
    pairs = len(np.unique(np.column_stack([one, other]), axis=0))
    return pairs == len(np.unique(one)) == len(np.unique(other))


def test_the_first_residual_code_is_the_outer_cluster():
    vectors, outers, _ = planted()
    codes = Quantizer(levels=2, bits=3).fit(vectors).encode(vectors)
    assert same_partition(codes[:, 0], outers)


def test_each_level_leaves_less_unsaid():
    vectors, _, _ = planted()
    errors = [Quantizer(levels=levels, bits=3).fit(vectors).ids(vectors).report.error for levels in (1, 2, 3)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[0] < 0.05  # the outer clusters hold all but 1 % of the variance


def test_product_codes_name_each_part_of_the_vector():
    rng = np.random.default_rng(1)
    left, right = rng.integers(0, 4, 400), rng.integers(0, 4, 400)
    centers = rng.standard_normal((2, 4, 6)) * 5
    vectors = np.hstack([centers[0][left], centers[1][right]]) + rng.standard_normal((400, 12)) * 0.01
    codes = (
        Quantizer(levels=2, bits=2, kind="product")
        .fit(vectors.astype(np.float32))
        .encode(vectors.astype(np.float32))
    )
    assert same_partition(codes[:, 0], left)
    assert same_partition(codes[:, 1], right)


def test_a_width_that_the_levels_do_not_divide():
    vectors, _, _ = planted(width=23)
    fitted = Quantizer(levels=3, bits=3, kind="product").fit(vectors)
    assert fitted.decode(fitted.encode(vectors)).shape == vectors.shape


@pytest.mark.parametrize("kind", ["residual", "product"])
@pytest.mark.parametrize("bits", [2, 3, 5, 8])
def test_what_is_decoded_is_near_and_codes_are_in_range(kind, bits):
    vectors, _, _ = planted(each=20 if bits < 8 else 60)
    fitted = Quantizer(levels=3, bits=bits, kind=kind).fit(vectors)
    codes = fitted.encode(vectors)
    assert codes.min() >= 0
    assert codes.max() < 2**bits
    missed = ((fitted.decode(codes) - vectors) ** 2).sum()
    assert missed < 0.6 * ((vectors - vectors.mean(0)) ** 2).sum()


def test_the_report_counts_collisions():
    rng = np.random.default_rng(0)
    different = rng.standard_normal((61, 8)).astype(np.float32)
    vectors = np.vstack([different, different[:1], different[:1], different[1:2]])  # groups of 3 and 2
    ids = Quantizer(levels=6, bits=4).fit(vectors).ids(vectors)
    assert (ids.report.n, ids.report.distinct, ids.report.largest) == (64, 61, 3)
    assert ids.report.collided == 5 / 64
    assert len(np.unique(ids.codes, axis=0)) == 64
    assert ids.codes[[0, 61, 62, 1, 63], -1].tolist() == [0, 1, 2, 0, 1]
    assert "64 items, 61 different codes; 7.8% share theirs, at most 3 one" in str(ids.report)


def test_new_items_are_coded_by_old_books():
    vectors, outers, _ = planted()
    fitted = Quantizer(levels=2, bits=3).fit(vectors[::2])
    assert same_partition(fitted.encode(vectors[1::2])[:, 0], outers[1::2])


def test_one_seed_gives_one_answer():
    vectors, _, _ = planted(each=5)
    first, second = (Quantizer(bits=5, seed=3).fit(vectors).encode(vectors) for _ in range(2))
    assert (first == second).all()


def test_a_collapsed_codebook_is_refused():
    rng = np.random.default_rng(0)
    vectors = np.zeros((1000, 8), np.float32)
    vectors[:60] = rng.standard_normal((60, 8))  # nearly all items share one vector: no content
    with pytest.raises(ModelError, match=r"collapsed codebook: level 1 uses 1\.\d of its 32 entries evenly"):
        Quantizer(levels=2, bits=5).fit(vectors)
    with pytest.raises(ModelError, match="leave items without content out"):
        Quantizer(levels=2, bits=5, kind="product").fit(vectors)


@pytest.mark.parametrize(
    ("settings_", "text"),
    [
        ({"levels": 0}, "levels = 0; expected 1 to 16"),
        ({"bits": 17}, "bits = 17; expected 1 to 16"),
        ({"kind": "tree"}, 'kind = "tree"; expected "residual" or "product"'),
    ],
)
def test_wrong_settings(settings_, text):
    with pytest.raises(ConfigError, match=text):
        Quantizer(**settings_)


def test_levels_that_have_nothing_left_to_say_are_refused_too():
    vectors, _, _ = planted(outer=4, inner=4, each=4)  # 64 items, told apart by the first code
    with pytest.raises(ModelError, match=r"level 2 uses .* of its 64 entries.*use fewer bits, or levels = 1"):
        Quantizer(levels=2, bits=6).fit(vectors)


def test_wrong_vectors():
    good = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
    with pytest.raises(ConfigError, match="20 items for codebooks of 256 entries.*bits of at most 4"):
        Quantizer().fit(good)
    bad = good.copy()
    bad[3, 1] = np.nan
    with pytest.raises(ModelError, match="NaN or infinity"):
        Quantizer(bits=2).fit(bad)
    with pytest.raises(ModelError, match="not fitted; call fit first"):
        Quantizer().encode(good)
    with pytest.raises(ModelError, match=r"shape \(20, 3\); expected \[n, 4\]"):
        Quantizer(bits=2).fit(good).encode(good[:, :3])


def test_the_table(tmp_path):
    vectors, _, _ = planted(each=2)
    ids = Quantizer(levels=2, bits=3).fit(vectors).ids(vectors)
    keys = [f"item {number}" for number in range(len(vectors))]
    ids.write(tmp_path / "codes.csv", keys)
    ids.write(tmp_path / "codes.parquet", keys)
    for table in (csv.read_csv(tmp_path / "codes.csv"), parquet.read_table(tmp_path / "codes.parquet")):
        assert table.column_names == ["item_id", "code_1", "code_2", "code_3", "semantic_id"]
        assert table.column("item_id").to_pylist() == keys
        assert len(set(table.column("semantic_id").to_pylist())) == len(keys)
        first = table.slice(0, 1).to_pylist()[0]
        assert first["semantic_id"] == f"<a_{first['code_1']}><b_{first['code_2']}><c_{first['code_3']}>"
    with pytest.raises(ConfigError, match=r'"codes.txt" \(in the table\'s name\); expected .csv or .parquet'):
        ids.write(tmp_path / "codes.txt", keys)
    with pytest.raises(ConfigError, match="1 keys; expected one for each of 128 items"):
        ids.write(tmp_path / "codes.csv", keys[:1])


small_codes = arrays.arrays(
    np.int32, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=st.integers(0, 2)
)


@settings(deadline=None)
@given(small_codes)
def test_the_last_code_makes_rows_differ(codes):
    groups, sizes = _groups(codes)
    full = np.column_stack([codes, _number_in_group(groups)])
    assert len({tuple(row) for row in full.tolist()}) == len(codes)
    assert full[:, -1].max() == sizes.max() - 1


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 9))
def test_perplexity_of_an_even_use_is_the_number_of_codes(kinds, each):
    assert perplexity(np.repeat(np.arange(kinds), each)) == pytest.approx(kinds)
