from __future__ import annotations

import warnings

import numpy as np
import pytest

from firstlight.base.errors import DataError, ModelError
from firstlight.base.hashing import key_hashes
from firstlight.corpus import Cases, Interactions
from firstlight.corpus.split import leave_one_out
from firstlight.eval import protocol
from firstlight.eval.bootstrap import bootstrap_sums, draws, interval, widen_constant
from firstlight.eval.protocol import evaluate
from firstlight.eval.results import CaseResults, summary_of_seeds
from firstlight.eval.summary import HARMONIC, summarize

N_ITEMS = 30


def cases_of(histories, targets, times=None, people=None):
    lengths = [len(history) for history in histories]
    return Cases.of(
        tuple(people or [f"u{i}" for i in range(len(targets))]),
        np.array([row for history in histories for row in history], dtype=np.int32),
        np.full(sum(lengths), np.nan),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.array(targets, dtype=np.int32),
        np.array(times if times is not None else [np.nan] * len(targets), dtype=float),
    )


def walk(cases):
    """A system that recommends the successors of the last item: score = -(row - last) mod n."""
    last = np.array([history[-1] if len(history) else 0 for history in cases.histories()])
    return (-((np.arange(N_ITEMS) - last[:, None] - 1) % N_ITEMS)).astype(np.float32)


COUNTS = np.arange(N_ITEMS)


def test_a_planted_walk_is_found_at_rank_one_whatever_the_batch(monkeypatch):
    log = Interactions.build(
        [f"u{i}" for i in range(40)],
        np.repeat(np.arange(40), 6),
        (np.repeat(np.arange(40), 6) + np.tile(np.arange(6), 40)) % N_ITEMS,
        np.tile(np.arange(6.0), 40),
        item_keys=[str(row) for row in range(N_ITEMS)],
    )
    cases = leave_one_out(log, train_on_valid=False).test
    for batch in (1, 7, 512):
        monkeypatch.setattr(protocol, "BATCH", batch)
        found = evaluate(walk, cases, counts=COUNTS)
        assert set(found.ranks) == {1.0}
        assert (found.lists[:, 0] == cases.targets).all()
    assert found.summary(replicates=50)["all"].metrics["NDCG@10"].mean == 1.0


def test_a_large_catalogue_is_asked_fewer_cases_at_a_time(monkeypatch):
    monkeypatch.setattr(protocol, "ELEMENTS", 5 * N_ITEMS + 1)
    cases, asked = cases_of([[5]] * 12, [6] * 12), []

    def watched(part):
        asked.append(len(part))
        return walk(part)

    assert set(evaluate(watched, cases, counts=COUNTS).ranks) == {1.0}
    assert asked == [5, 5, 2]


def test_seen_items_leave_the_list_and_a_seen_target_is_a_miss():
    cases = cases_of([[5, 6, 7], [5, 6, 5]], [8, 6])
    filtered = evaluate(walk, cases, counts=COUNTS, ks=(3,))
    assert filtered.ranks.tolist() == [1, np.inf]
    assert filtered.lists.tolist() == [[8, 9, 10], [7, 8, 9]]


def test_items_not_yet_released_are_no_candidates():
    released = np.full(N_ITEMS, -np.inf)
    released[6] = 100.0
    cases = cases_of([[5], [5], [5]], [7, 7, 7], times=[99.0, 100.0, np.nan])
    found = evaluate(walk, cases, counts=COUNTS, released=released)
    assert found.ranks.tolist() == [1, 2, 2]  # an unknown time lets everything compete


def test_ties_go_by_key_hash_or_against_the_target():
    cases = cases_of([[]] * N_ITEMS, range(N_ITEMS))

    def flat(part):
        return np.zeros((len(part), N_ITEMS), dtype=np.float32)

    assert set(evaluate(flat, cases, counts=COUNTS).ranks) == {N_ITEMS}
    hashes = key_hashes(str(row) for row in range(N_ITEMS))
    found = evaluate(flat, cases, counts=COUNTS, tie_hashes=hashes).ranks
    assert found.tolist() == (np.argsort(np.argsort(hashes)) + 1).tolist()


def test_a_wrong_shape_is_refused():
    with pytest.raises(ModelError, match=r"scores of shape \(1, 3\).*expected \(1, 30\)"):
        evaluate(lambda part: np.zeros((1, 3), dtype=np.float32), cases_of([[1]], [2]), counts=COUNTS)


def test_segments_hold_the_bins_with_their_sizes():
    results = CaseResults(
        "planted",
        ranks=np.array([1, 1, np.inf, 2, 1, np.inf]),
        lists=np.full((6, 1), -1, dtype=np.int32),
        people=np.array([0, 0, 1, 1, 2, 2]),
        target_counts=np.array([0, 3, 6, 20, 21, 900]),
        history_lengths=np.array([0, 1, 2, 5, 10, 11]),
        ks=(1,),
    )
    summary = results.summary(groups={"mine": np.array([1, 1, 1, 0, 0, 0], bool)}, replicates=200)
    sizes = {name: segment.n for name, segment in summary.segments.items()}
    assert sizes == {
        "all": 6, "warm": 5, "cold": 1, HARMONIC: 6, "hot": 2,
        "target count 0": 1, "target count 1-5": 1, "target count 6-20": 2, "target count >20": 2,
        "history 0": 1, "history 1": 1, "history 2-5": 2, "history 6-10": 1, "history >10": 1,
        "cold people": 2, "warm people": 3, "hot people": 1, "mine": 3,
    }  # fmt: skip
    assert summary["all"].n_people == 3
    assert summary["mine"].metrics["HR@1"].mean == pytest.approx(2 / 3)
    warm, cold = (summary[name].metrics["HR@1"].mean for name in ("warm", "cold"))
    assert summary[HARMONIC].metrics["HR@1"].mean == pytest.approx(2 * warm * cold / (warm + cold))
    assert summary.as_dict()["cold"]["HR@1"][0] == 1.0


