"""FAISS behind the retriever contract: flat for proof, HNSW or inverted lists where n is large.

FAISS proposes rows, :mod:`.settle` orders them, and where FAISS cannot answer (a filter that leaves
few rows, a tie longer than the list it returned) the exact retriever does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ArtifactError, ConfigError
from ..base.progress import say
from .contract import Hits
from .exact import ExactRetriever
from .groups import Groups
from .index_cache import read_index, write_index
from .settle import checked_search, checked_vectors, empty_hits, settle, slack

Kind = Literal["flat", "hnsw", "ivf"]

FLAT_BELOW = 200_000
_SPARE = 32  # rows fetched beyond k, so that most ties at the end of the list settle at once
_FEW = 16_384  # a filter that leaves at most this many rows is searched exactly
_HNSW_LINKS, _HNSW_BUILD_BREADTH, _HNSW_SEARCH_BREADTH = 32, 64, 128
_IVF_TRAINING_PER_LIST, _IVF_PROBED_SHARE, _IVF_PROBED_LEAST = 64, 1 / 16, 8
_MAX_BREADTH = 8_192


class FaissRetriever:
    """Maximum inner product through a FAISS index on the CPU.

    `kind` "flat" equals :class:`ExactRetriever` to the bit; "hnsw" (Malkov and Yashunin, 2018) and
    "ivf" may miss a row but never return a wrong score, a forbidden row, or fewer rows than exist.
    The build depends on the vectors alone, not on threads or the clock.

    Parameters
    ----------
    vectors
        float32 [n, d].
    hashes
        uint64 [n]; they decide ties.
    kind
        "auto" is "flat" below :data:`FLAT_BELOW` rows and "hnsw" from there.
    path
        Where the index is kept: read from there, or built and written. A file is parsed only if it was
        made from these very vectors and its bytes are the ones this user wrote (see :mod:`.index_cache`).
        A flat index is nothing but its vectors, so it is never written.

    Raises
    ------
    ModelError
        If a vector is not finite or the shapes disagree.
    ConfigError
        For an unknown kind.
    """

    def __init__(
        self,
        vectors: NDArray[np.floating],
        hashes: NDArray[np.uint64],
        *,
        kind: Kind | Literal["auto"] = "auto",
        path: Path | None = None,
    ) -> None:
        self.vectors, self._longest = checked_vectors(vectors, hashes)
        self.hashes = hashes
        self.kind: Kind = _resolved(kind, len(self.vectors))
        self._groups = Groups.of(self.vectors, hashes)
        self._index = self._indexed(path)
        self._exact = ExactRetriever(self.vectors, hashes, device="numpy")

    def _indexed(self, path: Path | None) -> Any:
        """The index of the distinct vectors, read from `path`, or built and written there."""
        all_distinct = len(self._groups) == len(self)
        distinct = self.vectors if all_distinct else self.vectors[self._groups.first]
        if path is None or self.kind == "flat":
            return _BUILDERS[self.kind](distinct)
        index = read_index(path, self.kind, distinct)
        if index is None:
            index = _BUILDERS[self.kind](distinct)
            _save(index, path, self.kind, distinct)
        return index

    def __len__(self) -> int:
        return len(self.vectors)

    def search(
        self, queries: NDArray[np.float32], k: int, *, allowed: NDArray[np.bool_] | None = None
    ) -> Hits:
        """Return the `k` best rows for queries [b, d]; `allowed` is [n] or [b, n], None allows all.

        Raises
        ------
        ModelError
            For a wrong shape, k below 1, or a query that is not finite.
        """
        queries = checked_search(queries, k, allowed, len(self), self.vectors.shape[1])
        if allowed is None or allowed.ndim == 1:
            return self._search(queries, k, allowed)
        hits = [self._search(queries[i : i + 1], k, allowed[i]) for i in range(len(queries))]
        if not hits:
            return empty_hits(0, k)
        return Hits(np.concatenate([h.scores for h in hits]), np.concatenate([h.rows for h in hits]))

    def _search(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None) -> Hits:
        """Search with one mask for all queries."""
        open_rows = len(self) if allowed is None else int(allowed.sum())
        if allowed is not None and open_rows <= _FEW:
            return self._among(np.flatnonzero(allowed), queries, k)
        hits = empty_hits(len(queries), k)
        if len(queries) and open_rows:
            self._propose(hits, queries, allowed, min(k, open_rows))
        return hits

    def _among(self, rows: NDArray[np.int64], queries: NDArray[np.float32], k: int) -> Hits:
        """Exact search among a few rows: a graph thinned that much would be walked in vain."""
        hits = ExactRetriever(self.vectors[rows], self.hashes[rows], device="numpy").search(queries, k)
        found = hits.rows >= 0
        hits.rows[found] = rows[hits.rows[found]]
        return hits

    def _propose(
        self,
        hits: Hits,
        queries: NDArray[np.float32],
        allowed: NDArray[np.bool_] | None,
        wanted: int,
    ) -> None:
        """Fill `hits` from FAISS's proposals, and exactly where those leave the `wanted` rows open."""
        k = hits.rows.shape[1]
        near = None if allowed is None else self._groups.open(allowed)
        open_groups = len(self._groups) if near is None else int(near.sum())
        fetch = min(open_groups, k + _SPARE)
        parameters = self._parameters(fetch, near, open_groups)
        scores, groups = self._index.search(queries, fetch, params=parameters)
        unsettled = np.zeros(len(queries), dtype=np.bool_)
        if self.kind == "flat" and fetch < open_groups:
            unsettled = scores[:, -1] >= scores[:, k - 1] - slack(queries, self._longest)
        for i in np.flatnonzero(~unsettled).tolist():
            found = self._groups.rows(groups[i], k, allowed)
            unsettled[i] = len(found) < wanted
            settle(hits, i, queries[i], found, self.vectors, self.hashes)
        if unsettled.any():
            exact = self._exact.search(queries[unsettled], k, allowed=allowed)
            hits.scores[unsettled], hits.rows[unsettled] = exact

    def _parameters(self, fetch: int, allowed: NDArray[np.bool_] | None, open_groups: int) -> Any:
        """Search parameters: the filter, and a breadth that grows as the filter leaves fewer groups."""
        faiss = _faiss()
        options: dict[str, Any] = {}
        if allowed is not None:
            options["sel"] = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
        thinning = len(self._groups) / open_groups
        if self.kind == "hnsw":
            breadth = max(_HNSW_SEARCH_BREADTH, 2 * fetch)
            return faiss.SearchParametersHNSW(efSearch=min(int(breadth * thinning), _MAX_BREADTH), **options)
        if self.kind == "ivf":
            lists = self._index.nlist
            probes = int(max(_IVF_PROBED_LEAST, lists * _IVF_PROBED_SHARE) * thinning)
            return faiss.SearchParametersIVF(nprobe=min(probes, lists), **options)
        return faiss.SearchParameters(**options) if options else None


