"""What a wish wants of an item, refuses in it, or demands of it."""

import pytest
from wish_world import PARSER, row, shown

TABLE = [
    # wished attributes
    row("a funny movie", "funny", wanted=["Comedy"]),
    row("comedies", "comedies", wanted=["Comedy"]),
    row("romantic comedies by Pixar", "romantic comedies by Pixar", wanted=["Romance", "Comedy", "Pixar"]),
    row("a quiet film about war", "quiet film about war", wanted=["quiet", "War"]),
    row("science fiction", "science fiction", wanted=["Sci-Fi"]),
    row("scifi with robots", "scifi with robots", wanted=["Sci-Fi"]),
    row("noir", "noir", wanted=["Film-Noir"]),
    row("a romcom", "romcom", wanted=["Romance", "Comedy"]),
    row("something for the kids", "kids", wanted=["Children"]),
    row("something by Stanley Kubrick", "Stanley Kubrick", wanted=["Stanley Kubrick"]),
    row("comedyy with a dragn", "comedyy with a dragn"),
    row("why not a western?", "western", wanted=["Western"]),
    row("I like dramas", "dramas", wanted=["Drama"]),
    # refusals
    row("no horror", unwanted=["Horror"]),
    row("funny, no horror please", "funny", wanted=["Comedy"], unwanted=["Horror"]),
    row("not too dark", unwanted=["dark"]),
    row("nothing scary", unwanted=["Horror"]),
    row("without westerns", unwanted=["Western"]),
    row("action but not sci-fi", "action", wanted=["Action"], unwanted=["Sci-Fi"]),
    row("anything but westerns", unwanted=["Western"]),
    row("everything except musicals", unwanted=["Musical"]),
    row("I don't want horror", unwanted=["Horror"]),
    row("I don’t want to see any war movies", unwanted=["War"]),
    row("no horror or war movies", unwanted=["Horror", "War"]),
    row("no horror, war or crime", unwanted=["Horror", "War", "Crime"]),
    row("no horror, comedy please", "comedy", wanted=["Comedy"], unwanted=["Horror"]),
    row("no horror, no war, just comedies", "comedies", wanted=["Comedy"], unwanted=["Horror", "War"]),
    row("not horror but thriller", "thriller", wanted=["Thriller"], unwanted=["Horror"]),
    row("without horror and war", unwanted=["Horror", "War"]),
    row("no horror and lots of adventure", "adventure", wanted=["Adventure"], unwanted=["Horror"]),
    row("neither horror nor war", unwanted=["Horror", "War"]),
    row("comedy instead of drama", "comedy", wanted=["Comedy"], unwanted=["Drama"]),
    row("non-scary animation", "animation", wanted=["Animation"], unwanted=["Horror"]),
    row("a horror-free night", "night", unwanted=["Horror"]),
    row("I can't stand musicals", unwanted=["Musical"]),
    row("no horror for kids", "kids", wanted=["Children"], unwanted=["Horror"]),
    row("no horror with jump scares and robots", unwanted=["Horror"]),
    row("a movie that isn't scary", unwanted=["Horror"]),
    row("not a fan of horror", unwanted=["Horror"]),
    row("not in the mood for drama", unwanted=["Drama"]),
    row("like Toy Story but less scary", anchors=["toy"], unwanted=["Horror"]),
    row("not too violent", unanswerable=["not too violent"]),
    row("comedy, no sad endings", "comedy", wanted=["Comedy"], unanswerable=["no sad endings"]),
    row("no horror or gore", unwanted=["Horror"], unanswerable=["gore"]),
    row("no horror or anything dark", unwanted=["Horror", "dark"]),
    row("a gluten-free comedy", "comedy", wanted=["Comedy"], unanswerable=["gluten-free"]),
    row("something dark, horror excluded", "dark", wanted=["dark"], unwanted=["Horror"]),
    row("comedies, romance aside", "comedies", wanted=["Comedy"], unwanted=["Romance"]),
    row("horror is out", unwanted=["Horror"]),
    # traps of negation
    row("not only comedies", "comedies", wanted=["Comedy"]),
    row("not just comedies but also dramas", "comedies but also dramas", wanted=["Comedy", "Drama"]),
    row("no, I want comedies", "comedies", wanted=["Comedy"]),
    row("No! Comedies!", "Comedies", wanted=["Comedy"]),
    row("not bad comedies", "comedies", wanted=["Comedy"]),
    row(
        "I don't mind horror",
    ),
    row("I can't say no to a good western", "western", wanted=["Western"]),
    row("I don't mind movies over 2 hours"),
    row("not unlike Heat", anchors=["heat"]),
    row("without a doubt a comedy", "comedy", wanted=["Comedy"]),
    row("no horror - comedies only", "comedies", unwanted=["Horror"], limits=["categories is Comedy"]),
    row("I've seen Toy Story, more like it please", anchors=["toy"]),
    row("not necessarily funny", "funny", wanted=["Comedy"]),
    # demands
    row("only comedies", "comedies", limits=["categories is Comedy"]),
    row("I only want to watch comedies", "comedies", limits=["categories is Comedy"]),
    row("comedies only", "comedies", limits=["categories is Comedy"]),
    row("nothing but westerns", "westerns", limits=["categories is Western"]),
    row("I don't want anything but comedies", "comedies", limits=["categories is Comedy"]),
    row(
        "only romantic comedies",
        "romantic comedies",
        limits=["categories is Romance", "categories is Comedy"],
    ),
    row("only Pixar", "Pixar", limits=["creator is Pixar"]),
    row("it has to be funny", "funny", limits=["categories is Comedy"]),
    row(
        "only comedies or dramas",
        "comedies or dramas",
        wanted=["Comedy", "Drama"],
        unanswerable=["only comedies or dramas"],
    ),
    row("the only comedy I ever finished", "comedy", wanted=["Comedy"]),
]


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_what_a_wish_wants_and_refuses(text, expected):
    assert shown(PARSER.parse(text)) == expected
