from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from firstlight.base.errors import DataError
from firstlight.corpus import Cases, Catalogue, Item
from firstlight.eval import CaseResults
from firstlight.eval.groups import people_groups
from firstlight.eval.list_figures import list_figures
from firstlight.eval.memorization import aliased, survival


def cases_of(people):
    n = len(people)
    return Cases(
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
    found = list_figures(shown, cases_of(["a", "b"]), counts, np.eye(4))
    assert found["coverage"] == 0.75
    assert found["share of cold items"] == 0.25
    assert found["diversity in a list"] == 1.0
    assert found["popularity lift"] == pytest.approx((5 - 6) / 6)
    assert "diversity in a list" not in list_figures(shown, cases_of(["a", "b"]), counts)


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
