"""Killed with SIGKILL at any moment, `pretrain` goes on to the run of an undisturbed one, byte for byte."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from firstlight.base.files import verify_directory

SETTINGS = ("shape.hidden_size=16", "shape.n_blocks=1", "pretrain.epochs=6", "content.image=none")


def start(world: Path, out: Path) -> subprocess.Popen:
    settings = [part for one in SETTINGS for part in ("--set", one)]
    code = "from firstlight.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "pretrain", str(world), "--out", str(out), *settings],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.slow
def test_kill_and_rerun_gives_the_same_run(world, tmp_path):
    began = time.monotonic()
    assert start(world, tmp_path / "calm").wait() == 0
    whole = time.monotonic() - began
    kills = 0
    for share in (0.6, 0.8, 0.95):
        process = start(world, tmp_path / "killed")
        time.sleep(whole * share)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
        if (tmp_path / "killed").exists():
            verify_directory(tmp_path / "killed")  # complete or invisible
    assert kills
    assert start(world, tmp_path / "killed").wait() == 0
    assert verify_directory(tmp_path / "killed") == verify_directory(tmp_path / "calm")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calm", "killed"]
