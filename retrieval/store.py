"""Item vectors and their keys: the truth that every index is only a cache of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ..base.errors import ArtifactError, ModelError
from ..base.files import atomic_file
from ..base.hashing import digest, key_hashes
from .contract import Hits, Retriever
from .exact import ExactRetriever, gpu_available
from .faiss_index import FLAT_BELOW, FaissRetriever

RetrieverKind = Literal["auto", "exact", "flat", "hnsw", "ivf"]


@dataclass(frozen=True, eq=False)
class VectorStore:
    """One vector for each item: ``score(h, i) = <h, vectors[i]> + bias[i]``.

    A bias is searched as one more dimension, item ``[vector, bias]`` and query ``[h, 1]``, which keeps
    the search a plain maximum inner product (Bachrach et al., RecSys 2014, section 3).

    Attributes
    ----------
    keys
        Item keys in row order.
    vectors
        float32 [n, d], with any score scale multiplied in.
    bias
        float32 [n], or None.

    Raises
    ------
    ModelError
        If the shapes disagree.
    """

    keys: Sequence[str]
    vectors: NDArray[np.float32]
    bias: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        n = len(self.keys)
        bias_shape = None if self.bias is None else self.bias.shape
        if self.vectors.ndim != 2 or len(self.vectors) != n or bias_shape not in (None, (n,)):
            raise ModelError(
                f"{n} keys, vectors {self.vectors.shape}, bias {bias_shape}",
                where="the vector store",
                expected=f"vectors [{n}, d] and bias [{n}]",
            )

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def hashes(self) -> NDArray[np.uint64]:
        """The hash that decides between items of equal score, uint64 [n]."""
        return key_hashes(self.keys, "item")

    def save(self, path: Path) -> None:
        """Write one safetensors file, atomically; the keys are kept as a digest, to be checked on loading."""
        tensors = {"vectors": np.ascontiguousarray(self.vectors, dtype=np.float32)}
        if self.bias is not None:
            tensors["bias"] = np.ascontiguousarray(self.bias, dtype=np.float32)
        with atomic_file(path) as draft:
            save_file(tensors, draft, metadata={"keys": digest(*self.keys)})

    @classmethod
    def load(cls, path: Path, keys: Sequence[str]) -> VectorStore:
        """Read what :meth:`save` wrote, for the catalogue's keys in row order.

        Raises
        ------
        ArtifactError
            If the file is missing or damaged, or holds the vectors of other keys.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                saved = (file.metadata() or {}).get("keys")
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise ArtifactError(
                f"the vectors cannot be read: {error}", where=str(path), fix="copy the run directory again"
            ) from error
        if saved != digest(*keys) or "vectors" not in tensors:
            raise ArtifactError(
                "the vectors belong to other items than the catalogue",
                where=str(path),
                expected="vectors.safetensors and catalogue.parquet of one run",
                fix="copy the run directory again, or repeat the command that made it",
            )
        return cls(keys, tensors["vectors"], tensors.get("bias"))

    def retriever(self, kind: RetrieverKind = "auto", *, index_path: Path | None = None) -> Retriever:
        """A retriever that takes plain queries [b, d] and adds the bias itself.

        "auto" is exact search where torch sees a GPU or the catalogue is below
        :data:`~.faiss_index.FLAT_BELOW` items, and FAISS from there. `index_path` is where a FAISS
        index is kept.
        """
        vectors = self.vectors if self.bias is None else np.column_stack([self.vectors, self.bias])
        retriever: Retriever
        if kind == "exact" or (kind == "auto" and (len(self) < FLAT_BELOW or gpu_available())):
            retriever = ExactRetriever(vectors, self.hashes)
        else:
            retriever = FaissRetriever(vectors, self.hashes, kind=kind, path=index_path)
        return retriever if self.bias is None else _Biased(retriever)


class _Biased:
    """Appends the constant 1 that meets the bias column."""

    def __init__(self, inner: Retriever) -> None:
        self.inner = inner

    def __len__(self) -> int:
        return len(self.inner)

    def search(
        self, queries: NDArray[np.float32], k: int, *, allowed: NDArray[np.bool_] | None = None
    ) -> Hits:
        """As the contract says, for queries without the constant."""
        ones = np.ones((len(queries), 1), dtype=np.float32)
        return self.inner.search(np.concatenate([queries, ones], axis=1), k, allowed=allowed)
