"""The ledger holds what is so, and only what is so."""

from __future__ import annotations

import datetime
import json
import math
import subprocess
import sys

import pytest

from firstlight.base.config import from_mapping, load_config, to_mapping
from firstlight.base.errors import ConfigError, DataError
from firstlight.corpus import Catalogue, Item
from firstlight.corpus.keys import ItemKey
from firstlight.corpus.predicates import Predicate
from firstlight.explain import Lexicon, Wording, build_ledger
from firstlight.explain.ledger import MAX_ENTRIES
from firstlight.prompts.wish import Wish


def item(key, title=None, categories=(), description="", **attributes):
    return Item(ItemKey(key), title or key.title(), description, tuple(categories), attributes=attributes)


REC = item("rec", "The Deep", ["Sea", "Night"], author="Mary Oliver", year=2001, price=9.0)
SAME = item("same", "The Shallow", ["Sea"], author="Mary Oliver", year=1999)
HALF = item("half", "The Shore", ["Sea", "Love"], author="Tom Hale", year=1950)
NONE = item("none", "The Hill", ["Land"], author="Ann Lee", year=1951)


def entries(ledger, kind):
    return [entry for entry in ledger.entries if entry.kind == kind]


def test_only_clearly_positive_drops_become_reasons():
    ledger = build_ledger(REC, [SAME, HALF, NONE], drops=[0.5, -0.5, 0.001])
    assert [(one.item, one.drop) for one in entries(ledger, "history")] == [("same", 0.5)]
    assert build_ledger(REC, [SAME], drops=[math.nan]).entries[0].kind == "attribute"
    assert not entries(build_ledger(REC, [SAME, HALF]), "history")


def test_history_is_ordered_by_drop():
    ledger = build_ledger(REC, [HALF, NONE, SAME], drops=[0.2, 0.3, 0.4])
    assert [one.item for one in entries(ledger, "history")] == ["same", "none"]


def test_repeated_picks_are_one_entry_with_a_count():
    ledger = build_ledger(REC, [SAME, NONE, SAME], drops=[0.1, 0.0, 0.4])
    (entry,) = entries(ledger, "history")
    assert (entry.count, entry.drop, ledger.times["same"], ledger.latest) == (2, 0.4, 2, "same")
    assert "you picked “The Shallow” 2 times" in entry.facts


def test_picks_whose_drop_was_not_measured_count_and_give_no_reason():
    drops = [math.nan, math.nan, math.nan, 0.4, 0.0]
    ledger = build_ledger(REC, [SAME, SAME, HALF, SAME, NONE], drops=drops)
    (entry,) = entries(ledger, "history")
    assert (entry.count, ledger.times["same"]) == (3, 3)
    assert "half" not in ledger.times


def test_the_latest_pick_is_the_last_one_whatever_is_recommended():
    assert build_ledger(REC, [NONE, SAME], drops=[0.1, 0.4]).latest == "same"
    assert build_ledger(REC, [SAME, REC], drops=[0.4, 0.1]).latest is None


def test_what_is_unknown_of_an_item_is_no_proof_of_a_refusal():
    wish = Wish("no love", unwanted=(Predicate("categories", "is_not", "Love"),))
    assert entries(build_ledger(REC, wish=wish), "wish")
    assert not entries(build_ledger(item("bare", "Bare"), wish=wish), "wish")


def test_the_recommended_item_is_no_reason_for_itself():
    ledger = build_ledger(REC, [REC, SAME], drops=[0.9, 0.1], neighbors=[(REC, 1.0)])
    assert {one.item for one in ledger.entries} <= {"same", None}


def test_shared_attributes_count_the_picks_that_have_them():
    shared = {
        (one.field, one.value): one for one in entries(build_ledger(REC, [NONE, HALF, SAME]), "attribute")
    }
    assert set(shared) == {("categories", "Sea"), ("author", "Mary Oliver"), ("year", 2001.0)}
    assert shared["categories", "Sea"].count == 2
    assert shared["author", "Mary Oliver"].item == "same"
    assert shared["year", 2001.0].item == "same"


def test_a_rare_shared_value_is_stronger_than_a_common_one():
    filler = [item(f"f{i}", categories=["Sea"], author=f"Author {chr(65 + i)}") for i in range(20)]
    lexicon = Lexicon(Catalogue.from_items([REC, SAME, HALF, NONE, *filler]))
    found = [one for one in build_ledger(REC, [SAME], lexicon=lexicon).entries if isinstance(one.value, str)]
    assert [one.value for one in found][:2] == ["Mary Oliver", "Sea"]
    assert lexicon.frequency("sea") == pytest.approx(23 / 24)


