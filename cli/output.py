"""Standard output that may end before we do: a closed pipe, a full disk, a terminal of few letters."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class Output:
    """A stream that ends the program when nobody can take what it writes.

    A pipe that was closed, as ``| head`` does, has all it wants: exit code 0. Anything else, as a full
    disk, is one line on standard error and exit code 1. What the encoding cannot hold is a question mark.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")

    def write(self, text: str) -> int:
        """As of any stream."""
        with self._ending():
            return self._stream.write(text)

    def flush(self) -> None:
        """As of any stream."""
        with self._ending():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _ending(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # what is still buffered would complain once more when the interpreter ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            if isinstance(error, BrokenPipeError):
                raise SystemExit(0) from None
            sys.stderr.write(f"firstlight: the result could not be written: {error.strerror}\n")
            raise SystemExit(1) from None
