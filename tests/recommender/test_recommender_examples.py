"""The examples run as they stand, at a small size."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from firstlight.corpus import Catalogue

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.slow


def ran(name: str, *arguments: str) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_own_table_and_encoder():
    assert "hit rate at 1 of letter neighbors: 1.0" in ran("own_table_own_encoder.py")


def test_judging_any_lists():
    text = ran("judge_any_lists.py")
    assert "mine beats theirs at NDCG@10: 0." in text
    assert "Recall@5 of chance: 0.1" in text
    assert "coverage 1.00" in text


def test_cold_start_query(tuned):
    key = Catalogue.load(tuned / "catalogue.parquet").keys[3]
    lines = ran("cold_start_query.py", str(tuned), "a quiet story under 30 minutes", key).splitlines()
    assert lines[0].startswith("understood: {'limits': ['length_minutes at most")
    assert len(lines) == 6


def test_explanation(tuned):
    keys = Catalogue.load(tuned / "catalogue.parquet").keys
    text = ran("explain_recommendation.py", str(tuned), keys[0], keys[1], keys[2])
    assert "evidence:" in text
    assert "E1" in text


def test_finetune_script(world, tiny_llm, tmp_path):
    settings = (
        "pretrain.epochs=1 shape.hidden_size=16 shape.n_blocks=1 content.image=none ranker.dtype=float32 "
        f"ranker.model={tiny_llm} ranker.max_people=8 tuning.lists=8 tuning.stop_lists=4 tuning.blend_lists=6 tuning.pool=6"
    )
    text = ran("finetune_script.py", str(world), str(tmp_path / "run"), *settings.split())
    assert "ranker: 8 lists" in text
    assert "firstlight + LLM" in text
