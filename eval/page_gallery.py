"""The gallery part of the page: a few people, what they were shown, and why."""

from __future__ import annotations

from collections.abc import Sequence

from ..corpus.catalogue import Item
from .html import Html, section, tag
from .report import Person, Sentence, Suggestion
from .thumbnails import data_uri


def gallery(people: Sequence[Person]) -> Html | None:
    """Every person as a card; None when there is nobody."""
    if not people:
        return None
    lead = "What a few people are shown, and why. Every sentence was checked against the facts beneath it."
    return section("Three people" if len(people) == 3 else "People", lead, [_person(one) for one in people])


def _person(person: Person) -> Html:
    history = [
        tag("div", _thumbnail(item), tag("span", item.title or item.key, class_="title"))
        for item in person.history
    ]
    return tag(
        "article",
        tag("header", tag("h3", person.name), tag("p", person.story)),
        tag("p", "“", person.wish, "”", class_="wish") if person.wish else None,
        [tag("p", "So far, oldest first", class_="label"), tag("div", history, class_="strip")]
        if history
        else None,
        tag("p", "Recommended", class_="label") if person.suggestions else None,
        tag("ol", [_suggestion(one) for one in person.suggestions], class_="suggestions"),
        class_="person",
    )


def _suggestion(one: Suggestion) -> Html:
    badge = tag("span", one.badge, class_="badge") if one.badge else None
    return tag(
        "li",
        tag("div", _thumbnail(one.item)),
        tag(
            "div",
            tag("h4", one.item.title or one.item.key, badge),
            tag("div", ", ".join(one.item.categories), class_="kind"),
            tag("ul", [_sentence(sentence) for sentence in one.sentences], class_="because"),
            tag("p", one.source, class_="source") if one.source else None,
        ),
    )


def _sentence(sentence: Sentence) -> Html:
    facts = [tag("span", fact) for fact in sentence.evidence]
    return tag("li", sentence.text, tag("div", facts, class_="evidence") if facts else None)


def _thumbnail(item: Item) -> Html:
    address = data_uri(item.image)
    if address:
        return tag("img", src=address, alt="", class_="thumb", width=80, height=108)
    return tag("div", (item.title or item.key)[:1].upper(), class_="thumb blank", aria_hidden="true")
