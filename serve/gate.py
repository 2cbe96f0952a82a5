"""The gate in front of every request: body size, queue, time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..base.errors import LimitError

T = TypeVar("T")
Refusal = tuple[int, str]  # status and reason


class BodyLimit:
    """Answers 413 to a body that is announced or turns out to be too large, before it is held in memory.

    A body that does not arrive within `seconds` gets 408, so a slow sender holds nothing for long. Bodies
    count until they are answered, also while they wait in line; past `held` bytes of them 503 is the answer.
    """

    def __init__(self, app: ASGIApp, most: int, larger: dict[str, int], seconds: float, held: int) -> None:
        self.app, self.most, self.larger, self.seconds, self.held = app, most, larger, seconds, held
        self.holding = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self.larger.get(scope["path"], self.most)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > most:
            await _refuse(send, 413, f"the body is larger than {most} bytes")
            return
        body = bytearray()
        try:
            refusal = await self._read(receive, most, body)
            if refusal:
                await _refuse(send, *refusal)
            else:
                await self.app(scope, _replay(bytes(body), receive), send)
        finally:
            self.holding -= len(body)

    async def _read(self, receive: Receive, most: int, body: bytearray) -> Refusal | None:
        """Fill `body` in time; the refusal, where it is not to be answered."""
        try:
            return await asyncio.wait_for(self._fill(receive, most, body), self.seconds)
        except TimeoutError:
            return 408, f"the body did not arrive within {self.seconds:g} s"

    async def _fill(self, receive: Receive, most: int, body: bytearray) -> Refusal | None:
        while True:
            message = await receive()
            piece = message.get("body", b"")
            body += piece
            self.holding += len(piece)
            if len(body) > most:
                return 413, f"the body is larger than {most} bytes"
            if self.holding > self.held:
                return 503, "too many bodies are held; try again in a moment"
            if not message.get("more_body", False):  # the end, or nobody there any more
                return None


async def _refuse(send: Send, status: int, why: str) -> None:
    text = json.dumps({"error": why}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


class Queue:
    """One worker, a bounded line before it, and a bound on the wait.

    The models use all cores for one question, so questions go one after another.
    """

    def __init__(self, waiting: int, seconds: float) -> None:
        self.waiting, self.seconds = waiting, seconds
        self.inside = 0
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="firstlight")

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in turn.

        Raises
        ------
        LimitError
            If the line is full, or the answer took too long.
        """
        if self.inside >= self.waiting:
            raise LimitError("too many requests are waiting", fix="try again in a moment")
        self.inside += 1
        loop = asyncio.get_running_loop()
        future = self._worker.submit(work)
        future.add_done_callback(lambda _: _tell(loop, self._left))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self.seconds)
        except TimeoutError:
            future.cancel()
            raise LimitError(f"no answer within {self.seconds:g} s", fix="try again in a moment") from None

    def _left(self) -> None:
        """Called on the event loop, as everything that counts."""
        self.inside -= 1


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    """From the worker to the event loop; a loop that is closed has nobody waiting."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(what)
