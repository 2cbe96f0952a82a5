"""Setting as composition: what stands where in a picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .palettes import Palette, blend
from .shapes import SIDE, Layer, Shape, box, disk, polygon, ridge, stroke

Rng = np.random.Generator


def _wave(base: float, height: float, turns: float, rng: Rng, points: int = 33) -> Shape:
    phase = rng.uniform(0, 2 * np.pi)
    x = np.linspace(0, 2 * np.pi * turns, points)
    return ridge(base + height * np.sin(x + phase) + 0.4 * height * np.sin(2.3 * x + 2 * phase))


def _jagged(base: float, height: float, peaks: int, rng: Rng) -> list[float]:
    ys = base - height * rng.uniform(0.35, 1.0, 2 * peaks + 1)
    ys[::2] = base + height * rng.uniform(0.0, 0.2, peaks + 1)
    return ys.tolist()


def _house(x: float, base: float, width: float) -> tuple[tuple[Shape, ...], tuple[Shape, ...]]:
    """Walls with roof, and two windows."""
    top = base - width * 0.7
    roof = polygon((x - 4, top), (x + width / 2, top - width * 0.55), (x + width + 4, top))
    windows = (
        box(x + width * 0.2, top + 6, width * 0.18, 9),
        box(x + width * 0.62, top + 6, width * 0.18, 9),
    )
    return (box(x, top, width, SIDE - top), roof), windows


def sea(p: Palette, rng: Rng) -> list[Layer]:
    """Rows of waves, and a sail."""
    x = rng.uniform(80, 176)
    sail = Layer(
        p.light,
        (polygon((x, 92), (x, 150), (x + 36, 150)), polygon((x - 5, 104), (x - 5, 150), (x - 28, 150))),
    )
    hull = Layer(p.near, (polygon((x - 34, 154), (x + 42, 154), (x + 26, 174), (x - 22, 174)),))
    waves = [
        Layer(c, (_wave(y, 6, t, rng),))
        for c, y, t in ((p.mid, 170, 4), (blend(p.mid, p.near, 0.5), 195, 3), (p.near, 222, 2))
    ]
    return [Layer(p.far, (box(0, 146, SIDE, 110),)), sail, hull, *waves]


def forest(p: Palette, rng: Rng) -> list[Layer]:
    """Three rows of conifers."""
    layers = []
    for color, base, size, count in ((p.far, 170, 62, 11), (p.mid, 205, 92, 8), (p.near, 262, 140, 5)):
        trees = []
        for x in np.linspace(-5, SIDE + 5, count) + rng.uniform(-9, 9, count):
            tall = size * rng.uniform(0.8, 1.15)
            for part, wide in ((0.0, 0.17), (0.28, 0.24), (0.55, 0.31)):
                low = base - tall * (0.55 - part)
                trees.append(
                    polygon((x, base - tall * (1 - part)), (x - tall * wide, low), (x + tall * wide, low))
                )
        layers.append(Layer(color, (box(0, base - 10, SIDE, SIDE), *trees)))
    return layers


def city(p: Palette, rng: Rng) -> list[Layer]:
    """Towers in three depths, windows lit in the nearest two."""
    layers = []
    for color, low, tall, wide in ((p.far, 200, 130, 26), (p.mid, 220, 120, 32), (p.near, 256, 105, 40)):
        towers, windows = [], []
        x = -rng.uniform(0, wide)
        while x < SIDE:
            width, top = wide * rng.uniform(0.7, 1.2), low - tall * rng.uniform(0.4, 1.0)
            towers.append(box(x, top, width, SIDE - top))
            places = [(x + 5 + 9 * i, top + 8 + 13 * j) for i in range(int(width // 9)) for j in range(6)]
            windows += [box(a, b, 4, 6) for a, b in places if rng.random() < 0.4 and a + 6 < x + width]
            x += width + rng.uniform(0, 5)
        layers.append(Layer(color, tuple(towers)))
        layers.append(Layer(p.accent if color != p.far else blend(p.far, p.light, 0.3), tuple(windows)))
    return layers


def desert(p: Palette, rng: Rng) -> list[Layer]:
    """A low sun over dunes, with cacti."""
    sun = Layer(p.light, (disk(rng.uniform(60, 196), 120, 42),))
    dunes = [
        Layer(c, (_wave(y, h, t, rng),))
        for c, y, h, t in ((p.far, 150, 14, 0.8), (p.mid, 180, 16, 0.7), (p.near, 222, 14, 0.6))
    ]
    cacti = []
    for x in rng.uniform(25, 231, 2):
        cacti += [box(x - 5, 150, 10, 75), disk(x, 150, 5), box(x - 20, 172, 16, 7), box(x - 20, 158, 7, 18)]
        cacti += [box(x + 4, 184, 16, 7), box(x + 13, 168, 7, 20)]
    return [sun, dunes[0], dunes[1], Layer(blend(p.near, p.mid, 0.2), tuple(cacti)), dunes[2]]


def mountains(p: Palette, rng: Rng) -> list[Layer]:
    """Jagged ridges, snow on the farthest."""
    far = _jagged(190, 130, 3, rng)
    step = SIDE / (len(far) - 1)
    caps = []
    for i in range(1, len(far), 2):
        x, y = i * step, far[i]
        caps.append(polygon((x, y), (x - 16, y + 34), (x - 5, y + 26), (x + 4, y + 36), (x + 17, y + 32)))
    return [
        Layer(p.far, (ridge(far),)),
        Layer(p.light, tuple(caps)),
        Layer(p.mid, (ridge(_jagged(215, 75, 4, rng)),)),
        Layer(p.near, (ridge(_jagged(245, 50, 5, rng)),)),
    ]


def space(p: Palette, rng: Rng) -> list[Layer]:
    """A ringed planet, a moon, stars, and the curve of the ground."""
    stars = tuple(
        disk(x, y, r)
        for x, y, r in zip(
            rng.uniform(0, SIDE, 60), rng.uniform(0, 220, 60), rng.uniform(0.8, 2.4, 60), strict=True
        )
    )
    x, y, r = rng.uniform(80, 176), rng.uniform(75, 115), rng.uniform(38, 54)
    ring = polygon((x - 1.9 * r, y + 18), (x - r, y + 2), (x + 1.9 * r, y - 26), (x + r, y + 4))
    return [
        Layer(blend(p.top, (8, 8, 24), 0.75), (box(0, 0, SIDE, SIDE),)),
        Layer(p.light, stars),
        Layer(p.mid, (disk(x, y, r),)),
        Layer(p.far, (disk(x - r * 0.2, y - r * 0.2, r * 0.7),)),
        Layer(p.accent, (ring, disk(x + 70 if x < 128 else x - 70, y + 62, 13))),
        Layer(p.near, (disk(128, 400, 190),)),
        Layer(p.mid, (disk(90, 232, 14, 0.3), disk(160, 225, 10, 0.3), disk(128, 245, 18, 0.3))),
    ]


def village(p: Palette, rng: Rng) -> list[Layer]:
    """Houses along a street, hills behind."""
    back, front, lit = [], [], []
    for x in np.arange(4, 250, 50) + rng.uniform(-6, 6, 5):
        walls, _ = _house(x, 205, 34)
        back += walls
    for x in np.arange(-14, 250, 68) + rng.uniform(-8, 8, 4):
        walls, windows = _house(x, 228, rng.uniform(46, 56))
        front += walls
        lit += windows
    hills = Layer(p.far, (_wave(158, 14, 1.2, rng),))
    return [
        hills,
        Layer(p.mid, tuple(back)),
        Layer(p.near, tuple(front)),
        Layer(p.accent, tuple(lit)),
        Layer(blend(p.near, (0, 0, 0), 0.25), (box(0, 236, SIDE, 20),)),
    ]


def lighthouse(p: Palette, rng: Rng) -> list[Layer]:
    """A striped tower on a cliff, its beam across the sky."""
    x = float(rng.choice([74.0, 182.0]))
    away = 1 if x < 128 else -1
    beam = polygon((x, 70), (x + away * 230, 22), (x + away * 230, 92))
    tower = polygon((x - 14, 80), (x + 14, 80), (x + 21, 190), (x - 21, 190))
    bands = tuple(
        polygon((x - w, y), (x + w, y), (x + w + 1.4, y + 20), (x - w - 1.4, y + 20))
        for y, w in ((96, 15), (136, 17.5), (170, 19.6))
    )
    cliff = polygon((x - away * 120, 178), (x + away * 34, 186), (x + away * 52, 256), (x - away * 120, 256))
    return [
        Layer(blend(p.top, p.light, 0.45), (beam,)),
        Layer(p.far, (box(0, 186, SIDE, 70),)),
        Layer(p.mid, (_wave(212, 6, 4, rng),)),
        Layer(p.light, (tower,)),
        Layer(p.accent, (*bands, disk(x, 70, 9))),
        Layer(
            p.near,
            (
                cliff,
                box(x - 16, 78, 32, 5),
                polygon((x - 13, 61), (x, 46), (x + 13, 61)),
                _wave(238, 5, 3, rng),
            ),
        ),
    ]


def ice(p: Palette, rng: Rng) -> list[Layer]:
    """Icebergs on flat water under curtains of light."""
    curtains = []
    for low in (52, 96):
        phase = rng.uniform(0, 2 * np.pi)
        edge = [(x, low + 20 * np.sin(x / 38 + phase)) for x in range(0, SIDE + 1, 8)]
        curtains.append(polygon(*edge, *((x, y - 26 - 8 * np.sin(x / 21)) for x, y in reversed(edge))))
    bergs = []
    for x, size in zip(
        np.array([30, 120, 205]) + rng.uniform(-16, 16, 3), rng.uniform(36, 62, 3), strict=True
    ):
        bergs.append(
            polygon(
                (x - size * 0.8, 190),
                (x - size * 0.4, 190 - size),
                (x, 190 - size * 0.75),
                (x + size * 0.3, 190 - size * 1.2),
                (x + size * 0.8, 190),
            )
        )
    pale = blend(p.light, (214, 236, 250), 0.6)
    return [
        Layer(blend(p.top, p.low, 0.55), tuple(curtains)),
        Layer(p.mid, (box(0, 184, SIDE, 72),)),
        Layer(pale, tuple(bergs)),
        Layer(blend(pale, p.far, 0.45), tuple(polygon(*(s.points[i] for i in (2, 3, 4))) for s in bergs)),
        Layer(blend(p.near, p.mid, 0.4), (_wave(216, 3, 5, rng),)),
        Layer(pale, (polygon((0, 256), (0, 240), (90, 232), (170, 244), (256, 236), (256, 256)),)),
    ]


def caves(p: Palette, rng: Rng) -> list[Layer]:
    """A dark hollow with a glow inside, hanging and standing stones, crystals."""
    dark = blend(p.near, (0, 0, 0), 0.35)
    hang = [
        polygon((x - 13, -2), (x + 13, -2), (x, h))
        for x, h in zip(np.linspace(8, 248, 9), rng.uniform(40, 105, 9), strict=True)
    ]
    stand = [
        polygon((x - 15, 258), (x + 15, 258), (x, 256 - h))
        for x, h in zip(np.linspace(20, 236, 7), rng.uniform(22, 60, 7), strict=True)
    ]
    gems = []
    for x, h in zip(rng.uniform(70, 186, 5), rng.uniform(18, 46, 5), strict=True):
        gems.append(
            polygon((x - 6, 212), (x - 8, 212 - h * 0.7), (x, 212 - h), (x + 8, 212 - h * 0.7), (x + 6, 212))
        )
    return [
        Layer(dark, (box(0, 0, SIDE, SIDE),)),
        Layer(p.mid, (disk(128, 150, 106, 0.9),)),
        Layer(p.far, (disk(128, 156, 78, 0.85),)),
        Layer(p.low, (disk(128, 164, 46, 0.8),)),
        Layer(p.near, (box(20, 208, 216, 48),)),
        Layer(p.accent, tuple(gems)),
        Layer(dark, (*hang, *stand, box(-2, 0, 26, SIDE), box(232, 0, 26, SIDE))),
    ]


def clouds(p: Palette, rng: Rng) -> list[Layer]:
    """An island in the sky, a balloon, and banks of cloud."""
    x, y = rng.uniform(84, 120), rng.uniform(128, 150)
    bx, by = rng.uniform(186, 214), rng.uniform(52, 78)
    banks = [
        disk(cx, cy, r, 0.6)
        for cx, cy, r in zip(
            np.linspace(-5, 261, 9), rng.uniform(222, 244, 9), rng.uniform(26, 40, 9), strict=True
        )
    ]
    puffs = [
        disk(cx + d, cy, 17, 0.5)
        for cx, cy in zip(rng.uniform(20, 236, 3), rng.uniform(26, 130, 3), strict=True)
        for d in (-15, 0, 16)
    ]
    return [
        Layer(blend(p.low, p.light, 0.6), tuple(puffs)),
        Layer(
            p.near, (polygon((x - 60, y), (x + 60, y), (x + 22, y + 44), (x + 4, y + 70), (x - 24, y + 40)),)
        ),
        Layer(
            p.mid,
            (
                disk(x, y, 61, 0.22),
                polygon((x - 6, y - 2), (x - 26, y - 52), (x - 46, y - 2)),
                disk(x + 26, y - 30, 20),
                box(x + 23, y - 22, 6, 22),
            ),
        ),
        Layer(p.accent, (disk(bx, by, 25), polygon((bx - 22, by + 12), (bx + 22, by + 12), (bx, by + 40)))),
        Layer(p.near, (box(bx - 6, by + 42, 12, 10),)),
        Layer(p.light, tuple(banks)),
    ]


def river(p: Palette, rng: Rng) -> list[Layer]:
    """Water winding to the horizon between meadows, reeds in front."""
    bend = rng.uniform(-50, 50)
    left = [(124, 150), (110 + bend, 176), (96 - bend, 204), (40, 256)]
    right = [(214, 256), (150 - bend * 0.6, 204), (136 + bend * 0.8, 176), (130, 150)]
    reeds = []
    for x in np.concatenate([rng.uniform(2, 60, 9), rng.uniform(200, 254, 9)]):
        top = rng.uniform(150, 200)
        reeds += [stroke(3, (x, 256), (x + rng.uniform(-8, 8), top)), disk(x, top, 4, 2.4)]
    return [
        Layer(p.far, (_wave(146, 7, 1.5, rng),)),
        Layer(p.mid, (box(0, 150, SIDE, 106),)),
        Layer(blend(p.top, p.light, 0.35), (polygon(*left, *right),)),
        Layer(p.near, tuple(reeds)),
    ]


SCENES: dict[str, Callable[[Palette, Rng], list[Layer]]] = {
    "sea": sea,
    "forest": forest,
    "city": city,
    "desert": desert,
    "mountains": mountains,
    "space": space,
    "village": village,
    "lighthouse": lighthouse,
    "ice": ice,
    "caves": caves,
    "clouds": clouds,
    "river": river,
}
