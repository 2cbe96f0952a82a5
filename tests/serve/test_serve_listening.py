"""Where a run is served: the place is taken before anything is loaded."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from urllib.request import urlopen

import pytest

from firstlight.base.errors import ArtifactError, ConfigError
from firstlight.cli import main
from firstlight.recommender import Recommender
from firstlight.serve import listening, serve


def test_a_port_in_use_is_said_before_the_run_is_looked_at(monkeypatch, capsys, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(sys, "argv", ["firstlight", "serve", str(tmp_path / "no"), "--port", str(port)])
        with pytest.raises(SystemExit) as end:
            main()
    assert end.value.code == 2
    said = f"cannot listen: Address already in use (in host 127.0.0.1, port {port}); expected an address of"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "port"), [("203.0.113.9", 0), ("no host", 0), ("a" * 70, 0), ("::1", 99_999)]
)
def test_a_place_that_is_none_is_refused(monkeypatch, tmp_path, host, port):
    with pytest.raises(ConfigError, match="cannot listen: .*port 0 takes a free one"):
        serve(tmp_path / "no", host=host, port=port)


def test_a_run_that_is_none_gives_the_port_back(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ArtifactError, match="no such run directory"):
        serve(tmp_path / "no", port=port)
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_it_answers_where_it_says_and_stops_when_told(monkeypatch):
    said: list[str] = []
    found: list[bytes] = []
    waits: list[float] = []
    stub = type(
        "Stub",
        (),
        {"catalogue": (), "version": "1", "ready": lambda self, seconds: waits.append(seconds) or self},
    )()
    monkeypatch.setattr(Recommender, "from_pretrained", lambda path: stub)
    monkeypatch.setattr(listening, "say", said.append)

    def visit():
        while not said:
            time.sleep(0.01)
        found.append(urlopen(f"{said[0].split()[2]}/health", timeout=5).read())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=visit, daemon=True).start()
    serve("a run", port=0)
    assert waits == [3.0], "ranker and writer together leave time for the rest of an answer"
    assert json.loads(found[0]) == {"status": "ok", "items": 0, "run": "1"}