def test_a_coincidence_is_no_evidence_and_a_habit_is():
    """A third of the catalogue is "Sea", a tenth "Night": seven of twenty "Sea" is chance, seven "Night" not."""
    crowd = [
        item(f"c{i}", categories=["Sea"] * (i % 3 == 0) + ["Night"] * (i % 10 == 0), year=1950 + i % 50)
        for i in range(300)
    ]
    lexicon = Lexicon(Catalogue.from_items([REC, *crowd]))
    picks = [item(f"s{i}", categories=["Sea"]) for i in range(7)] + [item(f"n{i}") for i in range(13)]
    ledger = build_ledger(item("x", categories=["Sea", "Night"]), picks, lexicon=lexicon)
    assert not entries(ledger, "attribute")
    picks = [item(f"s{i}", categories=["Night"]) for i in range(7)] + [item(f"n{i}") for i in range(13)]
    ledger = build_ledger(item("x", categories=["Sea", "Night"]), picks, lexicon=lexicon)
    assert [(one.value, one.count) for one in entries(ledger, "attribute")] == [("Night", 7)]


def test_a_near_year_counts_where_the_history_keeps_to_it():
    crowd = [item(f"c{i}", year=1950 + i % 50) for i in range(200)]
    lexicon = Lexicon(Catalogue.from_items(crowd))
    assert lexicon.share_of_years("year", 1960, 1969) == pytest.approx(0.2)
    scattered = [item(f"s{i}", year=1950 + 5 * i) for i in range(10)]
    faithful = [item(f"s{i}", year=1970 + i % 3) for i in range(10)]
    rec = item("x", year=1971)
    assert not entries(build_ledger(rec, scattered, lexicon=lexicon), "attribute")
    (entry,) = entries(build_ledger(rec, faithful, lexicon=lexicon), "attribute")
    assert (entry.value, entry.count) == (1971.0, 10)


def test_columns_of_any_catalogue_serve():
    a = item(
        "a", actors=["Ada Ray", "Bo Lund"], tags="slow burn|cold open", released=datetime.date(1990, 5, 1)
    )
    b = item("b", actors=["Bo Lund"], tags="cold open", released=datetime.date(1991, 5, 1), stock=True)
    shared = {(one.field, one.value) for one in build_ledger(a, [b]).entries if one.kind == "attribute"}
    assert shared == {("actors", "Bo Lund"), ("tags", "cold open")}


def test_a_long_text_column_is_no_trait():
    plot = "A very long plot that goes on and on and on, and is shared by both, word for word"
    ledger = build_ledger(item("a", plot=plot), [item("b", plot=plot)])
    assert ledger.entries == ()


def test_neighbors_need_a_cosine_and_a_name():
    near = [(SAME, 0.9), (HALF, 0.1), (NONE, math.nan), (item("odd", "…"), 0.9)]
    (entry,) = entries(build_ledger(REC, neighbors=near), "neighbor")
    assert (entry.item, entry.value) == ("same", 0.9)


@pytest.mark.parametrize("cosine", [-0.5, 0.0, 0.29])
def test_what_is_far_in_content_is_no_neighbor_though_nothing_is_nearer(cosine):
    wish = Wish("like The Shore", anchors=(ItemKey("half"),))
    far, near = (
        build_ledger(REC, [HALF], neighbors=[(HALF, value)], wish=wish).entries for value in (cosine, 0.31)
    )
    assert not any(one.kind == "neighbor" or one.op == "like" for one in far)
    assert {(one.kind, one.op) for one in near} >= {("neighbor", ""), ("wish", "like")}


WISH = Wish(
    text="",
    anchors=(ItemKey("same"), ItemKey("half")),
    wanted=(Predicate("categories", "is", "sea"), Predicate("author", "is", "Tom Hale")),
    unwanted=(Predicate("categories", "is_not", "Land"),),
    limits=(Predicate("year", "at_least", 1990.0), Predicate("price", "at_most", 5.0)),
    unanswerable=("in color",),
)


def test_the_wish_is_tested_on_the_item():
    ledger = build_ledger(REC, wish=WISH, neighbors=[(SAME, 0.8), (HALF, 0.1)])
    found = {(one.op, one.field, one.value, one.item) for one in entries(ledger, "wish")}
    assert ("is", "categories", "sea", None) in found
    assert ("at_least", "year", 1990.0, None) in found
    assert not any(value in ("Tom Hale", 5.0) or key == "half" for _, _, value, key in found)
    assert ledger.unmet == ("author is Tom Hale", "price at most 5", "in color")


def test_cold_and_popular():
    assert entries(build_ledger(REC, cold=True), "new")
    assert entries(build_ledger(REC, popularity=0.034), "popularity")[0].value == 4.0
    assert not entries(build_ledger(REC, popularity=0.5), "popularity")
    assert not entries(build_ledger(REC, cold=True, popularity=0.0), "popularity")