def _save(index: Any, path: Path, kind: Kind, vectors: NDArray[np.float32]) -> None:
    """Write an index; a cache that cannot be written costs a rebuild, not the search."""
    try:
        write_index(index, path, kind, vectors)
    except (ArtifactError, OSError) as error:
        say(f"the index is not kept: {error}")


def _faiss() -> ModuleType:
    """FAISS, imported on first use: its OpenMP and torch's do not get along on every system."""
    import faiss  # noqa: PLC0415

    return faiss


def _resolved(kind: str, n: int) -> Kind:
    if kind == "auto":
        return "flat" if n < FLAT_BELOW else "hnsw"
    if kind not in _BUILDERS:
        raise ConfigError(
            f'unknown index kind "{kind}"', where="the retriever", expected="one of auto, flat, hnsw, ivf"
        )
    return kind  # pyright: ignore[reportReturnType]


@contextmanager
def _one_thread() -> Iterator[ModuleType]:
    """FAISS on one thread: with more, the order of insertion, and so the graph, would be a race."""
    faiss = _faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield faiss
    finally:
        faiss.omp_set_num_threads(before)


def _flat(vectors: NDArray[np.float32]) -> Any:
    index = _faiss().IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index


def _hnsw(vectors: NDArray[np.float32]) -> Any:
    with _one_thread() as faiss:
        index = faiss.IndexHNSWFlat(vectors.shape[1], _HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = _HNSW_BUILD_BREADTH
        index.add(vectors)
    return index


def _ivf(vectors: NDArray[np.float32]) -> Any:
    lists = max(1, min(int(4 * len(vectors) ** 0.5), len(vectors) // _IVF_TRAINING_PER_LIST))
    with _one_thread() as faiss:
        quantizer = faiss.IndexFlatIP(vectors.shape[1])
        index = faiss.IndexIVFFlat(quantizer, vectors.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
        index.cp.max_points_per_centroid = _IVF_TRAINING_PER_LIST
        if len(vectors):
            index.train(vectors)
            index.add(vectors)
    return index


_BUILDERS = {"flat": _flat, "hnsw": _hnsw, "ivf": _ivf}
