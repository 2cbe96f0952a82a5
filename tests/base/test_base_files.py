"""Files and directories are complete or invisible, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from firstlight.base import files
from firstlight.base.errors import ArtifactError
from firstlight.base.files import (
    atomic_file,
    publish_directory,
    read_json,
    verify_directory,
    write_json,
    write_text,
)


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def publish(target, text="one"):
    with publish_directory(target) as draft:
        write_text(draft / "a.txt", text)
        write_text(draft / "sub" / "b.txt", text)


def test_a_published_directory_verifies(tmp_path):
    publish(tmp_path / "run")
    assert set(verify_directory(tmp_path / "run")) == {"a.txt", "sub/b.txt"}
    assert tree(tmp_path) == ["run", "run/a.txt", "run/manifest.json", "run/sub", "run/sub/b.txt"]


def test_a_failure_leaves_the_old_version(tmp_path):
    publish(tmp_path / "run", "old")
    with pytest.raises(RuntimeError), publish_directory(tmp_path / "run") as draft:
        write_text(draft / "a.txt", "new")
        raise RuntimeError
    verify_directory(tmp_path / "run")
    assert (tmp_path / "run" / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("fails_at", range(1, 9))
def test_every_rename_and_sync_may_fail(tmp_path, monkeypatch, fails_at):
    """The N-th call that touches the disk fails, for every N: always a whole version, never a mix."""
    publish(tmp_path / "run", "old")
    calls = 0

    def failing(real):
        def call(*arguments, **options):
            nonlocal calls
            calls += 1
            if calls == fails_at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*arguments, **options)

        return call

    monkeypatch.setattr(files.os, "replace", failing(os.replace))
    monkeypatch.setattr(files.os, "fsync", failing(os.fsync))
    try:
        publish(tmp_path / "run", "new")
    except ArtifactError as error:
        assert "could not write: No space left on device" in str(error)
        assert "free some space" in str(error)
    monkeypatch.undo()
    left = [path for path in tmp_path.iterdir() if path.name == "run" or path.name.endswith(".old")]
    texts = {(path / name).read_text() for path in left for name in ("a.txt", "sub/b.txt")}
    assert texts in ({"old"}, {"new"})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: (run / "a.txt").unlink(), "a listed file is missing .*a.txt"),
        (lambda run: (run / "a.txt").write_text("two"), "altered or truncated .*a.txt"),
        (lambda run: (run / "manifest.json").unlink(), "no manifest.json: this is not a complete run"),
        (lambda run: (run / "manifest.json").write_text("{"), "not valid JSON"),
        (
            lambda run: write_json(run / "manifest.json", {"format_version": 99}),
            "format version 99 .*expected version 1",
        ),
        (
            lambda run: write_json(run / "manifest.json", {"format_version": 1, "files": {"../x": "0"}}),
            "a file outside the directory is listed",
        ),
    ],
)
def test_damage_is_named(tmp_path, damage, message):
    publish(tmp_path / "run")
    damage(tmp_path / "run")
    with pytest.raises(ArtifactError, match=message):
        verify_directory(tmp_path / "run")


def test_no_directory_is_named(tmp_path):
    with pytest.raises(ArtifactError, match="no such run directory .*check the path"):
        verify_directory(tmp_path / "nothing")


def test_an_atomic_file_keeps_the_old_one_on_failure(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1})
    with pytest.raises(KeyError), atomic_file(tmp_path / "a.json") as draft:
        draft.write_text("half")
        raise KeyError
    assert read_json(tmp_path / "a.json") == {"b": 1}
    assert tree(tmp_path) == ["a.json"]


class Killed(BaseException):
    """Stands for a SIGKILL: nothing may catch it."""


@pytest.fixture
def dead(monkeypatch):
    """The number of a process that is gone, which the writer takes for its own until undone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    monkeypatch.setattr(files.os, "getpid", lambda: process.pid)
    return process.pid


def test_a_kill_between_the_two_renames_is_undone(tmp_path, monkeypatch, dead):
    publish(tmp_path / "run", "old")
    real = os.replace

    def dying(source, target):
        if target == tmp_path / "run":
            raise Killed
        real(source, target)

    monkeypatch.setattr(files.os, "replace", dying)
    with pytest.raises(Killed):
        publish(tmp_path / "run", "new")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == [f".run.{dead}.old"]
    verify_directory(tmp_path / "run")
    assert (tmp_path / "run" / "a.txt").read_text() == "old"


def test_drafts_of_the_dead_go(tmp_path, dead):
    for name in (f".run.{dead}.draft", f".run.{os.getppid()}.draft", ".run.work"):
        (tmp_path / name).mkdir()
    files.remove_drafts(tmp_path / "run")
    assert [path.name for path in sorted(tmp_path.iterdir())] == [f".run.{os.getppid()}.draft", ".run.work"]


def test_what_a_living_process_moved_aside_is_left_to_it(tmp_path):
    publish(tmp_path / "run")
    aside = tmp_path / f".run.{os.getppid()}.old"
    (tmp_path / "run").rename(aside)
    with pytest.raises(ArtifactError, match="no such run directory"):
        verify_directory(tmp_path / "run")
    assert aside.exists()
