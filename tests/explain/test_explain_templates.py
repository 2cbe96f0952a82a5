"""Template sentences are true by construction, varied, and the same for the same list."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstlight.corpus import Catalogue, Item
from firstlight.corpus.keys import ItemKey
from firstlight.corpus.predicates import Predicate
from firstlight.explain import Explainer, Lexicon, TemplateWriter, Verifier, Wording, build_ledger, plan
from firstlight.explain.evidence import trait
from firstlight.explain.phrases import FACTS, PHRASES
from firstlight.explain.templates import _point
from firstlight.prompts.wish import Wish

VALUES = ["Horror", "Science Fiction", "Science", "quiet", "Mary Oliver", "R&B", "New Wave", "Children's", "Up", "new",
          "slow burn", "Time", "Sci-Fi"]  # fmt: skip
TITLES = [
    "Alien",
    "Aliens",
    "Alien Returns",
    "It",
    "300",
    "Heat (1995)",
    "Matrix, The (1999)",
    "Mystery",
    "Up",
    "You",
]
WORDINGS = [
    Wording(),
    Wording("watched", "film", "films", "film", "genre"),
    Wording("bought", "purchase", "purchases", "product", "aisle"),
    Wording("ordered", "dish", "dishes", "main course", "kind of food"),
]


@st.composite
def items(draw, key):
    attributes = {
        "mood": draw(st.sampled_from(VALUES)),
        "main_author": draw(st.sampled_from(VALUES)),
        "year": draw(st.integers(1990, 2000)),
        "price": draw(st.sampled_from([9.5, 10.0, 1994.0])),
    }
    return Item(
        ItemKey(key),
        draw(st.sampled_from(TITLES)),
        draw(st.sampled_from(["", "A quiet man in 1994 finds Horror."])),
        tuple(draw(st.lists(st.sampled_from(VALUES), max_size=3, unique=True))),
        attributes={name: value for name, value in attributes.items() if draw(st.booleans())},
    )


@st.composite
def cases(draw):
    """A random catalogue and a random ledger over it."""
    people = [draw(items(f"i{n}")) for n in range(draw(st.integers(2, 7)))]
    rec, *rest = people
    history = draw(st.lists(st.sampled_from(rest), max_size=6))
    signs = st.floats(-1, 1, allow_nan=False)
    lexicon = Lexicon(Catalogue.from_items(people))
    wanted = Predicate(draw(st.sampled_from(["categories", "mood"])), "is", draw(st.sampled_from(VALUES)))
    wish = Wish(
        "", anchors=(rest[0].key,), wanted=(wanted,), limits=(Predicate("year", "at_least", 1993.0),),
        unwanted=(Predicate("categories", "is_not", draw(st.sampled_from(VALUES))),),
    )  # fmt: skip
    ledger = build_ledger(
        rec,
        history,
        drops=[draw(signs) for _ in history] if draw(st.booleans()) else None,
        neighbors=[(one, draw(signs)) for one in rest],
        wish=wish if draw(st.booleans()) else None,
        cold=draw(st.booleans()),
        popularity=draw(st.sampled_from([None, 0.03, 0.5])),
        lexicon=lexicon if draw(st.booleans()) else None,
        wording=draw(st.sampled_from(WORDINGS)),
    )
    return ledger, Verifier(lexicon)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_every_way_to_say_every_point_passes(case):
    ledger, verifier = case
    points = plan(ledger)
    for choices in TemplateWriter().alternatives([ledger], [points])[0]:
        for sentence in choices:
            assert verifier.check(sentence, ledger).reasons == (), sentence


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.text(max_size=30), min_size=3, max_size=6),
    st.lists(st.text(max_size=20), min_size=2, max_size=4),
    st.text(alphabet=string.ascii_letters + "_ ", min_size=1, max_size=12),
)
def test_whatever_a_catalogue_holds_what_is_shown_has_passed(titles, values, column):
    column = column.strip() or "mood"
    people = [
        Item(
            ItemKey(f"k{i}"), title, "", tuple(values[:2]), attributes={f"x{column}": values[i % len(values)]}
        )
        for i, title in enumerate(titles)
    ]
    lexicon = Lexicon(Catalogue.from_items(people))
    verifier = Verifier(lexicon)
    ledger = build_ledger(people[0], people[1:], drops=[0.5] * (len(people) - 1), lexicon=lexicon)
    (explanation,) = Explainer(verifier, TemplateWriter()).explain([ledger])
    assert all(verifier.check(one.marked, ledger).ok for one in explanation.sentences)


def skeleton(sentence):
    """A sentence without names and values."""
    text = re.sub(r"“[^”]*”", "N", sentence)
    return re.sub(r"the (same )?[\w ]+ (category|mood)|director \w+ \w+", "T", text)


def test_a_list_of_ten_does_not_repeat_itself(world):
    ledgers = [world.ledger(number) for number in range(10)]
    shown = Explainer(world.verifier, TemplateWriter()).explain(ledgers)
    said = [skeleton(sentence.text) for one in shown for sentence in one.sentences]
    assert len(said) >= 20
    assert len(set(said)) == len(said)
    assert all(1 <= len(one.sentences) <= 3 for one in shown)


def test_the_same_list_reads_the_same(world):
    ledgers = [world.ledger(number) for number in range(5)]
    explainer = Explainer(world.verifier, TemplateWriter())
    first, again, anew = (
        one.explain(ledgers) for one in (explainer, explainer, Explainer(world.verifier, TemplateWriter()))
    )
    assert first == again == anew
    openings = {explainer.explain([one])[0].text.split()[0] for one in ledgers}
    assert len(openings) > 1


def test_the_wish_is_answered_first_and_each_name_once(world):
    wish = Wish("", wanted=(Predicate("mood", "is", "quiet"), Predicate("mood", "is", "tense")))
    for number in range(20):
        points = plan(world.ledger(number, wish=wish))
        kinds = [point.entries[0].kind for point in points]
        assert "wish" not in kinds[1:] or kinds[0] == "wish"
        names = [point.slots["n"] for point in points if "n" in point.slots]
        assert len(names) == len(set(names))


def test_two_limits_on_one_number_are_one_sentence(world):
    item = world.items[0]
    year = float(item.attributes["year"])
    limits = (Predicate("year", "at_least", year - 1), Predicate("year", "at_most", year + 1))
    ledger = build_ledger(item, wish=Wish("", limits=(*limits, Predicate("price", "at_most", 100.0))))
    fields = [point.entries[0].field for point in plan(ledger)]
    assert fields == ["year", "price"]


def told(phrase):
    """The slots of a phrase but those that every point fills; {a} is {t} with a comma."""
    slots = {name.lower() for _, name, _, _ in string.Formatter().parse(phrase) if name}
    return {"t" if name == "a" else name for name in slots} - {"v", "picks", "pick", "thing"}


def test_every_family_has_facts_and_its_slots_agree():
    assert set(PHRASES) == set(FACTS)
    for family, phrases in PHRASES.items():
        assert len(set(phrases)) == len(phrases), family
        assert told(FACTS[family]) == set().union(*map(told, phrases)), family
        for phrase in phrases:
            assert phrase.endswith(".")
            assert phrase[0] == "{" or phrase[0].isupper()


@pytest.mark.parametrize("wording", WORDINGS)
def test_the_wording_is_spoken(world, wording):
    """In everything that can be said of ten items, and no word of another wording with it."""
    ledgers = [world.ledger(number, wording=wording) for number in range(10)]
    ways = TemplateWriter().alternatives(ledgers, [plan(one) for one in ledgers])
    text = " ".join(sentence for points in ways for choices in points for sentence in choices)
    for word in (wording.verb, wording.picks, wording.pick, wording.thing, wording.category):
        assert re.search(rf"\b{word}\b", text), word
    others = {"picked", "picks", "pick", "category"} if wording != Wording() else {"watched", "bought"}
    assert not re.search(rf"\b({'|'.join(others)})\b", text)


def everything_said(ledger):
    """All that templates can say of a ledger's entries, each alone."""
    points = [_point(entry, ledger) for entry in ledger.entries]
    return [
        sentence for choices in TemplateWriter().alternatives([ledger], [points])[0] for sentence in choices
    ]


