"""Small pictures that live inside the page, so that it opens from any disk."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from ..base.errors import DataError
from ..corpus.pictures import decode

SIDE = (144, 192)  # pixels: twice the size on the page, for sharp screens


def data_uri(path: Path | None) -> str | None:
    """The picture as a small JPEG in a ``data:`` address; None when there is none or it cannot be read."""
    if path is None:
        return None
    try:
        small = decode(path, least=SIDE)
    except DataError:
        return None  # one broken picture costs the page that picture only
    small.thumbnail(SIDE)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
