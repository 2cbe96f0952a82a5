"""The mixer is fitted on newcomers too, and a run for serving is validated on all lengths of history."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from firstlight.corpus.interactions import Cases, Interactions, cases_at
from firstlight.foundation.columns import ItemFacts, Table
from firstlight.foundation.experts import Experts
from firstlight.foundation.memory import TransitionMemory
from firstlight.foundation.mixer import Mixer
from firstlight.foundation.mixing import Mixing, Panel, Voices, seen_mask
from firstlight.foundation.traces import Traces
from firstlight.recommender import mixture
from firstlight.recommender.config import SplitConfig
from firstlight.recommender.mixture import LONGEST_NEW, NEWCOMERS, _with_newcomers, fit_mixture
from firstlight.recommender.splitting import make_split

N, PEOPLE, LENGTH = 120, 600, 20


@pytest.fixture(scope="module")
def log() -> Interactions:
    """Everyone walks from an item to the next, and most walk where few items are."""
    rng = np.random.default_rng(0)
    starts = np.minimum(rng.geometric(0.04, PEOPLE), N - LENGTH)
    rows, users = starts[:, None] + np.arange(LENGTH), np.repeat(np.arange(PEOPLE), LENGTH)
    names, keys = [f"u{user}" for user in range(PEOPLE)], [f"i{row}" for row in range(N)]
    times = np.tile(np.arange(float(LENGTH)), PEOPLE)
    return Interactions.build(names, users, rows.ravel(), times, item_keys=keys, clock="position")


@pytest.fixture(scope="module")
def cases(log) -> Cases:
    return cases_at(log, log.offsets[1:] - 1)


class Mute:
    """A network with nothing to say, which remembers whom it was asked about."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def people(self, part: Cases) -> np.ndarray:
        self.lengths += part.lengths.tolist()
        return np.zeros((len(part), 1), np.float32)

    def voices(self, people: np.ndarray, histories) -> Voices:
        zeros = np.zeros((len(people), N), np.float32)
        return Voices(zeros, zeros, zeros)


class Watched(Panel):
    """A panel of which everything open competes, and which remembers what was closed."""

    def __init__(self, experts: Experts, facts: ItemFacts) -> None:
        super().__init__(experts, facts)
        self.closed: list[int] = []

    def table(self, voices, histories, blocked, also=None):
        self.closed += blocked.sum(axis=1).tolist()
        found = super().table(voices, histories, blocked, np.arange(N))
        open_rows = ~blocked[found.cases, found.rows]
        return Table(found.cases[open_rows], found.rows[open_rows], found.values[open_rows], found.names)


@dataclass(frozen=True)
class Fitted:
    panel: Watched
    network: Mute
    mixer: Mixer


@pytest.fixture(scope="module")
def fitted(log, cases) -> Fitted:
    experts = Experts(TransitionMemory.of(log, N), Traces.of(log, N), {}, {})
    panel, network = (
        Watched(experts, ItemFacts(log.counts(N).astype(np.float32), experts.traces.late)),
        Mute(),
    )
    return Fitted(panel, network, fit_mixture(panel, network, cases, None, seed=0)[0])  # type: ignore[arg-type]


def test_some_cases_come_again_with_their_newest_items_alone(cases):
    whole, asked = _with_newcomers(cases, seed=0)
    copies = slice(len(cases), None)
    assert len(asked) - len(cases) == pytest.approx(NEWCOMERS * len(cases), rel=0.2)
    np.testing.assert_array_equal(asked.lengths[: len(cases)], cases.lengths)
    assert set(asked.lengths[copies]) == set(range(LONGEST_NEW + 1))
    for index in range(len(asked)):
        full, short = whole.history(index), asked.history(index)
        np.testing.assert_array_equal(full[len(full) - len(short) :], short)
    np.testing.assert_array_equal(whole.targets, asked.targets)


def test_what_a_newcomer_took_before_stays_closed(fitted, cases):
    assert len(fitted.panel.closed) == len(fitted.network.lengths) > len(cases)
    assert min(fitted.network.lengths) == 0
    assert set(fitted.panel.closed) == {LENGTH - 1}


def test_what_was_not_out_yet_is_closed_to_the_mixer(fitted, cases, monkeypatch):
    """And nothing else is but what was taken; of two cases, the earlier may miss what the later has."""
    early = np.arange(len(cases)) % 2 == 0
    cases = replace(cases, times=np.where(early, 100.0, 200.0))
    released = np.array([-np.inf, 150.0, 250.0, 200.0])[np.arange(N) % 4]
    monkeypatch.setattr(fitted.panel, "table", lambda voices, histories, blocked: blocked)
    monkeypatch.setattr(
        mixture, "fit_mixer", lambda ask, asked, *_, **__: (ask(np.arange(len(asked))), asked)
    )
    closed, asked = fit_mixture(fitted.panel, Mute(), cases, released, seed=0)  # type: ignore[arg-type]
    late = released > asked.times[:, None]
    taken = seen_mask(_with_newcomers(cases, seed=0)[0].histories(), N)
    assert set(late.sum(axis=1)) == {N // 4, 3 * N // 4}
    np.testing.assert_array_equal(closed, late | taken)


def test_in_a_larger_catalogue_fewer_cases_are_asked(fitted, cases, monkeypatch):
    monkeypatch.setattr(mixture, "fit_mixer", lambda ask, asked, *_, **__: (None, asked))
    monkeypatch.setattr(mixture, "MOST_ASKED", 20 * N)
    _, asked = fit_mixture(fitted.panel, Mute(), cases, None, seed=0)  # type: ignore[arg-type]
    assert len(set(asked.user_keys)) == 20


def test_without_a_history_the_mixer_puts_first_what_most_people_take(fitted, cases):
    nobody, network = [np.zeros(0, np.int32)], Mute()
    scores = Mixing(fitted.panel, fitted.mixer).scores(network.voices(np.zeros((1, 1)), nobody), nobody)
    asked = np.bincount(cases.targets, minlength=N)
    touched = np.flatnonzero(fitted.panel.facts.counts)
    assert spearmanr(scores[0][touched], asked[touched])[0] > 0.8


def test_a_run_for_serving_is_validated_on_newcomers_and_on_people_well_known(log):
    split = make_split(log, SplitConfig(protocol="none"))
    assert set(split.valid.lengths) == set(range(LENGTH))
    assert f"{len(split.valid)} questions to {len(split.valid) // LENGTH} people" in split.notes[0]


def test_people_held_out_follow_the_setting(log):
    few, many = (make_split(log, SplitConfig(protocol="user-cold", valid=share)) for share in (0.05, 0.2))
    assert len(set(many.valid.user_keys)) > 2 * len(set(few.valid.user_keys))
    assert set(many.valid.lengths) == set(range(11))
    assert set(many.test.lengths) == {0, 1, 5, 10}
