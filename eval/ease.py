"""EASE: a shallow linear item-item model in closed form, strong on warm items, blind on cold ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import get_lapack_funcs

from ..base.errors import ModelError
from ..corpus.interactions import Cases, Interactions
from .baselines import Sparse
from .protocol import ScoreFn

LIMIT = 40_000  # items; the dense matrix of that many takes 6.4 GB
BLOCK = 1024  # rows mirrored at a time


def ease(train: Interactions, n_items: int, *, regularization: float = 250.0) -> ScoreFn:
    """Fit B = I - P / diag(P), P = (X'X + regularization I)^-1, with zero diagonal; score = history @ B.

    X is people x items, binary. Only items that occur in training are in the matrix (float32, inverted
    in place: memory is one such matrix); all others score 0.

    Raises
    ------
    ModelError
        If more than 40,000 items occur in training: the dense inverse would not fit.

    Source: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (WWW 2019).
    """
    warm = np.unique(train.rows)
    if len(warm) > LIMIT:
        raise ModelError(
            f"{len(warm)} items occur in training",
            where="ease",
            expected=f"at most {LIMIT}",
            fix="leave this baseline out",
        )
    touched = sparse.csr_matrix(
        (np.ones(len(train), dtype=np.float32), (train.users, np.searchsorted(warm, train.rows))),
        shape=(train.n_users, len(warm)),
    )
    touched.data[:] = np.minimum(touched.data, 1)
    weights = _weights((touched.T @ touched).toarray(order="F"), regularization)

    def score(cases: Cases) -> NDArray[np.float32]:
        scores = np.zeros((len(cases), n_items), dtype=np.float32)
        scores[:, warm] = _bags(cases, n_items)[:, warm] @ weights
        return scores

    return score


def _weights(gram: NDArray[np.float32], regularization: float) -> NDArray[np.float32]:
    """B from the Gram matrix, in place, by Cholesky (the matrix is symmetric and positive definite)."""
    gram[np.diag_indices_from(gram)] += regularization
    factorize, invert = get_lapack_funcs(("potrf", "potri"), (gram,))
    factor, trouble = factorize(gram, lower=1, overwrite_a=1)
    inverse, trouble_too = invert(factor, lower=1, overwrite_c=1)
    if trouble or trouble_too:
        raise ModelError("the Gram matrix could not be inverted", where="ease", fix="raise regularization")
    inverse = inverse.T  # C order, lower triangle becomes the upper
    for start in range(0, len(inverse), BLOCK):  # LAPACK fills one triangle only: mirror it block by block
        stop = start + BLOCK
        inverse[stop:, start:stop] = inverse[start:stop, stop:].T
        block = np.triu(inverse[start:stop, start:stop])
        inverse[start:stop, start:stop] = block + np.triu(block, 1).T
    inverse /= -np.diag(inverse).copy()
    np.fill_diagonal(inverse, 0)
    return inverse


def _bags(cases: Cases, n_items: int) -> Sparse:
    """Which items stand in each history, binary, [b, n_items]."""
    people = np.repeat(np.arange(len(cases)), cases.lengths)
    ones = np.ones(len(people), dtype=np.float32)
    bags = sparse.csr_matrix((ones, (people, cases.history_rows)), shape=(len(cases), n_items))
    bags.data[:] = np.minimum(bags.data, 1)
    return bags
