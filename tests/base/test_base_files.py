"""Files and directories are complete or invisible, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

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


def test_the_manifest_of_a_directory_inside_is_a_file_like_others(tmp_path):
    with publish_directory(tmp_path / "run") as draft:
        publish(draft / "inner")
    assert "inner/manifest.json" in verify_directory(tmp_path / "run")
    (tmp_path / "run" / "inner" / "manifest.json").write_text("{}")
    with pytest.raises(ArtifactError, match="the file was altered or truncated"):
        verify_directory(tmp_path / "run")


def test_a_failure_leaves_the_old_version(tmp_path):
    publish(tmp_path / "run", "old")
    with pytest.raises(RuntimeError), publish_directory(tmp_path / "run") as draft:
        write_text(draft / "a.txt", "new")
        raise RuntimeError
    verify_directory(tmp_path / "run")
    assert (tmp_path / "run" / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("fails_at", range(1, 15))
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
    (aside,) = tmp_path.iterdir()
    assert (aside.name.startswith(f".run.{dead}-"), aside.suffix) == (True, ".old")
    verify_directory(tmp_path / "run")
    assert (tmp_path / "run" / "a.txt").read_text() == "old"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_drafts_of_the_dead_go(tmp_path, monkeypatch, dead):
    monkeypatch.undo()
    for name in (f".run.{dead}.draft", f".run.{dead}-a1.draft", f".run.{os.getppid()}.draft", ".run.work"):
        (tmp_path / name).mkdir()
    (tmp_path / f".run.{dead}-a2.draft").write_text("a file")
    (tmp_path / f".run.{dead}-a3.old").mkdir()
    files.remove_drafts(tmp_path / "run")
    assert names(tmp_path) == sorted([f".run.{dead}-a3.old", f".run.{os.getppid()}.draft", ".run.work"])


@pytest.mark.parametrize("write", [publish, lambda target: write_text(target, "x")])
def test_who_succeeds_clears_away_what_the_dead_left(tmp_path, monkeypatch, dead, write):
    """Else a run that is deleted later comes back in an older version."""
    monkeypatch.undo()
    publish(tmp_path / f".run.{dead}-a1.old", "old")
    (tmp_path / f".run.{dead}-a2.draft").mkdir()
    write(tmp_path / "run")
    assert names(tmp_path) == ["run"]


def test_what_this_process_began_is_alive_and_what_is_older_is_not(tmp_path, monkeypatch):
    (tmp_path / f".run.{os.getpid()}-a1.draft").mkdir()
    files.remove_drafts(tmp_path / "run")
    assert names(tmp_path) == [f".run.{os.getpid()}-a1.draft"]
    monkeypatch.setattr(files, "STARTED", time.time() + 60)  # a container that was started again
    files.remove_drafts(tmp_path / "run")
    assert names(tmp_path) == []


def test_two_threads_do_not_share_a_draft(tmp_path):
    with publish_directory(tmp_path / "run") as one, publish_directory(tmp_path / "run") as other:
        write_text(one / "a.txt", "one")
        write_text(other / "a.txt", "other")
    verify_directory(tmp_path / "run")
    assert (tmp_path / "run" / "a.txt").read_text() == "one"
    assert names(tmp_path) == ["run"]


def test_a_link_stays_a_link(tmp_path, monkeypatch, dead):
    publish(tmp_path / "v1" / "run")
    (tmp_path / "run").symlink_to(tmp_path / "v1" / "run")
    monkeypatch.undo()
    publish(tmp_path / "run", "two")
    assert (tmp_path / "run").is_symlink()
    assert (tmp_path / "v1" / "run" / "a.txt").read_text() == "two"
    (tmp_path / "v1" / "run").rename(tmp_path / "v1" / f".run.{dead}-a1.old")  # killed between the renames
    verify_directory(tmp_path / "run")


def test_the_working_directory_can_be_published_to(tmp_path, monkeypatch):
    publish(tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")
    publish(Path("."), "two")
    monkeypatch.chdir(tmp_path / "run")
    verify_directory(Path("."))
    assert Path("a.txt").read_text() == "two"


def test_a_working_directory_that_is_gone_is_named(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    assert files.absolute(".") == tmp_path / "run"
    (tmp_path / "run").rmdir()
    with pytest.raises(
        ArtifactError, match=r"working directory was replaced or deleted \(in \.\); enter it again"
    ):
        files.absolute(".")


def test_what_another_writer_changed_is_not_replaced(tmp_path):
    publish(tmp_path / "run", "old")
    version = files.version_of(tmp_path / "run")
    publish(tmp_path / "run", "theirs")
    message = "it was changed meanwhile .*expected the version this command began with; run the command again"
    with pytest.raises(ArtifactError, match=message), publish_directory(tmp_path / "run", instead_of=version):
        pass
    verify_directory(tmp_path / "run")
    assert (tmp_path / "run" / "a.txt").read_text() == "theirs"
    assert names(tmp_path) == ["run"]
    with publish_directory(tmp_path / "run", instead_of=files.version_of(tmp_path / "run")):
        pass


def test_all_files_reach_the_disk_before_the_name_does(tmp_path, monkeypatch):
    events = []
    sync, replace = os.fsync, os.replace

    def name_of(handle):
        return Path(os.readlink(f"/proc/self/fd/{handle}")).name

    monkeypatch.setattr(files.os, "fsync", lambda handle: events.append(name_of(handle)) or sync(handle))
    monkeypatch.setattr(files.os, "replace", lambda a, b: events.append(("to", b.name)) or replace(a, b))
    with publish_directory(tmp_path / "run") as draft:
        (draft / "sub").mkdir()
        (draft / "sub" / "by_a_library.bin").write_text("x")
    named = events.index(("to", "run"))
    assert {"by_a_library.bin", "sub", draft.name} <= set(events[:named])
    assert tmp_path.name in events[named:]


def test_a_cache_home_of_ones_own_needs_no_home(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("FIRSTLIGHT_CACHE", raising=False)
    monkeypatch.setattr(files.Path, "home", homeless)
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert files.cache_home() == Path("/caches/firstlight")


def test_what_a_living_process_moved_aside_is_left_to_it(tmp_path):
    publish(tmp_path / "run")
    aside = tmp_path / f".run.{os.getppid()}.old"
    (tmp_path / "run").rename(aside)
    with pytest.raises(ArtifactError, match="no such run directory"):
        verify_directory(tmp_path / "run")
    assert aside.exists()
