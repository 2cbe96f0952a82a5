"""A prior: what several shops taught, carried over to one that has few cases or other columns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_foundation_mixer import ask_of, asked, log_of, panel  # noqa: F401  (panel is a fixture)

from firstlight.base.errors import DataError
from firstlight.corpus.interactions import Cases
from firstlight.foundation import mixer_fit
from firstlight.foundation.columns import BARE, BASE, NETWORK
from firstlight.foundation.experts import LEARNED
from firstlight.foundation.mixer import Mixer
from firstlight.foundation.mixer_fit import fit_mixer
from firstlight.foundation.mixer_lists import Lists
from firstlight.foundation.mixer_prior import fit_prior, shipped_prior

ALONE = (BASE, NETWORK, f"{NETWORK} level", BARE, f"{BARE} level")
COLUMNS = (*ALONE, "near", "text", "text gap", "text of last", "text of last gap", "words", "words gap")


def cases(n: int) -> Cases:
    """People with one item each, whose answer is row 0."""
    keys, zeros = tuple(f"u{one}" for one in range(n)), np.zeros(n)
    return Cases.of(keys, np.full(n, 9, np.int32), zeros, np.arange(n + 1), np.zeros(n, np.int32), zeros)


def shop(
    seed: int, names: tuple[str, ...] = COLUMNS, people: int = 200, worth: str = "near", gain: float = 3.0
) -> Lists:
    """Lists of ten candidates, the first of which is the answer: `worth` is higher there, all else is noise."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(people, 10, len(names)))
    values[..., : len(ALONE)] *= 0.1
    values[:, 0, names.index(worth)] += gain
    starts = np.arange(people + 1) * 10
    rows = np.tile(np.arange(10, dtype=np.int32), people)
    return Lists(names, values.reshape(-1, len(names)).astype(np.float16), rows, starts, starts[:-1].copy())


def quality(mixer: Mixer, lists: Lists) -> float:
    return float(lists.gains(lists.scores(mixer)).mean())


def test_what_is_worth_something_everywhere_is_known_in_the_next_shop():
    prior, fresh = fit_prior([shop(0), shop(1)]), shop(2)
    assert quality(Mixer(COLUMNS), fresh) < 0.6
    assert quality(prior.over(COLUMNS), fresh) > 0.9


def test_every_shop_counts_alike_however_large():
    small = [shop(seed, people=40, worth="text") for seed in range(3)]
    prior = fit_prior([shop(9, people=1000, worth="near"), *small])
    assert quality(prior, shop(5, worth="text")) > quality(prior, shop(5, worth="near"))


def test_a_shop_with_fewer_columns_teaches_those_it_has():
    lean = tuple(name for name in COLUMNS if not name.startswith("words"))
    prior = fit_prior([shop(0, lean), shop(1), shop(2, lean)])
    assert set(prior.names) == set(COLUMNS)
    assert np.isfinite(prior.mean.numpy()).all()
    assert quality(prior.over(lean), shop(3, lean)) > 0.9
    assert quality(prior.over(COLUMNS), shop(4)) > 0.9


def test_other_columns_are_read_by_name_and_a_missing_one_like_its_mean():
    prior = fit_prior([shop(0), shop(1)])
    names = ("smell", *reversed(COLUMNS[1:-1]))  # one is new, one is missing, none stands where it stood
    moved = prior.over((BASE, *names))
    rng = np.random.default_rng(0)
    values = rng.normal(size=(20, len(names) + 1)).astype(np.float32)
    known = np.tile(prior.mean.numpy(), (20, 1))
    for at, name in enumerate((BASE, *names)):
        if name in COLUMNS:
            known[:, COLUMNS.index(name)] = values[:, at]
    nobody = np.zeros(20, dtype=bool)
    np.testing.assert_allclose(
        moved.scores(values, nobody), prior.scores(known, nobody), rtol=1e-4, atol=1e-5
    )


def test_the_fewer_the_cases_the_nearer_to_the_prior(panel):  # noqa: F811
    def moved(people: int) -> float:
        cases = asked(log_of(people=people, seed=1))
        mixer, _ = fit_mixer(ask_of(panel, cases), cases, panel.facts.cold, prior=prior)
        pairs = zip(mixer.parameters(), prior.over(mixer.names).parameters(), strict=True)
        return float(sum((one - other).square().sum() for one, other in pairs))

    many = asked(log_of(seed=2))
    prior = fit_prior([Lists.collect(ask_of(panel, many), many)])
    assert 0 < moved(10) < moved(400)


def test_a_prior_teaches_where_a_shop_has_too_few_cases_of_its_own():
    prior, few, fresh = (
        fit_prior([shop(seed, gain=1.0) for seed in range(3)]),
        shop(7, people=12, gain=1.0),
        shop(8, gain=1.0),
    )
    nobody = np.zeros(10, dtype=bool)
    alone, taught = (
        fit_mixer(lambda index: few.part(index).table, cases(12), nobody, prior=start)[0]
        for start in (None, prior)
    )
    assert quality(taught, fresh) > quality(alone, fresh) + 0.03
    assert quality(taught, fresh) > 0.95 * quality(prior, fresh)


def test_many_cases_need_no_prior(monkeypatch):
    lists, nobody, prior = shop(7, people=50), np.zeros(10, dtype=bool), fit_prior([shop(1)])

    def fitted(start: Mixer | None) -> torch.Tensor:
        mixer, _ = fit_mixer(lambda index: lists.part(index).table, cases(50), nobody, prior=start)
        return mixer.enter.weight

    assert not torch.equal(fitted(prior), fitted(None))
    monkeypatch.setattr(mixer_fit, "MANY", 50)
    assert torch.equal(fitted(prior), fitted(None))


def test_fitting_a_prior_is_repeatable_and_leaves_the_lists_alone():
    lists = shop(0)
    before = lists.values.copy()
    one, other = (fit_prior([lists], seed=3).state_dict() for _ in range(2))
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    np.testing.assert_array_equal(lists.values, before)


def test_shops_without_an_answer_are_left_out():
    empty = shop(1)
    empty.answers[:] = -1
    one, other = fit_prior([shop(0), empty]).state_dict(), fit_prior([shop(0)]).state_dict()
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    with pytest.raises(
        DataError, match=r"no list with an answer in 1 shops .in fit_prior.; expected validation"
    ):
        fit_prior([empty])


def test_the_shipped_prior_knows_the_experts_columns(panel):  # noqa: F811
    prior = shipped_prior()
    assert {BASE, NETWORK, BARE, *panel.names} <= set(prior.names)
    assert float(prior.cold_shift) == 0
    assert int(prior.stock) == 0
    assert all(bool(torch.isfinite(one).all()) for one in prior.state_dict().values())


@pytest.mark.parametrize("opinions", [LEARNED, ("text", "text gap", "text of last", "text of last gap")])
def test_the_shipped_prior_prefers_what_followed_and_what_is_alike(opinions):
    """Of two candidates all else is the mean; an opinion and what it is relative to rise together."""
    prior = shipped_prior()
    values = np.tile(prior.mean.numpy(), (2, 1))
    raised = [at for at, name in enumerate(prior.names) if name.removesuffix(" level") in opinions]
    values[1, raised] += prior.spread.numpy()[raised]
    worse, better = prior.scores(values, np.zeros(2, dtype=bool))
    assert better > worse
