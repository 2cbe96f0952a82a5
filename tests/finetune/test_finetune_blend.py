"""Planted voters: the useless get weight zero, the useful get it where they are useful, nobody loses."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.base.errors import ArtifactError, DataError
from firstlight.finetune.blend import Blend
from firstlight.finetune.blend_fit import _harmless, _padded, _Stage
from firstlight.finetune.voters import (
    BASE,
    SITUATIONS,
    VoterList,
    count_bins,
    history_bin,
    reseated,
    situation,
    standardized,
)

COUNTS = np.array([0, 3, 12, 50])
LENGTHS = (1, 4, 10, 40)
VOTERS = ("content", "llm")


def world(seed: int, n_cases: int = 400, n: int = 20, useful_bins: tuple[int, ...] = (), strength=2.0):
    """The foundation knows a little of every item; the LLM knows the answer in `useful_bins` only."""
    rng = np.random.default_rng(seed)
    cases = []
    for i in range(n_cases):
        bins = rng.integers(0, 4, n)
        positive = int(rng.integers(n))
        truth = np.zeros(n)
        truth[positive] = 1
        knows = np.isin(bins, useful_bins)
        scores = {
            BASE: 40 + 7 * (rng.normal(size=n) + truth),
            "content": rng.normal(size=n),
            "llm": 0.01 * (rng.normal(size=n) + strength * truth * knows),
        }
        cases.append(VoterList(scores, positive, COUNTS[bins], LENGTHS[i % 4]))
    return cases


def table(blend: Blend, voter: str) -> np.ndarray:
    """Weights [history bins, count bins]."""
    return np.array([blend.weights[name].get(voter, 0.0) for name in SITUATIONS]).reshape(4, 4)


def ndcg(case: VoterList, total: np.ndarray) -> float:
    rank = int((total >= total[case.positive]).sum())
    return 1 / np.log2(rank + 1) if rank <= 10 else 0.0


def combined(blend: Blend, case: VoterList) -> np.ndarray:
    return np.sum(list(blend.parts(case.votes, case.counts, case.history_length).values()), axis=0)


def is_cold(case: VoterList) -> bool:
    return bool(case.counts[case.positive] == 0)


def test_a_useless_voter_gets_nothing_and_the_order_stays():
    """A gain must be clear to count, which chance brings about now and then: once in six worlds at most."""
    lucky = 0
    for seed in range(6):
        cases = world(seed)
        blend, report = Blend.fit(cases)
        if any(table(blend, voter).any() for voter in ("content", "llm")):
            lucky += 1
            continue
        assert report.text().endswith("no voter was shown to help: the foundation's order stays")
        assert not blend.needs("llm", COUNTS, 3)
        for case in cases[:50]:
            np.testing.assert_array_equal(np.argsort(combined(blend, case)), np.argsort(case.votes[BASE]))
    assert lucky <= 1


def test_a_voter_useful_on_cold_items_is_heard_there():
    """Weight on items without interactions, next to none on the others, and unseen lists gain."""
    blend, report = Blend.fit(world(1, 800, useful_bins=(0,)))
    heard = table(blend, "llm")
    assert (heard[:, 0] > 0.5).all()
    assert heard[:, 1:].max() < 0.3 * heard[:, 0].min()
    assert blend.needs("llm", np.array([0, 0, 90]), 3)
    assert not table(blend, "content").any()
    fresh = world(2, 400, useful_bins=(0,))
    gains = {
        kind: [
            ndcg(case, combined(blend, case)) - ndcg(case, case.votes[BASE])
            for case in fresh
            if kind == is_cold(case)
        ]
        for kind in (True, False)
    }
    assert np.mean(gains[True]) > 0.05
    assert np.mean(gains[False]) > -0.005
    assert report.segments["all"]["lists"] == 800
    assert report.segments["all"]["after"] > report.segments["all"]["before"]
    assert report.text().count(" -> ") == 18
    assert "llm       history 0-1, item count 0 " in report.text()
    assert "content" not in report.text()
    assert json.dumps(report.as_dict())


def test_a_voter_useful_for_newcomers_is_heard_for_them_only():
    helped, plain = world(3, 800, useful_bins=(0, 1, 2, 3)), world(4, 800)
    cases = [case for case in helped if case.history_length == 1]
    cases += [case for case in plain if case.history_length != 1]
    blend, _ = Blend.fit(cases)
    assert table(blend, "llm")[0].all()
    assert table(blend, "llm")[1:].max() < 0.3 * table(blend, "llm")[0].min()
    assert not blend.needs("llm", COUNTS, 40) or table(blend, "llm")[3].max() < 0.1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_cases", [3, 30, 150])
def test_no_segment_of_the_fitted_lists_ever_loses(seed, n_cases):
    cases = world(seed, n_cases, useful_bins=(0, 3), strength=1.0)
    blend, report = Blend.fit(cases)
    parts = {name: one for name, one in report.segments.items() if name != "all"}
    assert all(one["after"] >= one["before"] - 1e-12 for one in report.segments.values())
    assert sum(one["lists"] for one in parts.values()) == n_cases
    for name, one in parts.items():  # the report tells what the blend really does
        inside = [
            case
            for case in cases
            if name == situation(history_bin(case.history_length), count_bins(case.counts)[case.positive])
        ]
        assert one["lists"] == len(inside)
        assert one["before"] == pytest.approx(np.mean([ndcg(c, standardized(c.votes[BASE])) for c in inside]))
        assert one["after"] == pytest.approx(np.mean([ndcg(c, combined(blend, c)) for c in inside]))


def test_a_second_voter_must_add_to_the_first():
    """The LLM repeats what content already says: it costs a forward pass and gets no weight."""
    cases = world(5, 600, useful_bins=(0, 1, 2, 3))
    copied = [
        VoterList({**c.votes, "content": 3 * c.votes["llm"] + 1}, c.positive, c.counts, c.history_length)
        for c in cases
    ]
    blend, _ = Blend.fit(copied)
    assert table(blend, "content").all()
    assert table(blend, "llm").max() < 0.15 * table(blend, "content").min()


def test_a_weight_is_cut_until_its_own_situation_does_not_lose():
    """The voter's favorite passes the right answer at weight 1; lists of other situations do not excuse it."""
    base, counts = np.array([2.0, 1, 0]), np.zeros(3, int)
    votes = {BASE: base, "llm": np.array([1.0, 2, 0])}
    lists = _padded([VoterList(votes, 0, counts, 1), *[VoterList(votes, 1, counts, 40)] * 9])
    stage, inside = _Stage(lists, lists.base, lists.votes["llm"]), np.arange(10) == 0
    assert stage.gains(np.full(10, 1.6)).mean() > 0 > stage.gains(np.full(10, 1.6))[0]
    assert _harmless(stage, 1.6, inside) == pytest.approx(0.8)
    assert _harmless(stage, 0.9, inside) == pytest.approx(0.9)
    assert _harmless(stage, 8.0, inside) == 0.0


