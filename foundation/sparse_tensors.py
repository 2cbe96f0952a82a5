"""Sparse matrices as plain tensors, for safetensors files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy import sparse

from ..base.errors import ArtifactError
from ..base.files import atomic_file

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


def save_matrix(name: str, matrix: sparse.csr_matrix, path: Path) -> None:
    """Write a square matrix alone as one safetensors file, atomically."""
    with atomic_file(path) as draft:
        save_file(to_tensors(name, matrix), draft)


def load_matrix(name: str, path: Path) -> sparse.csr_matrix:
    """Read what :func:`save_matrix` wrote."""
    try:
        return from_tensors(name, load_file(path))
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise ArtifactError(f'no matrix "{name}": {error}', where=str(path)) from error


def extended(matrix: sparse.csr_matrix, size: int) -> sparse.csr_matrix:
    """The same matrix with empty rows and columns behind, [size, size]."""
    larger = matrix.copy()
    larger.resize((size, size))
    return larger
