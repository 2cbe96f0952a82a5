"""Small pictures, a text encoder, an aligned image encoder, and one of a few lines that counts."""

import socket

import numpy as np
import pytest
from PIL import Image, ImageDraw

from firstlight.corpus import Catalogue, Item, ItemKey
from firstlight.encoders import AlignSettings, EmbeddingCache, Encoded, ImageEncoder, TextEncoder
from firstlight.encoders.align import align

COLORS = {"red": (210, 40, 40), "green": (40, 170, 60), "blue": (40, 70, 210), "yellow": (230, 210, 50)}
SHAPES = ("circle", "square", "triangle")


class CountingEncoder:
    """A user's own encoder: a vector drawn from the title; a title with "bad" in it fails."""

    name, revision, dim = "counting", "1", 8

    def __init__(self):
        self.seen, self.calls, self.fail_at = [], 0, None

    def content(self, item):
        return item.title.encode() or None

    def encode(self, items):
        self.calls += 1
        if self.calls == self.fail_at:
            raise KeyboardInterrupt
        self.seen += [item.title for item in items]
        rows = [row for row, item in enumerate(items) if item.title and "bad" not in item.title]
        draws = [np.random.default_rng(list(items[row].title.encode())).normal(size=8) for row in rows]
        failures = {item.key: "a bad title" for item in items if "bad" in item.title}
        return Encoded.scatter(items, rows, np.array(draws, dtype=np.float32).reshape(-1, 8), failures)


@pytest.fixture(autouse=True, scope="module")  # a session's would stay for the rooms that come after
def _offline():
    """Nothing in this room may touch the network."""

    def refuse(*_args, **_options):
        raise AssertionError("a test asked for the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(socket.socket, "connect", refuse)
        yield


@pytest.fixture
def counting():
    return CountingEncoder()


@pytest.fixture
def titled():
    """A catalogue made of titles."""

    def build(*titles):
        return Catalogue.from_items([Item(ItemKey(f"k{i}"), title) for i, title in enumerate(titles)])

    return build


def _draw(color, shape, rng, size=48):
    """One colored shape at a random place on a gray ground."""
    image = Image.new("RGB", (size, size), tuple(int(x) for x in rng.integers(90, 160, 3)))
    side = int(rng.integers(size // 3, size // 2))
    x, y = (int(v) for v in rng.integers(0, size - side, 2))
    pen = ImageDraw.Draw(image)
    if shape == "circle":
        pen.ellipse([x, y, x + side, y + side], fill=COLORS[color])
    elif shape == "square":
        pen.rectangle([x, y, x + side, y + side], fill=COLORS[color])
    else:
        pen.polygon([(x, y + side), (x + side, y + side), (x + side // 2, y)], fill=COLORS[color])
    return image


@pytest.fixture(scope="session")
def shapes(tmp_path_factory):
    """A catalogue of 360 pictures with captions: each of 12 kinds 30 times."""
    folder = tmp_path_factory.mktemp("shapes")
    rng = np.random.default_rng(7)
    items = []
    for i in range(360):
        color, shape = list(COLORS)[i % 4], SHAPES[i // 4 % 3]
        _draw(color, shape, rng).save(folder / f"{i}.png")
        items.append(Item(ItemKey(f"s{i}"), f"A {color} {shape}", image=folder / f"{i}.png"))
    return Catalogue.from_items(items)


@pytest.fixture(scope="session")
def text_encoder():
    return TextEncoder(device="cpu")


@pytest.fixture(scope="session")
def text_cache(tmp_path_factory):
    return EmbeddingCache(tmp_path_factory.mktemp("vectors"))


@pytest.fixture(scope="session")
def small():
    return AlignSettings(image_size=32, width=8, dim=32, epochs=24, batch=64)


@pytest.fixture(scope="session")
def aligned(shapes, text_encoder, text_cache, small, tmp_path_factory):
    """The result of one alignment on the shapes."""
    out = tmp_path_factory.mktemp("aligned") / "tower"
    return align(shapes, out, text=text_encoder, cache=text_cache, settings=small)


@pytest.fixture(scope="session")
def image_encoder(aligned, text_encoder):
    return ImageEncoder(aligned.path, text=text_encoder, batch=16, device="cpu")
