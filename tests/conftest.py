"""What all tests share: no network, no terminal, a cache of their own, and one small run."""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings

# One set of examples for everyone: a change is judged by what it changed, not by the luck of the draw.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line does it, before torch is loaded


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Only this machine can be reached."""
    real = socket.socket.connect

    def connect(self, address):
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"tests must not reach {address}")
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Embeddings go to a cache of the session; unpacked language models stay: they take a minute."""
    from firstlight.base import files

    own = tmp_path_factory.mktemp("cache")
    models = files.cache_home() / "models"
    models.mkdir(parents=True, exist_ok=True)
    (own / "models").symlink_to(models)
    os.environ["FIRSTLIGHT_CACHE"] = str(own)


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> Path:
    """A small sample world."""
    from firstlight.corpus.sample import write_sample

    folder = tmp_path_factory.mktemp("sample") / "world"
    write_sample(folder, users=160, items=120, seed=3)
    return folder


@pytest.fixture(scope="session")
def tiny_llm(tmp_path_factory) -> Path:
    """A tiny random causal model with a real tokenizer, as a folder."""
    from finetune_world import build_llm, build_tokenizer

    folder = tmp_path_factory.mktemp("llm")
    made = build_llm(build_tokenizer())
    made.model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def small_config(tiny_llm):
    """Settings for a run that takes seconds."""
    from firstlight.recommender import RunConfig

    config = RunConfig()
    return replace(
        config,
        shape=replace(config.shape, hidden_size=16, n_blocks=1),
        pretrain=replace(config.pretrain, epochs=3),
        ranker=replace(
            config.ranker, model=str(tiny_llm), dtype="float32", max_people=16, eval_every=2, lora_rank=4
        ),
        tuning=replace(config.tuning, lists=16, stop_lists=6, blend_lists=12, pool=8),
        serve=replace(config.serve, rerank=10, pool=30),
    )


@pytest.fixture(scope="session")
def pretrained(world, small_config, tmp_path_factory) -> Path:
    """A run after `pretrain`. Not to be changed: copy it first."""
    from firstlight.recommender import pretrain

    return pretrain(world, tmp_path_factory.mktemp("runs") / "run", small_config)


@pytest.fixture(scope="session")
def tuned(pretrained, tmp_path_factory) -> Path:
    """The same after `finetune`. Not to be changed: copy it first."""
    from firstlight.recommender import finetune

    run = tmp_path_factory.mktemp("tuned") / "run"
    shutil.copytree(pretrained, run)
    finetune(run)
    return run


@pytest.fixture
def run(tuned, tmp_path) -> Path:
    """A tuned run of one's own."""
    copy = tmp_path / "run"
    shutil.copytree(tuned, copy)
    return copy
