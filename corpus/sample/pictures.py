"""A film's picture: setting as composition, genre as a figure, mood as color, style as texture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from ...base.progress import track
from .emblems import EMBLEMS
from .items import Films
from .palettes import Color, Palette, palette_of
from .scenes import SCENES
from .shapes import SIDE, Layer, Shape
from .words import GENRES, MOODS, SETTINGS, STYLES

PIXELS = 128
QUALITY = 86
Tile = NDArray[np.floating]


def draw_picture(genre: str, setting: str, mood: str, style: str, rng: np.random.Generator) -> Image.Image:
    """One RGB picture of PIXELS x PIXELS."""
    palette = palette_of(mood, rng)
    layers = [*SCENES[setting](palette, rng), *EMBLEMS[genre](palette, rng)]
    image = _sky(palette)
    for layer in layers:
        if style == "papercut":
            image = _with_shadow(image, layer)
        _paint(ImageDraw.Draw(image), layer.shapes, layer.color, palette.near if style == "ink" else None)
    return TEXTURES[style](image, palette, rng).resize((PIXELS, PIXELS), Image.Resampling.BOX)


def write_pictures(folder: Path, films: Films, keys: list[str], skip: NDArray[np.bool_], seed: int) -> int:
    """Draw every film that is not in `skip` into ``folder/<key>.jpg``; returns how many."""
    folder.mkdir()
    for row in track(np.flatnonzero(~skip).tolist(), "pictures"):
        picture = draw_picture(
            GENRES[films.genre[row]],
            SETTINGS[films.setting[row]],
            MOODS[films.mood[row]],
            STYLES[films.style[row]],
            np.random.default_rng((seed, 7, row)),
        )
        picture.save(folder / f"{keys[row]}.jpg", quality=QUALITY)
    return int((~skip).sum())


def _sky(palette: Palette) -> Image.Image:
    share = np.clip(np.linspace(0, 1.5, SIDE), 0, 1)[:, None]
    rows = (1 - share) * np.array(palette.top) + share * np.array(palette.low)
    pixels = np.repeat(rows[:, None, :], SIDE, axis=1)
    return Image.fromarray(np.round(pixels).astype(np.uint8), "RGB")


def _paint(
    draw: ImageDraw.ImageDraw, shapes: Sequence[Shape], fill: Color | int, outline: Color | None
) -> None:
    for shape in shapes:
        points = list(shape.points)
        if shape.kind == "line":
            draw.line(points, fill=fill, width=shape.width)
        elif shape.kind == "polygon":
            draw.polygon(points, fill=fill, outline=outline, width=2)
        elif shape.kind == "ellipse":
            draw.ellipse(points, fill=fill, outline=outline, width=2)
        else:
            draw.rectangle(points, fill=fill, outline=outline, width=2)


def _with_shadow(image: Image.Image, layer: Layer) -> Image.Image:
    """The picture so far with the soft shadow that a sheet of paper would throw on it."""
    sheet, shadow = Image.new("L", (SIDE, SIDE), 255), Image.new("L", (SIDE, SIDE), 255)
    _paint(ImageDraw.Draw(sheet), layer.shapes, 120, None)
    shadow.paste(sheet, (4, 5))
    shadow = shadow.filter(ImageFilter.BoxBlur(4))
    return ImageChops.multiply(image, Image.merge("RGB", (shadow,) * 3))


@lru_cache
def _noise(blur: float, stretch: int = 1) -> Tile:
    """Noise of mean 0 and deviation 1 on [SIDE, SIDE], smooth over `blur`, `stretch` times wider."""
    tile = np.random.default_rng((17, int(blur * 10), stretch)).normal(0, 1, (SIDE, SIDE))
    spectrum = np.fft.rfft2(tile)
    y, x = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :]
    spectrum *= np.exp(-2 * (np.pi * blur) ** 2 * (y**2 + (stretch * x) ** 2))
    smooth = np.fft.irfft2(spectrum, s=(SIDE, SIDE))
    return (smooth / smooth.std()).astype(np.float32)


def _shifted(tile: Tile, rng: np.random.Generator) -> Tile:
    return np.roll(tile, rng.integers(0, SIDE, 2), axis=(0, 1))[..., None]


def _array(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image, dtype=np.float32)


def _image(values: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8), "RGB")


def _watercolor(image: Image.Image, palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Bleeding washes on rough paper."""
    pixels = _array(image.filter(ImageFilter.BoxBlur(1.5)))
    wash = 1 + 0.11 * _shifted(_noise(14.0), rng) + 0.04 * _shifted(_noise(0.8), rng)
    return _image(255 - (255 - pixels) * 0.82 * wash)


def _papercut(image: Image.Image, palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Flat sheets (their shadows are already painted) with a faint fiber."""
    return _image(_array(image) * (1.03 + 0.02 * _shifted(_noise(1.2), rng)))


def _ink(image: Image.Image, palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Hatched lines over a pale tint."""
    pixels = _array(image)
    dark = 1 - pixels.mean(axis=2, keepdims=True) / 255
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    first = ((x + y) % 8 < 8 * np.clip(dark[..., 0] * 0.8 - 0.2, 0, 1))[..., None]
    second = ((x - y) % 8 < 8 * np.clip(dark[..., 0] - 0.62, 0, 1))[..., None]
    paper = 0.42 * pixels + 0.58 * np.array([250.0, 246.0, 234.0])
    tint = np.array(palette.near) * 0.45
    return _image(np.where(first | second, 0.25 * paper + 0.75 * tint, paper))


def _pixel(image: Image.Image, palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Large square pixels in few colors."""
    small = image.resize((32, 32), Image.Resampling.BOX).quantize(
        14, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    return small.convert("RGB").resize((SIDE, SIDE), Image.Resampling.NEAREST)


def _felt(image: Image.Image, palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Wool: fuzzy edges and short fibers in all directions."""
    fibers = _noise(1.0, 4) + _noise(1.0, 4).T + 0.6 * _noise(2.0)
    source = _array(image.filter(ImageFilter.GaussianBlur(1.2)))
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    push = _shifted(_noise(2.0), rng)[..., 0] * 1.7
    fuzzy = source[np.clip(y + push, 0, SIDE - 1).astype(int), np.clip(x - push, 0, SIDE - 1).astype(int)]
    return _image(fuzzy * 0.97 + 9 * _shifted(fibers, rng))


def _print(image: Image.Image, palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Two-plate print: halftone dots, plates slightly apart."""
    pixels = _array(image)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    angle = 0.6
    grid = np.cos((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / 9) * np.cos(
        (y * np.cos(angle) - x * np.sin(angle)) * 2 * np.pi / 9
    )
    plate = np.roll(pixels.mean(axis=2), (3, -4), axis=(0, 1)) / 255
    dots = (grid * 0.5 + 0.5 > np.clip(plate * 1.25, 0, 1))[..., None]
    ink = np.array(palette.near)
    return _image(np.where(dots, 0.45 * pixels + 0.55 * ink, 0.85 * pixels + 38))


TEXTURES: dict[str, Callable[[Image.Image, Palette, np.random.Generator], Image.Image]] = {
    "watercolor": _watercolor,
    "papercut": _papercut,
    "ink": _ink,
    "pixel": _pixel,
    "felt": _felt,
    "print": _print,
}
