"""True sentences in other people's words pass: the verifier is strict, but not deaf."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstlight.corpus import Catalogue, Item
from firstlight.corpus.keys import ItemKey
from firstlight.corpus.predicates import Predicate
from firstlight.explain import Lexicon, Verifier, build_ledger
from firstlight.prompts.wish import Wish

ORVANE = Item(
    ItemKey("o"),
    "The Sunken Bells",
    "A lamplighter keeps watch over a sunken village. Every night the bells ring below the lake.",
    ("Fantasy", "Mystery"),
    attributes={"mood": "quiet", "director": "Ines Okafor", "year": 1994, "price": 9.5},
)
HARBOR = Item(
    ItemKey("h"),
    "Harbor Lights",
    "A lamplighter leaves the shipyard at dawn.",
    ("Mystery",),
    attributes={"mood": "quiet", "director": "Ines Okafor", "year": 1991, "price": 7.5},
)
WINTER = Item(
    ItemKey("w"),
    "Winter Ice",
    "Two sisters cross the ice.",
    ("Fantasy", "Romance"),
    attributes={"mood": "playful", "director": "Henrik Sol", "year": 1962, "price": 3.5},
)
GLASS = Item(
    ItemKey("g"),
    "Apple Days",
    "A gardener counts the apples.",
    ("Comedy",),
    attributes={"mood": "quiet", "director": "Tomas Varga", "year": 2011, "price": 20.5},
)
COPPER = Item(
    ItemKey("c"),
    "Iron Hills",
    "Miners strike a vein.",
    ("Western",),
    attributes={"mood": "tense", "director": "Mara Ellison", "year": 1977, "price": 12.5},
)
WISH = Wish(
    text="a quiet fantasy, no horror, from the nineties",
    wanted=(Predicate("mood", "is", "quiet"), Predicate("categories", "is", "Fantasy")),
    unwanted=(Predicate("categories", "is_not", "Western"),),
)


def bare(item):
    """The item with nothing but its year, so that the year is what the ledger speaks of."""
    return replace(item, categories=(), attributes={"year": item.attributes["year"]})


@pytest.fixture(scope="module")
def asked(world):
    """A wish and a warm history: E-numbers are looked up by what the entry says."""
    catalogue = Catalogue.from_items([ORVANE, HARBOR, WINTER, GLASS, COPPER, *world.items])
    lexicon = Lexicon(catalogue)
    past = [WINTER, GLASS, HARBOR, HARBOR]
    ledgers = {
        "warm": build_ledger(
            ORVANE, past, drops=[0.2, -0.1, 0.5, 0.5], neighbors=[(HARBOR, 0.7)], lexicon=lexicon
        ),
        "winter": build_ledger(ORVANE, [WINTER], drops=[0.2], lexicon=lexicon),
        "harbor": build_ledger(bare(ORVANE), [bare(HARBOR)], lexicon=lexicon),
        "wish": build_ledger(ORVANE, wish=WISH, lexicon=lexicon),
        "cold": build_ledger(ORVANE, cold=True, lexicon=lexicon),
        "known": build_ledger(ORVANE, popularity=0.02, lexicon=lexicon),
    }
    return ledgers, Verifier(lexicon)


TRUE = [
    ("warm", "Your pick “Harbor Lights” and this one share a director, Ines Okafor.", ["director"]),
    ("warm", "From “Harbor Lights” it is one step to this one: Ines Okafor again.", ["director"]),
    ("warm", "Ines Okafor, whom you know from “Harbor Lights”, is back as director.", ["director"]),
    ("wish", "The quiet mood you wished for is here, and no Western in sight.", ["quiet", "Western"]),
    ("winter", "“Winter Ice” points here, and both are Fantasy.", ["Fantasy"]),
    ("cold", "A quiet Fantasy, still new to this list.", ["new", "Fantasy"]),
    ("known", "Here is one of the titles picked most often.", ["popularity"]),
    ("warm", "Because you picked “Harbor Lights” twice, here is another Ines Okafor.", ["director"]),
    ("warm", "You chose Harbor Lights, and this one has the same director, Ines Okafor.", ["director"]),
    ("warm", "“Harbor Lights” led us here: Ines Okafor is the director of both.", ["director"]),
    (
        "warm",
        "Ines Okafor is the director of “Harbor Lights”, your latest pick, and of this one too.",
        ["director"],
    ),
    ("warm", "If you like the director Ines Okafor of “Harbor Lights”, look here.", ["director"]),
    (
        "warm",
        "Since “Harbor Lights” is one of your picks, this Ines Okafor might suit you as well.",
        ["director"],
    ),
    ("winter", "You picked “Winter Ice”, so here is another Fantasy.", ["Fantasy"]),
    ("winter", "Like “Winter Ice”, this is a Fantasy.", ["Fantasy"]),
    ("warm", "This one shares its quiet mood with two of your picks.", ["quiet"]),
    ("warm", "Two of your picks share its quiet mood.", ["quiet"]),
    ("warm", "A quiet mood runs through this one, as it does through 2 of your picks.", ["quiet"]),
    ("warm", "There is a quiet mood here that you know from your earlier picks.", ["quiet"]),
    ("warm", "You picked “Harbor Lights”, another quiet mystery.", ["Mystery"]),
    ("warm", "Mystery and a quiet mood: this one has both in common with “Harbor Lights”.", ["Mystery"]),
    ("harbor", "“Harbor Lights” (1991) and this one (1994) are three years apart.", ["years"]),
    ("harbor", "This one is from 1994, close in time to “Harbor Lights” (1991).", ["years"]),
    ("harbor", "Both come from the 1990s, this one and “Harbor Lights”.", ["years"]),
    ("warm", "It stands near “Harbor Lights” in content.", ["near"]),
    ("warm", "In content it is much like “Harbor Lights”, which you picked twice.", ["near"]),
    ("warm", "A lamplighter is at work here, just like in “Harbor Lights”.", ["near"]),
    ("warm", "“Harbor Lights” is why this one came up.", ["history"]),
    ("warm", "Thanks to “Harbor Lights”, this one made your list.", ["history"]),
    ("warm", "The Sunken Bells comes to you because you picked “Harbor Lights”.", ["history"]),
    ("warm", "Your two turns at “Harbor Lights” brought this one along.", ["history"]),
    ("wish", "You asked for a Fantasy, and this is one.", ["Fantasy"]),
    ("wish", "You wanted something quiet, and this one is.", ["quiet"]),
    ("wish", "Here is the quiet mood you asked for.", ["quiet"]),
    ("wish", "A quiet Fantasy, just as you wished.", ["Fantasy", "quiet"]),
    ("wish", "It is a Fantasy with a quiet mood, which is what you asked for.", ["Fantasy", "quiet"]),
    ("wish", "It is not a Western, as you asked.", ["Western"]),
    ("wish", "No Western here, as you wished.", ["Western"]),
    ("wish", "Your wish for a quiet mood is met by this one.", ["quiet"]),
    ("wish", "It fits what you asked for: quiet, and a Fantasy.", ["quiet", "Fantasy"]),
    ("cold", "This one is new, and nobody has picked it yet.", ["new"]),
    ("cold", "Nobody has picked it yet; it is brand new here.", ["new"]),
    ("cold", "It is a Fantasy from 1994.", ["Fantasy"]),
    ("cold", "In this Mystery, a lamplighter keeps watch over a sunken village.", ["Mystery"]),
    ("cold", "This Fantasy takes you to a sunken village.", ["Fantasy"]),
    ("cold", "It belongs to Fantasy and Mystery alike.", ["Fantasy", "Mystery"]),
    ("known", "Many people here picked it: it is in the top 2 percent.", ["popularity"]),
    ("known", "It is among the 2 % picked most often.", ["popularity"]),
    ("known", "This one is popular here.", ["popularity"]),
    ("known", "A Mystery in which the bells ring below the lake.", ["Mystery"]),
    ("wish", "The director is Ines Okafor.", ["director"]),
]


def entry_ids(ledger, wanted):
    """The ids of the entries that `wanted` words describe."""
    found = []
    for word in wanted:
        for entry in ledger.entries:
            facts = " ".join(entry.facts)
            kinds = {"near": "neighbor"}.get(word, word)
            if entry.kind == kinds or word in facts or (word == "years" and entry.field == "year"):
                found.append(entry.id)
                break
    return found
