"""Semantic ids: a few small codes for every item, made from its content, for a language model to name it.

Items with like content share their first codes. A residual quantizer codes what the levels before
left over, as in TIGER (arXiv 2305.05065); a product quantizer codes parts of the vector side by side,
as in VQ-Rec (arXiv 2210.12316). Both are FAISS's. Items whose codes are all equal are told apart by
one more code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from ..base.errors import ConfigError, ModelError
from ..base.files import atomic_file

Codes = NDArray[np.int32]
Vectors = NDArray[np.float32]
Kind = Literal["residual", "product"]
MOST_BITS, ITEMS_AN_ENTRY = 8, 32
LEAST_USE = 0.25  # of a codebook, as perplexity; k-means on any spread of points uses more than half


@dataclass(frozen=True)
class CodeReport:
    """How well codes tell items apart.

    Attributes
    ----------
    n
        Items.
    size
        Entries of each codebook.
    used
        Entries that occur, for each level.
    perplexity
        ``exp(entropy)`` of each level's code: how many entries are used evenly. `size` is best.
    distinct
        Different codes over all items, before the last code tells equal ones apart.
    collided
        Share of the items whose codes another item has too.
    largest
        Items of the largest group with equal codes.
    error
        Squared distance between vectors and what their codes say, as a share of their variance.
    """

    n: int
    size: int
    used: tuple[int, ...]
    perplexity: tuple[float, ...]
    distinct: int
    collided: float
    largest: int
    error: float

    def __str__(self) -> str:
        use = ", ".join(f"{one:.0f}" for one in self.perplexity)
        return (
            f"{self.n:,} items, {self.distinct:,} different codes; {self.collided:.1%} share theirs, at most "
            f"{self.largest} one; perplexity {use} of {self.size}; error {self.error:.2f} of the variance"
        )


@dataclass(frozen=True)
class SemanticIds:
    """Codes of all items.

    Attributes
    ----------
    codes
        int32 [n, levels + 1]; each row differs from every other. The last one counts items with
        equal content codes, and is 0 for most.
    report
        About the content codes alone.
    """

    codes: Codes
    report: CodeReport

    def tokens(self) -> list[str]:
        """Each item as one word, ``<a_17><b_203><c_5><d_0>``: as tokens are added to a language model."""
        letters = [chr(ord("a") + level) for level in range(self.codes.shape[1])]
        return [
            "".join(f"<{letter}_{code}>" for letter, code in zip(letters, row, strict=True))
            for row in self.codes.tolist()
        ]

    def write(self, path: Path, keys: Sequence[str]) -> None:
        """A table with the columns item_id, code_1, code_2, ... and semantic_id.

        Parameters
        ----------
        path
            Ends in .csv or .parquet.
        keys
            Item keys, in the order of the rows.

        Raises
        ------
        ConfigError
            If the ending is another one, or there are not as many keys as rows.
        """
        if len(keys) != len(self.codes):
            raise ConfigError(f"{len(keys)} keys", expected=f"one for each of {len(self.codes)} items")
        write = table_writer(path)
        columns = {f"code_{level + 1}": part for level, part in enumerate(self.codes.T)}
        table = pa.table({"item_id": list(keys), **columns, "semantic_id": self.tokens()})
        with atomic_file(path) as draft:
            write(table, draft)


def table_writer(path: Path) -> Callable[[pa.Table, Path], None]:
    """What writes a table to a file of this name.

    Raises
    ------
    ConfigError
        If it ends in neither .csv nor .parquet.
    """
    write = {".csv": csv.write_csv, ".parquet": parquet.write_table}.get(path.suffix)
    if write is None:
        raise ConfigError(f'"{path.name}"', where="the table's name", expected=".csv or .parquet")
    return write


def _faiss() -> ModuleType:
    """FAISS, imported on first use: a network without codes needs none."""
    import faiss  # noqa: PLC0415

    return faiss


class Quantizer:
    """Codebooks fitted on the content vectors of some items, to code those and others.

    Parameters
    ----------
    levels
        Codes of each item.
    bits
        A codebook has ``2 ** bits`` entries.
    kind
        "residual": coarse to fine, equal beginnings mean like content. "product": every code stands
        for another part of the vector.
    """

    def __init__(self, *, levels: int = 3, bits: int = 8, kind: Kind = "residual", seed: int = 0) -> None:
        if not 1 <= levels <= 16:
            raise ConfigError(f"levels = {levels}", expected="1 to 16 codes for each item")
        if not 1 <= bits <= 16:
            raise ConfigError(f"bits = {bits}", expected="1 to 16, that is 2 to 65,536 entries in a codebook")
        if kind not in ("residual", "product"):
            raise ConfigError(f'kind = "{kind}"', expected='"residual" or "product"')
        self.levels, self.bits, self.kind, self.seed = levels, bits, kind, seed
        self._fitted: Any = None
        self._width = 0

    @property
    def size(self) -> int:
        """Entries of a codebook."""
        return 2**self.bits

    @property
    def books(self) -> Vectors:
        """The fitted codebooks of residual codes, float32 [levels, size, d]."""
        if self._fitted is None or self.kind != "residual":
            raise ModelError("no codebooks over whole vectors", fix='fit a quantizer of kind "residual"')
        return _faiss().vector_to_array(self._fitted.codebooks).reshape(self.levels, self.size, self._width)

    def fit(self, vectors: Vectors) -> Quantizer:
        """Learn the codebooks from float32 [n, d].

        Raises
        ------
        ModelError
            If a vector is not finite, or if a codebook collapses: if most items share a few of its
            entries, so that this code says next to nothing.
        ConfigError
            If there are fewer vectors than entries in a codebook.
        """
        if vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise ModelError("content vectors with NaN or infinity", expected="finite float32 [n, d]")
        if len(vectors) < self.size:
            raise ConfigError(
                f"{len(vectors)} items for codebooks of {self.size} entries",
                expected="at least as many items as entries",
                fix=f"use bits of at most {max(1, int(np.log2(max(2, len(vectors)))))}",
            )
        self._width = vectors.shape[1]
        padded, faiss = self._padded(vectors), _faiss()
        if self.kind == "residual":
            self._fitted = faiss.ResidualQuantizer(padded.shape[1], self.levels, self.bits)
            self._fitted.train_type = faiss.ResidualQuantizer.Train_default
            self._fitted.max_beam_size = 1  # a beam fits later books to the residuals of worse codes as well
        else:
            self._fitted = faiss.ProductQuantizer(padded.shape[1], self.levels, self.bits)
        clustering = self._fitted.cp
        clustering.seed, clustering.niter = self.seed, 25
        clustering.init_method = faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS
        clustering.min_points_per_centroid = 1  # a small catalogue is no reason to warn
        self._fitted.train(padded)
        self._refuse_collapse(self.encode(vectors))
        return self

    def encode(self, vectors: Vectors) -> Codes:
        """Content codes int32 [n, levels] of float32 [n, d]; equal vectors have equal codes."""
        if self._fitted is None:
            raise ModelError("codebooks that were not fitted", fix="call fit first")
        if vectors.shape[1:] != (self._width,):
            raise ModelError(f"vectors of shape {vectors.shape}", expected=f"[n, {self._width}], as fitted")
        packed = self._fitted.compute_codes(self._padded(vectors))
        return _faiss().unpack_bitstrings(packed, self.levels, self.bits).astype(np.int32)

    def decode(self, codes: Codes) -> Vectors:
        """The vectors float32 [n, d] that content codes [n, levels] stand for."""
        packed = _faiss().pack_bitstrings(codes.astype(np.int32), self.bits)
        return self._fitted.decode(packed)[:, : self._width]

    def ids(self, vectors: Vectors) -> SemanticIds:
        """Code items and tell equal ones apart, with a report."""
        content = self.encode(vectors)
        groups, sizes = _groups(content)
        spread = float(((vectors - vectors.mean(0)) ** 2).sum())
        missed = float(((vectors - self.decode(content)) ** 2).sum())
        report = CodeReport(
            n=len(content),
            size=self.size,
            used=tuple(len(np.unique(level)) for level in content.T),
            perplexity=tuple(map(perplexity, content.T)),
            distinct=len(sizes),
            collided=float((sizes[groups] > 1).mean()) if len(content) else 0.0,
            largest=int(sizes.max(initial=0)),
            error=missed / spread if spread else 0.0,
        )
        return SemanticIds(np.column_stack([content, _number_in_group(groups)]), report)

    def _padded(self, vectors: Vectors) -> Vectors:
        """A product quantizer needs a width that its levels divide; zeros change no distance."""
        lacking = -vectors.shape[1] % self.levels if self.kind == "product" else 0
        return np.ascontiguousarray(np.pad(vectors, ((0, 0), (0, lacking))), dtype=np.float32)

    def _refuse_collapse(self, codes: Codes) -> None:
        for level, column in enumerate(codes.T, 1):
            even = perplexity(column)
            if even < LEAST_USE * self.size:
                raise ModelError(
                    f"a collapsed codebook: level {level} uses {even:.1f} of its {self.size} entries evenly",
                    where="semantic ids",
                    expected=f"a perplexity of at least {LEAST_USE * self.size:.0f}",
                    fix="leave items without content out, or use fewer bits"
                    + (f", or levels = {level - 1}" if level > 1 else ""),
                )


def usual_bits(n: int) -> int:
    """Bits of a codebook for `n` items: 8, or as many as leave `ITEMS_AN_ENTRY` items for an entry."""
    return max(1, min(MOST_BITS, int(np.log2(max(1, n / ITEMS_AN_ENTRY)))))


def perplexity(codes: NDArray[np.integer]) -> float:
    """``exp(entropy)`` of how often each code occurs: 1 if one has all, k if k share evenly."""
    if not len(codes):
        return 0.0
    share = np.unique(codes, return_counts=True)[1] / len(codes)
    return float(np.exp(-(share * np.log(share)).sum()))


def _groups(codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each row the number of its group of equal rows, and each group's size."""
    _, groups, sizes = np.unique(codes, axis=0, return_inverse=True, return_counts=True)
    return groups.reshape(-1), sizes


def _number_in_group(groups: NDArray[np.int64]) -> NDArray[np.int32]:
    """0 for the first row of a group, 1 for the second, and so on."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    numbers = np.empty(len(groups), np.int32)
    numbers[order] = np.arange(len(groups)) - np.searchsorted(ordered, ordered)
    return numbers
