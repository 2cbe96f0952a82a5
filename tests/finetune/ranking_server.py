"""A double of vLLM's classification endpoint: it checks requests as vLLM does and scores with the exported model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification


class RankingServer(ThreadingHTTPServer):
    """Serves an exported ranker; `mood` makes it misbehave, `seen` holds the requests.

    A "slow" one answers when `patience_ends` is set.
    """

    daemon_threads = True

    def __init__(self, directory: Path, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model = AutoModelForSequenceClassification.from_pretrained(directory, dtype=torch.float32).eval()
        self.name, self.mood, self.seen, self.patience_ends = name, "", [], Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path != "/classify":
            return 404, {"detail": "Not Found"}
        if body["model"] != self.name:
            return 404, {"error": {"message": f"The model `{body['model']}` does not exist."}}
        prompts = body["input"]
        if not all(
            isinstance(i, int) and 0 <= i < self.model.config.vocab_size for one in prompts for i in one
        ):
            return 400, {"error": {"message": "token ids out of range"}}
        with torch.inference_mode():  # one by one, each a plain causal pass read at its last token
            logits = [self.model(input_ids=torch.tensor([one])).logits[0] for one in prompts]
        told = logits if body.get("use_activation") is False else [one.sigmoid() for one in logits]
        data = [
            {"index": i, "label": "LABEL_0", "probs": one.tolist(), "num_classes": 1}
            for i, one in enumerate(told)
        ]
        usage = {"prompt_tokens": sum(map(len, prompts)), "total_tokens": sum(map(len, prompts))}
        return 200, {"id": "classify-1", "object": "list", "model": self.name, "data": data, "usage": usage}


class _Handler(BaseHTTPRequestHandler):
    server: RankingServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, self.headers["Content-Type"], body))
        status, answer = self.server.answer(self.path, body)
        if self.server.mood == "slow":
            self.server.patience_ends.wait(10)
        if self.server.mood == "broken":
            status, answer = 500, {"error": {"message": "EngineCore died"}}
        if self.server.mood == "short":
            answer["data"] = answer["data"][1:]
        if self.server.mood == "two classes":
            answer["data"][0]["probs"] *= 2
        if self.server.mood == "not a number":
            answer["data"][0]["probs"] = [float("nan")]
        if self.server.mood == "shuffled":
            answer["data"].reverse()
        text = b"<html>" if self.server.mood == "a web page" else json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            pass  # the client has given up

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(directory: Path, name: str) -> Iterator[RankingServer]:
    """Run a server for the length of a block."""
    with RankingServer(directory, name) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()
