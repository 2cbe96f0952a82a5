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
from firstlight.explain.phrases import FACTS, PHRASES
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
    Wording("watched", "films", "film", "genre"),
    Wording("bought", "purchases", "product", "aisle"),
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
    """A sentence without names, values and citations."""
    text = re.sub(r"“[^”]*”", "N", re.sub(r"\s*\[[^\]]*\]", "", sentence))
    return re.sub(r"the (same )?[\w ]+ (category|mood)|director \w+ \w+", "T", text)


def test_a_list_of_ten_does_not_repeat_itself(world):
    ledgers = [world.ledger(number) for number in range(10)]
    sentences = TemplateWriter().write(ledgers, [plan(one) for one in ledgers])
    said = [skeleton(sentence) for row in sentences for sentence in row]
    assert len(said) >= 20
    assert len(set(said)) == len(said)
    assert all(1 <= len(row) <= 3 for row in sentences)


def test_the_same_list_reads_the_same(world):
    ledgers = [world.ledger(number) for number in range(5)]
    plans = [plan(one) for one in ledgers]
    writer = TemplateWriter()
    assert (
        writer.write(ledgers, plans) == writer.write(ledgers, plans) == TemplateWriter().write(ledgers, plans)
    )
    openings = {TemplateWriter().write([one], [plan(one)])[0][0].split()[0] for one in ledgers}
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


def test_every_family_has_facts_and_its_slots_agree():
    assert set(PHRASES) == set(FACTS)
    for family, phrases in PHRASES.items():
        assert len(set(phrases)) == len(phrases), family
        for phrase in phrases:
            assert phrase.endswith(".")
            assert phrase[0] == "{" or phrase[0].isupper()


@pytest.mark.parametrize("wording", WORDINGS)
def test_the_wording_is_spoken(world, wording):
    ledger = world.ledger(3, wording=wording)
    text = " ".join(TemplateWriter().write([ledger], [plan(ledger)])[0])
    assert re.search(rf"\b({wording.verb}|{wording.picks}|{wording.pick}|{wording.thing})\b", text)