def tool(key, **attributes):
    return Item(ItemKey(key), f"Tool {key.upper()}", "", attributes=attributes)


@pytest.mark.parametrize("column", ["brand", "creator", "main_actor", "line", "free_shipping"])
@pytest.mark.parametrize("value", ["Kestrel", "bright red", "new"])
def test_a_value_is_said_with_the_noun_of_its_field(column, value):
    rec, past, more, other = (
        tool(key, **{column: said})
        for key, said in (("a", value), ("b", value), ("c", value), ("d", "Bosch"))
    )
    verifier = Verifier(Lexicon(Catalogue.from_items([rec, past, more, other])))
    wish = Wish(
        "", wanted=(Predicate(column, "is", value),), unwanted=(Predicate(column, "is_not", "Bosch"),)
    )
    ledgers = [
        build_ledger(rec),
        build_ledger(rec, [past]),
        build_ledger(rec, [past, more]),
        build_ledger(rec, [other, past], drops=[0.1, 0.5]),
        build_ledger(rec, [past, past], drops=[0.4, 0.5]),
        build_ledger(rec, wish=wish),
    ]
    word = column.replace("_", " ")
    beside = rf"{word},? ((of this one )?is )?“?(Kestrel|bright red|new|Bosch)”?|“?(bright red|new)”? {word}"
    for ledger in ledgers:
        assert len(everything_said(ledger)) >= 3
        for sentence in everything_said(ledger):
            assert verifier.check(sentence, ledger).reasons == ()
            if value in sentence or "Bosch" in sentence:
                assert re.search(beside, sentence, re.IGNORECASE), sentence


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("brand", "Kestrel", "brand, Kestrel"),
        ("art", "Martin Ray", "art, Martin Ray"),
        ("color", "red", "red color"),
        ("mood", "quiet moods", "quiet moods"),
        ("categories", "Horror", "Horror category"),
    ],
)
def test_noun_and_value_make_one_phrase(field, value, said):
    assert trait(field, value, Wording(), comma=",") == said


