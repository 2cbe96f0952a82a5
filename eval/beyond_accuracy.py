"""What lists are like beyond being right: breadth, variety, popularity, surprise, balance.

`lists` is int [n, k], catalogue rows, best first, filled with -1. Functions "by case" return one
value for each list (NaN for an empty one), the others a figure about all lists together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Lists = NDArray[np.integer]
Values = NDArray[np.float64]
ALPHA = 0.01  # of a person's own mix in that of a list, or a category it lacks would count without end


def exposure(lists: Lists, n_items: int, weights: NDArray[np.floating] | None = None) -> Values:
    """How much each row is shown, float64 [n_items]: 1 for each place, or `weights` [k] by place."""
    shown = lists >= 0
    if weights is None:
        return np.bincount(lists[shown], minlength=n_items).astype(np.float64)
    spread = np.broadcast_to(weights, lists.shape)
    return np.bincount(lists[shown], weights=spread[shown], minlength=n_items).astype(np.float64)


def place_weights(k: int) -> Values:
    """Attention by place, 1 / log2(1 + j), float64 [k] (Singh & Joachims, KDD 2018)."""
    return 1 / np.log2(np.arange(2, k + 2))


def coverage(lists: Lists, n_items: int) -> float:
    """The share of the catalogue that stands in at least one list (Ge et al., RecSys 2010)."""
    return float(np.count_nonzero(exposure(lists, n_items)) / n_items)


def gini(lists: Lists, n_items: int) -> float:
    """Gini index of exposure: 0 when all items are shown equally, near 1 when a single one is.

    G = sum over i of (2 i - n - 1) x_i / (n sum x), x ascending, i from 1.
    Source: Adomavicius & Kwon (TKDE 2012); Shani & Gunawardana, Recommender Systems Handbook.
    """
    ordered = np.sort(exposure(lists, n_items))
    steps = 2 * np.arange(1, n_items + 1) - n_items - 1
    return float(steps @ ordered / (n_items * max(ordered.sum(), 1)))


def intra_list_diversity(lists: Lists, vectors: NDArray[np.floating]) -> Values:
    """By case: the mean cosine distance over all pairs of a list; NaN with fewer than two items.

    With unit vectors v and their sum s over m items, the sum of the cosines over ordered pairs is
    |s|^2 - m. `vectors` [n_items, d] need not be unit; an all-zero one is at distance 1 from all.
    Source: Ziegler et al. (WWW 2005), "intra-list similarity"; Vargas & Castells (RecSys 2011).
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(norms > 0, norms, 1)
    present = norms[:, 0] > 0
    total = np.zeros((len(lists), vectors.shape[1]))
    size, own = np.zeros(len(lists)), np.zeros(len(lists))
    for column in lists.T:  # k steps over [n, d], never [n, k, d]
        shown = column >= 0
        total[shown] += unit[column[shown]]
        size += shown
        own[shown] += present[column[shown]]
    pairs = size * (size - 1)
    cosines = (total**2).sum(axis=1) - own
    return np.where(pairs > 0, 1 - cosines / np.maximum(pairs, 1), np.nan)


def novelty(lists: Lists, counts: NDArray[np.integer]) -> Values:
    """By case: the mean self-information -log2 p(i), in bits, p(i) = (count_i + 1) / (sum + n_items).

    The one added to every count keeps never-seen items finite.
    Source: Zhou et al. (PNAS 2010); Castells et al., Recommender Systems Handbook, "mean
    self-information".
    """
    bits = -np.log2((counts + 1) / (counts.sum() + len(counts)))
    return _mean_over_list(lists, bits)


def popularity_lift(lists: Lists, counts: NDArray[np.integer], history_popularity: Values) -> float:
    """How much more popular the lists are than the histories: 0.5 is 50 % more, negative is less.

    Lift = (mean item count in lists - mean in histories) / mean in histories, each averaged over
    cases with a list and a history. `history_popularity` is each case's mean item count, NaN for an
    empty history.
    Source: Abdollahpouri et al., "The Connection Between Popularity Bias, Calibration, and Fairness
    in Recommendation" (RecSys 2020).
    """
    known = ~np.isnan(history_popularity) & (lists >= 0).any(axis=1)
    if not known.any():
        return float("nan")
    shown = np.mean(_mean_over_list(lists[known], counts.astype(np.float64)))
    before = history_popularity[known].mean()
    return float((shown - before) / before) if before > 0 else float("nan")


