"""The English that wishes are written in: tokens, stems, and the small word tables of the parser."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|&")
_TYPOGRAPHY = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word: lower-case, without accents and apostrophes, with its place in the text.

    `gap` is what stands between it and the word before, blanks removed; `capital` says whether the
    person wrote it with a capital or a digit.
    """

    word: str
    start: int
    end: int
    gap: str
    capital: bool


def plain(text: str) -> str:
    """The text in lower case, without accents and typographic quotes; no character moves."""
    if text.isascii():
        return text.lower()
    return "".join(_plain_character(one) for one in text.translate(_TYPOGRAPHY))


def _plain_character(one: str) -> str:
    lower = unicodedata.normalize("NFKD", one)[0].lower()
    return lower if len(lower) == 1 else one


def tokenize(text: str) -> list[Token]:
    """The words of a text, in order."""
    simple, tokens, before = plain(text), [], 0
    for match in _TOKEN.finditer(simple):
        start, end = match.span()
        word = "and" if match[0] == "&" else match[0].replace("'", "")
        first = text[start]
        between = simple[before:start]
        gap = ";" if " -" in between and "- " in between else between.strip()  # a dash parts clauses
        tokens.append(Token(word, start, end, gap, first.isupper() or first.isdigit()))
        before = end
    return tokens


def words(text: str) -> tuple[str, ...]:
    """Only the words of :func:`tokenize`."""
    found = _TOKEN.findall(plain(text))
    return tuple("and" if word == "&" else word.replace("'", "") for word in found)


def stem(word: str) -> str:
    """A noun without its plural; the same for texts and catalogue values, so it need not be a word."""
    if len(word) < 4 or word in ("news", "series", "species") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith(("ies", "ie")) and len(word.removesuffix("s")) > 3:  # stories, movies, movie; not ties
        return word.removesuffix("s")[:-2] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word.removesuffix("s")


