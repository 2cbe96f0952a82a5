"""Planted voters: the useless get weight zero, the useful get it where they are useful, nobody loses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.base.errors import ArtifactError, DataError
from firstlight.finetune.blend import Blend
from firstlight.finetune.voters import (
    BASE,
    SITUATIONS,
    VoterList,
    count_bins,
    history_bin,
    situation,
    standardized,
)

COUNTS = np.array([0, 3, 12, 50])
LENGTHS = (1, 4, 10, 40)


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


@pytest.mark.parametrize("seed", range(6))
def test_a_useless_voter_gets_nothing_and_the_order_stays(seed):
    cases = world(seed)
    blend, report = Blend.fit(cases)
    for voter in ("content", "llm"):
        assert not table(blend, voter).any()
        assert not blend.needs(voter, COUNTS, 3)
    for case in cases[:50]:
        np.testing.assert_array_equal(np.argsort(combined(blend, case)), np.argsort(case.votes[BASE]))
    assert {one["outcome"] for one in report.decisions} <= {"no clear gain", "hurt a segment"}


def test_a_voter_useful_on_cold_items_is_heard_there():
    """Weight on items without interactions, next to none on the others, and unseen lists gain."""
    blend, report = Blend.fit(world(1, 1200, useful_bins=(0,)))
    heard = table(blend, "llm")
    assert (heard[:, 0] > 0.3).all()
    assert heard[:, 1:].max() < 0.3 * heard[:, 0].min()
    assert blend.needs("llm", np.array([0, 90]), 3)
    assert not table(blend, "content").any()
    fresh = world(2, 800, useful_bins=(0,))
    cold = [case for case in fresh if case.counts[case.positive] == 0]
    gain = np.mean([ndcg(case, combined(blend, case)) - ndcg(case, case.votes[BASE]) for case in cold])
    assert gain > 0.05
    assert report.segments["all"]["lists"] == 1200
    assert report.segments["all"]["after"] > report.segments["all"]["before"]
    assert report.text().count(" -> ") == 18
    assert "llm       history 0-1" in report.text()
    assert json.dumps(report.as_dict())


def test_a_voter_useful_for_newcomers_is_heard_for_them_only():
    helped, plain = world(3, 800, useful_bins=(0, 1, 2, 3)), world(4, 800)
    cases = [case for case in helped if case.history_length == 1]
    cases += [case for case in plain if case.history_length != 1]
    blend, _ = Blend.fit(cases)
    assert table(blend, "llm")[0].all()
    assert table(blend, "llm")[1:].max() < 0.2 * table(blend, "llm")[0].min()
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


def test_weights_are_near_those_that_made_the_data():
    """Answers drawn from softmax(2 z_f + 1 z_llm): the fitted weight is about 1/2 in every bin."""
    rng = np.random.default_rng(0)
    cases = []
    for i in range(3000):
        base, llm = rng.normal(size=(2, 15))
        chances = np.exp(2 * standardized(base) + standardized(llm))
        positive = int(rng.choice(15, p=chances / chances.sum()))
        cases.append(
            VoterList({BASE: base, "llm": llm}, positive, COUNTS[rng.integers(0, 4, 15)], LENGTHS[i % 4])
        )
    np.testing.assert_allclose(table(Blend.fit(cases)[0], "llm"), 0.5, atol=0.15)


def test_parts_by_hand():
    blend = Blend({**Blend.foundation_only().weights, situation(1, 0): {BASE: 1.0, "llm": 2.0}})
    votes = {BASE: np.array([1.0, 2, 3]), "llm": np.array([5.0, 5, 8])}
    counts = np.array([0, 9, 0])
    parts = blend.parts(votes, counts, 2)
    np.testing.assert_allclose(parts[BASE], np.array([-1, 0, 1]) * np.sqrt(1.5), rtol=1e-6)
    np.testing.assert_allclose(parts["llm"], [-np.sqrt(2), 0, np.sqrt(8)], rtol=1e-6)
    assert not blend.parts(votes, counts, 9)["llm"].any()
    assert blend.parts({BASE: votes[BASE]}, counts, 2).keys() == {BASE}
    assert blend.needs("llm", counts, 2)
    assert not blend.needs("llm", counts, 9)
    assert not blend.needs("llm", np.array([9]), 2)
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
    short = VoterList({BASE: other.votes[BASE]}, other.positive, other.counts, 1)
    with pytest.raises(DataError, match=r"list 1: voters foundation, positive \d+ of 20.*content, llm"):
        Blend.fit([case, short])
    with pytest.raises(DataError, match=r"positive 20 of 20 candidates"):
        Blend.fit([VoterList(case.votes, 20, case.counts, 1)])
    blend = Blend.foundation_only()
    with pytest.raises(DataError, match=r"scores \{'llm': 3\} for 2 candidates"):
        blend.parts({"llm": np.zeros(3)}, np.zeros(2, int), 1)
    with pytest.raises(DataError, match="a voter's score is not finite"):
        blend.parts({BASE: np.array([1.0, np.inf])}, np.zeros(2, int), 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=0, max_size=30), st.floats(0.01, 100), st.floats(-100, 100))
def test_standardizing_forgets_scale_and_place(values, scale, shift):
    scores = np.array(values)
    z = standardized(scores)
    if np.ptp(scores) > 1e-3 * max(1.0, np.abs(scores).max()):
        np.testing.assert_allclose([z.mean(), z.std()], [0, 1], atol=1e-6)
        np.testing.assert_allclose(standardized(scores * scale + shift), z, atol=1e-4)
    if len(scores) and np.ptp(scores) == 0:
        assert not z.any()
