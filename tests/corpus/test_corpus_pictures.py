"""Pictures from strangers: read, or refused with a reason; never a crash and never a bomb."""

import io
import os
import resource
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from firstlight.base.errors import DataError
from firstlight.corpus import pictures
from firstlight.corpus.pictures import decode


@pytest.fixture(scope="module")
def as_bytes():
    def encode(image, kind="PNG", **options):
        stream = io.BytesIO()
        image.save(stream, kind, **options)
        return stream.getvalue()

    return encode


@pytest.fixture(scope="module")
def scene():
    """Left half red, right half blue."""
    image = Image.new("RGB", (40, 20), "red")
    image.paste("blue", (20, 0, 40, 20))
    return image


def png_claiming(width, height):
    """A valid PNG header of any size with almost no data behind it."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_three_formats(scene, as_bytes, kind, tmp_path):
    data = as_bytes(scene, kind)
    (tmp_path / "picture").write_bytes(data)
    for source in (data, tmp_path / "picture", Image.open(io.BytesIO(data))):
        image = decode(source)
        assert (image.mode, image.size) == ("RGB", (40, 20))
        np.testing.assert_allclose(image.getpixel((5, 10)), (255, 0, 0), atol=12)
        np.testing.assert_allclose(image.getpixel((35, 10)), (0, 0, 255), atol=12)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO"])
def test_other_formats_are_refused(scene, as_bytes, kind):
    with pytest.raises(
        DataError, match="not a picture of a known format; expected JPEG, PNG or WebP of at most 25"
    ):
        decode(as_bytes(scene, kind))


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_rgb(as_bytes, mode):
    source = Image.new("L", (30, 30), 0)
    source.paste(255, (15, 0, 30, 30))
    if mode == "I;16":
        source = Image.fromarray(np.array(source).astype(np.uint16) * 257)
    else:
        source = source.convert("RGB").convert(mode)
    image = decode(as_bytes(source, "JPEG" if mode == "CMYK" else "PNG"))
    assert image.mode == "RGB"
    np.testing.assert_allclose(
        [image.getpixel((4, 15)), image.getpixel((25, 15))], [[0] * 3, [255] * 3], atol=6
    )


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_may_come_smaller_and_looks_the_same(scene, as_bytes, mode):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = as_bytes(scene.resize((1600, 1200)).convert(mode), "JPEG", exif=exif)
    small, whole = decode(data, least=(144, 192)), decode(data)
    assert (small.mode, small.size, whole.size) == ("RGB", (300, 400), (1200, 1600))
    np.testing.assert_allclose(np.asarray(small), np.asarray(whole.resize(small.size)), atol=12)


def test_what_is_transparent_is_white(as_bytes):
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert decode(as_bytes(image)).getpixel((0, 0)) == (255, 255, 255)


def test_pictures_stand_upright(scene, as_bytes):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees to show
    image = decode(as_bytes(scene, "JPEG", exif=exif))
    assert image.size == (20, 40)
    np.testing.assert_allclose(image.getpixel((10, 5)), (255, 0, 0), atol=12)


@pytest.mark.parametrize(
    ("width", "height"), [(6000, 6000), (12_000, 12_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)]
)
def test_bombs_are_refused_before_they_are_decoded(width, height):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match=r"pixels|broken"):
        decode(png_claiming(width, height))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KB


def test_webp_bomb(as_bytes):
    data = as_bytes(Image.new("RGB", (9000, 9000)), "WEBP", quality=1, method=0)
    assert len(data) < 2**18
    with pytest.raises(DataError, match="9000 x 9000 pixels"):
        decode(data)


def test_broken_pictures(scene, as_bytes, tmp_path):
    data = as_bytes(scene.resize((400, 300)), "JPEG")
    with pytest.raises(DataError, match=r"the picture is broken: .*truncated"):
        decode(data[: len(data) // 2])
    for nothing in (b"", b"<svg/>", b"\x89PNG\r\n\x1a\n", data[:20]):
        with pytest.raises(DataError, match="replace the picture or leave it out"):
            decode(nothing)
    with pytest.raises(DataError, match="the picture cannot be read: No such file"):
        decode(tmp_path / "none.png")
    with pytest.raises(DataError, match="the picture cannot be read: not a regular file"):
        decode(tmp_path)
    with pytest.raises(DataError, match="the picture cannot be read: embedded null byte"):
        decode(tmp_path / "a\0b.png")


def test_pipes_and_devices_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for endless in (tmp_path / "pipe.png", Path("/dev/zero")):
        with pytest.raises(DataError, match="the picture cannot be read: not a regular file"):
            decode(endless)


def test_a_broken_exif_block_does_not_cost_the_picture(scene, as_bytes):
    """Pillow turns by what EXIF says and then writes EXIF again, which text for a number stops."""
    exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0"
    exif += (
        struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack("<HHI4s", 0x011A, 2, 3, b"72\0\0") + bytes(4)
    )
    image = decode(as_bytes(scene, "JPEG", exif=exif))
    assert image.size == (20, 40)
    np.testing.assert_allclose(image.getpixel((10, 5)), (255, 0, 0), atol=12)


def test_whatever_a_parser_raises_is_a_reason(scene, as_bytes, monkeypatch):
    def strange(*_):
        raise AttributeError("no such thing")

    monkeypatch.setattr(Image.Image, "getexif", strange)
    with pytest.raises(DataError, match="the picture is broken: no such thing"):
        decode(as_bytes(scene))


@pytest.mark.parametrize("size", [(20_000, 1), (1, 51), (25_000_000, 1)])
def test_threads_are_no_pictures(size):
    with pytest.raises(DataError, match=rf"{size[0]} x {size[1]} pixels; expected sides of at most 50 : 1"):
        decode(png_claiming(*size))


def test_fifty_to_one_is_still_a_picture(as_bytes):
    assert decode(as_bytes(Image.new("RGB", (1, 50)))).size == (1, 50)


def test_sixteen_bit_grays_keep_their_shades(as_bytes):
    shades = np.array([[0, 100, 257, 25_700, 65_535]], dtype=np.uint16)
    image = decode(as_bytes(Image.fromarray(shades)))
    assert np.asarray(image)[0].tolist() == [[0] * 3, [0] * 3, [1] * 3, [100] * 3, [255] * 3]


def test_huge_files_are_not_read(tmp_path):
    with (tmp_path / "huge.png").open("wb") as stream:
        stream.truncate(pictures.MAX_BYTES + 1)
    with pytest.raises(DataError, match="64 MiB; expected at most 64 MiB"):
        decode(tmp_path / "huge.png")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_any_bytes_decode_or_are_refused(scene, as_bytes, data):
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))
    raw = bytearray(as_bytes(scene, kind))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        mode = decode(bytes(raw)).mode
    except DataError:
        mode = "refused"
    assert mode in ("RGB", "refused")
