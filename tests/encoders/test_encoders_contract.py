"""Every encoder keeps the one contract, a user's own of ten lines included."""

import numpy as np
import pytest

from firstlight.base.errors import ModelError
from firstlight.corpus import Item, ItemKey
from firstlight.encoders import Encoded, Encoder

ENCODERS = ["text_encoder", "image_encoder", "counting"]


@pytest.fixture(params=ENCODERS)
def encoder(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def items(shapes):
    """Different lengths of text and pictures, one of each missing in the middle."""
    some = [shapes[row] for row in range(0, 40, 3)]
    some = [Item(one.key, one.title + " x" * i, image=one.image) for i, one in enumerate(some)]
    return [*some[:6], Item(ItemKey("nothing"), ""), *some[6:]]


def test_is_an_encoder(encoder):
    assert isinstance(encoder, Encoder)
    assert encoder.name
    assert encoder.revision


def test_shapes_and_unit_length(encoder, items):
    encoded = encoder.encode(items)
    assert encoded.vectors.shape == (len(items), encoder.dim)
    assert encoded.vectors.dtype == np.float32
    assert encoded.present.tolist() == [item.key != "nothing" for item in items]
    np.testing.assert_allclose(np.linalg.norm(encoded.vectors, axis=1), encoded.present, atol=1e-5)
    assert encoded.failures == {}


def test_no_content_means_not_present(encoder, items):
    assert encoder.content(items[6]) is None
    assert all(encoder.content(item) for item in items if item.key != "nothing")
    alone = encoder.encode([items[6]])
    assert not alone.present.any()
    assert not alone.vectors.any()
    assert encoder.encode([]).vectors.shape == (0, encoder.dim)


def test_batch_equals_single(encoder, items):
    batch = encoder.encode(items).vectors
    single = np.concatenate([encoder.encode([item]).vectors for item in items])
    np.testing.assert_allclose(batch, single, atol=1e-5)


def test_order_is_kept(encoder, items):
    turned = encoder.encode(items[::-1]).vectors[::-1]
    np.testing.assert_allclose(encoder.encode(items).vectors, turned, atol=1e-5)


def test_equal_content_equal_vector(encoder, items):
    twin = Item(ItemKey("twin"), items[2].title, image=items[2].image)
    assert encoder.content(twin) == encoder.content(items[2])
    both = encoder.encode([items[2], twin]).vectors
    np.testing.assert_allclose(both[0], both[1], atol=1e-6)
    assert encoder.content(items[2]) != encoder.content(items[3])


def test_scatter_turns_unusable_numbers_into_failures():
    items = [Item(ItemKey(key), key) for key in "abc"]
    vectors = np.array([[3.0, 4.0], [np.nan, 1.0], [0.0, 0.0]], dtype=np.float32)
    encoded = Encoded.scatter(items, [0, 1, 2], vectors)
    np.testing.assert_allclose(encoded.vectors, [[0.6, 0.8], [0, 0], [0, 0]])
    assert encoded.present.tolist() == [True, False, False]
    assert encoded.failures == dict.fromkeys("bc", "the model returned numbers that are not finite")


def test_different_encoders_do_not_mix():
    one, two = (Encoded(np.eye(2, dtype=np.float32), np.ones(2, bool), {}, name) for name in ("m@1", "m@2"))
    with pytest.raises(ModelError, match=r"vectors of m@2 \(length 2\) beside vectors of m@1.*one encoder"):
        one.concat(two)