def test_an_empty_segment_has_no_mean_and_no_case_is_an_error():
    results = CaseResults(
        "s", np.array([1.0]), np.zeros((1, 1), np.int32), np.array([0]), np.array([5]), np.array([1])
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        summary = results.summary(replicates=10)
    assert summary.as_dict()["cold"]["HR@10"] == [None, None, None]
    assert HARMONIC not in summary.segments, "there is no mean of something and nothing"
    with pytest.raises(DataError, match="no case to summarize"):
        summarize("s", [{}], {}, np.array([], dtype=int))


def test_intervals_cover_the_truth_at_their_level_and_respect_people():
    rng = np.random.default_rng(0)
    covered = naive = 0
    for trial in range(200):  # 60 people, 8 cases each that mostly stand or fall together
        rate = rng.random(60) < 0.3
        hits = np.where(rng.random((60, 8)) < 0.9, rate[:, None], ~rate[:, None]).astype(float).ravel()
        people = np.repeat(np.arange(60), 8)
        truth = 0.3 * 0.9 + 0.7 * 0.1
        whole, drawn = {"all": np.ones(480, bool)}, {"replicates": 300, "seed": trial}
        one = summarize("x", [{"HR": hits}], whole, people, **drawn)
        apart = summarize("x", [{"HR": hits}], whole, np.arange(480), **drawn)
        covered += one["all"].metrics["HR"].low <= truth <= one["all"].metrics["HR"].high
        naive += apart["all"].metrics["HR"].low <= truth <= apart["all"].metrics["HR"].high
    assert covered >= 180
    assert naive < 160  # drawing cases instead of people would promise too much


def test_several_seeds_are_averaged_and_widen_the_interval():
    def run(hits):
        ones = np.ones(400, dtype=int)
        ranks = np.where(np.arange(400) < hits, 1.0, np.inf)
        return CaseResults("x", ranks, np.zeros((400, 1), np.int32), np.arange(400), ones, ones)

    runs = [run(80), run(120), run(160)]
    found = summary_of_seeds(runs, groups={"half": np.arange(400) < 200})
    one, alone = found["all"].metrics["HR@10"], runs[1].summary()["all"].metrics["HR@10"]
    assert one.mean == pytest.approx(0.3)
    assert found["half"].metrics["HR@10"].mean == pytest.approx(120 / 200)
    assert one.high - one.low > 1.3 * (alone.high - alone.low)
    assert (found["all"].n, found["all"].n_people) == (400, 400)
    same = summary_of_seeds([runs[0]] * 3)["all"].metrics["HR@10"]
    assert same.high - same.low == pytest.approx(
        np.diff([getattr(runs[0].summary()["all"].metrics["HR@10"], e) for e in ("low", "high")])[0]
    )


def test_some_cases_can_be_taken():
    ranks = np.array([1.0, 2.0, np.inf])
    whole = CaseResults("x", ranks, np.arange(3)[:, None], np.arange(3), np.arange(3), np.arange(3))
    part = whole.take(np.array([False, True, True]))
    assert part.ranks.tolist() == [2, np.inf]
    assert part.lists.tolist() == [[1], [2]]
    assert len(part) == 2


def test_draws_are_whole_samples_and_seeded():
    drawn = np.concatenate(list(draws(7, 100, seed=3)))
    assert drawn.shape == (100, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert (drawn == np.concatenate(list(draws(7, 100, seed=3)))).all()
    sums = np.array([[1.0, 2.0]] * 5)
    assert (bootstrap_sums(sums, replicates=9, seed=0) == [5, 10]).all()


def test_a_constant_segment_still_has_a_width():
    low, high = widen_constant(0.0, 100)
    assert (low, high) == (0.0, pytest.approx(0.0362, abs=1e-4))  # Clopper-Pearson for 0 of 100
    assert widen_constant(1.0, 100) == (pytest.approx(1 - high), 1.0)
    assert np.isnan(interval(np.array([np.nan]))).all()


@pytest.mark.parametrize(("value", "bounds"), [(0.0, (0.0, 0.0362)), (1.0, (0.9638, 1.0))])
def test_a_part_without_any_hit_or_miss_is_not_certain(value, bounds):
    """No drawing of people can tell 0 of 100 from 0 of a million."""
    values, everyone = {"HR@1": np.full(100, value)}, {"all": np.ones(100, bool)}
    found = summarize("s", [values], everyone, np.arange(100), replicates=20)["all"].metrics["HR@1"]
    assert found.mean == value
    assert (found.low, found.high) == pytest.approx(bounds, abs=1e-4)
