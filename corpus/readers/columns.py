"""Columns of a table to what they mean: text, lists, and typed attributes."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes its compute functions when it is imported)
from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .batch import is_list, is_text

NO_GENRES = "(no genres listed)"
NAMES = r"^(0\d+|-?\d{19,})$"  # numbers that are names: a leading zero counts, or a float would lose digits
_LISTED = r"""^\[\s*(['"]|\])"""  # how str() writes a list of strings, and what CSV exports leave behind


def text_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Plain text: lists of passages are joined, and the brackets of a written-out list are taken off."""
    if is_list(column.type):
        return _mapped(column, lambda parts: " ".join(str(part) for part in parts if part) or None)
    texts = column.cast(pa.string())
    if not pc.any(pc.match_substring_regex(texts, _LISTED)).as_py():
        return texts
    return _mapped(texts, lambda text: " ".join(listed(text)) if re.match(_LISTED, text) else text)


def list_column(column: pa.ChunkedArray, separator: str = "|") -> pa.ChunkedArray:
    """A list of strings: text is split at `separator`, nested lists are flattened one level."""
    kind = pa.list_(pa.string())
    if is_list(column.type):
        return _mapped(column, _flat, kind)
    return _mapped(column.cast(pa.string()), lambda text: _split(text, separator), kind)


def listed(text: str) -> list[str]:
    """The strings of a list that was written as Python or JSON text; cut at its quotes if it is damaged.

    Half of a surrogate pair, which both can write and no text can hold, becomes a question mark.
    """
    return [part.encode("utf-8", "replace").decode() for part in _strings(text)]


def _strings(text: str) -> list[str]:
    with suppress(ValueError, RecursionError):
        return [str(value) for value in json.loads(text) if value is not None]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\\d" in a text is no concern of ours
            values = ast.literal_eval(text)
        return [str(value) for value in values]
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return [part for part in re.split(r"""['"]\s*,\s*['"]""", text.strip("[] '\"")) if part]


def _flat(values: list[Any]) -> list[str]:
    parts = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return [str(part) for part in parts if part not in (None, "")]


def _split(text: str, separator: str) -> list[str]:
    parts = listed(text) if re.match(_LISTED, text) else text.split(separator)
    return [part.strip() for part in parts if part.strip() and part.strip() != NO_GENRES]


def _mapped(
    column: pa.ChunkedArray, change: Callable[[Any], Any], kind: pa.DataType | None = None
) -> pa.ChunkedArray:
    """Apply a Python function to every cell that is not null, chunk by chunk."""
    kind = kind or pa.string()
    chunks = [
        pa.array([None if value is None else change(value) for value in chunk.to_pylist()], kind)
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, kind)


def attribute_column(column: pa.ChunkedArray, *, typed: bool) -> pa.ChunkedArray | None:
    """A column as text, bool, int64, float64, or a list of one of those; None if it is nothing of that.

    Parameters
    ----------
    column
        Any Arrow column.
    typed
        False where every cell came as text: numbers and truth values are then recognized. A column in
        which any number has a leading zero is a code and stays text.
    """
    if isinstance(column.type, pa.DictionaryType):
        column = column.cast(column.type.value_type)
    kind = column.type
    if is_text(kind):
        return column.cast(pa.string()) if typed else _recognized(column.cast(pa.string()))
    if is_list(kind):
        inner = _plain_type(kind.value_type)
        return column.cast(pa.list_(inner)) if inner else None
    plain = _plain_type(kind)
    if plain is None:
        return None
    if pa.types.is_floating(plain):
        return _finite(column.cast(plain, safe=False))
    return column.cast(plain)


def _plain_type(kind: pa.DataType) -> pa.DataType | None:
    if is_text(kind) or pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pa.string()
    if pa.types.is_boolean(kind):
        return pa.bool_()
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return pa.int64()
    is_number = pa.types.is_floating(kind) or pa.types.is_decimal(kind) or kind == pa.uint64()
    return pa.float64() if is_number else None


def _recognized(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    def every(pattern: str) -> bool:
        return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())

    if texts.null_count == len(texts) or pc.any(pc.match_substring_regex(texts, NAMES)).as_py():
        return texts
    if every(r"^-?\d{1,18}$"):
        return texts.cast(pa.int64())
    if every(r"^(?i:true|false)$"):
        return texts.cast(pa.bool_())
    if not every(r"^\s*([-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,4})?|(?i:nan|[-+]?inf))\s*$"):
        return texts
    numbers = _finite(pc.utf8_trim_whitespace(texts).cast(pa.float64()))
    return numbers if numbers.null_count < len(numbers) else texts


def _finite(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.is_finite(numbers), numbers, pa.scalar(None, pa.float64()))
