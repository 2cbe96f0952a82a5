"""Bad input to whole commands: a typed error, and nothing half-written (issue 2's list, where a reader's test is
not enough)."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from safetensors import SafetensorError

from firstlight.base import files
from firstlight.base.errors import ArtifactError, DataError, FirstlightError
from firstlight.base.files import atomic_file, publish_directory, verify_directory
from firstlight.recommender import Recommender, RunConfig, add_items, pretrain
from firstlight.recommender.run_directory import load_run

pytestmark = pytest.mark.slow
NEW = "item_id,title\nn1,A Fresh Start\n"
BROKEN_ITEMS = {
    "empty": ("item_id,title\n", "no rows|no items"),
    "wrong columns": ("id,name\n1,x\n", 'no column "item_id"'),
    "twice": ("item_id,title\nn1,a\nn1,b\n", '"n1" stands twice'),
    "not text": (b"item_id,title\nn1,Am\xe9lie\n", "not UTF-8"),
    "huge": ("item_id,title\nn1," + "x" * 10_000_000 + "\n", "a row of more than 4,194,304 bytes"),
}


def standing(folder):
    """Every file, hidden ones too, with its size."""
    return sorted((str(one.relative_to(folder)), one.stat().st_size) for one in folder.rglob("*"))


@pytest.mark.parametrize("kind", BROKEN_ITEMS)
def test_items_that_cannot_be_read_leave_the_run(run, tmp_path, kind):
    content, message = BROKEN_ITEMS[kind]
    table = tmp_path / "new.csv"
    table.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = standing(tmp_path)
    with pytest.raises(DataError, match=message):
        add_items(run, table)
    assert standing(tmp_path) == before


def test_no_such_table_of_items(run, tmp_path):
    with pytest.raises(DataError, match="nothing.csv"):
        add_items(run, tmp_path / "nothing.csv")


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("user_id,item_id,timestamp\n", "no rows"),
        ("user_id,item_id,timestamp\nu,a,nan\nu,b,inf\n", "no usable row"),
        ("user_id,item_id,timestamp\nu,a,95617584000\nu,b,5000-01-01\n", "timestamp in the future: 2"),
        ("who,what\nu,a\n", 'no column "user_id"'),
    ],
)
def test_pretrain_on_bad_tables_leaves_nothing(tmp_path, log, message):
    data, out = tmp_path / "data", tmp_path / "out" / "run"
    data.mkdir()
    (data / "interactions.csv").write_text(log)
    (data / "items.csv").write_text("item_id,title\na,A\nb,B\n")
    with pytest.raises(DataError, match=message):
        pretrain(data, out, RunConfig())
    assert not out.parent.exists() or not list(out.parent.iterdir())


def test_bits_flipped_and_files_cut_anywhere(pretrained, tmp_path):
    """Forty random places: the file is always named, whatever it holds."""
    rng = np.random.default_rng(0)
    run = tmp_path / "run"
    shutil.copytree(pretrained, run)
    names = [one for one in sorted(run.rglob("*")) if one.is_file() and one.name != "manifest.json"]
    for number in range(40):
        path = names[int(rng.integers(len(names)))]
        whole = path.read_bytes()
        place = int(rng.integers(len(whole)))
        broken = bytearray(whole)
        broken[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(whole[:place] if number % 2 else bytes(broken))
        with pytest.raises(ArtifactError, match=path.name):
            load_run(run)
        path.write_bytes(whole)
    load_run(run)


def test_a_manifest_damaged_anywhere_is_an_artifact_error(pretrained, tmp_path):
    rng = np.random.default_rng(1)
    run = tmp_path / "run"
    shutil.copytree(pretrained, run)
    path = run / "manifest.json"
    whole = path.read_bytes()
    refused = 0
    for number in range(150):
        place = int(rng.integers(len(whole)))
        broken = bytearray(whole)
        broken[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(whole[:place] if number % 3 == 0 else bytes(broken))
        try:
            verify_directory(run)
        except ArtifactError:
            refused += 1
    assert refused > 120  # a flipped blank between two entries changes nothing


@pytest.mark.parametrize("text", ['{"format_version": 1}', '{"format_version": 1, "files": {"a": 3}}', "[1]"])
def test_a_manifest_of_another_shape(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        verify_directory(tmp_path)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError("[Errno 28] Error writing bytes to file. Detail: No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_said_whoever_notices(tmp_path, error):
    message = "could not write: No space left on device .*free some space"
    with pytest.raises(ArtifactError, match=message), publish_directory(tmp_path / "run") as draft:
        (draft / "a").write_text("x")
        raise error
    with pytest.raises(SafetensorError), atomic_file(tmp_path / "f"):
        raise SafetensorError("a header too large")
    assert not list(tmp_path.iterdir())


FULL = """
import resource, signal, sys
from firstlight.recommender import add_items
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    add_items(sys.argv[1], sys.argv[2])
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs limits on file sizes")
def test_a_write_that_really_fails_leaves_the_run(run, tmp_path):
    """The kernel refuses to write on, in whichever library is writing at that moment."""
    table = tmp_path / "new.csv"
    table.write_text(NEW)
    before = standing(run)
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(run), str(table), "20000"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("ArtifactError could not write: File too large"), done.stdout + done.stderr
    assert standing(run) == before
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".run")] == []
    Recommender.from_pretrained(run)


def test_every_write_of_add_items_may_fail(run, tmp_path, monkeypatch):
    """The N-th rename fails, for every N: the run is the old one or the new one."""
    table = tmp_path / "new.csv"
    table.write_text(NEW)
    real, outcomes = os.replace, set()
    old = verify_directory(run)
    for fails_at in range(1, 20):
        calls = 0

        def failing(*arguments, at=fails_at):
            nonlocal calls
            calls += 1
            if calls == at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*arguments)

        monkeypatch.setattr(files.os, "replace", failing)
        try:
            add_items(run, table)
            outcomes.add("written")
            break
        except FirstlightError as error:
            outcomes.add(str(error).split(" (in")[0])
            monkeypatch.setattr(files.os, "replace", real)
            assert verify_directory(run) == old
    assert outcomes == {"could not write: No space left on device", "written"}
