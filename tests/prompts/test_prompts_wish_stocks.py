"""Wishes over catalogues of other things: their own words are no filler, and no limit is lost silently."""

import pytest
from wish_world import PARSER, row, shown

from firstlight.corpus import Catalogue, Item
from firstlight.prompts.wish import WishParser


def stock(*rows):
    items = [
        Item(key=title, title=title, categories=tuple(categories.split(", ")), attributes=attributes)
        for title, categories, attributes in rows
    ]
    return WishParser(Catalogue.from_items(items))


TOOLS = stock(
    ("Cordless drill", "Drills", {"price": 49.9, "color": "green", "brand": "Bosch"}),
    ("Hand saw", "Saws", {"price": 12.5, "color": "red", "brand": "Stanley"}),
    ("Kettle", "Kitchen", {"price": 1299.0, "color": "black", "brand": "Smeg"}),
    ("Dive watch", "Watches", {"price": 200.0, "color": "black", "brand": "Seiko"}),
)
MEDIA = stock(
    ("Dune", "Books", {"price": 9.5, "rating": 4.5, "color": "green", "language": "French"}),
    ("Azul", "Games, Strategy", {"price": 39.9, "rating": 4.1, "color": "blue", "language": "German"}),
    ("Heat", "Movies, Thriller", {"price": 5.0, "rating": 4.7, "color": "red", "language": "English"}),
    ("Cats", "Shows, Plays", {"price": 7.5, "rating": 4.0, "color": "red", "language": "English"}),
)
YEARS = stock(("A", "Prints", {"year": 1950}), ("B", "Maps", {"year": 2010}))
PRICES = stock(
    ("Cup", "Cups", {"price": 5.5, "list_price": 6.0}), ("Jug", "Jugs", {"price": 7.5, "list_price": 8})
)
PARCELS = stock(
    ("Anvil", "Iron", {"weight_kg": 70.5, "price": 90, "shelf_id": 4}),
    ("Feather", "Down", {"weight_kg": 0.5, "price": 1, "shelf_id": 5}),
)
BARE = stock(("Cup", "Cups", {}))

OWN_WORDS = [
    (TOOLS, row("a watch", "watch", wanted=["Watches"])),
    (TOOLS, row("watches", "watches", wanted=["Watches"])),
    (TOOLS, row("something to watch")),
    (TOOLS, row("please, I want to watch a film")),
    (TOOLS, row("watch something")),
    (TOOLS, row("a saw", "saw", wanted=["Saws"])),
    (TOOLS, row("a red saw that cuts", "red saw that cuts", wanted=["red", "Saws"])),
    (TOOLS, row("I saw a drill", "drill", wanted=["Drills"])),
    (TOOLS, row("to saw wood", "wood")),
    (MEDIA, row("books", "books", wanted=["Books"])),
    (MEDIA, row("games", "games", wanted=["Games"])),
    (MEDIA, row("a game", "game", wanted=["Games"])),
    (MEDIA, row("a good movie", "movie", wanted=["Movies"])),
    (MEDIA, row("a green book", "green book", wanted=["green", "Books"])),
    (MEDIA, row("show me a show", "show", wanted=["Shows"])),
    (MEDIA, row("something to play")),
    (MEDIA, row("a play I can watch", "play", wanted=["Plays"])),
    (MEDIA, row("only books", "books", limits=["categories is Books"])),
    (MEDIA, row("books, not games", "books", wanted=["Books"], unwanted=["Games"])),
    (MEDIA, row("no games, just books", "books", wanted=["Books"], unwanted=["Games"])),
    (MEDIA, row("no games just books", "books", wanted=["Books"], unwanted=["Games"])),
    (MEDIA, row("no books or games", unwanted=["Books", "Games"])),
    # a narrower refusal leaves the rest of them
    (MEDIA, row("no strategy games", unwanted=["Strategy"])),
    (MEDIA, row("no violent games", unanswerable=["no violent games"])),
    (MEDIA, row("no games with dice", unanswerable=["no games with dice"])),
    (MEDIA, row("no strategy, games aside", unwanted=["Strategy", "Games"])),
]

