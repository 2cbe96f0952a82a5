"""What items say of themselves in single words: attribute values and title words, as TF-IDF rows.

A sentence encoder blurs what matters exactly (a brand, a director, a series); rare shared words keep it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from .catalogue import Catalogue

Sparse = Any  # a scipy matrix; scipy has no types of its own


def token_views(catalogue: Catalogue, warm: NDArray[np.bool_]) -> dict[str, Sparse]:
    """Unit TF-IDF rows, float32 [n_items, tokens], by view: "attributes" and "words".

    Document frequencies come from the `warm` items (bool [n_items]) alone, so that items nobody has
    touched leave no trace in the statistics. A view in which no token stands on two warm items is
    left out.
    """
    views = {"attributes": list(_attributes(catalogue)), "words": list(_words(catalogue))}
    found = {name: _tfidf(documents, warm) for name, documents in views.items()}
    return {name: rows for name, rows in found.items() if rows is not None}


def _tfidf(documents: Sequence[Sequence[str]], warm: NDArray[np.bool_]) -> Sparse | None:
    whole: Any = _as_it_is  # the stubs know strings only
    reader: Any = TfidfVectorizer(analyzer=whole, min_df=2)
    try:
        reader.fit([documents[row] for row in np.flatnonzero(warm).tolist()])
    except ValueError:  # an empty vocabulary
        return None
    return sparse.csr_matrix(reader.transform(documents), dtype=np.float32)


def _as_it_is(document: Sequence[str]) -> Sequence[str]:
    return document


def _words(catalogue: Catalogue) -> Iterator[list[str]]:
    """Each item's title words, once each."""
    for title in catalogue.table.column("title").to_pylist():
        yield sorted(set((title or "").lower().split()))


def _attributes(catalogue: Catalogue) -> Iterator[list[str]]:
    """Each item's categories, and the values and words of its textual attribute columns."""
    names = [name for name in catalogue.attribute_names if _is_textual(catalogue.table.schema.field(name))]
    columns = [catalogue.table.column(name).to_pylist() for name in ("categories", *names)]
    for values in zip(*columns, strict=True):
        said = zip(("categories", *names), values, strict=True)
        yield sorted({token for name, value in said for token in _tokens(name, value)})


def _is_textual(field: pa.Field) -> bool:
    kind = field.type.value_type if pa.types.is_list(field.type) else field.type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _tokens(name: str, value: str | Sequence[str] | None) -> Iterator[str]:
    """A list's values as they are; a string as a whole and by word ("1 2 3" is three attribute ids)."""
    if isinstance(value, str):
        whole = value.lower()
        yield f"{name}={whole}"
        yield from (f"{name}:{word}" for word in whole.replace(",", " ").replace("|", " ").split())
    else:
        yield from (f"{name}={one.lower()}" for one in value or () if one)
