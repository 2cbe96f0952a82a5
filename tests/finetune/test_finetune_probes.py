"""Probes find what a ranker's order rests on, and that it does not rest on what it cannot see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from finetune_world import DIM, build_item

from firstlight.corpus import Item, ItemKey
from firstlight.finetune.contract import RankRequest
from firstlight.finetune.probes import ALIASED, AS_IT_IS, PROBES, probe
from firstlight.finetune.train_config import RankExample


class Planted:
    """A ranker whose score is a given function of the request and the candidate's place."""

    def __init__(self, score: Callable[[RankRequest, int], float]) -> None:
        self.one = score

    def score(self, requests):
        return [
            np.array([self.one(one, i) for i in range(len(one.candidates))], np.float32) for one in requests
        ]


def by_title(request: RankRequest, place: int) -> float:
    """Remembers one title."""
    return float("harbor" in request.candidates[place].title)


def by_vector(request: RankRequest, place: int) -> float:
    vectors = request.candidate_vectors
    return 0.0 if vectors is None else float(vectors[place, 0])


def by_order(request: RankRequest, place: int) -> float:
    """The candidate of the latest history item's number."""
    return float(request.candidates[place].key == request.history[-1].key)


def by_key(request: RankRequest, place: int) -> float:
    """Nothing that a probe touches."""
    return float(request.candidates[place].key == "harbor")


@pytest.fixture(scope="module")
def examples() -> list[RankExample]:
    """Lists of 12 whose right answer is told by its title, its vector and the latest history item alike."""
    made = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        positive = int(rng.integers(12))
        items = [build_item(i) if i % 8 != 7 else build_item(i + 1) for i in range(12)]
        items[positive] = Item(ItemKey("harbor"), "the harbor")
        history = [*(build_item(100 + i) for i in range(6)), Item(ItemKey("harbor"), "the harbor")]
        vectors = rng.normal(size=(12, DIM)).astype(np.float32)
        vectors[positive, 0] = 9
        request = RankRequest(
            history,
            items,
            person=np.zeros(DIM, np.float32),
            history_vectors=np.zeros((7, DIM), np.float32),
            candidate_vectors=vectors,
        )
        made.append(RankExample(request, positive))
    return made


@pytest.mark.parametrize(
    ("score", "rests_on"),
    [
        (by_title, {ALIASED}),
        (by_vector, {"soft tokens shuffled", "soft tokens silenced"}),
        (by_order, {"history shuffled"}),
        (by_key, set()),
    ],
)
def test_a_probe_costs_what_its_thing_earns(examples, score, rests_on):
    found = probe(Planted(score), examples)
    assert list(found) == [AS_IT_IS, *PROBES]
    assert found[AS_IT_IS].ndcg == 1.0
    for name in PROBES:
        lost = -found[name].change
        assert (lost > 0.3) == (name in rests_on), name
        assert lost == pytest.approx(1 - found[name].ndcg)
        assert (found[name].standard_error > 0) == (lost > 0 and found[name].ndcg > 0)


def test_memorization_stands_beside_the_real_titles(examples):
    found = probe(Planted(by_title), examples, (ALIASED,), seed=3)
    assert list(found) == [AS_IT_IS, ALIASED]
    assert found[ALIASED].ndcg == 0.0, "all equal: ties count against the right answer"
    assert found[ALIASED].change == -1.0
    assert str(found[ALIASED]).startswith("0.0000 (-1.0000 ± ")


def test_an_alias_is_one_name_for_one_item_everywhere(examples):
    changed = PROBES[ALIASED]([one.request for one in examples], np.random.default_rng(0))
    names: dict[str, set[str]] = {}
    for request in changed:
        for item in (*request.history, *request.candidates):
            names.setdefault(item.key, set()).add(item.title)
    assert all(len(one) == 1 for one in names.values())
    assert len(set.union(*names.values())) == len(names)
    assert all(title.startswith("Item ") for one in names.values() for title in one)


def test_probing_leaves_the_lists_as_they_were(examples):
    before = [(list(e.request.history), e.request.candidate_vectors.copy()) for e in examples]
    probe(Planted(by_key), examples)
    for (history, vectors), example in zip(before, examples, strict=True):
        assert history == list(example.request.history)
        np.testing.assert_array_equal(vectors, example.request.candidate_vectors)


def test_a_real_ranker_is_probed(ranker, examples):
    found = probe(ranker, examples[:3])
    assert all(np.isfinite(one.ndcg) for one in found.values())
    assert found["soft tokens silenced"].change != 0 or found["soft tokens shuffled"].change != 0
