"""Whether a language model recommends from the history, or remembers the titles.

Ask the same cases with every title replaced by a neutral alias: what is left of the score was not
recalled from the model's own training. Source: Di Palma et al., "Do LLMs Memorize Recommendation
Datasets?" (SIGIR 2025).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ..corpus.catalogue import Catalogue
from .bootstrap import SEED, bootstrap_sums, interval, sums_by_person
from .results import CaseResults
from .summary import Estimate


def aliased(catalogue: Catalogue) -> Catalogue:
    """The catalogue with titles "Item 4821" in random order, also where a description holds the title."""
    table = catalogue.table
    numbers = np.random.default_rng(SEED).permutation(len(catalogue)) + 1
    aliases = [f"Item {number}" for number in numbers]
    titles = table.column("title").to_pylist()
    texts = [
        text.replace(title, alias) if text and title else text
        for text, title, alias in zip(table.column("description").to_pylist(), titles, aliases, strict=True)
    ]
    for name, values in (("title", aliases), ("description", texts)):
        table = table.set_column(table.column_names.index(name), name, pa.array(values, pa.string()))
    return Catalogue(table, catalogue.root)


def survival(original: CaseResults, alias: CaseResults, metric: str = "NDCG@10") -> Estimate:
    """The share of the score that survives the aliases, 1 is all of it; interval over people."""
    _, person = np.unique(original.people, return_inverse=True)
    columns = np.stack([alias.metric(metric), original.metric(metric)], axis=1)
    sums = sums_by_person(person, columns, int(person.max()) + 1)
    with np.errstate(divide="ignore", invalid="ignore"):  # no hit at all: NaN, left out of the interval
        drawn = bootstrap_sums(sums)
        kept, whole = sums.sum(axis=0)
        return Estimate(float(np.divide(kept, whole)), *interval(drawn[:, 0] / drawn[:, 1]))
