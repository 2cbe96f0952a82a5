"""Fitting the mixer on validation: listwise softmax, some items playing cold, people held out to stop."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..base.hashing import key_hashes
from ..corpus.interactions import Cases
from ..eval.metrics import mean_of
from .cold_shift import figures, fit_shift, is_dead, share_playing
from .columns import as_cold
from .mixer import Mixer
from .mixer_lists import Ask, Lists

BATCH = 128  # cases a step
RATE, DECAY = 4e-3, 1e-4
PULL, GENTLE = 100.0, 2e-3  # how firmly a prior is held, in cases; and the learning rate from there
MANY = 10_000  # cases say as much as any prior; from it they end no better, and a little worse on warm items
EPOCHS, MIN_STEPS, LOOKS = 3, 400, 6
MOST_EPOCHS = 20  # however few the steps: a few hundred cases are soon known by heart
HELD_OUT = 0.15  # of the people, to decide when to stop
PLAY_COLD = 0.20  # of the catalogue, drawn anew for every step


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
    prior: Mixer | None = None,
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
    prior
        What other shops taught, to start from and to stay near: the fewer the cases, the nearer (weights with
        a Gaussian prior, of which this finds the likeliest). None: nothing is known before; `MANY` cases need
        nothing else.
    """
    prior = prior if len(cases) < MANY else None
    lists = Lists.collect(ask, cases)
    torch.manual_seed(seed)
    mixer = Mixer(lists.names) if prior is None else prior.over(lists.names)
    held = key_hashes(cases.user_keys, "mixer") / 2.0**64 < HELD_OUT
    curve = _train(mixer, lists, held, prior, seed)
    dead = is_dead(cold, cases, released)
    known = np.zeros_like(cold) if dead else cold
    shift = fit_shift(mixer, lists, cases, known, plays=share_playing(known, released), seed=seed)
    mixer.cold_shift.fill_(shift)
    mixer.stock.fill_(len(cold) if dead else 0)
    ndcg = figures(lists.scores(mixer), 0.0 if dead else shift, lists, cases, cold)
    recall = float((lists.answers >= 0).mean())
    report = MixerReport(len(cases), recall, curve, shift, int(cold.sum()) if dead else 0, ndcg)
    return mixer.eval(), report


def _train(
    mixer: Mixer, lists: Lists, held: NDArray[np.bool_], prior: Mixer | None, seed: int
) -> list[float]:
    """Fit in place; keep the last state among the best for the people held out. Return their NDCG@10."""
    rng = np.random.default_rng(seed)
    usable = np.flatnonzero((lists.answers >= 0) & ~held)
    judged = lists.part(np.flatnonzero(held))
    looks = [judged.gains(judged.scores(mixer))]
    if not len(usable):
        return [mean_of(looks[0])]
    known = () if prior is None else prior.names
    mixer.standardize(lists.part(usable[:2000]).table.values, [name not in known for name in lists.names])
    best, start = _state(mixer), [one.detach().clone() for one in mixer.parameters()]
    pull, rate = (0.0, RATE) if prior is None else (PULL / len(usable), GENTLE)
    batches = math.ceil(len(usable) / BATCH)
    steps = min(max(MIN_STEPS, EPOCHS * batches), MOST_EPOCHS * batches)
    losses = (
        list_loss(mixer, lists.part(chosen), rng) + pull * _distance(mixer, start)
        for chosen in _batches(usable, steps, rng)
    )
    for step in descend(mixer, losses, steps, rate):
        if step % math.ceil(steps / LOOKS) == 0 or step == steps:
            looks.append(judged.gains(judged.scores(mixer)))
            if _as_good(looks):
                best = _state(mixer)
    mixer.load_state_dict(best)
    return [mean_of(gains) for gains in looks]


def descend(mixer: Mixer, losses: Iterator[Tensor], steps: int, rate: float = RATE) -> Iterator[int]:
    """Take a step down each of `steps` losses; give its number, from 1, once it is made."""
    optimizer = torch.optim.AdamW(mixer.parameters(), lr=rate, weight_decay=DECAY)
    for step, loss in enumerate(losses, start=1):
        optimizer.param_groups[0]["lr"] = rate * min(1.0, step / 50) * (1.02 - step / steps)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield step


def _distance(mixer: Mixer, start: Sequence[Tensor]) -> Tensor:
    """Half the squared distance of all weights from where they started."""
    moved = [(now - then).square().sum() for now, then in zip(mixer.parameters(), start, strict=True)]
    return torch.stack(moved).sum() / 2


def _as_good(looks: Sequence[NDArray[np.float64]]) -> bool:
    """Whether the newest look is as good as the best one, but for noise: it has learned from more cases.

    A look is the gain of each case; noise is a standard error of the difference. Where nobody is held out
    every look is as good.
    """
    worse = max(looks, key=mean_of) - looks[-1]
    return not len(worse) or mean_of(worse) <= float(worse.std()) / math.sqrt(len(worse))


def _batches(usable: NDArray[np.int64], steps: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """`steps` batches of cases, each case once before any comes again."""
    queue = np.zeros(0, np.int64)
    for _ in range(steps):
        while len(queue) < min(BATCH, len(usable)):
            queue = np.concatenate([queue, rng.permutation(usable)])
        chosen, queue = queue[:BATCH], queue[BATCH:]
        yield chosen


def list_loss(mixer: Mixer, lists: Lists, rng: np.random.Generator) -> Tensor:
    """Mean cross-entropy of the answers within their lists, some rows playing cold; each holds its answer."""
    found, n = lists.table, len(lists.answers)
    plays = rng.random(int(found.rows.max()) + 1) < PLAY_COLD
    scores = mixer(torch.from_numpy(as_cold(found, plays[found.rows])))
    owners, places = torch.from_numpy(found.cases), torch.from_numpy(lists.answers)
    top = scores.detach().max()
    totals = torch.zeros(n).index_add(0, owners, (scores - top).exp())
    return (totals.log() + top - scores[places]).mean()


def _state(mixer: Mixer) -> dict[str, Tensor]:
    return {name: one.detach().clone() for name, one in mixer.state_dict().items()}