def test_with_nothing_else_the_item_speaks_for_itself():
    assert {one.kind for one in build_ledger(REC).entries} == {"fact"}
    assert build_ledger(item("bare")).entries == ()


def test_few_entries_with_running_ids():
    crowd = [item(f"x{i}", categories=["Sea", "Night"], author="Mary Oliver", year=2000) for i in range(30)]
    ledger = build_ledger(
        REC, crowd, drops=[1.0] * 30, neighbors=[(one, 0.9) for one in crowd], cold=True, wish=WISH
    )
    assert [one.id for one in ledger.entries] == [f"E{i}" for i in range(1, len(ledger.entries) + 1)]
    assert len(ledger.entries) <= MAX_ENTRIES
    strengths = [one.strength for one in ledger.entries]
    assert strengths == sorted(strengths, reverse=True)
    assert set(ledger.others) == {one.item for one in ledger.entries if one.item is not None}


def test_the_order_of_neighbors_does_not_matter():
    near = [(SAME, 0.9), (HALF, 0.9), (NONE, 0.9)]
    ledgers = [build_ledger(REC, [NONE], neighbors=order) for order in (near, near[::-1])]
    assert ledgers[0].as_dict() == ledgers[1].as_dict()


def test_it_is_json():
    ledger = build_ledger(REC, [SAME, HALF], drops=[0.5, 0.2], wish=WISH, cold=True)
    document = json.loads(json.dumps(ledger.as_dict(), allow_nan=False))
    assert document["item"] == "rec"
    assert document["entries"][0]["id"] == "E1"
    assert all(entry["facts"] for entry in document["entries"])


def test_the_wording_is_the_catalogues_own():
    words = {"wording": Wording("read", "book", "books", "book", "shelf")}
    (entry, *_) = build_ledger(REC, [SAME], drops=[1.0], **words).entries
    assert "you read “The Shallow”" in entry.facts
    (new,) = entries(build_ledger(REC, cold=True, **words), "new")
    assert new.facts == ("this is new here: nobody has read it yet",)
    (known,) = entries(build_ledger(REC, popularity=0.03, **words), "popularity")
    assert known.facts == ("this is among the 3 % read most often",)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            {"verb": "listened to"},
            "verb = listened to (in the wording); expected one word",
        ),
        ({"picks": ""}, "picks =  (in the wording); expected one word"),
        ({"category": ""}, "category =  (in the wording); expected plain words"),
        ({"thing": "film [E1]"}, "thing = film [E1] (in the wording); expected plain words"),
        (
            {"verb": "requested"},
            "verb = requested (in the wording); expected words that speak of no wish, likeness, reason or novelty",
        ),
        (
            {"category": "new shelf"},
            "category = new shelf (in the wording); "
            "expected words that speak of no wish, likeness, reason or novelty",
        ),
    ],
)
def test_a_wording_that_makes_no_sentence_is_refused(words, told):
    with pytest.raises(ConfigError) as caught:
        Wording(**words)
    assert str(caught.value) == told


def test_a_wording_is_read_from_settings_and_loads_no_torch():
    """Settings hold it, and settings are read for every command."""
    words = {"verb": "bought", "pick": "order", "picks": "orders", "thing": "product", "category": "aisle"}
    assert from_mapping(Wording, words, where="serve: wording") == Wording(**words)
    assert load_config(Wording, overrides=["verb=bought"]) == Wording("bought")
    assert to_mapping(Wording(**words)) == words
    with pytest.raises(ConfigError, match='unknown key "verbs"'):
        from_mapping(Wording, {"verbs": "bought"}, where="serve: wording")
    with pytest.raises(ConfigError, match="expected str"):
        from_mapping(Wording, {"verb": None}, where="serve: wording")
    light = "import sys; from firstlight.explain.words import Wording; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", light], check=False).returncode == 0


@pytest.mark.parametrize(
    "blank", ["no", "No", "yes", "false", "TRUE", "none", "N/A", "0", "unknown", True, False]
)
def test_yes_no_and_nothing_are_no_reasons(blank):
    a, b = (item(key, available=blank, load_kg=0) for key in "ab")
    parts = (Predicate("available", "is", str(blank).lower()), Predicate("load_kg", "at_most", 5.0))
    for wish in (
        None,
        Wish("", wanted=parts[:1], limits=parts[1:]) if blank in ("no", "none", False) else None,
    ):
        ledger = build_ledger(a, [b], wish=wish)
        assert not ledger.entries
        assert not ledger.unmet


def test_drops_must_match_the_history():
    with pytest.raises(DataError) as caught:
        build_ledger(REC, [SAME], drops=[0.1, 0.2])
    assert str(caught.value) == (
        '2 drops for 1 history items (in the ledger of "rec"); '
        "expected one drop for each history item, in the same order"
    )
