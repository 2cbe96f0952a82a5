"""What a picture is made of: flat shapes in layers, on a square of SIDE units, origin at the top left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .palettes import Color

SIDE = 256
Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """One primitive of `PIL.ImageDraw`, by name."""

    kind: Literal["polygon", "ellipse", "rectangle", "line"]
    points: tuple[Point, ...]
    width: int = 0


@dataclass(frozen=True)
class Layer:
    """Shapes of one color at one depth."""

    color: Color
    shapes: tuple[Shape, ...]


def polygon(*points: Point) -> Shape:
    """A filled outline."""
    return Shape("polygon", points)


def disk(x: float, y: float, radius: float, flat: float = 1.0) -> Shape:
    """A filled circle, or an ellipse of height `flat`."""
    return Shape("ellipse", ((x - radius, y - radius * flat), (x + radius, y + radius * flat)))


def box(x: float, y: float, width: float, height: float) -> Shape:
    """A filled rectangle with its top left corner at (x, y)."""
    return Shape("rectangle", ((x, y), (x + width, y + height)))


def stroke(width: int, *points: Point) -> Shape:
    """An open line."""
    return Shape("line", points, width)


def ridge(heights: Iterable[float]) -> Shape:
    """Ground below a line of heights, spread evenly from left to right."""
    ys = list(heights)
    step = SIDE / (len(ys) - 1)
    return polygon((0, SIDE), *((i * step, y) for i, y in enumerate(ys)), (SIDE, SIDE))