def popularity_deciles(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Each row's decile by count, 0 (least popular tenth of the catalogue) to 9; equal counts share one.

    A block of equal counts takes the decile of its middle, so the assignment cannot depend on order.
    """
    ordered = np.sort(counts)
    middle = (np.searchsorted(ordered, counts) + np.searchsorted(ordered, counts, side="right")) / 2
    return np.minimum((10 * middle / len(counts)).astype(np.int64), 9)


def decile_exposure(lists: Lists, counts: NDArray[np.integer]) -> Values:
    """The share of all shown places that goes to each popularity decile, float64 [10], sums to 1."""
    shown = np.bincount(popularity_deciles(counts), weights=exposure(lists, len(counts)), minlength=10)
    return shown / max(shown.sum(), 1)


def decile_lift(
    lists: Lists, counts: NDArray[np.integer], histories: tuple[NDArray[np.integer], NDArray[np.integer]]
) -> Values:
    """Popularity lift by decile, float64 [10]: a decile's share of shown places over its share of histories.

    1 shows a decile as often as people took it, 2 twice as often; NaN where nobody took any.
    """
    deciles = popularity_deciles(counts)
    taken = np.bincount(deciles[histories[0]], minlength=10).astype(np.float64)
    shown = decile_exposure(lists, counts)
    return np.where(taken > 0, shown / np.maximum(taken / max(taken.sum(), 1), 1e-12), np.nan)


def attribute_mix(rows: NDArray[np.integer], attributes: NDArray[np.floating]) -> Values:
    """The mean attribute row of shown or taken items, float64 [g], sums to 1.

    Places filled with -1 and items without an attribute do not count.
    """
    taken = attributes[rows[rows >= 0]].astype(np.float64)
    share = taken / np.maximum(taken.sum(axis=1, keepdims=True), 1e-12)
    total = share.sum(axis=0)
    return total / max(total.sum(), 1e-12)


def serendipity(lists: Lists, hits: NDArray[np.bool_], expected: Lists) -> Values:
    """By case: the share of the list that is right and not in the `expected` list [n, k'].

    `expected` is what a primitive system shows, usually popularity.
    Source: Ge et al., "Beyond Accuracy" (RecSys 2010).
    """
    obvious = np.zeros(lists.shape, dtype=bool)
    for column in expected.T:
        obvious |= lists == column[:, None]
    return (hits & ~obvious).sum(axis=1) / lists.shape[1]


def calibration(
    lists: Lists,
    histories: tuple[NDArray[np.integer], NDArray[np.integer]],
    attributes: NDArray[np.floating],
) -> Values:
    """By case: KL divergence, in nats, of the list's attribute mix from the person's; 0 is perfect.

    C = sum over g of p(g|u) ln(p(g|u) / q~(g|u)), q~ = (1 - ALPHA) q + ALPHA p, where p and q are
    the mean attribute rows of history and list.

    Parameters
    ----------
    histories
        Rows and offsets: case i's history is ``rows[offsets[i]:offsets[i + 1]]``.
    attributes
        [n_items, g], non-negative, for example genres one-hot; rows are scaled to sum 1.

    Source: Steck, "Calibrated Recommendations" (RecSys 2018).
    """
    share = attributes / np.maximum(attributes.sum(axis=1, keepdims=True), 1e-12)
    rows, offsets = histories
    wanted = np.zeros((len(lists), attributes.shape[1]))
    np.add.at(wanted, np.repeat(np.arange(len(lists)), np.diff(offsets)), share[rows])
    given = np.zeros_like(wanted)
    for column in lists.T:
        shown = column >= 0
        given[shown] += share[column[shown]]
    filled = (wanted.sum(axis=1) > 0) & (given.sum(axis=1) > 0)
    p = wanted / np.maximum(wanted.sum(axis=1, keepdims=True), 1e-12)
    q = given / np.maximum(given.sum(axis=1, keepdims=True), 1e-12)
    mixed = (1 - ALPHA) * q + ALPHA * p
    terms = np.where(p > 0, p * np.log(np.maximum(p, 1e-300) / np.maximum(mixed, 1e-300)), 0.0)
    return np.where(filled, terms.sum(axis=1), np.nan)


def group_exposure(
    lists: Lists, groups: NDArray[np.integer], merit: NDArray[np.floating]
) -> dict[int, dict[str, float]]:
    """For each item group: its share of attention, its share of merit, and their ratio (1 is fair).

    Attention weighs places by 1 / log2(1 + j). `merit` [n_items] says what a group deserves, for
    example how often its items are the right answer.
    Source: Singh & Joachims, "Fairness of Exposure in Rankings" (KDD 2018), disparate treatment.
    """
    attention = exposure(lists, len(groups), place_weights(lists.shape[1]))
    result = {}
    for group in np.unique(groups):
        inside = groups == group
        shown = attention[inside].sum() / max(attention.sum(), 1e-12)
        deserved = merit[inside].sum() / max(merit.sum(), 1e-12)
        ratio = shown / deserved if deserved > 0 else float("nan")
        result[int(group)] = {"exposure": float(shown), "merit": float(deserved), "ratio": float(ratio)}
    return result


def mean_of_histories(
    histories: tuple[NDArray[np.integer], NDArray[np.integer]], values: NDArray[np.floating]
) -> Values:
    """By case: the mean of `values` [n_items] over a history, NaN for an empty one."""
    rows, offsets = histories
    sums = np.concatenate([[0.0], np.cumsum(values[rows], dtype=np.float64)])
    lengths = np.diff(offsets)
    return np.where(lengths > 0, np.diff(sums[offsets]) / np.maximum(lengths, 1), np.nan)


def _mean_over_list(lists: Lists, values: NDArray[np.floating]) -> Values:
    shown = lists >= 0
    sums = np.where(shown, values[lists], 0).sum(axis=1)
    size = shown.sum(axis=1)
    return np.where(size > 0, sums / np.maximum(size, 1), np.nan)