def test_a_column_whose_name_cannot_be_said_gives_no_reason():
    rec, past = (tool(key, limit="Kestrel", reason="spare part") for key in "ab")
    wish = Wish("", wanted=(Predicate("limit", "is", "Kestrel"),))
    assert not build_ledger(rec, [past], wish=wish).entries


def test_a_single_value_is_said_of_its_field_and_one_of_several_is_not():
    single = build_ledger(tool("a", creator="Ada Ray"))
    assert "Its creator is Ada Ray [E1]." in everything_said(single)
    several = build_ledger(tool("a", actor=["Ada Ray", "Bo Lund"]))
    assert not any(" is " in sentence for sentence in everything_said(several))


def test_numbers_are_said_with_their_unit():
    rec = tool("a", weight_kg=0.6, length_minutes=1, price_usd=19.5, stock=4)
    limits = tuple(Predicate(name, "at_most", 50.0) for name in rec.attributes)
    verifier = Verifier(Lexicon(Catalogue.from_items([rec])))
    said = set()
    for limit in limits:
        ledger = build_ledger(rec, wish=Wish("", limits=(limit,)))
        sentences = everything_said(ledger)
        assert [verifier.check(one, ledger).reasons for one in sentences] == [()] * 3
        said.update(sentences)
    assert {
        "Its weight is 0.6 kg, within what you asked for [E1].",
        "At 1 minute, its length keeps to the limit you asked for [E1].",
        "You asked for a limit on the price, and 19.5 USD is inside it [E1].",
        "Its stock is 4, within what you asked for [E1].",
    } <= said


def test_popularity_is_told_of_picks_and_not_of_people():
    """One account may have made all the picks."""
    ledger = build_ledger(tool("a"), popularity=0.001)
    assert everything_said(ledger)
    assert not any(re.search("many|people|popular", one, re.IGNORECASE) for one in everything_said(ledger))
