"""Pictures from strangers: three formats, a bounded size, and a reason instead of a crash."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from ..base.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 25_000_000
MAX_BYTES = 64 * 1024 * 1024
EXPECTED = f"JPEG, PNG or WebP of at most {MAX_PIXELS // 1_000_000} megapixels"

DECODERS = min(8, os.cpu_count() or 1)  # threads; Pillow decodes without the interpreter's lock

Picture = Path | bytes | Image.Image


def read_bytes(path: Path) -> bytes:
    """The bytes of a picture file.

    Raises
    ------
    DataError
        If the file is missing, unreadable, or larger than 64 MiB.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _refused(f"{size / 2**20:.0f} MiB", f"at most {MAX_BYTES // 2**20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise _refused(f"the picture cannot be read: {error.strerror or error}") from error


def decode(picture: Picture) -> Image.Image:
    """An upright RGB picture on white ground, from a file, bytes or a PIL image.

    Raises
    ------
    DataError
        If the format is not on the list, the pixels are too many (checked before they are decoded:
        a few KB can claim gigabytes), or the data is broken or cut off.
    """
    if isinstance(picture, Path):
        picture = read_bytes(picture)
    try:
        image = (
            picture if isinstance(picture, Image.Image) else Image.open(io.BytesIO(picture), formats=FORMATS)
        )
        if image.width * image.height > MAX_PIXELS:
            raise _refused(f"{image.width} x {image.height} pixels")
        return _on_white(ImageOps.exif_transpose(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _refused("too many pixels") from error
    except UnidentifiedImageError as error:
        raise _refused("not a picture of a known format") from error
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, struct.error, zlib.error) as error:
        raise _refused(f"the picture is broken: {error}") from error


def _on_white(image: Image.Image) -> Image.Image:
    """RGB; what is transparent shows white, as on a shop's page, and not the color hidden under it."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    ground = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(ground, layer).convert("RGB")


def _refused(found: str, expected: str = EXPECTED) -> DataError:
    return DataError(found, expected=expected, fix="replace the picture or leave it out")
