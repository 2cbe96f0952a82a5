"""Several processes train one run: they really join, and only the first of them speaks and writes."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from firstlight.base.errors import ConfigError
from firstlight.base.files import verify_directory
from firstlight.base.progress import say
from firstlight.recommender import Recommender, tuning
from firstlight.recommender import processes as joined

TELL = """
import torch.distributed as dist
from firstlight.recommender import training
real = training.save_run
def save(run, **options):
    print("written by", dist.get_rank(), "of", dist.get_world_size(), flush=True)
    real(run, **options)
training.save_run = save
from firstlight.cli import main
main()
"""
SETTINGS = ("shape.hidden_size=16", "shape.n_blocks=1", "pretrain.epochs=1", "content.image=none")


@pytest.mark.slow
def test_two_processes_make_one_complete_run(world, tmp_path):
    script = tmp_path / "told.py"
    script.write_text(TELL)
    settings = [part for one in SETTINGS for part in ("--set", one)]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"),
            *(str(script), "pretrain", str(world), "--out", str(tmp_path / "run"), *settings),
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == ["written by 0 of 2", str(tmp_path / "run")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "told.py"]
    verify_directory(tmp_path / "run")
    assert (tmp_path / "run" / "mixer.safetensors").exists()
    assert len(Recommender.from_pretrained(tmp_path / "run").recommend(k=3).recommendations) == 3


def test_one_process_where_several_were_meant_is_said(monkeypatch, capsys):
    """As `accelerate launch --cpu --num_processes 2` starts it."""
    monkeypatch.setattr(joined, "PartialState", lambda **asked: SimpleNamespace(num_processes=1, **asked))
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    assert joined.processes().cpu
    assert "has started one process only" in capsys.readouterr().err


@pytest.mark.parametrize(("rank", "said"), [(None, "news\n"), ("0", "news\n"), ("1", "")])
def test_only_the_first_process_speaks(monkeypatch, capsys, rank, said):
    if rank is None:
        monkeypatch.delenv("RANK", raising=False)
    else:
        monkeypatch.setenv("RANK", rank)
    say("news")
    assert capsys.readouterr().err == said


def test_finetune_in_several_processes_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(tuning, "processes", lambda: SimpleNamespace(num_processes=2))
    with pytest.raises(ConfigError, match="(?s)finetune in 2 processes.*without torchrun"):
        tuning.finetune(tmp_path)