def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words."""
    return tuple(stem(word) for word in words(text))


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


Phrases = dict[str, tuple[tuple[str, ...], ...]]  # by their first word, longest first


def _phrases(text: str) -> Phrases:
    """One phrase a line."""
    lines = sorted((tuple(line.split()) for line in text.strip().splitlines()), key=len, reverse=True)
    return {first: tuple(line for line in lines if line[0] == first) for first in {line[0] for line in lines}}


def phrase_at(phrases: Phrases, tokens: Sequence[Token], place: int) -> int:
    """How many tokens the longest of `phrases` covers at `place`; 0 when none stands there."""
    for phrase in phrases.get(tokens[place].word, ()):
        if phrase == tuple(token.word for token in tokens[place : place + len(phrase)]):
            return len(phrase)
    return 0


ARTICLES = _set("a an the")

# Words that say nothing about an item. A wish made of these alone leaves nothing to embed. Nouns and verbs
# may be values of a catalogue, and then say something there: "a book" in a shop that also sells games.
_NOUNS = _set(
    """
    thing things stuff kind kinds sort sorts type types movie movies film films flick flicks show shows
    title titles item items product products book books game games fan mood good great nice best
    recommendation recommendations
    """
)
_VERBS = _set(
    """
    want wants wanted wanting wish need needs looking look searching find show give suggest recommend
    recommended see seeing watch watching read reading buy play think try let help
    seen saw loved liked enjoyed watched finished
    """
)
FUNCTION_WORDS = ARTICLES | _set(
    """
    i im id ive me my we us our you your it its this that these those one ones there here
    is are was be been being am do does did have has had having get got can cant could would should will
    like for lets please thanks thank hi hello hey ok okay yes yeah well
    something anything everything some any bit little lot lots of
    really very quite so too just also only more most much many maybe perhaps
    ideally preferably possible possibly rather actually again else other another
    fond interested ever sure definitely absolutely especially they whats thats theres
    and or but nor with without from in on at to by as about into than then if when who which where what
    how tonight today now watchable not no
    """
)
FILLER = FUNCTION_WORDS | _NOUNS | _VERBS

# Where watches are sold, "watch" is a noun, except in "something to watch", "I watch", "watch a film".
_BEFORE_VERBS = _set(
    """to i im id ill ive we weve you youve they who can could would should will wont cant dont didnt doesnt
    not never lets please"""
)
_OBJECTS = _set("a an the me us my it them this these something anything everything some")


def is_verb(tokens: Sequence[Token], place: int) -> bool:
    """Whether the word at `place` is one of the verbs that say nothing, and is used as a verb."""
    token = tokens[place]
    if token.word not in _VERBS:
        return False
    behind = tokens[place + 1] if place + 1 < len(tokens) else None
    led = place > 0 and not token.gap and tokens[place - 1].word
    return led in _BEFORE_VERBS or bool(
        led not in ARTICLES and behind and not behind.gap and behind.word in _OBJECTS
    )


# These only lead to a date or a creator ("made by X", "published before 1950"), and belong to it ...
MAKING = _set(
    """
    made released published produced written directed created composed designed illustrated drawn painted
    recorded performed developed manufactured built printed issued
    """
)
# ... these to a price, a length or a date, and these to a name.
AMOUNTING = _set("priced costing cost costs sold lasting lasts running runs taking takes out dated dating")
STARRING = _set("starring featuring")

# A number behind these is of no other column, whether the catalogue has theirs or not ...
MEASURES = _set("price rating year length weight height width depth size age speed")
# ... and behind these it is an age.
PEOPLE = _set("kid child children boy girl son daughter teen toddler baby people person adult anyone those")

# What one does up to a limit: "I don't want to pay more than $20", "no time for more than an hour".
MEASURING = _set("pay paying spend spending take takes last lasts run runs cost costs go going time money")

# Nothing a refusal says reaches beyond these ...
ALWAYS_BREAKS = _set("but however though although yet because since while unless still i im id ive we nope")
# ... nor beyond these, once it has named what it refuses.
CLAUSE_BREAKS = _set("so just only please thanks instead rather lets give show") | ALWAYS_BREAKS
PREPOSITIONS = _set(
    """from by for without in on at to when set like something anything maybe ideally preferably then
    before after under over between"""
)
# These go on about what was refused: "no horror with jump scares".
MODIFIERS = _set("with that which where who whose about starring")

NEGATIONS = _phrases(
    """
    no
    not
    non
    nor
    neither
    without
    except
    except for
    excluding
    excepting
    exclude
    avoid
    avoiding
    minus
    sans
    skip
    nothing
    none of
    anything but
    anything except
    anything other than
    everything but
    everything except
    all but
    other than
    apart from
    aside from
    rather than
    instead of
    less
    unlike
    dont
    do not
    doesnt
    does not
    didnt
    did not
    isnt
    is not
    arent
    are not
    wasnt
    was not
    wont
    will not
    shouldnt
    should not
    mustnt
    must not
    aint
    never
    cant be
    cannot be
    can not be
    cant pay
    cannot pay
    can not pay
    cant spend
    cannot spend
    can not spend
    cant stand
    cannot stand
    can not stand
    couldnt stand
    cant watch
    cannot watch
    can not watch
    cant handle
    cannot handle
    hate
    hates
    hated
    despise
    despises
    dislike
    dislikes
    disliked
    w o
    lacking
    besides
    enough of
    dont feel like
    do not feel like
    not feel like
    not feeling like
    tired of
    sick of
    bored of
    bored with
    fed up with
    free of
    free from
    """
)

# Phrases that look like a refusal, or hold one, and refuse nothing; and some that say nothing at all.
EMPTY_PHRASES = _phrases(
    """
    i love
    id love
    would love
    feel like
    feeling like
    not only
    not just
    not merely
    not necessarily
    not without
    not unlike
    not bad
    not sure
    not so sure
    not picky
    no thanks
    no thank you
    no idea
    no matter
    no problem
    no worries
    no preference
    no doubt
    without doubt
    without a doubt
    cant go wrong with
    no one
    no rush
    say no to
    says no to
    why not
    or not
    if not
    more or less
    dont know
    do not know
    dont remember
    dont care
    do not care
    doesnt matter
    does not matter
    dont forget
    do not forget
    never mind
    never fails
    never gets old
    never get old
    never get enough of
    cant get enough of
    cannot get enough of
    not enough of
    never seen
    never saw
    never watched
    never read
    never played
    never heard of
    never tried
    never been
    never had
    never ever seen
    """
)

# What comes next is neither wished nor refused.
INDIFFERENT = _phrases(
    """
    dont mind
    do not mind
    wouldnt mind
    would not mind
    doesnt have to be
    does not have to be
    dont need
    do not need
    doesnt need to be
    """
)

# Behind a value, these refuse it: "horror excluded".
REFUSED_BEHIND = _phrases(
    """
    excluded
    aside
    not included
    not wanted
    not welcome
    not please
    no thanks
    no thank you
    is out
    is excluded
    is not welcome
    is not for me
    isnt for me
    not for me
    is not my thing
    isnt my thing
    not my thing
    are out
    are excluded
    are not welcome
    """
)

ONLY = _phrases(
    """
    only
    solely
    strictly
    exclusively
    nothing but
    nothing except
    nothing other than
    nothing else than
    nothing else but
    dont want anything but
    dont want anything except
    dont want anything other than
    do not want anything but
    must be
    has to be
    have to be
    needs to be
    """
)

# "Like X": after these a title may stand in any case, even a single common word.
LIKENESS = _phrases(
    """
    like
    similar to
    similar in style to
    similar in tone to
    comparable to
    akin to
    close to
    along the lines of
    in the mood of
    in the vein of
    in the style of
    in the spirit of
    in the tradition of
    in the manner of
    reminiscent of
    reminds me of
    remind me of
    such as
    unlike
    """
)

# Here "like" is a verb; a title behind it must be recognizable as one.
LIKE_IS_A_VERB_AFTER = _set("i we you they really also dont do didnt not feel feels feeling")
# And here it names no item at all.
LIKE_IS_A_WISH_AFTER = _set("would id wed youd")

# "I loved X": a title of several words may stand in lower case here, one of a single word may not.
FONDNESS = _set("loved love loves enjoyed enjoy liked watched saw seen adore adored finished")

# Behind "like", these name a title only where no other item is named before them.
PRONOUNS = _set("it her him them this that these those us")

# "Like the movie X".
TITLE_NOUNS = ARTICLES | _set("movie movies film films book books show series game album song classic old")

# Words that may follow a title; behind any other word a lower-case single word is no title.
AFTER_TITLE = _set(
    """and or but with only except without please in from for that which where set not no movie movies film
    films because since so plus also then too though although instead rather before after under between"""
)

# Common words for values a catalogue may have, the preferred value first. A word that is itself a value
# of the catalogue needs no entry and never gets here. Keys and values are compared as stems.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "funny": ("comedy", "humor", "humour"),
    "funnier": ("comedy", "humor", "humour"),
    "hilarious": ("comedy", "humor", "humour"),
    "humorous": ("comedy", "humor", "humour"),
    "humor": ("comedy", "humour"),
    "humour": ("comedy", "humor"),
    "comic": ("comedy",),
    "comedic": ("comedy",),
    "laugh": ("comedy", "humor"),
    "scary": ("horror",),
    "scarier": ("horror",),
    "frightening": ("horror",),
    "terrifying": ("horror",),
    "spooky": ("horror",),
    "creepy": ("horror",),
    "scared": ("horror",),
    "romantic": ("romance",),
    "love story": ("romance",),
    "sci fi": ("science fiction", "scifi"),
    "scifi": ("sci fi", "science fiction"),
    "science fiction": ("sci fi", "scifi"),
    "thrilling": ("thriller",),
    "suspense": ("thriller",),
    "suspenseful": ("thriller",),
    "animated": ("animation",),
    "animation": ("animated", "cartoon"),
    "cartoon": ("animation", "animated"),
    "kid": ("children", "family"),
    "child": ("children", "kids", "family"),
    "children": ("kids", "family"),
    "family film": ("family", "children", "kids"),
    "family movie": ("family", "children", "kids"),
    "family friendly": ("family", "children", "kids"),
    "whole family": ("family", "children", "kids"),
    "docu": ("documentary",),
    "doc": ("documentary",),
    "biopic": ("biography",),
    "biographical": ("biography",),
    "historical": ("history",),
    "gangster": ("crime",),
    "mafia": ("crime",),
    "heist": ("crime",),
    "detective": ("mystery", "crime"),
    "whodunit": ("mystery", "crime"),
    "noir": ("film noir",),
    "cowboy": ("western",),
    "dramatic": ("drama",),
    "adventurous": ("adventure",),
    "magical": ("fantasy",),
    "violence": ("violent",),
    "violent": ("violence",),
    "romcom": ("romantic comedy", "romance+comedy"),
    "rom com": ("romantic comedy", "romance+comedy"),
}
