"""Mood as color: one palette for each mood, shifted a little from film to film."""

from __future__ import annotations

import colorsys
from dataclasses import astuple, dataclass

import numpy as np

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """Colors of one picture: sky from top to horizon, three depths of land, an accent, a light."""

    top: Color
    low: Color
    far: Color
    mid: Color
    near: Color
    accent: Color
    light: Color


def _palette(*codes: str) -> Palette:
    return Palette(*((int(c[0:2], 16), int(c[2:4], 16), int(c[4:6], 16)) for c in codes))


PALETTES: dict[str, Palette] = {
    #                       top       low       far       mid       near      accent    light
    "gentle": _palette("a9d3cf", "f3ecd2", "a8c3a0", "7ba386", "4b7263", "e69a7c", "fff8e3"),
    "melancholy": _palette("4d6785", "a9bac9", "7b93aa", "55708a", "2c4055", "c7b59b", "e6ecf0"),
    "playful": _palette("39b4d8", "ffe27a", "ff9f5a", "ee5f74", "7b3f99", "ffd12f", "fff6cf"),
    "eerie": _palette("10232c", "3f7266", "2e5751", "1c3b3c", "0a191d", "b6e05a", "d9f5b4"),
    "wondrous": _palette("2a1c62", "d483c4", "7f58b4", "513993", "291b58", "ffd27d", "fff0cf"),
    "tense": _palette("1b0a12", "b4242b", "761a28", "47131f", "170910", "ff7a33", "ffcf9e"),
    "cozy": _palette("6b3524", "f2b25f", "b8703c", "874a2c", "42241b", "ffdf8e", "fff1c7"),
    "hopeful": _palette("7fb8ee", "ffd5c2", "f2a5a5", "c9799b", "6b4a7e", "fff07c", "fffbea"),
}


def palette_of(mood: str, rng: np.random.Generator) -> Palette:
    """The palette of `mood` with a small shift of hue and brightness."""
    hue, value = rng.normal(0, 0.012), rng.normal(1, 0.05)
    return Palette(*(_shifted(color, hue, value) for color in astuple(PALETTES[mood])))


def _shifted(color: Color, hue: float, value: float) -> Color:
    h, s, v = colorsys.rgb_to_hsv(*(channel / 255 for channel in color))
    red, green, blue = colorsys.hsv_to_rgb((h + hue) % 1.0, s, min(1.0, v * value))
    return round(red * 255), round(green * 255), round(blue * 255)


def blend(one: Color, other: Color, share: float) -> Color:
    """`share` of the way from `one` to `other`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
