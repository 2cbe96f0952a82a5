"""The vocabulary of the sample world: what a short film can be, and the names in it.

Latent attributes and where a model can see them:

========  ==================================================
genre     column `categories`; emblem in the picture
setting   description, title; composition of the picture
mood      palette of the picture; half of the descriptions
theme     description, title (text only)
hero      description (text only)
pace      description (text only)
style     texture of the picture (picture only)
creator   column `creator`
year      column `year`
length    column `length_minutes`
========  ==================================================
"""

from __future__ import annotations

GENRES = (
    "Adventure",
    "Comedy",
    "Mystery",
    "Romance",
    "Science Fiction",
    "Fantasy",
    "Drama",
    "Thriller",
    "Musical",
    "Fable",
)
SETTINGS = (
    "sea",
    "forest",
    "city",
    "desert",
    "mountains",
    "space",
    "village",
    "lighthouse",
    "ice",
    "caves",
    "clouds",
    "river",
)
MOODS = ("gentle", "melancholy", "playful", "eerie", "wondrous", "tense", "cozy", "hopeful")
PACES = ("slow", "steady", "brisk")
THEMES = (
    "letters",
    "inventions",
    "homecoming",
    "friendship",
    "rivalry",
    "music",
    "maps",
    "secrets",
    "memory",
    "gardens",
    "cooking",
    "time",
)
HEROES = ("child", "elder", "animal", "robot", "artisan", "traveler")
STYLES = ("watercolor", "papercut", "ink", "pixel", "felt", "print")
ERAS = ("1980s", "1990s", "2000s", "2010s", "2020s")

VALUES: dict[str, tuple[str, ...]] = {
    "genre": GENRES,
    "setting": SETTINGS,
    "mood": MOODS,
    "pace": PACES,
    "theme": THEMES,
    "hero": HEROES,
    "style": STYLES,
    "era": ERAS,
}

# Settings that suit a genre: a film takes one of these more often than chance.
HOME_SETTINGS: dict[str, tuple[str, ...]] = {
    "Adventure": ("sea", "mountains", "desert"),
    "Comedy": ("village", "city", "clouds"),
    "Mystery": ("lighthouse", "city", "caves"),
    "Romance": ("river", "village", "sea"),
    "Science Fiction": ("space", "ice", "city"),
    "Fantasy": ("forest", "clouds", "caves"),
    "Drama": ("village", "lighthouse", "river"),
    "Thriller": ("ice", "city", "caves"),
    "Musical": ("city", "clouds", "river"),
    "Fable": ("forest", "river", "mountains"),
}

SHE = (
    "Ada", "Anouk", "Astrid", "Beatrix", "Calla", "Clementine", "Delphine", "Edda", "Elowen", "Esme",
    "Fenna", "Greta", "Hazel", "Ilse", "Imogen", "Ines", "Juno", "Kaja", "Linnea", "Lotte",
    "Mabel", "Maren", "Mirela", "Nadia", "Nell", "Odette", "Oona", "Petra", "Philippa", "Ragna",
    "Rosalind", "Saskia", "Sunniva", "Tamsin", "Tilda", "Una", "Vera", "Wilhelmina", "Wren", "Yara",
)  # fmt: skip
HE = (
    "Alaric", "Anselm", "Arlo", "Bartholomew", "Bram", "Caspian", "Corin", "Dov", "Edmund", "Emil",
    "Fergus", "Florian", "Gideon", "Hamish", "Hugo", "Ivo", "Jasper", "Jorah", "Kasimir", "Leopold",
    "Linus", "Lorcan", "Magnus", "Matteo", "Milo", "Nestor", "Olin", "Oskar", "Osric", "Pascal",
    "Quill", "Rafe", "Rufus", "Silas", "Soren", "Tobias", "Ulric", "Viktor", "Wendel", "Zoltan",
)  # fmt: skip
NAMES = SHE + HE

SURNAMES = (
    "Abernow", "Ashlark", "Bellwether", "Birchall", "Brandvold", "Brindle", "Calloway", "Castellane",
    "Corvane", "Dalgaard", "Delacroy", "Dunmarrow", "Eastlake", "Ekholm", "Fairbairn", "Farrow",
    "Fennimore", "Galanis", "Garrick", "Glasswright", "Halloran", "Hartvik", "Hawksworth", "Holloway",
    "Ilvane", "Ismene", "Jardine", "Kestrel", "Kinsale", "Kovarik", "Lachlan", "Larkin", "Lindqvist",
    "Lovelace", "Marchetti", "Marlowe", "Merriweather", "Montclair", "Nakagiri", "Nightingale",
    "Norrington", "Novak", "Oakes", "Okonjo", "Orlov", "Pascoe", "Pemberton", "Penhallow", "Quennell",
    "Quist", "Ravensdale", "Redgrove", "Rosenthal", "Rustad", "Sablier", "Sandoval", "Selwyn",
    "Stellan", "Tamura", "Thackeray", "Thorne", "Trevanion", "Underhill", "Vance", "Vasquez",
    "Verhoeven", "Wainwright", "Westergren", "Wetherby", "Whitlock", "Winterbourne", "Wolcott",
    "Yarrow", "Yilmaz", "Zeller", "Zimmer",
)  # fmt: skip

PLACE_HEADS = (
    "Ember", "Wick", "Thistle", "Maple", "Sorrel", "Pell", "Aster", "Gull", "Hazel", "Laurel", "Amber",
    "Bramble", "Copper", "Drift", "Elder", "Fern", "Glimmer", "Heather", "Ivy", "Juniper", "Kelp", "Linden",
    "Mossy", "Nettle", "Otter", "Pebble", "Quarry", "Rowan", "Salt", "Tarn", "Velvet", "Wander",
)  # fmt: skip
PLACE_TAILS = (
    "ford",
    "mere",
    "haven",
    "holm",
    "stead",
    "moor",
    "combe",
    "gate",
    "fell",
    "by",
    "bridge",
    "well",
)

AGE_GROUPS = ("under 18", "18-24", "25-34", "35-49", "50-64", "65 and over")
COUNTRIES = (
    "Belgium",
    "Brazil",
    "Canada",
    "Denmark",
    "Germany",
    "India",
    "Japan",
    "Kenya",
    "Mexico",
    "Norway",
)