def test_weights_are_near_those_that_made_the_data():
    """Answers drawn from softmax(2 z_f + 1 z_llm): the fitted weight is about 1/2 in every bin."""
    rng = np.random.default_rng(0)
    cases = []
    for i in range(1500):
        base, llm = rng.normal(size=(2, 15))
        chances = np.exp(2 * standardized(base) + standardized(llm))
        positive = int(rng.choice(15, p=chances / chances.sum()))
        counts = np.full(15, COUNTS[rng.integers(4)])
        cases.append(VoterList({BASE: base, "llm": llm}, positive, counts, LENGTHS[i % 4]))
    heard = table(Blend.fit(cases)[0], "llm")
    assert abs(heard.mean() - 0.5) < 0.06
    assert heard.std() < 0.15


def test_parts_by_hand():
    """Items 0 and 2 are new, and the LLM prefers the weaker one strongly enough: they trade seats."""
    blend = Blend({**Blend.foundation_only().weights, situation(1, 0): {BASE: 1.0, "llm": 2.0}})
    votes = {BASE: np.array([3.0, 2, 1]), "llm": np.array([5.0, 5, 8])}
    counts = np.array([0, 9, 0])
    parts = blend.parts(votes, counts, 2)
    np.testing.assert_allclose(parts[BASE], np.array([1, 0, -1]) * np.sqrt(1.5), rtol=1e-6)
    np.testing.assert_allclose(parts["llm"], np.array([-2, 0, 2]) * np.sqrt(1.5), rtol=1e-6)
    timid = Blend({**blend.weights, situation(1, 0): {BASE: 1.0, "llm": 0.5}})
    assert not timid.parts(votes, counts, 2)["llm"].any()
    assert not blend.parts(votes, counts, 9)["llm"].any()
    assert blend.parts({BASE: votes[BASE]}, counts, 2).keys() == {BASE}
    assert blend.needs("llm", counts, 2)
    assert not blend.needs("llm", counts, 9)
    assert not blend.needs("llm", np.array([0, 9]), 2), "one new item alone has nobody to trade with"
    assert not blend.needs("content", counts, 2)
    assert blend.needs(BASE, counts, 9)


def test_saved_and_loaded_weights_are_equal_and_readable(tmp_path):
    blend, _ = Blend.fit(world(1, 600, useful_bins=(0,)))
    blend.save(tmp_path / "blend.json")
    assert Blend.load(tmp_path / "blend.json").weights == blend.weights
    told = json.loads((tmp_path / "blend.json").read_text())
    assert told["weights"]["history 0-1, item count 0"].keys() == {"foundation", "content", "llm"}


