"""The same ranker behind vLLM: a classification request with one prompt for each candidate.

`export_ranker` writes the merged weights with the readout as the head of a sequence classifier, which vLLM
serves as it is (``vllm serve DIR --runner pooling``); its prefix cache makes the shared prefix cost once. The
prompts travel as token ids, so the server scores exactly what the pack holds. Soft tokens cannot travel.

The request is that of vLLM's classification API (``POST /classify``: ``input``, ``use_activation``); scores
come back as raw logits of the one class.
"""

from __future__ import annotations

import http.client
import json
import math
from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForSequenceClassification

from ..base.errors import ConfigError, ModelError
from ..base.files import publish_directory, verify_directory
from ..base.hashing import digest
from ..base.progress import quiet_transformers
from ..prompts.render import Renderer
from ..prompts.templates import rank_template
from .contract import RankRequest
from .llm import load_tokenizer, plain_ids, start_ids
from .ranker import SETTINGS, PackedRanker, RankerSettings, read_settings

LARGEST = 1 << 22
"""Bytes of an answer that are read."""


def served_name(directory: Path) -> str:
    """The name under which a stored ranker is served: another training has another name."""
    files = verify_directory(Path(directory))
    return f"ranker-{digest(*(f'{name} {files[name]}' for name in sorted(files)))[:12]}"


def export_ranker(directory: Path, out: Path) -> str:
    """Write a stored ranker as a sequence classifier with one label; returns its :func:`served_name`.

    Raises
    ------
    ModelError
        If the ranker reads soft tokens.
    """
    _refuse_soft_tokens(read_settings(Path(directory) / SETTINGS), Path(directory))
    ranker = PackedRanker.from_pretrained(directory).merge()
    lm, tokenizer = ranker.llm.model, ranker.llm.tokenizer
    config = deepcopy(lm.config)
    config.num_labels = 1
    padding = (config.pad_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id)
    config.pad_token_id = next((one for one in padding if one is not None), None)
    with quiet_transformers(), publish_directory(Path(out)) as draft:
        classifier = AutoModelForSequenceClassification.from_config(config).to(lm.dtype)
        classifier.base_model.load_state_dict(lm.get_decoder().state_dict())
        with torch.no_grad():
            classifier.score.weight.copy_(ranker.network.readout[None])
        classifier.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
    return served_name(directory)


def _refuse_soft_tokens(settings: RankerSettings, directory: Path) -> None:
    if settings.vector_dim is not None:
        raise ModelError(
            "a ranker that reads soft tokens cannot be served apart",
            where=str(directory),
            expected="a ranker of text alone: token ids are all that a request can carry",
            fix="run finetune again with --set ranker.soft_tokens=false",
        )


def _place(url: str) -> SplitResult:
    """The parts of a server's address; its port can be read without an error."""
    with suppress(ValueError):  # brackets left open, a port beyond the last
        place = urlsplit(url)
        _ = place.port
        if place.scheme in ("http", "https") and place.hostname and not (place.query or place.fragment):
            return place
    raise ConfigError(f'"{url}"', where="the ranking server", expected='"http://HOST:PORT"')


class ServedRanker:
    """Implements :class:`~.contract.Ranker` by asking a server; make one with :meth:`from_pretrained`.

    Parameters
    ----------
    url
        The server, ``http://127.0.0.1:8000``; ``/classify`` is added.
    name
        The model to ask for, see :func:`served_name`.
    renderer
        How requests become token ids.
    timeout
        Seconds to wait for the connection and for the answer.

    Raises
    ------
    ConfigError
        If `url` is no address of a server.
    """

    def __init__(self, url: str, name: str, renderer: Renderer, *, timeout: float = 2.0) -> None:
        place = _place(url)
        self.url, self.name, self.renderer, self.timeout = url, name, renderer, timeout
        self.path = f"{place.path.rstrip('/')}/classify"
        kind = http.client.HTTPConnection if place.scheme == "http" else http.client.HTTPSConnection
        self._connection = partial(kind, place.hostname, place.port, timeout=timeout)

    @classmethod
    def from_pretrained(cls, directory: Path, url: str, *, timeout: float = 2.0) -> ServedRanker:
        """A stored ranker that is served at `url`; only its settings and its tokenizer are read.

        Raises
        ------
        ArtifactError, ModelError, ConfigError
            If the directory is broken, the ranker reads soft tokens, or `url` is no address of a server.
        """
        directory = Path(directory)
        name, settings = served_name(directory), read_settings(directory / SETTINGS)
        _refuse_soft_tokens(settings, directory)
        tokenizer = load_tokenizer(settings.model)
        renderer = Renderer(
            partial(plain_ids, tokenizer),
            rank_template(settings.prompt),
            settings.limits,
            start=start_ids(tokenizer),
        )
        return cls(url, name, renderer, timeout=timeout)

    def score(self, requests: Sequence[RankRequest]) -> list[NDArray[np.float32]]:
        """One score for each candidate of each request, float32 [len(candidates)]; higher is better.

        Raises
        ------
        ModelError
            If the server is away, too slow, serves another model or answers something else.
        """
        return [self._scores(request) for request in requests]

    def _scores(self, request: RankRequest) -> NDArray[np.float32]:
        prefix = self.renderer.prefix(request.history, request.wish).ids
        prompts = [[*prefix, *self.renderer.candidate(item)] for item in request.candidates]
        if not prompts:
            return np.zeros(0, np.float32)
        answer = self._post({"model": self.name, "input": prompts, "use_activation": False})
        try:
            told = {one["index"]: one["probs"] for one in answer["data"]}
            scores = [float(told[number][0]) for number in range(len(prompts))]
            sound = len(told) == len(prompts) and all(len(one) == 1 for one in told.values())
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise self._trouble(f"the answer lacks {error}") from error
        if not sound or not all(map(math.isfinite, scores)):
            raise self._trouble(f"not one finite logit for each of {len(prompts)} prompts")
        return np.array(scores, np.float32)

    def _post(self, body: dict[str, Any]) -> Any:
        connection = self._connection()
        try:
            connection.request("POST", self.path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read(LARGEST)
            if response.status != http.client.OK:
                raise self._trouble(f"status {response.status}: {text[:200].decode(errors='replace')}")
            return json.loads(text)
        except TimeoutError as error:
            raise self._trouble(f"no answer within {self.timeout} seconds") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._trouble(str(error) or type(error).__name__) from error
        finally:
            connection.close()

    def _trouble(self, found: str) -> ModelError:
        return ModelError(
            f"the ranking server: {found}",
            where=self.url,
            expected=f'vLLM with the model "{self.name}"',
            fix=f"export_ranker, then vllm serve DIR --runner pooling --served-model-name {self.name}",
        )
