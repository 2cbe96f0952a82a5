"""Write, verify, repair once, fall back: what is shown has passed, and says where it came from."""

from __future__ import annotations

import json

import pytest

from firstlight.explain import Explainer, TemplateWriter, build_ledger, plan
from firstlight.explain.fluency import reads_well
from firstlight.explain.repair import repairs
from firstlight.explain.templates import cited


class Scripted:
    """A writer that says what a function of the point says."""

    def __init__(self, say):
        self.say = say

    def write(self, ledgers, plans, *, seconds):
        assert seconds > 0
        return [
            [self.say(ledger, point) for point in points]
            for ledger, points in zip(ledgers, plans, strict=True)
        ]


class Broken:
    def write(self, ledgers, plans, *, seconds):
        raise RuntimeError("out of memory")


@pytest.fixture
def ledgers(world):
    return [world.ledger(number) for number in range(10)]


def origins(explanations):
    return {sentence.origin for one in explanations for sentence in one.sentences}


def honest(ledger, point):
    return TemplateWriter().alternatives([ledger], [[point]])[0][0][0]


def test_true_drafts_are_shown_as_written(world, ledgers):
    shown = Explainer(world.verifier, Scripted(honest)).explain(ledgers)
    assert origins(shown) == {"written"}
    assert not any(one.degraded for one in shown)


def test_lies_are_replaced_by_templates(world, ledgers):
    def lie(ledger, point):
        return cited("You will love this award-winning masterpiece.", point.cites)

    shown = Explainer(world.verifier, Scripted(lie)).explain(ledgers)
    assert origins(shown) == {"templated"}
    assert not any(one.degraded for one in shown)
    assert all(len(one.sentences) == len(plan(one.ledger)) for one in shown)


def test_a_wrong_clause_is_dropped_and_the_rest_kept(world, ledgers):
    def boast(ledger, point):
        return cited(honest(ledger, point).split(" [")[0] + ", and it won seven awards.", point.cites)

    shown = Explainer(world.verifier, Scripted(boast)).explain(ledgers)
    assert "repaired" in origins(shown)
    assert "written" not in origins(shown)
    assert not any("awards" in one.text for one in shown)


def test_a_wrong_value_is_swapped_for_the_right_one(world, ledgers):
    ledger = ledgers[0]
    entry = next(one for one in ledger.entries if one.kind == "history")
    point = next(one for one in plan(ledger) if entry in one.entries)
    stranger = next(one.title for one in world.items if one.key not in {ledger.item.key, *ledger.others})

    def confuse(ledger, point):
        return cited(f"You picked “{stranger}”, and it led here.", point.cites)

    draft = confuse(ledger, point)
    found = list(repairs(draft, point, world.verifier.refuted(draft, ledger)))
    assert any(f"“{entry.title}”" in one for one in found)
    (shown,) = Explainer(world.verifier, Scripted(confuse)).explain([ledger])
    assert stranger not in shown.text
    assert "repaired" in origins([shown])


def test_a_wrong_year_is_swapped(world):
    ledger = next(one for one in map(world.ledger, range(200)) if plan(one)[-1].family == "years_close")
    point = plan(ledger)[-1]
    right = honest(ledger, point)
    wrong = right.replace(f"({point.slots['y']})", "(1901)")
    assert wrong != right
    assert right in list(repairs(wrong, point, world.verifier.refuted(wrong, ledger)))


def test_without_a_writer_the_templates_speak_and_it_is_degraded(world, ledgers):
    shown = Explainer(world.verifier).explain(ledgers)
    assert all(one.degraded for one in shown)
    assert origins(shown) == {"templated"}


def test_templates_by_choice_are_not_degraded(world, ledgers):
    shown = Explainer(world.verifier, TemplateWriter()).explain(ledgers)
    assert not any(one.degraded for one in shown)
    assert origins(shown) == {"templated"}


def test_a_failing_writer_degrades(world, ledgers, capsys):
    shown = Explainer(world.verifier, Broken()).explain(ledgers)
    assert all(one.degraded and one.sentences for one in shown)
    assert (
        "the writer failed, templates speak instead: RuntimeError: out of memory" in capsys.readouterr().err
    )


def test_a_late_writer_degrades_only_what_it_did_not_finish(world, ledgers):
    late = Scripted(lambda ledger, point: None if ledger.item.key == "film-3" else honest(ledger, point))
    shown = Explainer(world.verifier, late).explain(ledgers)
    assert [one.degraded for one in shown] == [number == 3 for number in range(10)]
    assert {one.origin for one in shown[3].sentences} == {"templated"}


@pytest.mark.parametrize(
    "draft",
    [
        "",
        " ",
        "[E1]",
        "[]",
        "]",
        "“",
        "“”",
        "E1",
        ". [E1]",
        "x" * 5000,
        "\n\n",
        "[E1] [E2]",
        "(((",
        "“a” “b [E1]",
    ],
)
def test_garbage_from_a_writer_is_never_shown(world, ledgers, draft):
    shown = Explainer(world.verifier, Scripted(lambda ledger, point: draft)).explain(ledgers[:2])
    assert origins(shown) == {"templated"}


def test_a_ledger_without_entries_gets_no_sentence(world):
    bare = world.items[0].__class__(world.items[0].key, "Bare")
    (shown,) = Explainer(world.verifier, TemplateWriter()).explain([build_ledger(bare)])
    assert (shown.text, shown.sentences) == ("", ())
    assert Explainer(world.verifier).explain([]) == []


def test_text_marks_and_json(world, ledgers):
    (shown, *_) = Explainer(world.verifier, TemplateWriter()).explain(ledgers)
    assert "[E" not in shown.text
    assert shown.marked.count("[E") == len(shown.sentences)
    document = json.loads(json.dumps(shown.as_dict(), allow_nan=False))
    assert document["text"] == shown.text
    assert document["degraded"] is False
    known = {entry["id"] for entry in document["evidence"]["entries"]}
    for sentence in document["sentences"]:
        assert set(sentence["cites"]) <= known
        assert sentence["verdict"] == {"ok": True, "reasons": []}
        assert sentence["origin"] == "templated"


def test_reading_well():
    good = ["You picked “A”, and this one has the same mood.", "Like two of your picks, it has the mood.",
            "“A”, one of your picks, has the same mood.", "A newcomer: nobody has picked it yet."]  # fmt: skip
    bad = ["The same quiet mood.", "Two of your picks, it has the mood.", "The quiet mood, and this one too.",
           "", "!", "A “is” mood.", "This one has it, as you asked.", "It is it, as you asked.",
           "You asked for and of the in at.", "You asked for a limit on the length of the length of its pages.",
           "You picked “A”, which you picked, and it led here."]  # fmt: skip
    assert all(reads_well(one, "picked") for one in good)
    assert not any(reads_well(one, "picked") for one in bad)
    assert reads_well("You devoured “A”.", "devoured")
    assert not reads_well("You devoured “A”.", "picked")
