"""How far "no", "only" and "I don't mind" reach, and so what each part of a wish is: wished or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .wish_words import (
    ALWAYS_BREAKS,
    ARTICLES,
    CLAUSE_BREAKS,
    EMPTY_PHRASES,
    FILLER,
    INDIFFERENT,
    MEASURING,
    MODIFIERS,
    NEGATIONS,
    ONLY,
    PREPOSITIONS,
    REFUSED_BEHIND,
    Phrases,
    Token,
    phrase_at,
)

Polarity = Literal["wanted", "unwanted", "limit", "ignored"]
_REFUSALS: tuple[tuple[Phrases, Polarity], ...] = ((INDIFFERENT, "ignored"), (NEGATIONS, "unwanted"))
_STRONG = frozenset(".;:!?()\n…")
_STOPS = CLAUSE_BREAKS | PREPOSITIONS
_WEIGHTLESS = FILLER | MEASURING


@dataclass(frozen=True)
class Mention:
    """Something recognized in the tokens from `start` to `end`."""

    start: int
    end: int
    kind: Literal["title", "value", "limit"]


@dataclass
class Scopes:
    """What the walk over the text found.

    Attributes
    ----------
    polarity
        By the mention's first token; a mention that is not in here is wanted.
    removed
        Token ranges that are no part of the query.
    unknown
        Token ranges of refusals and demands that the catalogue cannot decide.
    """

    polarity: dict[int, Polarity] = field(default_factory=dict)
    removed: list[tuple[int, int]] = field(default_factory=list)
    unknown: list[tuple[int, int]] = field(default_factory=list)


def find_scopes(tokens: Sequence[Token], mentions: Mapping[int, Mention]) -> Scopes:
    """Walk over the text once; `mentions` are by their first token and do not overlap."""
    walk = _Walk(tokens, mentions)
    place = 0
    while place < len(tokens):
        place = walk.step(place)
    return walk.scopes


class _Walk:
    """One walk, from left to right; what it finds is in `scopes`."""

    def __init__(self, tokens: Sequence[Token], mentions: Mapping[int, Mention]) -> None:
        self.tokens, self.mentions, self.scopes = tokens, mentions, Scopes()

    def step(self, place: int) -> int:
        """Read what starts at `place`; return where to go on."""
        if mention := self.mentions.get(place):
            return self._behind_mention(mention)
        if width := phrase_at(EMPTY_PHRASES, self.tokens, place) or self._interjection(place):
            self.scopes.removed.append((place, place + width))
            return place + width
        if width := phrase_at(ONLY, self.tokens, place):
            return self._only(place, place + width)
        for phrases, polarity in _REFUSALS:
            if width := phrase_at(phrases, self.tokens, place):
                return self._refusal(place, place + width, polarity)
        return self._word(place)

    def _behind_mention(self, mention: Mention) -> int:
        """What was just read is refused by "-free" or "excluded" and demanded by "only" behind it."""
        end = mention.end
        if mention.kind == "value" and not self._described(mention) and end < len(self.tokens):
            if self.tokens[end].word == "free" and self._refuses_before(end):
                self.scopes.polarity[mention.start] = "unwanted"
                self.scopes.removed.append((mention.start, end + 1))
                return end + 1
            width = phrase_at(REFUSED_BEHIND, self.tokens, end)
            if width and self.tokens[end].gap in ("", ",", "-", ":") and self._ends_clause(end + width):
                self.scopes.polarity[mention.start] = "unwanted"
                self.scopes.removed.append((mention.start, end + width))
                return end + width
            if self.tokens[end].word == "only" and not self.tokens[end].gap and self._ends_clause(end + 1):
                self.scopes.polarity[mention.start] = "limit"
                self.scopes.removed.append((end, end + 1))
                return end + 1
        return end

    def _general(self, mention: Mention) -> bool:
        """Whether a value is a word that says nothing elsewhere: "games"."""
        return mention.kind == "value" and all(
            one.word in FILLER for one in self.tokens[mention.start : mention.end]
        )

    def _described(self, mention: Mention) -> bool:
        """Whether only some of a general value are meant: "strategy games excluded"."""
        token = self.tokens[mention.start]
        described = mention.start > 0 and not token.gap and self.tokens[mention.start - 1].word not in FILLER
        return described and self._general(mention)

    def _refuses_before(self, place: int) -> bool:
        """Whether the "free" at `place` is that of "horror-free", not that of "a comedy free of horror"."""
        gap = self.tokens[place].gap
        return gap == "-" or (not gap and not phrase_at(NEGATIONS, self.tokens, place))

    def _word(self, place: int) -> int:
        """Any other word; a "gore-free" refuses something that the catalogue does not know."""
        if place > 0 and self.tokens[place].word == "free" and self.tokens[place].gap == "-":
            self.scopes.unknown.append((place - 1, place + 1))
            self.scopes.removed.append((place - 1, place + 1))
        return place + 1

    def _interjection(self, place: int) -> int:
        """1 for the "no" of "no, I want comedies", which refuses nothing."""
        if self.tokens[place].word not in ("no", "nope", "not"):
            return 0
        return int(place + 1 == len(self.tokens) or bool(self.tokens[place + 1].gap.strip("-'\"")))

    def _ends_clause(self, place: int) -> bool:
        if place >= len(self.tokens):
            return True
        return bool(self.tokens[place].gap) or self.tokens[place].word in CLAUSE_BREAKS | {"and", "no", "not"}

    # ------------------------------------------------------------ demands

    def _only(self, place: int, behind: int) -> int:
        """The values behind "only" are demanded, all of them; of "only A or B" no condition can be made."""
        if place and self.tokens[place - 1].word in ("the", "my", "one"):
            return behind  # "the only comedy I liked"
        first = behind
        while first < len(self.tokens) and first not in self.mentions and self.tokens[first].word in FILLER:
            first += 1
        demanded = list(self._adjacent(first))
        if not demanded:
            return behind
        end = demanded[-1].end
        self.scopes.removed.append((place, behind))
        if self._alternative(end):
            while (other := self._alternative(end)) is not None:
                end = other.end
            self.scopes.unknown.append((place, end))
            return end
        self.scopes.polarity.update({mention.start: "limit" for mention in demanded})
        return end

    def _adjacent(self, place: int) -> Iterator[Mention]:
        while (mention := self.mentions.get(place)) and mention.kind == "value":
            yield mention
            place = mention.end

    def _alternative(self, place: int) -> Mention | None:
        """The value in "or B", "and B", ", B" or "/B" at `place`."""
        if place >= len(self.tokens):
            return None
        token = self.tokens[place]
        joined = token.word in ("and", "or")
        if not joined and token.gap not in (",", "/"):
            return None
        mention = self.mentions.get(place + joined)
        return mention if mention and mention.kind == "value" else None

    # ------------------------------------------------------------ refusals

    def _refusal(self, place: int, behind: int, polarity: Polarity) -> int:
        """Everything the refusal at `place` reaches; its parts are joined by "or", "and" and commas."""
        end = start = behind
        doubtful = self.tokens[place].word == "never" or self.tokens[behind - 1].word == "be"
        while True:
            part = self._part(start, narrow=self.tokens[place].word == "non")
            if doubtful and part.unknown:  # "a man who can't be trusted" tells of him
                return behind
            self.scopes.polarity.update({one.start: polarity for one in part.mentions})
            self.scopes.polarity.update({one.start: "ignored" for one in part.general})
            if part.unknown and polarity == "unwanted":
                self.scopes.unknown.append((place if start == behind else start, part.end))
            end = max(end, part.end)
            start = self._next_part(part)
            if start is None:
                break
        if end > behind:
            self.scopes.removed.append((place, end))
        return end

    def _part(self, place: int, *, narrow: bool) -> _Part:
        """One part of a refusal: the words up to the next break, and what they mention."""
        part = _Part(place)
        while part.end < len(self.tokens) and not self._breaks(part):
            token = self.tokens[part.end]
            if mention := self.mentions.get(part.end):
                part.take(mention, general=self._general(mention))
                if mention.kind == "limit":
                    break
            elif part.content and token.word in MODIFIERS:
                part.end = self._clause_end(part.end)
                break
            else:
                part.words |= token.word not in _WEIGHTLESS
                part.end += 1
            if narrow:
                break
        part.settle()
        return part

    def _breaks(self, part: _Part) -> bool:
        """Whether the part ends before its next token."""
        place, token = part.end, self.tokens[part.end]
        if place > part.start and _parted(token):
            return True
        mention = self.mentions.get(place)
        if mention is not None:
            return mention.kind == "limit" and part.content
        if token.word in ALWAYS_BREAKS or token.word in ("or", "and"):
            return True
        if place > part.start and phrase_at(NEGATIONS, self.tokens, place):
            return True
        return (part.content and token.word in _STOPS) or (bool(part.general) and token.word in CLAUSE_BREAKS)

    def _clause_end(self, place: int) -> int:
        """The end of a relative clause: its words only describe what is refused."""
        while place < len(self.tokens):
            token, mention = self.tokens[place], self.mentions.get(place)
            if _parted(token):
                break
            if token.word in CLAUSE_BREAKS or (mention and mention.kind != "value"):
                break
            if mention:
                self.scopes.polarity[place] = "ignored"
            place = mention.end if mention else place + 1
        return place

    def _next_part(self, part: _Part) -> int | None:
        """Where the refusal goes on: behind "or", "and" before a value, and the commas of a list."""
        place = part.end
        if place >= len(self.tokens) or not part.content or set(self.tokens[place].gap) & _STRONG:
            return None
        word, next_value = self.tokens[place].word, self._value_at(place + 1)
        if "," in self.tokens[place].gap and word not in ("or", "and"):
            return place if part.mentions and self._is_list(place) else None
        if word == "or" and place + 1 < len(self.tokens):
            return place + 1
        if word == "and" and next_value is not None and part.mentions:
            return place + 1
        return None

    def _value_at(self, place: int) -> Mention | None:
        while place < len(self.tokens) and place not in self.mentions and self.tokens[place].word in ARTICLES:
            place += 1
        mention = self.mentions.get(place)
        return mention if mention and mention.kind == "value" else None

    def _is_list(self, place: int) -> bool:
        """Whether values joined by commas follow, the last one behind "or" or "and"."""
        while mention := self._value_at(place):
            place = mention.end
            if place >= len(self.tokens):
                return False
            if self.tokens[place].word in ("or", "and"):
                return self._value_at(place + 1) is not None
            if self.tokens[place].gap != ",":
                return False
        return False


def _parted(token: Token) -> bool:
    """Whether a comma or a stronger mark stands before the word."""
    return "," in token.gap or not _STRONG.isdisjoint(token.gap)


@dataclass
class _Part:
    """One refused thing: from `start` to `end`, with the mentions in it."""

    start: int
    end: int = -1
    words: bool = False  # whether it has a word of its own meaning that is no mention
    mentions: list[Mention] = field(default_factory=list)
    general: list[Mention] = field(default_factory=list)  # "games" in "no strategy games"

    def __post_init__(self) -> None:
        self.end = self.start

    def take(self, mention: Mention, *, general: bool) -> None:
        (self.general if general else self.mentions).append(mention)
        self.end = mention.end

    def settle(self) -> None:
        """What is general is refused only where it stands alone: "no games"."""
        if not self.content:
            self.mentions, self.general = self.general, []

    @property
    def content(self) -> bool:
        return self.words or bool(self.mentions)

    @property
    def unknown(self) -> bool:
        return self.words and not self.mentions
