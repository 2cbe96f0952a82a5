"""Descriptions from attributes, by a small grammar rather than a list of facts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from . import phrases
from .words import SHE

T = TypeVar("T")
NUMBERS = 24  # at least as many choices as a title or a description takes
_SHE = frozenset(SHE)
_KIND = {"Science Fiction": "science-fiction film", "Romance": "love story"}


@dataclass(frozen=True)
class Facts:
    """What one film's prose may speak of.

    `hero` is a phrase ("a stray cat"), `former` the title of the part before, if any.
    """

    genre: str
    setting: str
    mood: str
    pace: str
    theme: str
    hero: str
    name: str
    former: str = ""


class Picker:
    """A row of random integers, spent one choice at a time, and over again if need be."""

    def __init__(self, numbers: NDArray[np.integer]) -> None:
        self._numbers = itertools.cycle(numbers.tolist())

    def one(self, options: Sequence[T]) -> T:
        """One of `options`."""
        return options[next(self._numbers) % len(options)]

    def chance(self, percent: int) -> bool:
        """True in `percent` of 100 cases."""
        return next(self._numbers) % 100 < percent


def make_description(facts: Facts, pick: Picker) -> str:
    """Two to four sentences: always theme, setting and hero; mood, pace and genre now and then."""
    opening = _sequel_opening(facts, pick) if facts.former else _opening(facts, pick)
    sentences = [*opening, pick.one(phrases.TURN[facts.theme])]
    if len(sentences) < 3 and pick.chance(45):
        sentences.append(pick.one(phrases.TWIST[facts.genre]))
    sentences.append(_tone(facts, pick))
    text = " ".join(sentence for sentence in sentences if sentence)
    return text.format(name=facts.name, **_pronouns(facts.name))


def _opening(facts: Facts, pick: Picker) -> list[str]:
    where, scene = pick.one(phrases.WHERE[facts.setting]), pick.one(phrases.SCENE[facts.setting])
    premise, about = pick.one(phrases.PREMISE[facts.theme]), pick.one(phrases.ABOUT[facts.theme])
    feel = pick.one(phrases.FEEL[facts.mood])
    forms = (
        [f"{facts.name}, {facts.hero}, {premise}, {where}."],
        [f"{capital(where)}, {facts.name}, {facts.hero}, {premise}."],
        [scene, f"Here {facts.name}, {facts.hero}, {premise}."],
        [
            f"{capital(article(feel))} {feel} film about {about}.",
            f"It follows {facts.name}, {facts.hero}, who {premise}, {where}.",
        ],
    )
    return forms[pick.one((0, 0, 1, 1, 2, 2, 3))]


def _sequel_opening(facts: Facts, pick: Picker) -> list[str]:
    later, premise = pick.one(phrases.LATER), pick.one(phrases.PREMISE[facts.theme])
    where = pick.one(phrases.WHERE[facts.setting])
    return [f"{later} {facts.former}, {facts.name}, {facts.hero}, {premise}, {where}."]


def _tone(facts: Facts, pick: Picker) -> str:
    """How it is told; nothing in one case out of five."""
    feel, told = pick.one(phrases.FEEL[facts.mood]), pick.one(phrases.TOLD[facts.pace])
    forms = (
        f"{capital(article(feel))} {feel} {_KIND.get(facts.genre, facts.genre.lower())}, {told}.",
        f"The film is {feel}, {told}.",
        pick.one(phrases.RHYTHM[facts.pace]),
        f"It is {told}." if told.startswith("told") else pick.one(phrases.RHYTHM[facts.pace]),
        "",
    )
    return pick.one(forms)


def article(word: str) -> str:
    """The indefinite article of `word`."""
    return "an" if word[0].lower() in "aeiou" or word.startswith("Hour") else "a"


def capital(text: str) -> str:
    """`text` with its first letter in upper case."""
    return text[0].upper() + text[1:]


def _pronouns(name: str) -> dict[str, str]:
    he, him, his = ("she", "her", "her") if name in _SHE else ("he", "him", "his")
    return {"he": he, "him": him, "his": his}
