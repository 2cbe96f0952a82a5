"""Hard limits in a wish: years, lengths and other numbers."""

import pytest
from wish_world import PARSER, row, shown

TABLE = [
    # years
    row("from the 90s", limits=["year at least 1990", "year at most 1999"]),
    row("1990s comedies", "comedies", wanted=["Comedy"], limits=["year at least 1990", "year at most 1999"]),
    row("something from the early eighties", limits=["year at least 1980", "year at most 1983"]),
    row(
        "80s and 90s action", "action", wanted=["Action"], limits=["year at least 1980", "year at most 1999"]
    ),
    row("from the 70s to the 90s", limits=["year at least 1970", "year at most 1999"]),
    row("from the 70s or 90s", unanswerable=["from the 70s or 90s"]),
    row("before 1980", limits=["year at most 1979"]),
    row("before the 80s", limits=["year at most 1979"]),
    row("after 2010", limits=["year at least 2011"]),
    row("since 2010", limits=["year at least 2010"]),
    row("between 1990 and 2000", limits=["year at least 1990", "year at most 2000"]),
    row("newer than 1999", limits=["year at least 2000"]),
    row("no older than 1990", limits=["year at least 1990"]),
    row("nothing before 1990", limits=["year at least 1990"]),
    row("no movies after 2010", limits=["year at most 2010"]),
    row("not from the 90s", unanswerable=["not from the 90s"]),
    row("2005 or later", limits=["year at least 2005"]),
    row("from 1995", limits=["year is 1995"]),
    row("a comedy from 1995 on", "comedy", wanted=["Comedy"], limits=["year at least 1995"]),
    row("pre-1980 horror", "horror", wanted=["Horror"], limits=["year at most 1979"]),
    row("set in the 80s", "set in the 80s"),
    row("a film about 1969", "1969"),
    row("with 80s music", "80s music"),
    row("from the last 10 years", unanswerable=["from the last 10 years"]),
    row("westerns up to 1970", "westerns", wanted=["Western"], limits=["year at most 1970"]),
    row("from 1990 to today", limits=["year at least 1990"]),
    row("from 1990 until now", limits=["year at least 1990"]),
    row("from the 1900s", limits=["year at least 1900", "year at most 1999"]),
    row("from the early 1800s", limits=["year at least 1800", "year at most 1839"]),
    row("from the 2000s", limits=["year at least 2000", "year at most 2009"]),
    row("before 1990 or after 2010", unanswerable=["before 1990 or after 2010"]),
    # lengths, prices, other numbers
    row("1 to 2 hours", limits=["length_minutes at least 60", "length_minutes at most 120"]),
    row("between one and two hours", limits=["length_minutes at least 60", "length_minutes at most 120"]),
    row("2-3 hours", limits=["length_minutes at least 120", "length_minutes at most 180"]),
    row("under 2 hours or over 3 hours", unanswerable=["under 2 hours or over 3 hours"]),
    row("I don't have more than two hours", limits=["length_minutes at most 120"]),
    row("no time for more than 90 minutes", limits=["length_minutes at most 90"]),
    row("it can't be over 2 hours", limits=["length_minutes at most 120"]),
    row("cannot be longer than 2 hours", limits=["length_minutes at most 120"]),
    row("never more than two hours", limits=["length_minutes at most 120"]),
    row("never exceeding 90 minutes", limits=["length_minutes at most 90"]),
    row("mustn't be longer than 90 minutes", limits=["length_minutes at most 90"]),
    row("under 90 minutes", limits=["length_minutes at most 89"]),
    row("a comedy, 90 minutes at most", "comedy", wanted=["Comedy"], limits=["length_minutes at most 90"]),
    row("100 minutes at least", limits=["length_minutes at least 100"]),
    row("horror, max. 90 min", "horror", wanted=["Horror"], limits=["length_minutes at most 90"]),
    row("westerns up to 120 minutes", "westerns", wanted=["Western"], limits=["length_minutes at most 120"]),
    row("shorter than two hours", limits=["length_minutes at most 119"]),
    row("at most 90 min", limits=["length_minutes at most 90"]),
    row("no longer than an hour and a half", limits=["length_minutes at most 90"]),
    row("nothing over 2 hours", limits=["length_minutes at most 120"]),
    row("under 1h30", limits=["length_minutes at most 89"]),
    row("1 hour 40 minutes or less", limits=["length_minutes at most 100"]),
    row("between 90 and 120 minutes", limits=["length_minutes at least 90", "length_minutes at most 120"]),
    row("90-120 minutes", limits=["length_minutes at least 90", "length_minutes at most 120"]),
    row("at least 2.5 hours long", limits=["length_minutes at least 150"]),
    row(
        "not too long, max 100 minutes", limits=["length_minutes at most 100"], unanswerable=["not too long"]
    ),
    row("under $20", unanswerable=["under $20"]),
    row("a comedy cheaper than 15", "comedy", wanted=["Comedy"], unanswerable=["cheaper than 15"]),
    row("at least 4 stars", unanswerable=["at least 4 stars"]),
    row("for kids under 10", "kids under 10", wanted=["Children"]),
]


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_what_a_wish_limits(text, expected):
    assert shown(PARSER.parse(text)) == expected
