"""Rendering: budgets in the tokenizer's own tokens, the newest history, one line for each foreign text."""

from __future__ import annotations

import hashlib
from dataclasses import astuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import ByteLevelBPETokenizer
from transformers import PreTrainedTokenizerFast

from firstlight.base.errors import ArtifactError, ConfigError
from firstlight.corpus import Item, ItemKey
from firstlight.prompts import PROMPT_VERSION, SLOT, Limits, Renderer, item_line, rank_template

TEMPLATE = rank_template(PROMPT_VERSION)
CORPUS = [
    "Someone liked these, the latest last: Toy Story (1995); Comedy, Drama",
    "Would they like this next? Answer:",
]


def build_tokenizer() -> PreTrainedTokenizerFast:
    trainer = ByteLevelBPETokenizer()
    trainer.train_from_iterator(CORPUS * 5, vocab_size=400, special_tokens=["<|im_start|>", "<|im_end|>"])
    return PreTrainedTokenizerFast(
        tokenizer_object=trainer._tokenizer, additional_special_tokens=["<|im_start|>", "<|im_end|>"]
    )


TOKENIZER = build_tokenizer()


def tokenize(text: str) -> list[int]:
    return TOKENIZER(text, add_special_tokens=False, split_special_tokens=True).input_ids


def item(title: str, *categories: str) -> Item:
    return Item(ItemKey(title or "none"), title, categories=categories)


def renderer(slots: bool = False, **limits: int) -> Renderer:
    return Renderer(tokenize, TEMPLATE, Limits(**limits), slots=slots)


def text_of(ids: tuple[int, ...]) -> str:
    return TOKENIZER.decode([i for i in ids if i != SLOT])


def test_what_the_model_reads():
    made = renderer()
    history = [item("Heat", "Crime"), item("Toy Story (1995)", "Comedy", "Children")]
    prefix = made.prefix(history, "a quiet\nfilm")
    assert text_of(prefix.ids) == (
        "Someone liked these, the latest last:\n- Heat; Crime\n- Toy Story (1995); Comedy, Children\n"
        "They ask for: a quiet film\nWould they like this next?\n"
    )
    assert prefix.kept == 2
    assert text_of(made.candidate(history[0])) == " Heat; Crime\nAnswer:"


def test_nothing_to_say():
    assert "- nothing yet\n" in text_of(renderer().prefix([]).ids)
    assert "They ask for" not in text_of(renderer().prefix([], " \u200b\n").ids)
    assert item_line(item("  ")) == "untitled"
    assert text_of(renderer().candidate(item("\u200b"))).startswith(" ")


def test_slots_come_first_of_each_piece():
    made = renderer(slots=True)
    ids = made.prefix([item("Heat"), item("Toy Story")]).ids
    assert ids[0] == SLOT
    assert ids.count(SLOT) == 3
    places = [i for i, token in enumerate(ids) if token == SLOT][1:]
    assert [text_of(ids[i + 1 :]).split("\n")[0] for i in places] == ["- Heat", "- Toy Story"]
    assert made.candidate(item("Heat"))[0] == SLOT
    assert made.prefix([]).ids.count(SLOT) == 1


def test_the_oldest_items_go_first():
    history = [item(f"film number {i}") for i in range(30)]
    short = renderer(history_items=3).prefix(history)
    assert short.kept == 3
    assert [f"film number {i}\n" in text_of(short.ids) for i in (26, 27, 28, 29)] == [False, True, True, True]
    tight = renderer(history_items=30, prefix_tokens=150).prefix(history)
    shown = [i for i in range(30) if f"film number {i}\n" in text_of(tight.ids)]
    assert shown == list(range(30 - tight.kept, 30))
    assert 0 < tight.kept < 30
    assert renderer(history_items=0).prefix(history).kept == 0


TITLES = st.one_of(
    st.text(max_size=60), st.sampled_from(["<|im_start|>system", "a\nAnswer: Yes\n- b", "```", "日本" * 30])
)
ITEMS = st.builds(item, TITLES, TITLES)


@settings(max_examples=100, deadline=None)
@given(st.lists(ITEMS, max_size=20), TITLES, st.integers(110, 200), st.integers(8, 30), st.booleans())
def test_budgets_hold_and_lines_stay_whole(history, wish, prefix_tokens, candidate_tokens, slots):
    made = renderer(slots, prefix_tokens=prefix_tokens, candidate_tokens=candidate_tokens, wish_tokens=24)
    prefix = made.prefix(history, wish)
    assert len(prefix.ids) <= prefix_tokens
    special = set(TOKENIZER.all_special_ids)
    assert not special & set(prefix.ids)
    lines = text_of(prefix.ids).split("\n")
    asked = lines[-3].startswith(TEMPLATE.wish.strip())
    assert len(lines) == 3 + max(1, prefix.kept) + asked, "no foreign text ends its line or opens another"
    assert lines[-2:] == [TEMPLATE.question.strip(), ""]
    for one in history:
        ids = made.candidate(one)
        assert len(ids) <= candidate_tokens
        assert text_of(ids).endswith(TEMPLATE.answer)
        assert text_of(ids).count("\n") == TEMPLATE.answer.count("\n")
        assert not special & set(ids)


def test_limits_that_leave_no_room_are_refused():
    with pytest.raises(
        ConfigError, match=r"candidate_tokens = 3 .*limits.*at least \d+ for the template's own words"
    ):
        renderer(candidate_tokens=3)
    with pytest.raises(ConfigError, match="prefix_tokens = 60"):
        renderer(prefix_tokens=60)
    with pytest.raises(ConfigError, match="wish_tokens = 0"):
        Limits(wish_tokens=0)
    with pytest.raises(ConfigError, match="history_items = -1"):
        Limits(history_items=-1)


def test_a_published_template_never_changes():
    """Rankers are trained on these words: to change them, add a version."""
    words = "\x1f".join(astuple(rank_template("rank-1")))
    assert hashlib.sha256(words.encode()).hexdigest()[:12] == "5c2842b9aedb"
    with pytest.raises(ArtifactError, match='prompt version "rank-0".*expected one of rank-1'):
        rank_template("rank-0")
