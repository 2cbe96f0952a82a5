"""Fitting the mixer on validation: listwise softmax, some items playing cold, people held out to stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..base.hashing import key_hashes
from ..base.progress import bar
from ..corpus.interactions import Cases
from ..eval.metrics import harmonic_mean, mean_of
from .columns import Table, as_cold
from .mixer import Mixer

Values = NDArray[np.float32]
Ask = Callable[[NDArray[np.int64]], Table]

BATCH = 128  # cases a step
RATE, DECAY = 4e-3, 1e-4
EPOCHS, MIN_STEPS, LOOKS = 3, 400, 6
MOST_EPOCHS = 20  # however few the steps: a few hundred cases are soon known by heart
HELD_OUT = 0.15  # of the people, to decide when to stop
NOISE = 0.01  # a later look that is worse by no more is kept: it has learned from more cases
PLAY_COLD = 0.20  # of the catalogue, drawn anew for every step
SHIFTS = np.arange(-1.0, 4.01, 0.25)
COST = 0.03  # how much NDCG@10 over all cases may fall so that new items are found
MIN_COLD = 30  # fewer cold cases say nothing about cold items
ASKED_AT_ONCE = 256


@dataclass(frozen=True)
class MixerReport:
    """What fitting found; NDCG@10 on validation.

    Attributes
    ----------
    cases, recall
        How many cases were asked, and how often the answer was among the candidates.
    held_out
        On people held out: first the unmixed base, then at every look.
    cold_shift
        What new items' scores are raised by.
    ndcg
        "all", "warm" and "cold" on all cases with the fitted shift.
    """

    cases: int
    recall: float
    held_out: list[float]
    cold_shift: float
    ndcg: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def fit_mixer(
    ask: Ask, cases: Cases, cold: NDArray[np.bool_], *, dated: bool = False, seed: int = 0
) -> tuple[Mixer, MixerReport]:
    """Learn what the opinions are worth from cases the experts were not made from.

    Parameters
    ----------
    ask
        Candidates and columns of some of the cases, by index; what was seen or not yet released is no
        candidate.
    cold
        bool [n_items]: rows nobody has touched in training.
    dated
        Whether the cases' times are a calendar's, not places in a sentence.
    """
    lists = _Lists.collect(ask, cases)
    torch.manual_seed(seed)
    mixer = Mixer(lists.names)
    held = key_hashes(cases.user_keys, "mixer") / 2.0**64 < HELD_OUT
    curve = _train(mixer, lists, held, seed)
    shift, ndcg = _fit_shift(lists.scores(mixer), lists, cases.targets, cold, _judged(cases, dated))
    mixer.cold_shift.fill_(shift)
    report = MixerReport(len(cases), float((lists.answers >= 0).mean()), curve, shift, ndcg)
    return mixer.eval(), report


@dataclass(frozen=True)
class _Lists:
    """All candidates of all cases, end to end.

    `starts` is [n + 1]; `answers` is the answer's place in `values`, -1 where it is no candidate.
    """

    names: tuple[str, ...]
    values: NDArray[np.float16]
    rows: NDArray[np.int32]
    starts: NDArray[np.int64]
    answers: NDArray[np.int64]

    @classmethod
    def collect(cls, ask: Ask, cases: Cases) -> _Lists:
        parts: list[tuple[NDArray[np.float16], NDArray[np.int32], NDArray[np.int64], NDArray[np.bool_]]] = []
        names: tuple[str, ...] = ()
        with bar(len(cases), "mixer", unit="case") as progress:
            for start in range(0, len(cases), ASKED_AT_ONCE):
                part = np.arange(start, min(start + ASKED_AT_ONCE, len(cases)))
                found = ask(part)
                names = found.names
                counts = np.bincount(found.cases, minlength=len(part))
                hits = found.rows == cases.targets[part][found.cases]
                small = np.clip(found.values, -6e4, 6e4).astype(np.float16)
                parts.append((small, found.rows.astype(np.int32), counts, hits))
                progress.update(len(part))
        values, rows, counts, hits = (np.concatenate(one) for one in zip(*parts, strict=True))
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        answers = np.full(len(cases), -1, dtype=np.int64)
        places = np.flatnonzero(hits)
        answers[np.searchsorted(starts, places, side="right") - 1] = places
        return cls(names, values, rows, starts, answers)

    def part(self, cases: NDArray[np.int64]) -> _Lists:
        """The lists of some cases, alone."""
        sizes = self.starts[cases + 1] - self.starts[cases]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        moved = starts[:-1] - self.starts[cases]
        places = np.arange(starts[-1]) - np.repeat(moved, sizes)
        answers = np.where(self.answers[cases] >= 0, self.answers[cases] + moved, -1)
        return _Lists(self.names, self.values[places], self.rows[places], starts, answers)

    @property
    def table(self) -> Table:
        """The candidates as the mixer's input."""
        owners = np.repeat(np.arange(len(self.answers)), np.diff(self.starts))
        return Table(owners, self.rows.astype(np.int64), self.values.astype(np.float32), self.names)

    def scores(self, mixer: Mixer) -> Values:
        """The mixer's scores of all candidates, without any shift."""
        warm = np.zeros(1 << 18, dtype=bool)
        parts = [self.values[at : at + len(warm)] for at in range(0, len(self.values), len(warm))]
        found = [mixer.scores(part.astype(np.float32), warm[: len(part)]) for part in parts]
        return np.concatenate(found or [np.zeros(0, np.float32)])

    def gains(self, scores: Values) -> NDArray[np.float64]:
        """NDCG@10 of each case; ties go against the answer."""
        known = self.answers >= 0
        own = scores[np.where(known, self.answers, 0)]
        owners = np.repeat(np.arange(len(self.answers)), np.diff(self.starts))
        ranks = np.bincount(owners[scores >= own[owners]], minlength=len(own))
        return np.where(known & (ranks <= 10), 1 / np.log2(np.maximum(ranks, 1) + 1), 0.0)


