"""Groups of people from any column of the people table, and of items, to see who is served worse."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..base.errors import DataError, nearest
from ..corpus.catalogue import Catalogue
from ..corpus.interactions import Cases
from .bootstrap import bootstrap_sums, interval, sums_by_person
from .results import CaseResults, Groups
from .summary import Estimate

FEWEST = 30  # people of a group; fewer say nothing about it
MOST_ATTRIBUTES = 40
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


class Gap(NamedTuple):
    """How much better the best served group is than the worst served one.

    The two are picked by looking, so the interval is a description, not a test.
    """

    best: str
    worst: str
    difference: Estimate


def group_gap(results: CaseResults, groups: Groups, metric: str = "NDCG@10") -> Gap | None:
    """The gap between the groups with the highest and the lowest mean; None with fewer than two groups.

    Groups of fewer than :data:`FEWEST` people are left out; the interval draws people.
    """
    people = {name: len(np.unique(results.people[mask])) for name, mask in groups.items()}
    names = [name for name, n in people.items() if n >= FEWEST]
    if len(names) < 2:
        return None
    values = results.metric(metric)
    inside = [groups[name].astype(np.float64) for name in names]
    columns = np.stack([one for mask in inside for one in (mask * values, mask)], axis=1)
    _, person = np.unique(results.people, return_inverse=True)
    sums = sums_by_person(person, columns, int(person.max()) + 1)
    means = sums.sum(axis=0)[::2] / sums.sum(axis=0)[1::2]
    best, worst = int(means.argmax()), int(means.argmin())
    drawn = bootstrap_sums(sums)
    spread = drawn[:, 2 * best] / drawn[:, 2 * best + 1] - drawn[:, 2 * worst] / drawn[:, 2 * worst + 1]
    difference = Estimate(float(means[best] - means[worst]), *interval(spread))
    return Gap(names[best], names[worst], difference)


def item_attributes(catalogue: Catalogue) -> tuple[list[str], NDArray[np.float32]]:
    """The most common categories and which items have them, one-hot float32 [n_items, g]; g may be 0."""
    kinds = [one or [] for one in catalogue.table.column("categories").to_pylist()]
    common = Counter(kind for one in kinds for kind in set(one)).most_common(MOST_ATTRIBUTES)
    names = [name for name, _ in common]
    place = {name: column for column, name in enumerate(names)}
    matrix = np.zeros((len(kinds), len(names)), np.float32)
    for row, one in enumerate(kinds):
        for kind in one:
            if kind in place:
                matrix[row, place[kind]] = 1
    return names, matrix


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
