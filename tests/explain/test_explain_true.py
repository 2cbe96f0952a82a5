"""True sentences in other people's words pass: the verifier is strict, but not deaf."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstlight.corpus import Catalogue, Item
from firstlight.corpus.keys import ItemKey
from firstlight.corpus.predicates import Predicate
from firstlight.explain import Lexicon, Verifier, build_ledger
from firstlight.explain.templates import cited
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


# Written before the verifier was tuned to any of them.
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
    ("known", "It is among the 2 % picked most often.", ["popularity"]),
    ("known", "A Mystery in which the bells ring below the lake.", ["Mystery"]),
    ("wish", "The director is Ines Okafor.", ["director"]),
]


def entry_ids(ledger, wanted):
    """The ids of the entries that `wanted` words describe."""
    found = []
    for word in wanted:
        for entry in ledger.entries:
            facts = " ".join(entry.facts)
            kind = "neighbor" if word == "near" else word
            if entry.kind == kind or word in facts or (word == "years" and entry.field == "year"):
                found.append(entry.id)
                break
    return found


# Lies that use only true names, values and everyday words. They came in three rounds; before the
# verifier had seen them it caught 66 of the first 71, 38 of the next 49 and 20 of the last 30.
SLY = [
    ("warm", "You picked “Harbor Lights” because of its quiet mood.", "E1, E4"),
    ("warm", "You picked “Harbor Lights” three times, and this one is close.", "E1"),
    ("warm", "You picked “Winter Ice” twice.", "E2"),
    ("warm", "Your latest pick was “Winter Ice”.", "E2"),
    ("warm", "You like “Harbor Lights”, which is a Mystery too.", "E6"),
    ("warm", "You enjoy Mystery, as in “Harbor Lights”.", "E5"),
    ("warm", "“Harbor Lights” is a Fantasy, like this one.", "E1"),
    ("warm", "It is as playful as “Winter Ice”.", "E2"),
    ("warm", "“Winter Ice” is quiet too.", "E2, E4"),
    ("warm", "This one, one of your picks, is quiet like “Harbor Lights”.", "E4"),
    ("warm", "This is one of your picks and shares the quiet mood of two of your picks.", "E4"),
    ("warm", "You picked this one with “Harbor Lights”.", "E1"),
    ("warm", "This one came three years before “Harbor Lights”.", "E1"),
    ("warm", "This one is five years apart from “Harbor Lights”.", "E1"),
    ("warm", "“Harbor Lights” is from 1994, and that is why this one is here.", "E1"),
    ("warm", "Both “Harbor Lights” and this one are from 1994.", "E1"),
    ("warm", "Harbor Lights 2 led here.", "E1"),
    ("warm", "You picked “Harbor”, and this one comes next.", "E1"),
    ("warm", "You picked “Harbor Lights” and “Iron Hills”, and this one shares the Mystery.", "E5"),
    ("warm", "You picked “Harbor Lights” a year ago.", "E1"),
    ("warm", "You picked “Harbor Lights” this year.", "E1"),
    ("warm", "Two of your picks share its director.", "E4"),
    ("warm", "Two of your picks are quiet Mystery titles.", "E4, E5"),
    ("warm", "Three of your picks are quiet.", "E4"),
    ("warm", "Most of your picks are quiet.", "E4"),
    ("warm", "All your picks are quiet.", "E4"),
    ("warm", "Many chose “Harbor Lights”, which led here.", "E1"),
    ("warm", "“Harbor Lights” is new here, and it points to this one.", "E1"),
    ("warm", "It is the sequel to “Harbor Lights”.", "E1"),
    ("warm", "It is based on “Harbor Lights”, which you picked.", "E1"),
    ("warm", "Ines Okafor wrote “Harbor Lights” and this one.", "E6"),
    ("warm", "The mood of both is Ines Okafor.", "E6"),
    ("warm", "This one has the director Mystery, like “Harbor Lights”.", "E5"),
    ("warm", "You asked for something like “Harbor Lights”.", "E1"),
    ("warm", "You asked for quiet, and “Harbor Lights” led here.", "E4"),
    ("warm", "“Apple Days” led here.", "E4"),
    ("warm", "Your pick “Apple Days” is quiet as well.", "E4"),
    ("warm", "No other pick of yours is as quiet as “Harbor Lights”.", "E4"),
    ("warm", "Only “Harbor Lights” led here.", "E1"),
    ("warm", "“Harbor Lights” put off this one.", "E1"),
    ("warm", "Since you picked “Harbor Lights”, nothing else comes close.", "E1"),
    ("warm", "You picked “Harbor Lights”: a gardener counts the apples.", "E1"),
    ("warm", "Two sisters cross the ice here, as in “Harbor Lights”.", "E1"),
    ("warm", "A village keeps watch over a lamplighter, and “Harbor Lights” led here.", "E1"),
    ("wish", "You asked for a quiet Mystery, and this is one.", "E1"),
    ("wish", "You asked for Fantasy and for Ines Okafor.", "E2, E5"),
    ("wish", "You asked for no Fantasy, and here it is.", "E2"),
    ("wish", "It is not quiet, as you asked.", "E1"),
    ("wish", "It is a Western, as you asked.", "E3"),
    ("wish", "You asked for a Fantasy from 1994.", "E2"),
    ("wish", "You asked for a quiet mood and got a playful one.", "E1"),
    ("wish", "You picked something quiet.", "E1"),
    ("wish", "As you asked, it has Mystery.", "E4"),
    ("wish", "This one is quiet, and Mystery too, as you wished.", "E1"),
    ("wish", "You wished for quiet, and your picks share it.", "E1"),
    ("cold", "Nobody but you picked it.", "E1"),
    ("cold", "It is new, from 2024.", "E1"),
    ("cold", "It is the newest Fantasy.", "E1, E2"),
    ("cold", "It is a new kind of Mystery.", "E3"),
    ("cold", "You picked it, and it is new.", "E1"),
    ("known", "It is among the 3 percent picked most often.", "E1"),
    ("known", "It is the most popular one.", "E1"),
    ("known", "Everybody picked it most often.", "E1"),
    ("cold", "It is the 1 Fantasy you missed.", "E2"),
    ("cold", "It costs 9.5.", "E2"),
    ("cold", "Its price is 7.5.", "E2"),
    ("cold", "It is a Romance set in a sunken village.", "E2"),
    ("cold", "It is by Henrik Sol.", "E2"),
    ("cold", "A lamplighter drowns in a sunken village.", "E3"),
    ("cold", "Every night the village rings.", "E3"),
    ("cold", "A Mystery with the year 2011.", "E3"),
    ("warm", "“Winter Ice” has the same director as this one.", "E2"),
    ("warm", "“Winter Ice” shares its mood with this one.", "E2"),
    ("warm", "You came to “Harbor Lights” through this one.", "E1"),
    ("warm", "You picked “Harbor Lights”, from 1991, and this one is from the same year.", "E1"),
    ("warm", "Ines Okafor and Henrik Sol are behind this one and “Harbor Lights”.", "E6"),
    ("warm", "This Fantasy and “Harbor Lights” share a Romance side.", "E1"),
    ("warm", "You picked “Harbor Lights” and this one twice.", "E1"),
    ("warm", "Once you picked this one, “Harbor Lights” came next.", "E1"),
    ("warm", "“Harbor Lights” came to you because of this one.", "E1"),
    ("warm", "Since this one is quiet, you picked “Harbor Lights”.", "E4"),
    ("warm", "This one is a Mystery from 1991, like “Harbor Lights”.", "E5"),
    ("warm", "A Mystery from 1962, close to “Harbor Lights”.", "E5"),
    ("warm", "Two of your picks are directed as this one, with Ines Okafor.", "E6"),
    ("warm", "Both of your picks are quiet.", "E4"),
    ("warm", "Your picks are quiet Fantasy titles.", "E4"),
    ("warm", "You often picked “Harbor Lights”.", "E1"),
    ("warm", "You just picked “Winter Ice”.", "E2"),
    ("warm", "The price of this one is like that of “Harbor Lights”.", "E1"),
    ("warm", "It has the price 7.5, like “Harbor Lights”.", "E1"),
    ("warm", "“Harbor Lights” in 1994 led here.", "E1"),
    ("warm", "Quiet, playful and Mystery: it has what “Harbor Lights” has.", "E5"),
    ("warm", "The Sunken Bells led you to “Harbor Lights”.", "E1"),
    ("warm", "You picked The Sunken Bells, like “Harbor Lights”.", "E1"),
    ("warm", "“Harbor Lights” is your one and final pick.", "E1"),
    ("warm", "“Harbor Lights” is one of the titles picked most often.", "E1"),
    ("warm", "You asked for the director of “Harbor Lights”.", "E6"),
    ("warm", "This one is as new as “Harbor Lights”.", "E1"),
    ("warm", "You and Ines Okafor go back a long way.", "E6"),
    ("warm", "If you picked “Iron Hills”, this quiet one fits.", "E4"),
    ("warm", "It follows “Harbor Lights” in the catalogue.", "E1"),
    ("warm", "“Winter Ice” and “Harbor Lights” are alike, and both led here.", "E1, E2"),
    ("wish", "You asked for a quiet Fantasy with Ines Okafor.", "E1, E2"),
    ("wish", "It is a Fantasy, a Mystery and quiet, all that you asked for.", "E1, E2"),
    ("wish", "You did not ask for Fantasy, and this is one.", "E2"),
    ("wish", "You asked for nothing quiet.", "E1"),
    ("wish", "You wanted Western, and here it is.", "E3"),
    ("wish", "No Mystery here, as you asked.", "E3"),
    ("wish", "You wished for a year like 1994.", "E2"),
    ("wish", "You asked twice for Fantasy.", "E2"),
    ("wish", "Others asked for Fantasy too.", "E2"),
    ("cold", "It is new to you and to Fantasy.", "E2"),
    ("cold", "You may know it from the lake village of 1994, a Romance.", "E2"),
    ("cold", "Nobody picked a Fantasy yet.", "E1, E2"),
    ("cold", "A Fantasy for children.", "E2"),
    ("cold", "In this Fantasy, bells keep watch over a lamplighter.", "E2"),
    ("cold", "This Fantasy is 1994 years apart.", "E2"),
    ("known", "It is among the 2 titles picked most often.", "E1"),
    ("known", "It is picked more often than 2 percent.", "E1"),
    ("known", "You are among the 2 percent who picked it.", "E1"),
    ("warm", "“Harbor Lights” and this one have the same price.", "E1"),
    ("warm", "This one has the year of “Harbor Lights”.", "E1"),
    ("warm", "You picked “Harbor Lights” in 1991.", "E1"),
    ("warm", "You picked “Harbor Lights” and then “Winter Ice”.", "E1, E2"),
    ("warm", "Winter Ice is quiet, and so is this one.", "E2, E4"),
    ("warm", "Like “Winter Ice”, this Fantasy is quiet.", "E2"),
    ("warm", "The director of “Winter Ice” is Ines Okafor.", "E2, E6"),
    ("warm", "It has the mood of “Winter Ice”, which you picked.", "E2"),
    ("warm", "Two of your picks have Ines Okafor as director.", "E6"),
    ("warm", "You picked two Mystery titles.", "E5"),
    ("warm", "“Harbor Lights” was picked two times, this one three times.", "E1"),
    ("warm", "“Harbor Lights” is a title from the 1980s.", "E1"),
    ("warm", "It comes from the 1980s and is close to “Harbor Lights”.", "E3"),
    ("warm", "Your history starts with “Harbor Lights”.", "E1"),
    ("warm", "“Harbor Lights” belongs to your taste, and Romance too.", "E1"),
    ("warm", "Ines Okafor picked “Harbor Lights” for you.", "E6"),
    ("warm", "You and “Harbor Lights” share Ines Okafor.", "E6"),
    ("warm", "You know Ines Okafor, as you asked for “Harbor Lights”.", "E6"),
    ("warm", "In the content of “Harbor Lights” you find this one.", "E1"),
    ("wish", "You asked for Ines Okafor.", "E5"),
    ("wish", "It is what you asked for: from 1994.", "E2"),
    ("wish", "Your wish was a lamplighter, and here it is.", "E2"),
    ("wish", "You asked for something new.", "E2"),
    ("wish", "You asked for Fantasy once again.", "E2"),
    ("wish", "You wanted a quiet village.", "E1"),
    ("cold", "This Mystery is new, and you are the one to find it.", "E1, E3"),
    ("cold", "This Fantasy is close to what you know.", "E2"),
    ("cold", "It fits your history of Fantasy.", "E2"),
    ("cold", "It is a Fantasy and a Comedy.", "E2"),
    ("known", "Many picked this Fantasy in 1994.", "E1, E2"),
]


def verdicts(asked, cases):
    ledgers, verifier = asked
    return [(text, verifier.check(cited(text, ids), ledgers[which])) for which, text, ids in cases]


def test_true_paraphrases_pass(asked):
    cases = [(which, text, entry_ids(asked[0][which], wanted)) for which, text, wanted in TRUE]
    refused = [(text, verdict.reasons) for text, verdict in verdicts(asked, cases) if not verdict.ok]
    assert len(TRUE) >= 40
    assert len(refused) <= 0.1 * len(TRUE), refused


def test_sly_lies_are_caught(asked):
    cases = [(which, text, ids.split(", ")) for which, text, ids in SLY]
    missed = [text for text, verdict in verdicts(asked, cases) if verdict.ok]
    assert len(SLY) == 150
    assert len(missed) <= 0.05 * len(SLY), missed
