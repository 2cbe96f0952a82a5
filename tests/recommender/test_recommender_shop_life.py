"""A shop's days: people buy again, logs grow, items go, lists of keys are older than the run."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_recommender_corners import bare_settings, written

from firstlight.base.config import load_config
from firstlight.base.errors import ArtifactError, ConfigError, UnknownKeyError
from firstlight.corpus import read_dataset
from firstlight.eval import check_protocols
from firstlight.recommender import Question, Recommender, RunConfig, add_items, evaluate, pretrain
from firstlight.recommender.data import read_data

PEOPLE, OWN, VISITS = 80, 6, 9


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Everybody buys the same few things over and over."""
    rng = np.random.default_rng(3)
    baskets = [rng.permutation(40)[:OWN] for _ in range(PEOPLE)]
    sentences = [rng.choice(basket, VISITS).tolist() for basket in baskets]
    titles = [f"thing {number}" for number in range(40)]
    return written(tmp_path_factory.mktemp("shop") / "data", sentences, titles)


@pytest.fixture(scope="module")
def regulars(shop, tmp_path_factory):
    return pretrain(shop, tmp_path_factory.mktemp("runs") / "run", bare_settings())


def test_what_was_bought_may_be_recommended_again(regulars):
    recommender = Recommender.from_pretrained(regulars)
    everything = list(recommender.catalogue.keys)
    assert not recommender.recommend(history=everything, k=3).recommendations
    assert len(recommender.recommend(history=everything, k=3, repeats=True).recommendations) == 3


def test_answers_nobody_can_find_are_counted(regulars):
    outcome = evaluate(regulars, most_cases=PEOPLE)
    note = next(one for one in outcome.notes if "in the person's history already" in one)
    assert int(note.split()[0]) > PEOPLE / 3
    assert "all systems miss them" in outcome.text()
    assert not [one for one in outcome.findings if "their own history" in one.text], "that is no leak"


def test_a_finished_run_is_not_taken_for_one_of_later_data(shop, regulars, tmp_path):
    data, run = tmp_path / "data", tmp_path / "run"
    data.mkdir()
    for file in shop.iterdir():
        (data / file.name).write_text(file.read_text())
    pretrain(data, run, bare_settings())
    assert pretrain(data, run, bare_settings()) == run, "the same again is nothing to do"
    (tmp_path / "new.csv").write_text("item_id,title,price\nx1,thing 99,3.5\n")
    add_items(run, tmp_path / "new.csv")
    assert pretrain(data, run, bare_settings()) == run, "nor are items that came since"
    with (data / "interactions.csv").open("a") as log:
        log.write("u0,i1,99\n")
    with pytest.raises(
        ArtifactError,
        match="made before the data changed .*expected the 720 interactions and 41 items it was made from, not 721 "
        "and 40; choose another --out, or remove the run",
    ):
        pretrain(data, run, bare_settings())


def test_changed_prices_are_changed_data(tmp_path):
    data = written(tmp_path / "data", [[0, 1, 2], [2, 1, 0], [1, 0, 2]], ["a", "b", "c"])
    (data / "items.csv").unlink()

    def priced(*prices):
        pq.write_table(pa.table({"item_id": ["i0", "i1", "i2"], "price": prices}), data / "items.parquet")

    priced(1.5, float("nan"), 3)
    run = pretrain(data, tmp_path / "run", bare_settings())
    assert pretrain(data, run, bare_settings()) == run, "a price that is no number is the same as before"
    priced(1.5, float("nan"), 4)
    with pytest.raises(ArtifactError, match="made before the data changed"):
        pretrain(data, run, bare_settings())


def test_lists_of_keys_may_name_what_the_run_does_not_know(regulars):
    recommender = Recommender.from_pretrained(regulars)
    lists = {"allow": ("i1", "i2", "gone", "i3"), "deny": ("i2", "sold out")}
    with pytest.raises(UnknownKeyError, match='unknown item "gone"'):
        recommender.answer(Question(**lists))
    answer = recommender.answer(Question(**lists, on_unknown="count"))
    assert {one.item.key for one in answer.recommendations} == {"i1", "i3"}
    assert {"left out of allow: 1 unknown", "left out of deny: 1 unknown"} <= set(answer.notes)


def test_a_run_for_serving_alone_says_why_it_cannot_be_evaluated(shop, tmp_path):
    run = pretrain(shop, tmp_path / "run", bare_settings(protocol="none"))
    with pytest.raises(
        ConfigError, match="held nothing back for a test .*pretrain another run without that setting"
    ):
        evaluate(run)


def test_only_some_events_count_where_that_is_said(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    rows = ["u1,i1,1,view,", "u1,i2,2,purchase,5", "u2,i1,3,purchase,2", "u2,i2,4,view,4"]
    (data / "interactions.csv").write_text("\n".join(["user_id,item_id,position,event,rating", *rows]) + "\n")

    def read(*settings):
        return read_data(load_config(RunConfig, None, [f"data.path={data}", *settings]).data).interactions

    assert len(read()) == 4
    assert read("data.events=[purchase]").times.tolist() == [2, 3]
    assert read("data.min_rating=4").times.tolist() == [2, 4]


def test_nothing_left_to_recommend_is_an_empty_answer_without_noise(regulars, recwarn):
    answer = Recommender.from_pretrained(regulars).recommend(query="thing 3", allow=[])
    assert not answer.recommendations
    assert not [str(one.message) for one in recwarn]


def test_check_takes_people_who_come_back_as_they_are(shop):
    found = check_protocols(read_dataset(shop))
    assert not [one for several in found.values() for one in several if one.severity == "leak"]
