"""Wishes over another catalogue: prices, ratings, pages, and values that are no plain words."""

import time

import pyarrow as pa
import pytest
from wish_world import CATALOGUE, row, shown

from firstlight.corpus import Catalogue
from firstlight.prompts.wish import WishParser

SHOP = Catalogue(
    pa.table(
        {
            "item_id": ["a", "b", "c", "d"],
            "title": ["Azul", "Catan", "Go", "News of the World"],
            "categories": [
                ["Family & Party Games"],
                ["Strategy Games"],
                ["Strategy Games", "News"],
                ["Euro-Style"],
            ],
            "price_usd": [29.99, 40.0, None, 20.0],
            "rating": [4.5, 4.0, 3.5, None],
            "pages": pa.array([10, 12, 300, 24], pa.int64()),
            "play_time_hours": [0.5, 1.5, 3.0, 1.0],
            "runtime_hours": [0.5, 1.5, 3.0, 1.0],
            "mechanics": [["tile laying", "No Dice"], ["dice"], [], None],
            "color": pa.array(["Blue", "dark red", "Blue", None]).dictionary_encode(),
            "note": ["one of a kind", "another", "third", "fourth"],
            "code": ["IT", "US", "UK", "IT"],
            "available_from": [1.5e9, 0.9e9, None, 1.2e9],
        }
    )
)

SHOP_TABLE = [
    row("under $20", limits=["price_usd at most 20"]),
    row("I don't want to pay more than $20", limits=["price_usd at most 20"]),
    row("can't spend more than $20", limits=["price_usd at most 20"]),
    row("I will not pay over $20", limits=["price_usd at most 20"]),
    row("cheaper than 15", limits=["price_usd at most 15"]),
    row("between $10 and $20", limits=["price_usd at least 10", "price_usd at most 20"]),
    row("$10-$20", limits=["price_usd at least 10", "price_usd at most 20"]),
    row("20 bucks or less", limits=["price_usd at most 20"]),
    row("price below 30", limits=["price_usd at most 30"]),
    row("at most $1,500.50", limits=["price_usd at most 1500.5"]),
    row("under 20 euros", unanswerable=["under 20 euros"]),
    row("€15 or less", unanswerable=["€15 or less"]),
    row("at least 4 stars", limits=["rating at least 4"]),
    row("rating above 3.5", limits=["rating at least 3.5"]),
    row("rated 4 or more", limits=["rating at least 4"]),
    row("rating of at least 4", limits=["rating at least 4"]),
    row("under 300 pages", limits=["pages at most 299"]),
    row("no more than 24 pages", limits=["pages at most 24"]),
    row("at least 3 players", unanswerable=["at least 3 players"]),
    row("under 90 minutes", limits=["runtime_hours at most 1.5"]),
    row("before 2000", limits=["available_from at most 1999"]),
    row("from the 2000s", limits=["available_from at least 2000", "available_from at most 2009"]),
    row("released in 2008", limits=["available_from is 2008"]),
    row("older than 5 years", unanswerable=["older than 5 years"]),
    row("strategy game", "strategy game", wanted=["Strategy Games"]),
    row("a game for a party", "party"),
    row("family and party games", "family and party games", wanted=["Family & Party Games"]),
    row("euro style", "euro style", wanted=["Euro-Style"]),
    row("eurostyle", "eurostyle", wanted=["Euro-Style"]),
    row("no dice", "no dice", wanted=["No Dice"]),
    row("without dice", unwanted=["dice"]),
    row("tile-laying in blue", "tile-laying in blue", wanted=["tile laying", "Blue"]),
    row("darker red", "darker red"),
    row("not dark red", unwanted=["dark red"]),
    row("is it for us"),
    row("something new", "new"),
    row("the news", "news", wanted=["News"]),
    row("like Go and Azul", anchors=["c", "a"]),
]


@pytest.mark.parametrize(("text", "expected"), SHOP_TABLE)
def test_what_a_wish_means_in_a_shop(text, expected):
    assert shown(WishParser(SHOP).parse(text)) == expected


def test_strict_bounds_exclude_the_bound_itself():
    """20.00 is not under 20, and 90 minutes are not under 90."""
    cheap = WishParser(SHOP).parse("under $20").limits[0]
    assert cheap.mask(SHOP).tolist() == [False, False, False, False]
    assert WishParser(SHOP).parse("at most $20").limits[0].mask(SHOP).tolist() == [False, False, False, True]
    short = WishParser(CATALOGUE).parse("under 136 minutes").limits[0]
    assert not short.holds(CATALOGUE.by_key("matrix"))
    assert short.holds(CATALOGUE.by_key("it"))


def test_a_wish_of_thousands_of_bounds_is_read_in_time():
    begin = time.process_time()
    WishParser(SHOP).parse("<1 " * 2700)
    assert time.process_time() - begin < 1.0
