from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from firstlight.base.errors import DataError
from firstlight.corpus import Cases, Catalogue, Item
from firstlight.eval import CaseResults, beyond_accuracy
from firstlight.eval.groups import group_gap, item_attributes, people_groups
from firstlight.eval.list_figures import Yardsticks, figures_in_parts, list_figures
from firstlight.eval.memorization import aliased, survival


def cases_of(people):
    n = len(people)
    return Cases.of(
        tuple(people),
        np.arange(n, dtype=np.int32),
        np.full(n, np.nan),
        np.arange(n + 1),
        np.zeros(n, dtype=np.int32),
        np.full(n, np.nan),
    )


def results(ranks, lists=None):
    n = len(ranks)
    lists = np.zeros((n, 2), np.int32) if lists is None else np.asarray(lists, np.int32)
    ones = np.ones(n, dtype=int)
    return CaseResults("x", np.asarray(ranks, float), lists, np.arange(n), ones, ones)


USERS = pa.table({"user_id": ["a", "b", "c"], "kind": ["new", "old", None], "age": [10, 20, 30]})


def test_groups_follow_the_people_table():
    found = people_groups(cases_of(["a", "b", "a", "c", "z"]), USERS, "kind")
    assert {name: mask.tolist() for name, mask in found.items()} == {
        "kind new": [True, False, True, False, False],
        "kind old": [False, True, False, False, False],
    }
    summary = results([1, 1, np.inf, 1, 1]).summary(groups=found, replicates=20)
    assert summary["kind new"].metrics["HR@10"].mean == 0.5


def test_numbers_are_cut_at_their_quartiles_and_endless_text_is_refused():
    many = [f"u{i}" for i in range(40)]
    users = pa.table({"user_id": many, "age": list(range(40)), "name": many})
    found = people_groups(cases_of(many), users, "age")
    assert [int(mask.sum()) for mask in found.values()] == [10, 10, 10, 10]
    assert list(found) == [f"age quarter {q}" for q in (1, 2, 3, 4)]
    with pytest.raises(DataError, match='40 values in column "name"'):
        people_groups(cases_of(many), users, "name")
    with pytest.raises(DataError, match=r'no column "aged" \(did you mean "age"\?\)'):
        people_groups(cases_of(many), users, "aged")


def test_list_figures_hold_what_they_name():
    counts = np.array([8, 4, 0, 0])
    shown = results([1, 1], [[0, 1], [0, 2]])
    cases, by = cases_of(["a", "b"]), Yardsticks(counts, np.eye(4), np.eye(4), np.array([[0, 1], [1, 2]]))
    found = list_figures(shown, cases, by)
    assert found["coverage"] == 0.75
    assert found["share of cold items"] == 0.25
    assert found["diversity in a list"] == 1.0
    assert found["popularity lift"] == pytest.approx((5 - 6) / 6)
    assert found["serendipity"] == 0.25  # both first places are right, one of them is obvious
    own = beyond_accuracy.calibration(shown.lists, (cases.history_rows, cases.offsets), np.eye(4))
    assert found["miscalibration (nats)"] == pytest.approx(own.mean())
    assert not {"diversity in a list", "serendipity"} & set(list_figures(shown, cases, Yardsticks(counts)))


def test_list_figures_of_parts_are_those_of_the_cases_alone():
    shown = results([1, 1, np.inf], [[0, 1], [0, 2], [-1, -1]])
    cases, by = cases_of(["a", "b", "c"]), Yardsticks(np.array([8, 4, 0, 0]), obvious=np.zeros((3, 2), int))
    parts = {"first": np.array([True, False, False]), "none": np.zeros(3, bool), "last": np.arange(3) == 2}
    found = figures_in_parts(shown, cases, by, parts)
    assert set(found) == {"first", "last"}
    assert found["first"]["coverage"] == 0.5
    assert found["first"]["share of cold items"] == 0
    assert np.isnan(found["last"]["novelty (bits)"])  # an empty list


def test_the_gap_is_between_the_best_and_the_worst_served():
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 900)
    ranks = np.where(rng.random(900) < np.array([0.5, 0.3, 0.1])[kind], 1.0, np.inf)
    groups = {f"kind {k}": kind == k for k in range(3)}
    groups["kind of few"] = np.arange(900) < 5
    gap = group_gap(results(ranks), groups, "HR@10")
    assert (gap.best, gap.worst) == ("kind 0", "kind 2")
    assert gap.difference.low < 0.4 < gap.difference.high
    assert gap.difference.mean == pytest.approx(0.4, abs=0.1)
    assert group_gap(results(ranks), {"kind 0": kind == 0}) is None


def test_item_attributes_are_the_categories():
    items = [Item("a", "A", categories=("x", "y")), Item("b", "B"), Item("c", "C", categories=("x",))]
    names, matrix = item_attributes(Catalogue.from_items(items))
    assert names == ["x", "y"]
    assert matrix.tolist() == [[1, 1], [0, 0], [1, 0]]


def test_aliases_hide_every_title_and_change_nothing_else():
    items = [
        Item("k1", "The Quiet Star", "The Quiet Star drifts.", ("calm",), attributes={"year": 1999}),
        Item("k2", "Loud"),
    ]
    hidden = aliased(Catalogue.from_items(items))
    assert list(hidden.keys) == ["k1", "k2"]
    assert {item.title for item in hidden} == {"Item 1", "Item 2"}
    assert "Quiet" not in hidden[0].text
    assert hidden[0].description == f"{hidden[0].title} drifts."
    assert hidden[0].attributes == {"year": 1999}
    assert [i.title for i in aliased(Catalogue.from_items(items))] == [i.title for i in hidden]


def test_survival_is_the_share_of_the_score_that_is_left():
    before, after = results([1] * 40), results([1] * 10 + [np.inf] * 30)
    found = survival(before, after)
    assert found.mean == 0.25
    assert 0.05 < found.low < 0.25 < found.high < 0.45
    assert np.isnan(survival(results([np.inf] * 3), results([np.inf] * 3)).mean)
