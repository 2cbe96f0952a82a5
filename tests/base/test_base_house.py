"""The house holds: floors import downward, nothing pickles, the import is light, the wheel is whole."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = {
    "base": 0, "corpus": 1, "eval": 2, "encoders": 2, "prompts": 2, "foundation": 3,
    "retrieval": 4, "finetune": 4, "explain": 5, "recommender": 6, "serve": 7, "cli": 8,
}  # fmt: skip
SOURCES = [path for room in FLOORS for path in sorted((ROOT / room).rglob("*.py"))]


def imported_rooms(path: Path):
    """The rooms a file imports from, other than its own."""
    parts = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = parts[: len(parts) - node.level + 1]
            target = [*above, *(node.module.split(".") if node.module else [])]
            rooms = target[:1] or [one.name for one in node.names]  # `from .. import encoders`
            yield from (room for room in rooms if room != parts[0])
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "firstlight":
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.split(".")[0] == "firstlight")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_floor_imports_only_floors_below(path):
    own = FLOORS[path.relative_to(ROOT).parts[0]]
    for room in imported_rooms(path):
        assert room in FLOORS, f"{path} imports {room} by its full name; import relatively"
        assert FLOORS[room] < own, f"{path} (floor {own}) imports {room} (floor {FLOORS[room]})"


def test_a_room_imported_whole_counts_too():
    assert "encoders" in set(imported_rooms(ROOT / "recommender" / "content.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_unpickles_or_runs_foreign_code(path):
    names = {
        ast.unparse(node)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    for call in names:
        assert not call.startswith(("pickle.", "torch.load(", "eval(", "exec(", "joblib.")), call
        assert "trust_remote_code=True" not in call
        assert "allow_pickle=True" not in call


def test_import_is_light():
    code = (
        "import time, sys; t = time.perf_counter(); import firstlight; t = time.perf_counter() - t; "
        "print(t, 'torch' in sys.modules, 'numpy' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert float(found[0]) < 0.3
    assert found[1] == "False"


def test_serving_loads_encoders_and_plots_only_when_asked():
    code = (
        "import sys, firstlight.recommender; "
        "print(*({'open_clip', 'sentence_transformers', 'matplotlib', 'faiss', 'gguf'} & sys.modules.keys()))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_public_names_load():
    import firstlight

    for name in firstlight.__all__:
        assert getattr(firstlight, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        firstlight.nothing  # noqa: B018


@pytest.mark.slow
def test_the_wheel_holds_every_module(tmp_path):
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / "src" / name)
    code = "from setuptools import build_meta; print(build_meta.build_wheel('..'))"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "src", capture_output=True, check=True)
    wheel = next(tmp_path.glob("*.whl"))
    held = set(zipfile.ZipFile(wheel).namelist())
    rooms = (*FLOORS, "firstlight")
    for name in filter(None, tracked):
        room = Path(name).parts[0]
        if room in rooms and name.endswith((".py", ".html", ".typed")):
            inside = name if room == "firstlight" else f"firstlight/{name}"
            assert inside in held, f"{name} is missing from the wheel"
    assert not any(part in name for name in held for part in ("tests/", "benchmarks/", "examples/"))
