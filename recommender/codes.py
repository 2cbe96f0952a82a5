"""A run's items as semantic ids: a table for language models that name items by codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base.errors import DataError, ModelError
from ..base.progress import say
from ..foundation.semantic_ids import CodeReport, Kind, Quantizer, table_writer, usual_bits
from .content import raw_vectors
from .run_directory import load_run

NOTHING = np.zeros(0, np.int64)
LEVELS = 3  # of a catalogue large enough for them


def write_codes(
    path: Path | str,
    out: Path | str,
    *,
    levels: int | None = None,
    bits: int | None = None,
    kind: Kind = "residual",
) -> CodeReport:
    """Code a run's items by their encoders' vectors, and write the table.

    Not by whitened ones: on real titles their codebooks collapse (docs/benchmarks.md).

    Parameters
    ----------
    path
        A run directory.
    out
        Ends in .csv or .parquet; see :meth:`firstlight.foundation.semantic_ids.SemanticIds.write`.
        Items without any content have no row.
    levels, bits, kind
        See :class:`firstlight.foundation.semantic_ids.Quantizer`. No `bits` means
        :func:`firstlight.foundation.semantic_ids.usual_bits`; no `levels`, three, or as many as say
        something.

    Raises
    ------
    ConfigError
        If `out` has another ending.
    DataError
        If no item has any content.
    ModelError
        If a codebook collapses: of the given levels, or the first.
    """
    table_writer(Path(out))  # a wrong name is said before the work
    run = load_run(Path(path))
    vectors = raw_vectors(run.content)
    rows = np.flatnonzero(vectors.any(axis=1)) if vectors is not None else NOTHING
    if vectors is None or not len(rows):
        raise DataError("no item has text or a picture", where=str(path), expected="content to make codes of")
    if len(rows) < len(vectors):
        say(f"{len(vectors) - len(rows):,} items without content have no codes")
    vectors = vectors[rows]
    bits = usual_bits(len(rows)) if bits is None else bits
    found = _fitted(vectors, levels, bits, kind).ids(vectors)
    found.write(Path(out), [run.catalogue.keys[row] for row in rows.tolist()])
    return found.report


def _fitted(vectors: NDArray[np.float32], levels: int | None, bits: int, kind: Kind) -> Quantizer:
    """Whoever names no number of levels wants none that says nothing."""
    most = LEVELS if levels is None else levels
    while True:
        try:
            return Quantizer(levels=most, bits=bits, kind=kind).fit(vectors)
        except ModelError:
            if levels is not None or most == 1:
                raise
        most -= 1
        say(f"code {most + 1} would say next to nothing of these items: they get {most}")
