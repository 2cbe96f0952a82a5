"""Sparse matrices as plain tensors, for safetensors files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Arrays = dict[str, NDArray[Any]]


def to_tensors(name: str, matrix: sparse.csr_matrix) -> Arrays:
    """A square matrix as three arrays whose names start with `name`."""
    return {
        f"{name}.data": matrix.data.astype(np.float32),
        f"{name}.columns": matrix.indices.astype(np.int64),
        f"{name}.starts": matrix.indptr.astype(np.int64),
    }


def from_tensors(name: str, tensors: Mapping[str, NDArray[Any]]) -> sparse.csr_matrix:
    """What :func:`to_tensors` made; KeyError or ValueError if the arrays do not fit together."""
    size = len(tensors[f"{name}.starts"]) - 1
    parts = tuple(tensors[f"{name}.{part}"] for part in ("data", "columns", "starts"))
    return sparse.csr_matrix(parts, shape=(size, size))


def extended(matrix: sparse.csr_matrix, size: int) -> sparse.csr_matrix:
    """The same matrix with empty rows and columns behind, [size, size]."""
    larger = matrix.copy()
    larger.resize((size, size))
    return larger
