"""A text file as bytes that were checked on the way: unzipped, valid UTF-8, no NUL, no byte-order mark."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from ...base.errors import DataError

BLOCK_BYTES = 1 << 20
ROW_BYTES = 4 << 20
TEXT_BYTES = 1 << 20
UNIT_SEPARATOR = b"\x1f"


@contextmanager
def open_text(path: Path, *, encoding: str = "utf-8", delimiter: str = ",") -> Iterator[io.BufferedReader]:
    """Open `path` for reading as checked UTF-8 bytes, whatever its encoding and compression.

    Parameters
    ----------
    path
        The file; a name ending in ``.gz`` is unzipped.
    encoding
        What the file is written in: "utf-8", or "latin-1" for the formats that are so by their nature.
    delimiter
        "::" is replaced by the one-byte unit separator, because Arrow splits at one byte only.

    Raises
    ------
    DataError
        While reading: a byte that is not UTF-8 or is NUL, a broken gzip file, a file that cannot be read.
    """
    blocks = _checked(path, encoding)
    if delimiter == "::":
        blocks = _single_byte(blocks)
    with io.BufferedReader(cast(Any, _Blocks(blocks)), BLOCK_BYTES) as stream:
        yield stream


def delimiter_byte(delimiter: str) -> str:
    """The one character that separates cells in the bytes :func:`open_text` gives."""
    return UNIT_SEPARATOR.decode() if delimiter == "::" else delimiter


class _Blocks(io.RawIOBase):
    """An iterator of byte blocks behind the file interface that Arrow and `BufferedReader` want."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _checked(path: Path, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    position, lines = 0, 0
    for block in _raw(path):
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            bad = position - pending + error.start
            line = lines + error.object.count(b"\n", pending, error.start) + 1
            raise _not_utf8(path, error.object[error.start], bad, line) from None
        if (nul := block.find(b"\0")) >= 0:
            raise _nul(path, position + nul, lines + block.count(b"\n", 0, nul) + 1)
        passed = block if encoding == "utf-8" else text.encode()
        yield passed.removeprefix(codecs.BOM_UTF8) if position == 0 else passed
        position, lines = position + len(block), lines + block.count(b"\n")


def _raw(path: Path) -> Iterator[bytes]:
    """Blocks of the unzipped file, then one empty block that marks its end."""
    try:
        unzipping = gzip.open if path.suffix == ".gz" else open
        with unzipping(path, "rb") as stream:
            while block := stream.read(BLOCK_BYTES):
                yield block
    except FileNotFoundError:
        raise DataError("no such file", where=str(path), fix="check the path") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(
            f"not a readable gzip file: {error}",
            where=str(path),
            expected="a complete file written by gzip",
            fix="copy or download it again, or unzip it and remove the .gz",
        ) from error
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror or error}", where=str(path)) from error
    yield b""


def _single_byte(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Replace "::" by one byte, also where a block ends between the two colons."""
    held = b""
    for block in blocks:
        joined = held + block
        whole = joined.rstrip(b":")
        held = joined[len(whole) :]
        yield whole.replace(b"::", UNIT_SEPARATOR)
    yield held.replace(b"::", UNIT_SEPARATOR)


def _not_utf8(path: Path, byte: int, position: int, line: int) -> DataError:
    return DataError(
        f"byte 0x{byte:02x} at position {position} (line {line}) is not UTF-8",
        where=str(path),
        expected="UTF-8 text",
        fix=f"re-encode it, for example: iconv -f latin1 -t utf-8 {path.name}",
    )


def _nul(path: Path, position: int, line: int) -> DataError:
    return DataError(
        f"a NUL byte at position {position} (line {line})",
        where=str(path),
        expected="UTF-8 text",
        fix="the file is damaged, binary or UTF-16; write it again as UTF-8 text",
    )
