"""The words a sentence may use without proof, and the cue words that turn a sentence into claims.

Everything outside these sets must be grounded in the facts of the items a sentence speaks of, so
the sets stay small and say nothing about the world. `UNSAID` words are refused even where an item's
text holds them: praise, commands, certainty, order in time, and how many people did something, since a
log is counted in picks. All entries are in :func:`normal` form.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from ..base.config import demand

_POSSESSIVE = re.compile(r"['’]s\b")
_SEPARATOR = re.compile(r"[\W_]+")


def normal(text: str) -> str:
    """Lower case, single spaces, no punctuation, and plural and singular made equal.

    >>> normal("Comedies & Lovers' Tales"), normal("comedy and lover tale")
    ('comedi and lover tale', 'comedi and lover tale')
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = _POSSESSIVE.sub("", text.lower().replace("&", " and "))
    return " ".join(map(_stem, _SEPARATOR.sub(" ", text).split()))


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    """A word without its plural s, and with "y" and "ie" at its end made "i"."""
    if len(word) > 3 and word.endswith("s") and word[-2] not in "siu" and word[-3:].isalpha():
        word = word[:-1]
    if len(word) > 2 and word.endswith(("y", "ie")):
        word = word.removesuffix("y").removesuffix("ie") + "i"
    return word


def word_set(words: str) -> frozenset[str]:
    """Words between spaces, in normal form."""
    return frozenset(normal(word) for word in words.split())


FUNCTION = word_set(
    "a an the and or of in on at to for from with as is are was were be been being has have had do does"
    " did you your yours i we us our them they their this these that those it its so if into onto"
    " up out about between among through across while during own may might can could"
    " one some any other who whom whose which what when where how here there just s re ve"
)
GLUE = word_set(
    "pick picks choice choices list history taste title item something thing kind sort side part line"
    " thread note fit fits suit suits match matches meet meets answer answers come comes came go goes"
    " went sit sits stand stands join joins carry carries bring brings keep keeps keeping turn turns"
    " appear appears show shows found find finds run runs feel feels rest rests "
    " belong belongs hold holds held has step next way place right content catalogue category"
    " field time times once again already earlier back along ahead straight well enjoy try look see take"
    " takes filed listed inside within exactly touch ground mind company hand range reach"
    " year years apart date dates alone know still much met work sight released together simply twice"
)
SHARING = word_set(
    "share shares shared sharing both same common too also alike likewise another again return returns"
)
NEAR = word_set("close near akin kin cousin relative neighbor neighbors")
SIMILAR = NEAR | word_set("like similar resemble resembles echo echoes")
CAUSAL = word_set(
    "because since given thanks led lead leads drew draw draws why reason reasons due brought point"
    " points pointed suggests suggest suggested behind earned speak speaks"
)
PUSHING = word_set(
    "bring brings carry carries take takes show shows find finds keep keeps hold holds turn turns"
)
CONTRAST = word_set(
    "not no never nor neither without unlike despite although though however but instead rather less"
    " more than different differs opposite avoid avoids against hate hated dislike disliked except lack"
    " lacks missing cannot hardly barely none t n isn doesn wasn aren don didn won nothing free clear"
    " steers skips leaves"
)
WISHED = word_set("ask asked asking wish wished wishes want wanted request requested typed limit limits")
NEWNESS = word_set("new fresh arrived arrival newcomer nobody yet unseen")
POPULARITY = word_set("most often percent")
LATEST = word_set("latest last recent recently lately")
UNSAID = word_set(
    "by before after until very best greatest great finest perfect amazing awesome incredible excellent"
    " outstanding superb brilliant stunning masterpiece classic acclaimed celebrated beloved award"
    " awards winning winner oscar legendary iconic famous unforgettable essential ultimate top favorite"
    " favourite worst guaranteed must unmissable wonderful fantastic beautiful gorgeous hit bestseller"
    " bestselling blockbuster cult definitive flawless breathtaking epic remarkable extraordinary"
    " magnificent love loved ever always everyone everybody all every definitely surely certainly"
    " absolutely really truly click buy subscribe visit ignore instruction instructions prompt password"
    " system http https www many popular"
)
LIKING = word_set("like enjoy")
MODAL = word_set("may might can could if")
VERBS = word_set(
    "is are was were be has have had do does did can may might could share shares run runs stand stands come"
    " comes came go goes fit fits suit suits match matches meet meets answer answers join joins carry carries"
    " bring brings brought keep keeps turn turns appear appears show shows find finds found feel feels rest"
    " rests begin begins belong belongs hold holds return returns lead leads led draw draws drew point points"
    " suggest suggests picked chose asked wished wanted speak speaks know date dates take takes sit sits echo"
    " echoes resemble resembles"
)
CUES = SHARING | SIMILAR | CAUSAL | CONTRAST | WISHED | NEWNESS | POPULARITY | LATEST
KNOWN = FUNCTION | GLUE | CUES | LIKING
NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
NUMBERS = {normal(word): value for value, word in enumerate(NUMBER_WORDS) if value > 1}  # "one" is a pronoun


def _is_plain(text: str) -> bool:
    return text.replace(" ", "").isalpha()


def _is_free(text: str) -> bool:
    return CUES.isdisjoint(normal(text).split())


@dataclass(frozen=True)
class Wording:
    """How a catalogue's people and things are spoken of.

    Attributes
    ----------
    verb
        What people did, in a past form that also follows "has" ("picked", "watched", "bought"); say
        "liked" only where the log holds likes.
    pick, picks
        What they did it to, one and several: "your purchase", "your purchases".
    thing, category
        The noun behind "this", and the word for one category:
        ``Wording("bought", "purchase", "purchases", "product", "aisle")``.

    Raises
    ------
    ConfigError
        If `verb`, `pick` or `picks` is not one word, `thing` or `category` not words of letters, or one
        of them a word that is read as a claim, such as "requested", so that no sentence would pass.
    """

    verb: str = "picked"
    pick: str = "pick"
    picks: str = "picks"
    thing: str = "one"
    category: str = "category"

    def __post_init__(self) -> None:
        demand(self, ("verb", "pick", "picks"), str.isalpha, expected="one word", where="the wording")
        nouns = ("thing", "category")
        demand(self, nouns, _is_plain, expected="plain words", where="the wording")
        said = "words that speak of no wish, likeness, reason or novelty"
        demand(self, ("verb", *nouns), _is_free, expected=said, where="the wording")

    @property
    def groups(self) -> frozenset[str]:
        """What the picks are called, in normal form."""
        return frozenset({normal(self.pick), normal(self.picks)})

    @property
    def verbs(self) -> frozenset[str]:
        """Every word, in normal form, that says the person did it."""
        return frozenset(normal(self.verb).split()) | {"picked", "chose", "chosen"}

    @property
    def words(self) -> frozenset[str]:
        """All words it brings, in normal form."""
        nouns = (self.pick, self.picks, self.thing)
        return self.verbs | {part for text in nouns for part in normal(text).split()}
