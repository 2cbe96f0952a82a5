"""Fitting the mixer on validation: listwise softmax, some items playing cold, people held out to stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..base.hashing import key_hashes
from ..base.progress import bar
from ..corpus.interactions import Cases, spans
from ..eval.metrics import harmonic_mean, mean_of, ndcg_of_ranks
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
COST = 0.05  # how much NDCG@10 over all cases may fall so that new items are found
LEAST_NEW = 0.05  # of a catalogue, when that is measured: more will come
DEAD = 0.1  # of the answers that their number lets expect: with fewer, untouched items are dead stock
ENOUGH = 30  # answers to be expected, or nothing is said of them
ASKED_AT_ONCE = 256


@dataclass(frozen=True)
class MixerReport:
    """What fitting found; NDCG@10 on validation.

    Attributes
    ----------
    cases, recall
        How many cases were asked, copies included, and how often the answer was among the candidates.
    held_out
        On people held out: first the unmixed base, then at every look.
    cold_shift
        What new items' scores are raised by.
    dead_stock
        How many untouched items are none: validation hardly ever takes one, though they are many. They are
        not raised; items that come later are.
    ndcg
        "all", "warm" and "cold" on all cases as they are served.
    """

    cases: int
    recall: float
    held_out: list[float]
    cold_shift: float
    dead_stock: int
    ndcg: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def fit_mixer(
    ask: Ask,
    cases: Cases,
    cold: NDArray[np.bool_],
    released: NDArray[np.float64] | None = None,
    *,
    seed: int = 0,
) -> tuple[Mixer, MixerReport]:
    """Learn what the opinions are worth from cases the experts were not made from.

    Parameters
    ----------
    ask
        Candidates and columns of some of the cases, by index; what was seen or not yet released is no
        candidate.
    cold
        bool [n_items]: rows nobody has touched in training.
    released
        float64 [n_items]: when each row came out, on the clock of the cases; None: all are there.
    """
    lists = _Lists.collect(ask, cases)
    torch.manual_seed(seed)
    mixer = Mixer(lists.names)
    held = key_hashes(cases.user_keys, "mixer") / 2.0**64 < HELD_OUT
    curve = _train(mixer, lists, held, seed)
    dead = _is_dead(cold, cases, released)
    shift = _fit_shift(mixer, lists, cases, np.zeros_like(cold) if dead else cold, seed)
    mixer.cold_shift.fill_(shift)
    mixer.stock.fill_(len(cold) if dead else 0)
    ndcg = _figures(lists.scores(mixer), 0.0 if dead else shift, lists, cases, cold)
    recall = float((lists.answers >= 0).mean())
    report = MixerReport(len(cases), recall, curve, shift, int(cold.sum()) if dead else 0, ndcg)
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
        places = spans(self.starts[cases], sizes)
        answers = np.where(self.answers[cases] >= 0, self.answers[cases] + moved, -1)
        return _Lists(self.names, self.values[places], self.rows[places], starts, answers)

    @cached_property
    def owners(self) -> NDArray[np.int64]:
        """Whose candidate each one is."""
        return np.repeat(np.arange(len(self.answers)), np.diff(self.starts))

    @property
    def table(self) -> Table:
        """The candidates as the mixer's input."""
        return Table(self.owners, self.rows.astype(np.int64), self.values.astype(np.float32), self.names)

    def scores(self, mixer: Mixer, cold: NDArray[np.bool_] | None = None) -> Values:
        """The mixer's scores of all candidates, without any shift, some rows read as cold, bool [n_items]."""
        found = [np.zeros(0, np.float32)]
        for start in range(0, len(self.answers), ASKED_AT_ONCE):
            table = self.part(np.arange(start, min(start + ASKED_AT_ONCE, len(self.answers)))).table
            values = table.values if cold is None else as_cold(table, cold[table.rows])
            found.append(mixer.scores(values, np.zeros(len(values), dtype=bool)))
        return np.concatenate(found)

    def gains(self, scores: Values) -> NDArray[np.float64]:
        """NDCG@10 of each case; ties go against the answer."""
        known = self.answers >= 0
        if not len(scores):  # nobody has a candidate
            return np.zeros(len(known))
        own = scores[np.where(known, self.answers, 0)]
        ranks = np.bincount(self.owners[scores >= own[self.owners]], minlength=len(own))
        return ndcg_of_ranks(np.where(known, ranks, np.inf))


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


def _is_dead(cold: NDArray[np.bool_], cases: Cases, released: NDArray[np.float64] | None = None) -> bool:
    """Whether hardly anybody takes an untouched item although many are out: dead stock, and no news."""
    expected = _expected(cold, cases, released)
    taken = int(np.count_nonzero(cold[cases.targets]))
    return expected >= ENOUGH and taken < DEAD * expected


def _expected(cold: NDArray[np.bool_], cases: Cases, released: NDArray[np.float64] | None) -> float:
    """How many answers were cold rows, if each row that is out were as likely as any other."""
    if released is None:
        return float(cold.mean()) * len(cases)
    new, out = (
        np.searchsorted(np.sort(one), cases.times, side="right") for one in (released[cold], released)
    )
    return float((new / np.maximum(out, 1)).sum())


def _fit_shift(mixer: Mixer, lists: _Lists, cases: Cases, cold: NDArray[np.bool_], seed: int) -> float:
    """The shift of new items with the best harmonic mean of warm and cold that costs at most `COST`.

    As many items play cold as the catalogue has new ones. During validation few of those are out, so any
    shift would look cheap, and flood the lists when all are there.
    """
    share = max(LEAST_NEW, float(cold.mean()))
    cold = cold | (np.random.default_rng([seed, 1]).random(len(cold)) < share)
    scores = lists.scores(mixer, cold)
    tried = {float(shift): _figures(scores, float(shift), lists, cases, cold) for shift in SHIFTS}
    floor = (1 - COST) * max(found["all"] for found in tried.values())
    fair = {shift: found for shift, found in tried.items() if found["all"] >= floor}
    return max(fair, key=lambda one: (harmonic_mean(fair[one]["warm"], fair[one]["cold"]), -abs(one)))


def _figures(
    scores: Values, shift: float, lists: _Lists, cases: Cases, cold: NDArray[np.bool_]
) -> dict[str, float]:
    """NDCG@10 over all cases, and over those whose answer is warm or cold, with cold items raised."""
    raised = cold[lists.rows] & (cases.lengths > 0)[lists.owners]
    gains, is_cold = lists.gains(scores + np.float32(shift) * raised), cold[cases.targets]
    return {"all": mean_of(gains), "warm": mean_of(gains[~is_cold]), "cold": mean_of(gains[is_cold])}


def _state(mixer: Mixer) -> dict[str, Tensor]:
    return {name: one.detach().clone() for name, one in mixer.state_dict().items()}
