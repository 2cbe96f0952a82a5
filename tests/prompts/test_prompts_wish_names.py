"""Names in a wish: which titles somebody means, and which words only look like one."""

import pytest
from wish_world import CATALOGUE, PARSER, row, shown

TABLE = [
    # names
    row("something like Toy Story", anchors=["toy"]),
    row("movies similar to the matrix", anchors=["matrix"]),
    row("in the mood of Blade Runner", anchors=["blade"]),
    row("similar to Alien and Heat", anchors=["alien", "heat"]),
    row("like Alien, Heat or Big please", anchors=["alien", "heat", "big"]),
    row("something like TOY STORY 2", anchors=["toy2"]),
    row("like Toy Story 2 and Toy Story", anchors=["toy2", "toy"]),
    row("like Toy Story (1995)", anchors=["toy"]),
    row("like Sabrina", anchors=["sabrina1", "sabrina2"]),
    row("like Sabrina (1995)", anchors=["sabrina2"]),
    row("like sabrina 1954 but funny", "funny", anchors=["sabrina1"], wanted=["Comedy"]),
    row("like the heat", anchors=["heat"]),
    row("toy story, alien", anchors=["toy", "alien"]),
    row("like Star Wars: Epizode IV", "Star Wars: Epizode IV", wanted=["War"]),
    row("like Se7en", anchors=["seven"]),
    row("like amelie", anchors=["amelie"]),
    row("like Fabuleux destin", anchors=["amelie"]),
    row("like Star Wars", anchors=["star4", "star5"]),
    row("like 2001: a space odyssey", anchors=["space"]),
    row("like The Good, the Bad and the Ugly", anchors=["good"]),
    row("something like pride & prejudice", anchors=["pride"]),
    row("like the movie It", anchors=["it"]),
    row("something like it", anchors=["it"]),
    row('"It" was great, what else is there', anchors=["it"]),
    row("I loved Toy Story", anchors=["toy"]),
    row("i enjoyed blade runner, anything else?", anchors=["blade"]),
    row("I loved it"),
    row("it should be about space", "space"),
    row("Another Murder on the Orient Express please", anchors=["murder"]),
    row("No Country for Old Men", anchors=["country"]),
    row("a scary movie for tonight", "scary", wanted=["Horror"]),
    row("Scary Movie", anchors=["scary"]),
    row("I want something new", "new"),
    row("I would like something new", "new"),
    row("big action", "big action", wanted=["Action"]),
    row("like big action", "big action", wanted=["Action"]),
    row("like Toi Story", "Toi Story"),
    row('like "Toi Story"', unanswerable=['like "Toi Story"']),
    row("Toy Story but darker", "darker", anchors=["toy"], wanted=["dark"]),
    row("like Toy Story (2020)", "Toy Story (2020"),
    row("not like Alien", unwanted=["alien"]),
    row("sci-fi, but nothing like Alien", "sci-fi", wanted=["Sci-Fi"], unwanted=["alien"]),
    row("anything but Toy Story", unwanted=["toy"]),
    row("I hated Blade Runner", unwanted=["blade"]),
    row("unlike Heat", unwanted=["heat"]),
]


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_whom_a_wish_names(text, expected):
    assert shown(PARSER.parse(text)) == expected


@pytest.mark.parametrize("item", CATALOGUE, ids=lambda item: item.key)
def test_a_misspelled_name_is_nobodys(item):
    """One letter more in any word, and neither the title nor a value is found; without it, both are."""
    title = (
        item.title[:-7]
        .removesuffix(", The")
        .replace(" (a.k.a. Se7en)", "")
        .replace(" (Fabuleux destin, Le)", "")
    )
    for name in (title, *item.categories, item.attributes["creator"]):
        right = PARSER.parse(f"like {name}")
        assert item.key in right.anchors or name in [p.value for p in right.wanted]
        words = name.split()
        for place in range(len(words)):
            typo = " ".join([*words[:place], words[place][:1] + "q" + words[place][1:], *words[place + 1 :]])
            wrong = PARSER.parse(f"like {typo.replace('-Noir', '')}")  # "noir" alone is a word of its own
            assert item.key not in wrong.anchors
            assert name not in [p.value for p in wrong.wanted]
