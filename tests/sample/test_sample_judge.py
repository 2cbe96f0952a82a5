"""The judge of reasons agrees with the truth it reads, computed here another way."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from firstlight.corpus.sample import load_truth, write_sample
from firstlight.corpus.sample.items import END
from firstlight.corpus.sample.judge import Judge
from firstlight.corpus.sample.words import ERAS, GENRES


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    out = tmp_path_factory.mktemp("judged") / "world"
    write_sample(out, users=60, items=200, seed=5, images=False)
    return load_truth(out / "truth")


@pytest.fixture(scope="module")
def bench():
    path = Path(__file__).parents[2] / "benchmarks" / "reasons.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_reasons", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_value_draws_where_the_choosing_persona_likes_it(truth):
    """A person of one persona: then there is no question who chooses."""
    judge, films = Judge(truth), truth.world.films
    late = truth.people.late
    user = int(np.argmax(late.max(axis=1)))
    persona = int(truth.people.personas[user, np.argmax(late[user])])
    likes = truth.world.personas.likes
    agreed = 0
    for row in range(200):
        if judge._chooser(truth.user_keys[user], END, truth.item_keys[row]) != persona:
            continue
        for field, value, liked in (
            ("categories", GENRES[films.genre[row]], likes["genre"][persona, films.genre[row]]),
            ("creator", films.creators[films.creator[row]], likes["creator"][persona, films.creator[row]]),
            ("year", int(films.year[row]), likes["era"][persona, ERAS.index(f"{films.year[row] // 10}0s")]),
        ):
            assert judge.draws(truth.user_keys[user], END, truth.item_keys[row], field, value) == (liked > 0)
            agreed += 1
    assert agreed > 300


def test_relations_are_symmetric_and_as_planted(truth):
    judge, films = Judge(truth), truth.world.films
    user = truth.user_keys[0]
    second = int(np.flatnonzero((films.part == 2) & (films.sequel >= 0))[0])
    third, first = int(films.sequel[second]), int(films.former[second])
    assert judge.relation(user, END, truth.item_keys[first], truth.item_keys[third]) == "series"
    follower = int(films.program[first, 0])
    found = judge.relation(user, END, truth.item_keys[first], truth.item_keys[follower])
    assert found in ("program", "series")
    rng = np.random.default_rng(0)
    kinds = set()
    for one, other in rng.integers(0, 200, (400, 2)).tolist():
        keys = truth.item_keys[one], truth.item_keys[other]
        assert judge.relation(user, END, *keys) == judge.relation(user, END, *keys[::-1])
        kinds.add(judge.relation(user, END, *keys))
    assert {"", "taste"} <= kinds


def test_taste_needs_one_persona_that_likes_both(truth):
    judge, user = Judge(truth), 3
    weights = truth.people.weights(np.array([user]), np.array([END]))[0]
    personas = truth.people.personas[user][weights >= 0.2]
    likes = truth.world.liking[personas] > 0.5
    films = truth.world.films
    single = [r for r in range(200) if films.former[r] < 0 and films.sequel[r] < 0]
    for one, other in zip(single, single[7:], strict=False):
        if other in films.program[one] or one in films.program[other]:
            continue
        found = judge.relation(truth.user_keys[user], END, truth.item_keys[one], truth.item_keys[other])
        assert found == ("taste" if (likes[:, one] & likes[:, other]).any() else "")


def test_the_interval_holds_the_gain_it_was_drawn_around(bench):
    judged = [bench.Judged(f"u{i % 40}", "history item", float(i % 3 > 0), 0.4) for i in range(400)]
    low, high = bench.interval(judged)
    assert low < 2 / 3 - 0.4 < high
    assert high - low < 0.25


@pytest.mark.slow
def test_cited_history_is_no_worse_than_chance(bench, world, pretrained):
    """The benchmark, reduced: a model of three epochs is enough for this."""
    found = bench.judge_run(world, pretrained, people=40, each=2)
    cited = [one for one in found if one.kind == "history item"]
    assert len(cited) > 40
    assert np.mean([one.right for one in cited]) > np.mean([one.chance for one in cited]) - 0.05
    rows = list(bench.table(found))
    assert any(row.startswith("| history item | ") for row in rows)
