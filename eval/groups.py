"""Groups of people from any column of the people table, to see who is served worse."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..base.errors import DataError, nearest
from ..corpus.interactions import Cases

MANY = 12  # values of a column; more of them are no groups but a measurement


def people_groups(cases: Cases, users: pa.Table, column: str) -> dict[str, NDArray[np.bool_]]:
    """Which cases belong to each value of a people column, for ``CaseResults.summary(groups=...)``.

    Numbers with more than twelve values are cut at their quartiles. People who are not in the table,
    or have no value there, are in no group.

    Raises
    ------
    DataError
        For an unknown column, or text with too many values.
    """
    if column not in users.column_names:
        raise DataError(
            f'no column "{column}"{nearest(column, users.column_names)}',
            where="the people table",
            expected=f"one of {', '.join(users.column_names)}",
        )
    values = users.column(column)
    distinct = len(values.unique())
    if distinct > MANY:
        values = _quartiles(values, column, distinct)
    by_key = dict(zip(users.column("user_id").to_pylist(), values.to_pylist(), strict=True))
    of_case = [by_key.get(key) for key in cases.user_keys]
    names = sorted({value for value in of_case if value is not None}, key=str)
    return {f"{column} {name}": np.array([value == name for value in of_case]) for name in names}


def _quartiles(values: pa.ChunkedArray, column: str, distinct: int) -> pa.Array:
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        raise DataError(
            f'{distinct} values in column "{column}"',
            where="the people table",
            expected=f"at most {MANY} values, or numbers",
        )
    numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    edges = np.nanquantile(numbers, [0.25, 0.5, 0.75])
    quarter = np.searchsorted(edges, numbers)
    names = np.array([f"quarter {q}" for q in (1, 2, 3, 4)])[quarter]
    return pa.array(names.tolist(), mask=np.isnan(numbers))
