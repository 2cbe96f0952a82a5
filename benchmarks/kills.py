"""Kill `firstlight pretrain` at random moments; the run it ends in must be that of an undisturbed one.

    firstlight sample WORLD --users 400 --items 300
    python benchmarks/kills.py WORLD [--kills 10] --set pretrain.epochs=6 --set pretrain.checkpoint_steps=20

Kills take turns: at a random moment of the undisturbed run's duration, so that reading, encoding and the
mixer's fitting get theirs; soon after the network's training has written a checkpoint; and while the run is
being written. Once a run is published it is compared, and the next life starts from nothing, with an empty
cache.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from firstlight.base.files import verify_directory

POLL_S = 0.002
SOON_S = {"checkpoint": 2.0, "draft": 0.25}  # about how long a small run takes to the next, and to be written
TURNS = ("start", "checkpoint", "draft")


class Place:
    """A folder for one run and its cache; `start` gives the same command every time."""

    def __init__(self, data: Path, folder: Path, settings: list[str]) -> None:
        self.folder, self.run = folder, folder / "run"
        extra = [part for one in settings for part in ("--set", one)]
        self._command = [sys.executable, "-m", "firstlight", "pretrain", str(data), "--out", str(self.run)]
        self._command += extra

    def start(self) -> subprocess.Popen[bytes]:
        """Start `pretrain` in a process group of its own."""
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "FIRSTLIGHT_CACHE": str(self.folder / "cache")}
        with (self.folder / "log.txt").open("ab") as log:
            return subprocess.Popen(
                self._command, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def finish(self) -> None:
        """Run to the end."""
        self.check(self.start().wait())

    def check(self, code: int) -> None:
        """Stop with the log's end where `pretrain` failed by itself."""
        if code not in (0, -signal.SIGKILL):
            raise SystemExit(f"pretrain failed:\n{(self.folder / 'log.txt').read_text()[-2000:]}")

    def stage(self, dead: set[str]) -> str:
        """How far the run has come, by what lies on the disk beside the drafts of the dead."""
        if self.run.exists():
            return "published"
        if self.drafts() - dead:
            return "writing the run"
        if checkpoints := self.checkpoints():
            return f"after checkpoint {max(checkpoints)}"
        tower = (self.folder / ".run.work" / "image_encoder").exists()
        return "image tower done" if tower else "reading and encoding"

    def drafts(self) -> set[str]:
        """What is being written now, or was by a process that is dead."""
        return {path.name for path in self.folder.glob(".run.*.draft")}

    def checkpoints(self) -> set[str]:
        """The network's complete checkpoints."""
        return {path.name for path in self.folder.glob(".run.work/checkpoints/step-*")}

    def clear(self) -> None:
        """Back to nothing."""
        shutil.rmtree(self.folder, ignore_errors=True)


def attempt(place: Place, turn: str, moment: float) -> bool:
    """Start, and kill the whole group `moment` seconds after the start, a new checkpoint or a new draft.

    Returns whether it was killed; it may be done before.
    """
    watched = {"checkpoint": place.checkpoints, "draft": place.drafts}.get(turn)
    before, dead = watched() if watched else set(), place.drafts()
    process = place.start()
    while watched and process.poll() is None and watched() <= before:
        time.sleep(POLL_S)
    end = time.monotonic() + moment
    while process.poll() is None and time.monotonic() < end:
        time.sleep(POLL_S)
    stage = place.stage(dead)
    killed = process.poll() is None
    if killed:
        os.killpg(process.pid, signal.SIGKILL)
        print(f"  killed {moment:.2f} s after the {turn}: {stage}", flush=True)
    place.check(process.wait())
    return killed


def differences(calm: Path, other: Path) -> list[str]:
    """Files of two complete runs that are not byte for byte the same."""
    one, two = verify_directory(calm), verify_directory(other)
    return sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))


def compare(calm: Place, other: Place) -> bool:
    """Say whether two runs are equal."""
    differ = differences(calm.run, other.run)
    tensors = sum(1 for name in verify_directory(calm.run) if name.endswith(".safetensors"))
    said = f"all files equal, {tensors} of them tensors" if not differ else f"DIFFERENT: {', '.join(differ)}"
    print(f"  finished: {said}", flush=True)
    return not differ


def torment(calm: Place, killed: Place, kills: int, whole: float, dice: random.Random) -> bool:
    """Kill so often, then let it finish; whether every finished run was equal to the calm one."""
    equal, done = True, 0
    while done < kills:
        turn = TURNS[done % len(TURNS)]
        done += attempt(killed, turn, dice.uniform(0, SOON_S.get(turn, whole)))
        if killed.run.exists():  # what can be seen is complete, whether it was killed or not
            equal &= compare(calm, killed)
            killed.clear()
    killed.finish()
    return compare(calm, killed) and equal


def main() -> None:
    """Run it; exit code 1 when any run differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        calm, killed = (
            Place(arguments.data, Path(work) / name, arguments.set) for name in ("calm", "killed")
        )
        began = time.monotonic()
        calm.finish()
        whole = time.monotonic() - began
        print(f"undisturbed: {whole:.1f} s, {len(verify_directory(calm.run))} files")
        equal = torment(calm, killed, arguments.kills, whole, random.Random(arguments.seed))
    print(f"{arguments.kills} kills: {'every finished run is equal' if equal else 'NOT EQUAL'}")
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
