"""Thumbnails: what the encoders read is shown, and what they refuse costs the page that picture only."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from firstlight.eval.thumbnails import data_uri


def shown(path):
    """The thumbnail, decoded again."""
    return Image.open(io.BytesIO(base64.b64decode(data_uri(path).partition(",")[2])))


def test_it_stands_upright_on_white(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees to show
    wide = Image.new("RGB", (1600, 1200), "red")
    wide.paste("blue", (800, 0, 1600, 1200))
    wide.save(tmp_path / "turned.jpg", exif=exif)
    turned = shown(tmp_path / "turned.jpg")
    assert turned.size == (144, 192)
    np.testing.assert_allclose(turned.getpixel((70, 20)), (255, 0, 0), atol=12)
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert shown(tmp_path / "clear.png").getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("name", "size"),
    [("huge.jpg", (6000, 5000)), ("huge.png", (6000, 5000)), ("a.gif", (9, 9)), ("x.png", (2, 102))],
)
def test_what_the_encoders_refuse_is_left_out(tmp_path, name, size):
    Image.new("L", size).save(tmp_path / name)
    assert data_uri(tmp_path / name) is None


def test_whatever_a_path_holds(tmp_path):
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    for path in (tmp_path / "cut.jpg", tmp_path / "none.jpg", tmp_path / "a\0b.png", tmp_path / ("x" * 300)):
        assert data_uri(path) is None