def test_broken_blends_are_refused(tmp_path):
    path = tmp_path / "blend.json"
    sound = {name: {BASE: 1.0} for name in SITUATIONS}
    for weights in (
        [1],
        {},
        {**sound, "other": {}},
        {**sound, SITUATIONS[3]: {"llm": -1}},
        {**sound, SITUATIONS[0]: 3},
    ):
        path.write_text(json.dumps({"weights": weights}))
        with pytest.raises(ArtifactError, match="not the weights of a blend"):
            Blend.load(path)


def test_unusable_scores_are_refused():
    case, other = world(0, 2)
    with pytest.raises(DataError, match="no validation list has its target"):
        Blend.fit([])
    short = VoterList({"llm": other.votes["llm"]}, other.positive, other.counts, 1)
    with pytest.raises(DataError, match=r"list 1: voters llm, positive \d+ of 20.*scores of foundation"):
        Blend.fit([case, short])
    with pytest.raises(DataError, match=r"positive 20 of 20 candidates"):
        Blend.fit([VoterList(case.votes, 20, case.counts, 1)])
    blend = Blend.foundation_only()
    with pytest.raises(DataError, match=r"scores \{'llm': 2\} for 2 candidates.*those of foundation"):
        blend.parts({"llm": np.zeros(2)}, np.zeros(2, int), 1)
    with pytest.raises(DataError, match=r"'llm': 3\} for 2 candidates"):
        blend.parts({BASE: np.zeros(2), "llm": np.zeros(3)}, np.zeros(2, int), 1)
    with pytest.raises(DataError, match="a voter's score is not finite"):
        blend.parts({BASE: np.array([1.0, np.inf])}, np.zeros(2, int), 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=0, max_size=30), st.floats(0.01, 100), st.floats(-100, 100))
def test_standardizing_forgets_scale_and_place(values, scale, shift):
    scores = np.array(values)
    z = standardized(scores)
    assert z.shape == scores.shape
    if len(scores) and np.ptp(scores) > 1e-3 * max(1.0, np.abs(scores).max()):
        np.testing.assert_allclose([z.mean(), z.std()], [0, 1], atol=1e-6)
        np.testing.assert_allclose(standardized(scores * scale + shift), z, atol=1e-4)
    if len(scores) and np.ptp(scores) == 0:
        assert not z.any()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-9, 9), st.integers(0, 3)), max_size=25))
def test_seats_stay_with_their_kind(rows):
    """Each kind keeps its seats, and holds them in the wished order."""
    total, wanted, bins = (
        (np.array(one, float) for one in zip(*rows, strict=True)) if rows else np.zeros((3, 0))
    )
    out = reseated(total, wanted, bins.astype(int))
    for kind in np.unique(bins):
        inside = bins == kind
        np.testing.assert_array_equal(np.sort(out[inside]), np.sort(total[inside]))
        order = np.lexsort((total[inside], wanted[inside]))
        assert (np.diff(out[inside][order]) >= 0).all()
    np.testing.assert_array_equal(reseated(total, total, bins.astype(int)), total)


def test_the_other_kinds_do_not_notice():
    """A loud voter on new items moves no well-known item: their places are those of the foundation."""
    blend = Blend({name: {BASE: 1.0, "llm": 5.0 if name.endswith("count 0") else 0.0} for name in SITUATIONS})
    for case in world(6, 30):
        before, after = np.argsort(-case.votes[BASE]), np.argsort(-combined(blend, case))
        known = case.counts > 0
        np.testing.assert_array_equal(np.where(known[before], before, -1), np.where(known[after], after, -1))


def test_a_dear_voter_may_be_asked_for_some_lists_only():
    """What the others say is fitted on every list; the dear one on its own, as if there were no more."""
    cases = world(1, 900, useful_bins=(0,))
    rng = np.random.default_rng(5)
    helpful = [
        replace(
            case,
            votes={**case.votes, "content": rng.normal(size=20) + 0.7 * (np.arange(20) == case.positive)},
        )
        for case in cases
    ]
    few = [
        case if i < 500 else replace(case, votes={BASE: case.votes[BASE], "content": case.votes["content"]})
        for i, case in enumerate(helpful)
    ]
    blend, report = Blend.fit(few)
    lists = {
        voter: sum(one["lists"] for one in report.decisions if one["voter"] == voter) for voter in VOTERS
    }
    assert lists == {"content": 900, "llm": 500}
    assert table(blend, "content").mean() > 0.4
    assert table(blend, "llm")[:, 0].max() > 0.3
    assert all(one["after"] >= one["before"] for one in report.segments.values())
    alone, _ = Blend.fit(helpful)
    np.testing.assert_array_equal(table(blend, "content"), table(alone, "content"))
