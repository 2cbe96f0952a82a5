"""The log behind ready-made cases, where none came with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .interactions import Cases, Interactions


def log_of(cases: Cases) -> Interactions:
    """What people did by these cases: each person's histories with their answers, as one sentence in order.

    A person's cases are windows of the same sentence, so what several tell is counted once. The clock is
    positions.
    """
    windows: dict[str, list[list[int]]] = {}
    for case, (key, target) in enumerate(zip(cases.user_keys, cases.targets.tolist(), strict=True)):
        windows.setdefault(key, []).append([*cases.history(case).tolist(), target])
    sentences = [_joined(one) for one in windows.values()]
    lengths = [len(one) for one in sentences]
    rows = np.array([row for one in sentences for row in one], dtype=np.int32)
    places = np.array([place for length in lengths for place in range(length)], dtype=np.float64)
    users = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    unknown = np.full(len(rows), np.nan, dtype=np.float32)
    return Interactions.from_sorted(tuple(windows), users, rows, places, unknown, "position")  # type: ignore[arg-type]


def _joined(windows: Sequence[list[int]]) -> list[int]:
    """Windows as the sentence they were cut from: what goes on from most of its end comes next."""
    rest = sorted(windows, key=len)
    whole = list(rest.pop(0))
    while rest:
        overlaps = [_overlap(whole, window) for window in rest]
        best = int(np.argmax(overlaps))
        whole += rest.pop(best)[overlaps[best] :]
    return whole


def _overlap(sentence: list[int], window: list[int]) -> int:
    """How many items of the window's beginning are the sentence's end."""
    longest = min(len(sentence), len(window))
    return next((size for size in range(longest, 0, -1) if sentence[-size:] == window[:size]), 0)
