"""A run served until it is stopped."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

import uvicorn

from ..base.errors import ConfigError
from ..base.progress import say
from ..recommender import Recommender
from .app import make_app
from .limits import Limits

PATIENCE = 0.3  # of an answer's time, for the ranker and for the writer each


def serve(path: Path | str, *, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Load a run and serve it until stopped; only this machine is answered unless `host` says more.

    Raises
    ------
    ConfigError
        If it cannot listen there, which is said before the run is loaded.
    """
    limits = Limits()
    with _listening(host, port) as listener, suppress(KeyboardInterrupt):
        recommender = Recommender.from_pretrained(path).ready(PATIENCE * limits.seconds)
        app = make_app(recommender, limits)
        say(f"listening at http://{_address(listener)} (Ctrl-C stops it)")
        config = uvicorn.Config(app, access_log=False, limit_concurrency=limits.connections)
        uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    """Whoever asks while the run is loaded waits for it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        why, *_ = (getattr(error, "strerror", None) or str(error)).split(" (while")
        raise ConfigError(
            f"cannot listen: {why}",
            where=f"host {host}, port {port}",
            expected="an address of this machine and a free port",
            fix="choose another; port 0 takes a free one",
        ) from error


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
