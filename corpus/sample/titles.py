"""Titles: a hint of theme, setting or mood, each given only once, and kept through a series."""

from __future__ import annotations

from .items import Films
from .prose import Facts, Picker, article, capital
from .words import PLACE_HEADS, PLACE_TAILS

THINGS: dict[str, tuple[str, ...]] = {
    "letters": ("Letter", "Envelope", "Postcard", "Inkwell"),
    "inventions": ("Engine", "Machine", "Contraption", "Blueprint"),
    "homecoming": ("Doorstep", "Suitcase", "Homecoming", "Threshold"),
    "friendship": ("Promise", "Stranger", "Companion", "Handshake"),
    "rivalry": ("Contest", "Wager", "Race", "Crown"),
    "music": ("Song", "Violin", "Lullaby", "Waltz"),
    "maps": ("Map", "Compass", "Atlas", "Crossing"),
    "secrets": ("Key", "Secret", "Attic", "Locket"),
    "memory": ("Photograph", "Mirror", "Album", "Souvenir"),
    "gardens": ("Garden", "Orchard", "Seed", "Greenhouse"),
    "cooking": ("Kitchen", "Recipe", "Soup", "Feast"),
    "time": ("Clock", "Hourglass", "Pendulum", "Hour"),
}
SIGHTS: dict[str, tuple[str, ...]] = {
    "sea": ("Tide", "Harbor", "Wave", "Sail"),
    "forest": ("Pine", "Thicket", "Clearing", "Oak"),
    "city": ("Rooftop", "Tram", "Avenue", "Streetlamp"),
    "desert": ("Dune", "Caravan", "Oasis", "Mirage"),
    "mountains": ("Summit", "Ridge", "Avalanche", "Pass"),
    "space": ("Comet", "Orbit", "Moon", "Satellite"),
    "village": ("Square", "Chimney", "Fountain", "Lane"),
    "lighthouse": ("Lamp", "Cliff", "Beacon", "Gull"),
    "ice": ("Floe", "Glacier", "Aurora", "Frost"),
    "caves": ("Cavern", "Echo", "Crystal", "Tunnel"),
    "clouds": ("Airship", "Balloon", "Cloud", "Kite"),
    "river": ("River", "Barge", "Reed", "Ferry"),
}
COLORS: dict[str, tuple[str, ...]] = {
    "gentle": ("Quiet", "Soft", "Paper", "Patient"),
    "melancholy": ("Lonely", "Gray", "Forgotten", "Rainy"),
    "playful": ("Striped", "Runaway", "Upside-Down", "Ticklish"),
    "eerie": ("Hollow", "Whispering", "Crooked", "Pale"),
    "wondrous": ("Silver", "Impossible", "Glass", "Enchanted"),
    "tense": ("Burning", "Broken", "Midnight", "Iron"),
    "cozy": ("Amber", "Velvet", "Winter", "Honey"),
    "hopeful": ("Morning", "Golden", "First", "Rising"),
}


def make_title(facts: Facts, pick: Picker) -> str:
    """A title that hints at theme, setting or mood."""
    thing = pick.one(THINGS[facts.theme])
    sight = pick.one(SIGHTS[facts.setting])
    color = pick.one(COLORS[facts.mood])
    place = pick.one(PLACE_HEADS) + pick.one(PLACE_TAILS)
    forms = (
        f"The {color} {thing}",
        f"{facts.name} and the {color} {sight}",
        f"{facts.name} and the {thing} of {place}",
        f"{capital(article(thing))} {thing} for {facts.name}",
        f"The {thing} of {place}",
        f"{facts.name}'s {color} {thing}",
        f"The {sight} and the {thing}",
        f"The {color} {sight} of {place}",
        f"The Last {thing} of {place}",
        f"{facts.name} of the {color} {sight}",
    )
    return pick.one(forms)


def sequel_title(first: str, part: int) -> str:
    """The title of part `part` of the series that `first` opened."""
    return f"{first}, Part {part}"


class Titles:
    """Titles given so far: each only once, and a series keeps the one of its first part."""

    def __init__(self, films: Films) -> None:
        self._films = films
        self._used: set[str] = set()
        self._series: dict[int, str] = {}  # the first part's title, by the latest row of the series

    def former(self, row: int) -> str:
        """The title of the part before `row`, or an empty string."""
        before = int(self._films.former[row])
        if before < 0:
            return ""
        first = self._series[before]
        part = int(self._films.part[before])
        return first if part == 1 else sequel_title(first, part)

    def add(self, row: int, facts: Facts, pick: Picker) -> str:
        """The title of `row`."""
        if facts.former:
            first = self._series.pop(int(self._films.former[row]))
            title = sequel_title(first, int(self._films.part[row]))
        else:
            title = first = self._fresh(facts, pick)
        if self._films.sequel[row] >= 0:
            self._series[row] = first
        return title

    def _fresh(self, facts: Facts, pick: Picker) -> str:
        """An unused title; one that is taken gets a second half, as in old books."""
        title = make_title(facts, pick)
        while title in self._used:
            title = f"{title}, or {make_title(facts, pick)}"
        self._used.add(title)
        return title
