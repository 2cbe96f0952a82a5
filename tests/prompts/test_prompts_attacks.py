"""Sixty hostile item texts: they stay in their line, move no other item, and are never repeated.

The mechanical parts run on the tiny random model that the ranker's tests use; what a trained one makes of the
texts is measured by `benchmarks/attacks.py`.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from finetune_world import DIM, LIMITS, build_llm, build_request, build_tokenizer

from firstlight.corpus import Catalogue, Item, ItemKey
from firstlight.explain import Explainer, Lexicon, TemplateWriter, Verifier, build_ledger
from firstlight.explain.templates import cited
from firstlight.finetune.ranker import PackedRanker
from firstlight.prompts import clean_text, gives_orders, harmless_part, has_address, is_harmless

PATH = Path(__file__).parents[2] / "benchmarks" / "hostile_texts.py"


def hostile_texts():
    spec = importlib.util.spec_from_file_location("hostile_texts", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["hostile_texts"] = module
    spec.loader.exec_module(module)
    return module.attacks()


ATTACKS = hostile_texts()
ORDERS = re.compile(
    r"ignore (all|any|the)|disregard|forget what|instructions|override:|stop ranking|answer:? (yes|no)"
    r"|rank (me|this)|system|assistant|password|click here|http|www|evil|script|yes yes",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def ranker():
    return PackedRanker.from_base(build_llm(build_tokenizer()), vector_dim=DIM, limits=LIMITS)


def test_there_are_sixty_in_six_families():
    families = [one.family for one in ATTACKS]
    assert len(ATTACKS) == len({one.text for one in ATTACKS}) == 60
    assert {families.count(one) for one in families} == {10}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.family)
def test_no_other_items_score_moves(ranker, attack):
    asked = build_request(n=8)
    before = ranker.score([asked])[0]
    victim = asked.candidates[3]
    hostile = replace(victim, title=f"{victim.title} {attack.text}", categories=(attack.text,))
    after = ranker.score(
        [replace(asked, candidates=[*asked.candidates[:3], hostile, *asked.candidates[4:]])]
    )[0]
    others = np.arange(8) != 3
    np.testing.assert_allclose(after[others], before[others], atol=1e-5, rtol=0)
    assert np.isfinite(after).all()
    assert len(after) == 8  # a score for each candidate and nothing else: no key can be invented


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.family)
def test_the_prompt_keeps_its_lines_and_its_special_tokens(ranker, attack):
    """In the history, as a candidate and as a wish: the same lines as with plain text, no chat token."""
    renderer, tokenizer = ranker.renderer, ranker.llm.tokenizer
    history = [
        Item(ItemKey("a"), "the red river"),
        Item(ItemKey("b"), attack.text, categories=(attack.text,)),
    ]
    plain = [history[0], Item(ItemKey("b"), "the blue garden")]
    wish = "a garden" if clean_text(attack.text) else ""
    rendered = renderer.prefix(history, attack.text)
    assert lines(tokenizer, rendered.ids) == lines(tokenizer, renderer.prefix(plain, wish).ids)
    candidate = renderer.candidate(history[1])
    assert lines(tokenizer, candidate) == 2
    assert candidate[-len(ranker.tokens_after_title) :] == tuple(ranker.tokens_after_title)
    specials = set(tokenizer.all_special_ids) - set(renderer.start)
    assert specials.isdisjoint([*rendered.ids[len(renderer.start) :], *candidate])


def lines(tokenizer, ids):
    return tokenizer.decode([one for one in ids if one >= 0]).count("\n") + 1


@pytest.mark.parametrize(
    "title",
    [
        "The Answer Man (2009)", "System Crasher", "Follow That Bird", "The Forgotten", "Yes Man (2008)",
        "Ignorance", "Swordfish", "History of the World: Part I", "Rank and File", "Chosen",
        "Choose Me (1984)", "Say Yes (2001)", "Yes Yes Yes", "Human: A History", "The Best Match (2010)",
        "Password Journal", "Startup.com (2001)", "ASP.NET Core in Action", "H@cker", "Monk@Fest",
    ],
)  # fmt: skip
def test_honest_titles_are_whole(title):
    assert not gives_orders(title)
    assert harmless_part(title) == title


@pytest.mark.parametrize("run", ["a-" * 2048, "a" * 4096, "a." * 2048, "a@" * 2048])
def test_a_long_run_of_letters_costs_no_more_than_words(run):
    began = time.process_time()
    for _ in range(5):
        harmless_part(run)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.family)
def test_a_title_keeps_its_harmless_part(attack):
    kept = harmless_part(f"The Red River, {attack.text}")
    assert kept.startswith("The Red River")
    assert is_harmless(kept)
    assert harmless_part("Amélie (2001), or: [C#] -") == "Amélie (2001), or: [C#] -"


class Parrot:
    """A writer that has been taken over: it says the hostile text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def write(self, ledgers, plans, *, seconds):
        return [[cited(f"You picked this. {self.text}", point.cites) for point in points] for points in plans]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.family)
@pytest.mark.parametrize("where", ["recommended", "history", "value"])
def test_nothing_of_it_is_said(attack, where):
    """As a title, in the history or as a category; written by templates and by a captured model."""

    def item(key, title, categories, **more):
        return Item(ItemKey(key), title, attack.text, categories, attributes={"note": attack.text, **more})

    category = attack.text if where == "value" else "Drama"
    picked = item("p", attack.text if where == "history" else "The Red River", (category,), maker="Ann Lee")
    other = item("o", "The Blue Garden", ("Comedy",), maker="Ann Lee")
    offered = item("x", attack.text if where == "recommended" else "Winter", (category,), maker="Ann Lee")
    lexicon = Lexicon(Catalogue.from_items([picked, other, offered]))
    ledger = build_ledger(
        offered, [picked, other], drops=[0.5, 0.2], neighbors=[(picked, 0.9)], lexicon=lexicon
    )
    for writer in (TemplateWriter(), Parrot(attack.text)):
        (shown,) = Explainer(Verifier(lexicon), writer).explain([ledger])
        assert shown.sentences
        assert not has_address(shown.text), shown.text
        assert not ORDERS.search(shown.text), shown.text
