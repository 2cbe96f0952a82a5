"""A small stock of films, and how the meaning of a wish is written down in a table."""

import pytest

from firstlight.corpus import Catalogue, Item
from firstlight.prompts.wish import WishParser

MOVIES = """
toy | Toy Story (1995) | Animation, Children, Comedy | 81 | warm | Pixar
toy2 | Toy Story 2 (1999) | Animation, Children, Comedy | 92 | warm | Pixar
nemo | Finding Nemo (2003) | Animation, Children | 100 | warm | Pixar
matrix | Matrix, The (1999) | Action, Sci-Fi | 136 | dark | Lana Wachowski
alien | Alien (1979) | Horror, Sci-Fi | 117 | dark | Ridley Scott
blade | Blade Runner (1982) | Film-Noir, Sci-Fi | 117 | dark | Ridley Scott
it | It (2017) | Horror | 135 | dark | Andy Muschietti
big | Big (1988) | Comedy, Fantasy | 104 | warm | Penny Marshall
heat | Heat (1995) | Action, Crime | 170 | tense | Michael Mann
scary | Scary Movie (2000) | Comedy, Horror | 88 | silly | Keenen Wayans
new | Something New (2006) | Comedy, Romance | 99 | warm | Sanaa Hamri
space | 2001: A Space Odyssey (1968) | Sci-Fi | 149 | quiet | Stanley Kubrick
star4 | Star Wars: Episode IV (1977) | Action, Sci-Fi | 121 | epic | George Lucas
star5 | Star Wars: Episode V (1980) | Action, Sci-Fi | 124 | epic | Irvin Kershner
rings | Lord of the Rings, The (2001) | Adventure, Fantasy | 178 | epic | Peter Jackson
sabrina1 | Sabrina (1954) | Comedy, Romance | 113 | warm | Billy Wilder
sabrina2 | Sabrina (1995) | Comedy, Romance | 127 | warm | Sydney Pollack
seven | Seven (a.k.a. Se7en) (1995) | Crime, Thriller | 127 | dark | David Fincher
amelie | Amélie (Fabuleux destin, Le) (2001) | Comedy, Romance | 122 | quirky | Jean-Pierre Jeunet
country | No Country for Old Men (2007) | Crime, Thriller | 122 | tense | Joel Coen
pride | Pride and Prejudice (2005) | Drama, Romance | 129 | warm | Joe Wright
good | Good, the Bad and the Ugly, The (1966) | Western | 178 | epic | Sergio Leone
private | Saving Private Ryan (1998) | Drama, War | 169 | tense | Steven Spielberg
planet | March of the Penguins (2005) | Documentary | 80 | quiet | Luc Jacquet
la | La La Land (2016) | Musical, Romance | 128 | quirky | Damien Chazelle
murder | Murder on the Orient Express (1974) | Crime, Mystery | 128 | tense | Sidney Lumet
"""


def movie(line):
    key, title, genres, minutes, mood, creator = (part.strip() for part in line.split("|"))
    year = int(title[-5:-1])
    attributes = {"year": year, "length_minutes": int(minutes), "mood": mood, "creator": creator}
    return Item(key=key, title=title, categories=tuple(genres.split(", ")), attributes=attributes)


CATALOGUE = Catalogue.from_items([movie(line) for line in MOVIES.strip().splitlines()])
PARSER = WishParser(CATALOGUE)


def shown(wish):
    """A wish in short: only what is not empty, predicates as "value" or "field op value"."""
    short = {
        "anchors": [str(key) for key in wish.anchors],
        "wanted": [str(p.value) for p in wish.wanted],
        "unwanted": [str(p.value) for p in wish.unwanted],
        "limits": [str(p) for p in wish.limits],
        "unanswerable": list(wish.unanswerable),
        "query": wish.query,
    }
    return {name: value for name, value in short.items() if value}


def row(text, query="", **parts):
    return pytest.param(text, parts | ({"query": query} if query else {}), id=text)
