"""How far new items are raised: fitted on items that play cold, and not for people of whom nothing is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from firstlight.corpus.interactions import Cases, Interactions
from firstlight.foundation import FoundationConfig, FoundationModel, ItemFeatures
from firstlight.foundation.cold_shift import COST, LEAST_NEW, figures, fit_shift, is_dead, share_playing
from firstlight.foundation.columns import BARE, BASE, NETWORK, ItemFacts
from firstlight.foundation.experts import Experts
from firstlight.foundation.memory import TransitionMemory
from firstlight.foundation.mixer import Mixer
from firstlight.foundation.mixer_lists import Lists
from firstlight.foundation.mixing import Mixing, Panel, Voices
from firstlight.foundation.scorer import FoundationScorer
from firstlight.foundation.traces import Traces

N, PEOPLE, RIVALS = 400, 300, 12
OWN, RIVAL, LOSS = 2.0, 1.5, 1.0  # of an answer, of its rivals, and what an item loses by playing cold
COLUMNS = (BASE, NETWORK, f"{NETWORK} level", BARE, f"{BARE} level")
NOBODY = np.zeros(0, np.int32)


def people(rows: np.ndarray, lengths: np.ndarray) -> Cases:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    keys = tuple(f"u{one}" for one in range(len(rows)))
    histories = np.zeros(offsets[-1], np.int32)
    times = np.zeros(len(rows))
    return Cases.of(keys, histories, np.zeros(offsets[-1]), offsets, rows.astype(np.int32), times)


def planted(own_loss: float = LOSS) -> tuple[Lists, np.ndarray]:
    """Every answer stands above twelve rivals, unless it plays cold and they do not."""
    rng = np.random.default_rng(0)
    rows = np.stack([rng.choice(N, RIVALS + 1, replace=False) for _ in range(PEOPLE)])
    says = np.full(rows.shape, RIVAL)
    says[:, 0] = OWN
    bare = says - np.append(own_loss, np.full(RIVALS, LOSS))
    values = np.stack([says, says, says, bare, bare], axis=-1).reshape(-1, len(COLUMNS))
    starts = np.arange(PEOPLE + 1) * (RIVALS + 1)
    lists = Lists(
        COLUMNS, values.astype(np.float16), rows.ravel().astype(np.int32), starts, starts[:-1].copy()
    )
    return lists, rows[:, 0]


def gains(lists: Lists, shift: float) -> float:
    """NDCG@10 with a fifth of the items playing cold and raised."""
    plays = np.random.default_rng(5).random(N) < 0.2
    scores = lists.scores(Mixer(COLUMNS), plays) + np.float32(shift) * plays[lists.rows]
    return float(lists.gains(scores).mean())


def test_the_shift_makes_up_for_what_playing_cold_costs_and_no_more():
    lists, targets = planted()
    cases = people(targets, np.ones(PEOPLE, np.int64))
    shift = fit_shift(Mixer(COLUMNS), lists, cases, np.zeros(N, dtype=bool), plays=LEAST_NEW, seed=0)
    # above warm rivals, and cold rivals below the answer
    assert RIVAL - (OWN - LOSS) < shift < OWN - (RIVAL - LOSS)
    best = max(gains(lists, one) for one in np.arange(-1, 4, 0.25))
    assert gains(lists, shift) >= (1 - 2 * COST) * best
    assert gains(lists, 3.0) < 0.9 * best  # the bound had something to do


def test_new_items_are_not_raised_where_the_others_would_pay_too_much_for_it():
    """Cold answers rise above warm rivals only when cold rivals have risen above the warm answers."""
    lists, targets = planted(own_loss=OWN)
    cases = people(targets, np.ones(PEOPLE, np.int64))
    assert gains(lists, 1.75) < (1 - 2 * COST) * gains(lists, 0.0)
    assert fit_shift(Mixer(COLUMNS), lists, cases, np.zeros(N, dtype=bool), plays=LEAST_NEW, seed=0) == 0.0
    cold = np.random.default_rng([0, 1]).random(N) < LEAST_NEW
    assert figures(lists.scores(Mixer(COLUMNS), cold), 0.0, lists, cases, cold)["cold"] == 0.0
    assert figures(lists.scores(Mixer(COLUMNS), cold), 1.75, lists, cases, cold)["cold"] > 0.5


def test_untouched_items_that_nobody_takes_are_dead_stock():
    _, targets = planted()
    cases = people(targets, np.ones(PEOPLE, np.int64))
    untouched = np.ones(N, dtype=bool)
    untouched[targets] = False
    assert untouched.mean() > 0.3
    assert is_dead(untouched, cases)
    assert not is_dead(untouched, cases.take(np.arange(50)))  # of so few answers too few were to be expected
    later = np.where(untouched, cases.times.max() + 1, -np.inf)  # not out yet, so nobody could take them
    assert not is_dead(untouched, cases, later)
    assert is_dead(untouched, cases, np.full(len(untouched), cases.times.min()))
    untouched[targets[:40]] = True  # some of them are taken after all
    assert not is_dead(untouched, cases)


def test_people_without_a_history_have_no_part_in_the_shift():
    lists, targets = planted()
    cases = people(targets, np.zeros(PEOPLE, np.int64))
    assert fit_shift(Mixer(COLUMNS), lists, cases, np.zeros(N, dtype=bool), plays=LEAST_NEW, seed=0) == 0.0


@pytest.fixture(scope="module")
def panel() -> Panel:
    log = empty_log()
    counts = np.arange(N, dtype=np.float32)  # row 0 alone is new
    experts = Experts(TransitionMemory.of(log, N), Traces.of(log, N), {"text": directions()}, {})
    return Panel(experts, ItemFacts(counts, np.zeros((N, 2), np.float32)))


def directions() -> np.ndarray:
    angles = np.linspace(0, np.pi / 2, N)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def empty_log() -> Interactions:
    nothing = np.zeros(0)
    keys = [f"i{row}" for row in range(N)]
    return Interactions.build([], nothing.astype(np.int32), nothing.astype(np.int32), nothing, item_keys=keys)


def test_new_items_are_raised_only_where_something_is_known_of_the_person(panel):
    base = np.tile(np.linspace(1, 2, N, dtype=np.float32), (2, 1))
    voices, histories = Voices(base, base, base), [NOBODY, np.array([5], np.int32)]
    names = panel.table(voices, histories, np.zeros((2, N), dtype=bool)).names
    mixer = Mixer(names)
    also = np.arange(N)  # what is not mixed stands below what is
    without = Mixing(panel, mixer).scores(voices, histories, also)
    mixer.cold_shift.fill_(2.0)
    raised = Mixing(panel, mixer).scores(voices, histories, also)
    np.testing.assert_array_equal(raised[0], without[0])
    assert raised[1, 0] == pytest.approx(without[1, 0] + 2)
    np.testing.assert_array_equal(raised[1, 1:], without[1, 1:])
    mixer.stock.fill_(1)  # dead stock up to row 0: what comes behind it would be news
    np.testing.assert_array_equal(Mixing(panel, mixer).scores(voices, histories, also), without)


def test_the_network_too_raises_new_items_only_beside_a_history():
    rng = np.random.default_rng(0)
    counts = np.arange(6)
    features = ItemFeatures.build(
        counts, text=(rng.standard_normal((6, 8)).astype(np.float32), np.ones(6, dtype=bool))
    )
    torch.manual_seed(0)
    net = FoundationModel(FoundationConfig(n_items=6, text_dim=8, text_rank=4, hidden_size=8, dropout=0.0))
    cases = people(np.array([1, 1]), np.array([0, 2]))
    plain = FoundationScorer(net, features)(cases)
    net.tower.cold_bias.fill_(3.0)
    found = FoundationScorer(net, features)(cases)
    np.testing.assert_allclose(found[0], plain[0], atol=1e-5)
    assert found[1, 0] == pytest.approx(plain[1, 0] + 3, abs=1e-5)
    np.testing.assert_allclose(found[1, 1:], plain[1, 1:], atol=1e-5)


def test_as_many_items_play_cold_as_will_be_new():
    """With release times most new items come after validation; without, all of them stand in it."""
    mostly_new = np.arange(10) < 8
    assert share_playing(mostly_new, np.zeros(10)) == pytest.approx(0.8)
    assert share_playing(mostly_new, None) == LEAST_NEW
    assert share_playing(np.zeros(10, dtype=bool), np.zeros(10)) == LEAST_NEW
