"""Genre as a figure in the foreground: one small motif for each genre."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .palettes import Palette, blend
from .scenes import Rng
from .shapes import SIDE, Layer, Shape, box, disk, polygon, stroke


def _people(p: Palette, *places: tuple[float, float, float]) -> list[Layer]:
    """Cloaked figures at (x, foot, height): a pale cloak with a dark edge, to show on any ground."""
    dark = blend(p.near, (0, 0, 0), 0.6)
    edges = tuple(shape for x, foot, tall in places for shape in _cloak(x, foot, tall, 3))
    cloaks = tuple(shape for x, foot, tall in places for shape in _cloak(x, foot, tall, 0))
    return [Layer(dark, edges), Layer(blend(p.light, p.low, 0.25), cloaks)]


def _cloak(x: float, foot: float, tall: float, edge: float) -> tuple[Shape, ...]:
    head, half = foot - tall, tall * 0.27 + edge
    return (
        disk(x, head, tall * 0.16 + edge),
        polygon((x, head + 2 - 2 * edge), (x - half, foot + edge), (x + half, foot + edge)),
    )


def _star(x: float, y: float, size: float) -> Shape:
    thin = size * 0.2
    return polygon(
        (x, y - size), (x + thin, y - thin), (x + size, y), (x + thin, y + thin),
        (x, y + size), (x - thin, y + thin), (x - size, y), (x - thin, y - thin),
    )  # fmt: skip


def _heart(x: float, y: float, size: float) -> tuple[Shape, ...]:
    return (
        disk(x - size * 0.5, y, size * 0.55),
        disk(x + size * 0.5, y, size * 0.55),
        polygon((x - size, y + size * 0.2), (x + size, y + size * 0.2), (x, y + size * 1.4)),
    )


def adventure(p: Palette, rng: Rng) -> list[Layer]:
    """A walker with a flag."""
    x = rng.uniform(60, 196)
    flag = polygon((x + 19, 160), (x + 58, 172), (x + 19, 186))
    pole = Layer(blend(p.near, (0, 0, 0), 0.6), (stroke(5, (x + 18, 244), (x + 18, 158)),))
    return [pole, Layer(p.accent, (flag,)), *_people(p, (x, 244, 54))]


def comedy(p: Palette, rng: Rng) -> list[Layer]:
    """Confetti."""
    spots = [disk(x, y, rng.uniform(3, 6)) for x, y in rng.uniform(6, 250, (44, 2)).tolist()]
    return [Layer(color, tuple(spots[i::3])) for i, color in enumerate((p.accent, p.light, p.mid))]


def mystery(p: Palette, rng: Rng) -> list[Layer]:
    """A lone figure with a lantern and a long shadow."""
    x = rng.uniform(110, 170)
    shadow = polygon((x - 12, 234), (x + 12, 234), (x - 60, 256), (x - 116, 256))
    glow = Layer(blend(p.accent, p.near, 0.45), (disk(x + 22, 210, 25),))
    black = Layer(blend(p.near, (0, 0, 0), 0.7), (shadow, *_cloak(x, 236, 60, 0)))
    return [glow, black, Layer(p.accent, (disk(x + 22, 210, 9),))]


def romance(p: Palette, rng: Rng) -> list[Layer]:
    """Two figures and a heart."""
    x = rng.uniform(80, 176)
    heart = blend(p.accent, (232, 60, 92), 0.65)
    return [*_people(p, (x - 15, 244, 52), (x + 15, 244, 47)), Layer(heart, _heart(x, 158, 16))]


def science_fiction(p: Palette, rng: Rng) -> list[Layer]:
    """A saucer with a beam."""
    x, y = rng.uniform(70, 186), rng.uniform(38, 62)
    return [
        Layer(
            blend(p.low, p.light, 0.5),
            (polygon((x - 12, y + 8), (x + 12, y + 8), (x + 42, y + 96), (x - 42, y + 96)),),
        ),
        Layer(p.light, (disk(x, y - 5, 17),)),
        Layer(blend(p.near, (0, 0, 0), 0.3), (disk(x, y + 4, 42, 0.3),)),
        Layer(p.accent, tuple(disk(x + d, y + 6, 4) for d in (-26, 0, 26))),
    ]


def fantasy(p: Palette, rng: Rng) -> list[Layer]:
    """A crescent moon and four-pointed stars."""
    x, y = rng.uniform(50, 206), rng.uniform(42, 66)
    outer, inner = np.linspace(-2.2, 2.2, 25), np.linspace(1.9, -1.9, 25)
    moon = [(x - 32 * np.cos(a), y + 32 * np.sin(a)) for a in outer]
    moon += [(x + 10 - 27 * np.cos(a), y + 27 * np.sin(a)) for a in inner]
    places = zip(rng.uniform(14, 242, 9), rng.uniform(12, 150, 9), rng.uniform(6, 15, 9), strict=True)
    return [Layer(p.light, (polygon(*moon), *(_star(*place) for place in places)))]


def drama(p: Palette, rng: Rng) -> list[Layer]:
    """The scene through a window."""
    dark = blend(p.near, (0, 0, 0), 0.45)
    at = rng.uniform(110, 146)
    bars = (box(0, 0, SIDE, 15), box(0, 241, SIDE, 15), box(0, 0, 15, SIDE), box(241, 0, 15, SIDE))
    return [Layer(dark, (*bars, box(at - 4, 0, 8, SIDE), box(0, 116, SIDE, 7)))]


def thriller(p: Palette, rng: Rng) -> list[Layer]:
    """Searchlights."""
    pale = blend(p.low, p.light, 0.45)
    x = rng.uniform(90, 166)
    beams = tuple(polygon((x + s * 8, 256), (x + s * 84, -2), (x + s * 122, -2)) for s in (-1.0, 1.0))
    return [Layer(pale, beams), Layer(blend(p.near, (0, 0, 0), 0.6), (disk(x, 262, 34, 0.8),))]


def musical(p: Palette, rng: Rng) -> list[Layer]:
    """Notes in the air."""
    notes: list[Shape] = []
    for x, y in zip(np.linspace(34, 212, 5) + rng.uniform(-10, 10, 5), rng.uniform(46, 140, 5), strict=True):
        notes += [
            disk(x, y, 10, 0.8),
            stroke(4, (x + 8, y), (x + 8, y - 38)),
            polygon((x + 7, y - 39), (x + 25, y - 27), (x + 7, y - 24)),
        ]
    return [Layer(p.accent, tuple(notes))]


def fable(p: Palette, rng: Rng) -> list[Layer]:
    """A fox, and birds."""
    x = rng.uniform(70, 176)
    coat = blend(p.accent, (214, 98, 34), 0.6)
    body = polygon((x - 30, 240), (x - 24, 214), (x + 14, 210), (x + 22, 240))
    head = polygon((x + 8, 216), (x + 8, 190), (x + 17, 199), (x + 27, 190), (x + 30, 206), (x + 44, 214))
    tail = polygon((x - 26, 236), (x - 62, 214), (x - 70, 196), (x - 44, 206))
    birds = [
        stroke(3, (a - 9, b - 5), (a, b), (a + 9, b - 5))
        for a, b in zip(rng.uniform(30, 226, 4), rng.uniform(26, 76, 4), strict=True)
    ]
    return [
        Layer(coat, (tail, body, head)),
        Layer(p.light, (polygon((x - 62, 214), (x - 70, 196), (x - 54, 202)),)),
        Layer(p.near, tuple(birds)),
    ]


EMBLEMS: dict[str, Callable[[Palette, Rng], list[Layer]]] = {
    "Adventure": adventure,
    "Comedy": comedy,
    "Mystery": mystery,
    "Romance": romance,
    "Science Fiction": science_fiction,
    "Fantasy": fantasy,
    "Drama": drama,
    "Thriller": thriller,
    "Musical": musical,
    "Fable": fable,
}