NUMBERS = [
    (TOOLS, row("price under 1.000 euros", limits=["price at most 1000"])),
    (TOOLS, row("price at most 1.299,00 euros", limits=["price at most 1299"])),
    (TOOLS, row("under 1.299 €", limits=["price at most 1299"])),
    (TOOLS, row("under 1,000.25 dollars", limits=["price at most 1000.25"])),
    (TOOLS, row("at most 1,000", limits=["price at most 1000"])),
    (TOOLS, row("at most 2.500", limits=["price at most 2500"])),
    (TOOLS, row("at most 0.125", limits=["price at most 0.125"])),
    (TOOLS, row("at most 1 299,50 €", limits=["price at most 1299.5"])),
    (TOOLS, row("at most 99,90", limits=["price at most 99.9"])),
    (TOOLS, row("at most twenty dollars", limits=["price at most 20"])),
    (PARSER, row("at least 1.5 hours", limits=["length_minutes at least 90"])),
    (PARSER, row("at most 1,5 hours", limits=["length_minutes at most 90"])),
]

LIMITS = [
    # a number alone is of the price, or of the only column
    (
        TOOLS,
        row("a cordless drill under 50", "cordless drill", wanted=["Drills"], limits=["price at most 50"]),
    ),
    (TOOLS, row("a kettle under 50 with a cord", "kettle with a cord", limits=["price at most 50"])),
    (TOOLS, row("under 50 made by Bosch", "made by Bosch", wanted=["Bosch"], limits=["price at most 50"])),
    (TOOLS, row("under 50 red", "red", wanted=["red"], limits=["price at most 50"])),
    (TOOLS, row("a lego set under 50", "lego set", limits=["price at most 50"])),
    (
        TOOLS,
        row(
            "a drill from 20 to 60",
            "drill",
            wanted=["Drills"],
            limits=["price at least 20", "price at most 60"],
        ),
    ),
    (TOOLS, row("price between 20 and 60", limits=["price at least 20", "price at most 60"])),
    (TOOLS, row("from 500 to 2000", limits=["price at least 500", "price at most 2000"])),
    (TOOLS, row("$10 to 20", limits=["price at least 10", "price at most 20"])),
    (TOOLS, row("a drill <= 60", "drill", wanted=["Drills"], limits=["price at most 60"])),
    (TOOLS, row("a drill<=60 €", "drill", wanted=["Drills"], limits=["price at most 60"])),
    (TOOLS, row(">= 5", limits=["price at least 5"])),
    (TOOLS, row("price ≥ 5", limits=["price at least 5"])),
    (TOOLS, row("not > 60", limits=["price at least 60"])),
    (TOOLS, row("a drill for 100 €", "drill", wanted=["Drills"], limits=["price at most 100"])),
    (TOOLS, row("a drill for about $100", "drill", wanted=["Drills"], limits=["price at most 100"])),
    (TOOLS, row("for $100 or more", limits=["price at least 100"])),
    (TOOLS, row("my budget is 100", limits=["price at most 100"])),
    (TOOLS, row("max: 50", limits=["price at most 50"])),
    (TOOLS, row("under 2000", limits=["price at most 2000"])),
    (TOOLS, row("2000 or less", limits=["price at most 2000"])),
    (TOOLS, row("up to 2000", limits=["price at most 2000"])),
    (TOOLS, row("until 50 euros", limits=["price at most 50"])),
    (TOOLS, row("50 or less", limits=["price at most 50"])),
    (TOOLS, row("more expensive than 100", limits=["price at least 100"])),
    (TOOLS, row("at least 20 and under 50", limits=["price at least 20", "price at most 50"])),
    (MEDIA, row("4 stars or higher", limits=["rating at least 4"])),
    (MEDIA, row("4+ stars", limits=["rating at least 4"])),
    (MEDIA, row("4 or more stars", limits=["rating at least 4"])),
    (PARCELS, row("heavier than 5 kg", limits=["weight_kg at least 5"])),
    (PARCELS, row("heavier than 5", limits=["weight_kg at least 5"])),
    (PARCELS, row("2-5kg", limits=["weight_kg at least 2", "weight_kg at most 5"])),
    (PARCELS, row("over 5, under 10 kg", limits=["weight_kg at least 5", "weight_kg at most 10"])),
    (PARCELS, row("under 50", limits=["price at most 49"])),
    (YEARS, row("under 2000", limits=["year at most 1999"])),
    # what no column can answer is named
    (TOOLS, row("heavier than 5 kg", unanswerable=["heavier than 5 kg"])),
    (TOOLS, row("heavier than 5kg", unanswerable=["heavier than 5kg"])),
    (TOOLS, row("heavier than 5", unanswerable=["heavier than 5"])),
    (TOOLS, row("weight: under 5", unanswerable=["weight: under 5"])),
    (TOOLS, row("shorter than 50", unanswerable=["shorter than 50"])),
    (TOOLS, row("older than 10", unanswerable=["older than 10"])),
    (TOOLS, row("under 20 minutes", unanswerable=["under 20 minutes"])),
    (TOOLS, row("at least 2 batteries", unanswerable=["at least 2 batteries"])),
    (TOOLS, row("under 20%", unanswerable=["under 20"])),
    (TOOLS, row("4 stars or higher", unanswerable=["4 stars or higher"])),
    (TOOLS, row("2 or more players", unanswerable=["2 or more players"])),
    (
        TOOLS,
        row("at least 2 and at most 4 players", unanswerable=["at least 2", "at most 4 players"]),
    ),
    (TOOLS, row("from 5 kg to 10 kg", unanswerable=["from 5 kg to 10 kg"])),
    (TOOLS, row("18+", unanswerable=["18+"])),
    (TOOLS, row("a gift for kids under 50", "gift for kids", unanswerable=["under 50"])),
    (TOOLS, row("a gift for kids under 200", "gift for kids", limits=["price at most 200"])),
    (TOOLS, row("cheaper", unanswerable=["cheaper"])),
    (TOOLS, row("like Dive watch but cheaper", anchors=["Dive watch"], unanswerable=["cheaper"])),
    (TOOLS, row("a cheaper drill", "drill", wanted=["Drills"], unanswerable=["cheaper"])),
    (TOOLS, row("something smaller, please", unanswerable=["smaller"])),
    (PRICES, row("under 6", unanswerable=["under 6"])),
    (PRICES, row("cheaper than 6", limits=["price at most 6"])),
    (YEARS, row("chess players under 30", "chess players", unanswerable=["under 30"])),
    (BARE, row("a cup under 50", "cup", wanted=["Cups"], unanswerable=["under 50"])),
    (BARE, row("<= 5 €", unanswerable=["<= 5"])),
    (PARSER, row("like Alien but shorter", anchors=["alien"], unanswerable=["shorter"])),
    # what only looks like a limit is not one
    (PARSER, row("over a bridge", "over a bridge")),
    (PARSER, row("an older woman", "older woman")),
    (PARSER, row("more than one killer", "killer")),
    (PARSER, row("from 9 to 5", "9 to 5")),
    (TOOLS, row("apollo 11-13", "apollo 11-13")),
]