def _train(mixer: Mixer, lists: _Lists, held: NDArray[np.bool_], seed: int) -> list[float]:
    """Fit in place; keep the last state among the best for the people held out. Return their NDCG@10."""
    rng = np.random.default_rng(seed)
    usable = np.flatnonzero((lists.answers >= 0) & ~held)
    judged = lists.part(np.flatnonzero(held))
    curve = [mean_of(judged.gains(judged.scores(mixer)))]
    if not len(usable):
        return curve
    mixer.standardize(lists.part(usable[:2000]).table.values)
    best = _state(mixer)
    batches = math.ceil(len(usable) / BATCH)
    steps = min(max(MIN_STEPS, EPOCHS * batches), MOST_EPOCHS * batches)
    optimizer = torch.optim.AdamW(mixer.parameters(), lr=RATE, weight_decay=DECAY)
    for step, chosen in enumerate(_batches(usable, steps, rng), start=1):
        optimizer.param_groups[0]["lr"] = RATE * min(1.0, step / 50) * (1.02 - step / steps)
        loss = _loss(mixer, lists.part(chosen), rng)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % math.ceil(steps / LOOKS) == 0 or step == steps:
            curve.append(mean_of(judged.gains(judged.scores(mixer))))
            if _as_good(curve):
                best = _state(mixer)
    mixer.load_state_dict(best)
    return curve


def _as_good(curve: Sequence[float]) -> bool:
    """Whether the newest look is as good as the best one, but for noise."""
    return curve[-1] >= (1 - NOISE) * max(curve)


def _batches(usable: NDArray[np.int64], steps: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """`steps` batches of cases, each case once before any comes again."""
    queue = np.zeros(0, np.int64)
    for _ in range(steps):
        while len(queue) < min(BATCH, len(usable)):
            queue = np.concatenate([queue, rng.permutation(usable)])
        chosen, queue = queue[:BATCH], queue[BATCH:]
        yield chosen


def _loss(mixer: Mixer, lists: _Lists, rng: np.random.Generator) -> Tensor:
    """Mean cross-entropy of the answers within their lists, some rows playing cold; each holds its answer."""
    found, n = lists.table, len(lists.answers)
    plays = rng.random(int(found.rows.max()) + 1) < PLAY_COLD
    scores = mixer(torch.from_numpy(as_cold(found, plays[found.rows])))
    owners, places = torch.from_numpy(found.cases), torch.from_numpy(lists.answers)
    top = scores.detach().max()
    totals = torch.zeros(n).index_add(0, owners, (scores - top).exp())
    return (totals.log() + top - scores[places]).mean()


def _fit_shift(
    scores: Values,
    lists: _Lists,
    targets: NDArray[np.int32],
    cold: NDArray[np.bool_],
    judged: NDArray[np.bool_],
) -> tuple[float, dict[str, float]]:
    """The shift of new items with the best harmonic mean of warm and cold that costs at most `COST`.

    `judged`, bool [cases], are those on which shifts are compared.
    """
    is_cold, raised = cold[targets], cold[lists.rows]

    def figures(shift: float, which: NDArray[np.bool_]) -> dict[str, float]:
        gains = lists.gains(scores + np.float32(shift) * raised)
        return {
            "all": mean_of(gains[which]),
            "warm": mean_of(gains[which & ~is_cold]),
            "cold": mean_of(gains[which & is_cold]),
        }

    everyone = np.ones(len(targets), dtype=bool)
    if np.count_nonzero(is_cold) < MIN_COLD:
        return 0.0, figures(0.0, everyone)
    tried = {float(shift): figures(float(shift), judged) for shift in SHIFTS}
    floor = (1 - COST) * max(found["all"] for found in tried.values())
    fair = {shift: found for shift, found in tried.items() if found["all"] >= floor}
    shift = max(fair, key=lambda one: harmonic_mean(fair[one]["warm"], fair[one]["cold"]))
    return shift, figures(shift, everyone)


def _judged(cases: Cases, dated: bool) -> NDArray[np.bool_]:
    """The newer half of dated cases, else all, bool [n].

    New items keep coming out, and what is right when few of them are there floods the lists when there
    are many.
    """
    return cases.times >= np.median(cases.times) if dated else np.ones(len(cases), dtype=bool)


def _state(mixer: Mixer) -> dict[str, Tensor]:
    return {name: one.detach().clone() for name, one in mixer.state_dict().items()}
