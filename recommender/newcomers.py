"""What somebody without a history is shown: the foundation's own list, or what most people take.

A network knows what people begin with where the log shows them beginning. Where it starts in the middle of
their lives, plain popularity is better. One number, chosen on validation, says how much of it to mix in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..corpus.interactions import Cases
from ..eval.protocol import evaluate
from ..foundation.scorer import FoundationScorer
from .validation import sample

MOST = 2000  # people asked
SHARES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97)  # with the last hardly anything but popularity is left


def popular_share(scorer: FoundationScorer, cases: Cases, released: NDArray[np.float64] | None) -> float:
    """The share of popularity with the best NDCG@10, each person asked for once, as if nothing were known.

    0 unless the gain is larger than its standard error.

    Parameters
    ----------
    scorer
        With a memory whose `popular` is still 0.
    cases
        Validation; the first of each person counts.
    released
        Release times [n_items] on the cases' clock, None where there is no calendar.
    """
    first = np.unique(np.asarray(cases.user_keys, dtype=object), return_index=True)[1]
    asked = cases.newest(first, np.zeros(len(first), dtype=np.int64))
    asked = asked.take(sample(asked, MOST))
    if len(asked) < 2:
        return 0.0
    scores = scorer(asked.take(np.arange(1)))[0]
    gains = [_gains(scorer.with_popular(scores, share), asked, released) for share in SHARES]
    best = int(np.argmax([one.mean() for one in gains]))
    more = gains[best] - gains[0]
    return SHARES[best] if more.mean() > more.std() / np.sqrt(len(more)) else 0.0


def _gains(
    scores: NDArray[np.float32], cases: Cases, released: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """NDCG@10 of one list for all cases, each among what was released by then; ties go against the target."""

    def same(part: Cases) -> NDArray[np.float32]:
        return np.broadcast_to(scores, (len(part), len(scores)))

    counts = np.zeros(len(scores), dtype=np.int64)  # no segment is asked for
    found = evaluate(same, cases, counts=counts, name="nobody", released=released)
    return found.values(("NDCG",))["NDCG@10"]
