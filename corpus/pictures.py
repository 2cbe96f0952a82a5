"""Pictures from strangers: three formats, a bounded size, and a reason instead of a crash."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..base.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
MAX_PIXELS = 25_000_000
MAX_BYTES = 64 * 1024 * 1024
MAX_RATIO = 50  # of the sides; a resize by the shortest side enlarges what is thinner out of all bounds
EXPECTED = f"JPEG, PNG or WebP of at most {MAX_PIXELS // 1_000_000} megapixels"

ORIENTATION = 0x0112  # of EXIF
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

DECODERS = min(8, os.cpu_count() or 1)  # threads; Pillow decodes without the interpreter's lock

Picture = Path | bytes | Image.Image


def read_bytes(path: Path) -> bytes:
    """The bytes of a picture file.

    Raises
    ------
    DataError
        If the file is missing, unreadable, no regular file, or larger than 64 MiB.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for, a device never ends
            raise _refused("the picture cannot be read: not a regular file")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise _refused(f"the picture cannot be read: {reason}") from error
    if len(data) > MAX_BYTES:
        raise _refused(f"more than {MAX_BYTES // 2**20} MiB", f"at most {MAX_BYTES // 2**20} MiB")
    return data


def decode(picture: Picture, *, least: tuple[int, int] | None = None) -> Image.Image:
    """An upright RGB picture on white ground, from a file, bytes or a PIL image.

    `least` is a width and a height in pixels that are enough: a JPEG may then come smaller than it is, but
    not below them, which is cheaper to decode.

    Raises
    ------
    DataError
        If the format is not on the list, the pixels are too many or the sides too unlike (checked before
        they are decoded: a few KB can claim gigabytes), or the data is broken or cut off.
    """
    if isinstance(picture, Path):
        picture = read_bytes(picture)
    try:
        image = (
            picture if isinstance(picture, Image.Image) else Image.open(io.BytesIO(picture), formats=FORMATS)
        )
        _check_sides(image.width, image.height)
        if least:
            image.draft(None, least)
        return _on_white(_upright(image))
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _refused("too many pixels") from error
    except UnidentifiedImageError as error:
        raise _refused("not a picture of a known format") from error
    except Exception as error:  # each of Pillow's parsers fails in ways of its own
        raise _refused(f"the picture is broken: {error}") from error


def _check_sides(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _refused(f"{width} x {height} pixels")
    if max(width, height) > MAX_RATIO * min(width, height):
        raise _refused(f"{width} x {height} pixels", f"sides of at most {MAX_RATIO} : 1")


def _upright(image: Image.Image) -> Image.Image:
    """Eight bits a channel, turned as the camera says; whatever else EXIF says may be broken."""
    turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    image = _eight_bits(image)
    return image if turn is None else image.transpose(turn)


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grays brought to 0 to 255; Pillow would cut them off there."""
    if not image.mode.startswith("I;16"):
        return image
    return Image.fromarray((np.asarray(image) / 257).round().astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    """RGB; what is transparent shows white, as on a shop's page, and not the color hidden under it."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    ground = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(ground, layer).convert("RGB")


def _refused(found: str, expected: str = EXPECTED) -> DataError:
    return DataError(found, expected=expected, fix="replace the picture or leave it out")