VERBS = [
    (PARSER, row("published before 1950", limits=["year at most 1949"])),
    (
        PARSER,
        row(
            "a comedy that was released after 2000",
            "comedy",
            wanted=["Comedy"],
            limits=["year at least 2001"],
        ),
    ),
    (PARSER, row("written in the 80s", limits=["year at least 1980", "year at most 1989"])),
    (PARSER, row("not made before 1990", limits=["year at least 1990"])),
    (PARSER, row("lasting under 90 minutes", limits=["length_minutes at most 89"])),
    (TOOLS, row("priced under 20", limits=["price at most 20"])),
    (TOOLS, row("costing less than $60", limits=["price at most 60"])),
    (TOOLS, row("published before 1950", unanswerable=["published before 1950"])),
    (PRICES, row("priced between 20 and 60", limits=["price at least 20", "price at most 60"])),
    (BARE, row("priced under 20", unanswerable=["priced under 20"])),
]


@pytest.mark.parametrize(
    ("parser", "text", "expected"),
    [(parser, *one.values) for parser, one in (*OWN_WORDS, *NUMBERS, *LIMITS, *VERBS)],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_a_wish_means_there(parser, text, expected):
    assert shown(parser.parse(text)) == expected


@pytest.mark.parametrize("text", ["1.234.567,5 €", "$1,234,567.5", "1 234 567,5 euros", "€1.234.567,5"])
def test_thousands_in_any_language(text):
    assert [one.value for one in TOOLS.parse(f"at most {text}").limits] == [1234567.5]


@pytest.mark.parametrize(
    ("parser", "text", "rest"),
    [
        (PARSER, "a film written by Ridley Scott", ""),
        (PARSER, "starring Pixar", ""),
        (PARSER, "starring robots", "starring robots"),
        (PARSER, "made by robots", "made robots"),
        (PARSER, "published before 1950", ""),
        (MEDIA, "a book written in French", ""),
        (TOOLS, "a drill made by Bosch, priced under 50", ""),
    ],
)
def test_a_verb_that_leads_to_an_attribute_says_no_more(parser, text, rest):
    assert parser.parse(text).rest == rest


def test_an_article_can_be_a_title():
    assert YEARS.parse("something like A").anchors == ("A",)
    assert YEARS.parse("prints, a").query == "prints"
