import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstlight.base.errors import DataError, UnknownKeyError
from firstlight.corpus import Vocabulary

KEYS = st.lists(st.text(max_size=6), unique=True, max_size=30)


@given(KEYS)
def test_rows_and_keys_are_inverse(keys):
    vocabulary = Vocabulary(keys)
    assert len(vocabulary) == len(keys)
    assert vocabulary.rows(keys).tolist() == list(range(len(keys)))
    assert [vocabulary.key(row) for row in range(len(keys))] == keys


@given(KEYS, KEYS)
def test_extending_never_moves_a_row(first, second):
    vocabulary = Vocabulary(first)
    added = [key for key in second if key not in set(first)]
    vocabulary.extend(added)
    assert list(vocabulary.keys) == first + added


def test_a_repeated_key_names_its_row_and_changes_nothing():
    vocabulary = Vocabulary(["a", "b"])
    with pytest.raises(DataError, match=r'item_id "b" stands twice \(in the catalogue, row 2\)'):
        vocabulary.extend(["c", "b"])
    assert list(vocabulary.keys) == ["a", "b"]
    with pytest.raises(DataError, match="row 3"):
        Vocabulary(["x", "y", "x"])


def test_an_unknown_key_names_the_nearest():
    vocabulary = Vocabulary(["apple", "pear"])
    with pytest.raises(UnknownKeyError, match=r'unknown item "aple" \(did you mean "apple"\?\)'):
        vocabulary.rows(["pear", "aple"])
    rows, unknown = vocabulary.known_rows(["pear", "aple", "apple"])
    assert rows.tolist() == [1, 0]
    assert unknown == 1
    assert "pear" in vocabulary
    assert "plum" not in vocabulary
