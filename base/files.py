"""Files and directories that are complete or invisible.

A writer works beside the target and renames at the end, so a kill, a full disk or an exception
leaves the old version or nothing (DESIGN promise 2).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from .errors import ArtifactError

FORMAT_VERSION = 1
MANIFEST = "manifest.json"


def sha256(path: Path) -> str:
    """Hex digest of a file, read in 1 MiB pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    """Push a file or directory entry to the disk, so that a rename cannot overtake its bytes."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    """Turn a full or read-only disk into an error that says what to do."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = _disk_reason(error)
        if reason is None:
            raise
        raise ArtifactError(
            f"could not write: {reason}",
            where=str(target),
            expected="a writable place with enough room",
            fix="free some space or choose another --out; nothing half-written was left behind",
        ) from error


def _disk_reason(error: Exception) -> str | None:
    """What the disk complains of; libraries that write by themselves say it in words only."""
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES):
        reason = os.strerror(number)
        if getattr(error, "errno", None) == number or reason in str(error):
            return reason
    return None


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Yield a path beside `target`; on success it becomes `target`, on failure it is removed."""
    target = Path(target)
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    with _disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield draft
            _sync(draft)
            os.replace(draft, target)
        finally:
            draft.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_file(target) as draft:
        draft.write_text(text, encoding="utf-8")


def write_json(target: Path, value: Any) -> None:
    """Write a JSON document atomically, with sorted keys so that equal values are equal files."""
    write_text(target, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON document.

    Raises
    ------
    ArtifactError
        If the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtifactError("no such file", where=str(path), fix="check the path") from error
    except ValueError as error:
        raise ArtifactError(f"not valid JSON: {error}", where=str(path)) from error


@contextmanager
def publish_directory(target: Path) -> Iterator[Path]:
    """Yield an empty directory beside `target`; on success it gets a manifest and takes its place.

    A former `target` is kept until the new one is complete. Readers call :func:`verify_directory`.
    """
    target = Path(target)
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    with _disk_errors(target):
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            yield draft
            write_manifest(draft)
            replace_directory(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def replace_directory(draft: Path, target: Path) -> None:
    """Rename `draft` to `target`, moving a former `target` out of the way first, and back if that fails."""
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    shutil.rmtree(old, ignore_errors=True)
    former = target.exists()
    if former:
        os.replace(target, old)
    try:
        os.replace(draft, target)
    except OSError:
        if former:
            os.replace(old, target)
        raise
    _sync(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def restore_directory(target: Path) -> None:
    """Put a former `target` back where its writer was killed between the two renames of its replacement.

    What a living process has moved aside is left to it.
    """
    if target.exists():
        return
    for former in _left_by_the_dead(target, "old"):
        with suppress(OSError):  # another reader was quicker
            os.replace(former, target)


def remove_drafts(target: Path) -> None:
    """Delete what killed writers of `target` on this machine had begun."""
    for draft in _left_by_the_dead(target, "draft"):
        shutil.rmtree(draft, ignore_errors=True)


def _left_by_the_dead(target: Path, kind: str) -> list[Path]:
    """Directories of `kind` ("draft" or "old") beside `target` whose process is gone."""
    pattern = re.compile(rf"\.{re.escape(target.name)}\.(\d+)\.{kind}")
    beside = target.parent.iterdir() if target.parent.is_dir() else ()
    found = ((path, pattern.fullmatch(path.name)) for path in beside)
    return [path for path, name in found if name and not _lives(int(name[1]))]


def _lives(pid: int) -> bool:
    """Whether another process of this number runs on this machine."""
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_manifest(directory: Path) -> None:
    """Write `manifest.json` last: the format version and the sha256 of every other file."""
    files = {
        str(path.relative_to(directory)): sha256(path)
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    write_json(directory / MANIFEST, {"format_version": FORMAT_VERSION, "files": files})


def verify_directory(directory: Path, *, only: tuple[str, ...] = ()) -> dict[str, str]:
    """Check a published directory against its manifest and return {relative path: sha256}.

    Parameters
    ----------
    directory
        What :func:`publish_directory` wrote.
    only
        Relative path prefixes to hash; all files when empty.

    Raises
    ------
    ArtifactError
        If the manifest is missing or of another version, or a file is missing, altered or named
        outside the directory.
    """
    directory = Path(directory)
    restore_directory(directory)
    if not directory.is_dir():
        raise ArtifactError(
            "a file" if directory.is_file() else "no such run directory",
            where=str(directory),
            expected="a run directory, which pretrain writes",
            fix="check the path, or pretrain first",
        )
    manifest = _read_manifest(directory)
    for name, digest in manifest.items():
        path = directory / name
        if Path(name).is_absolute() or ".." in Path(name).parts or path.is_symlink():
            raise ArtifactError("a file outside the directory is listed", where=f"{MANIFEST}: {name}")
        if not path.is_file():
            raise ArtifactError(
                "a listed file is missing", where=str(path), fix="copy the whole directory again"
            )
        if (not only or name.startswith(only)) and sha256(path) != digest:
            raise ArtifactError(
                "the file was altered or truncated",
                where=str(path),
                expected=f"sha256 {digest[:12]}…",
                fix="copy the directory again or repeat the command that made it",
            )
    return manifest


def _read_manifest(directory: Path) -> dict[str, str]:
    path = directory / MANIFEST
    if not path.is_file():
        raise ArtifactError(
            f"no {MANIFEST}: this is not a complete run directory",
            where=str(directory),
            expected="what pretrain writes",
            fix="check the path, or repeat the command that made it",
        )
    manifest = read_json(path)
    version = manifest.get("format_version") if isinstance(manifest, dict) else None
    if version != FORMAT_VERSION:
        raise ArtifactError(
            f"format version {version!r}", where=str(path), expected=f"version {FORMAT_VERSION}"
        )
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
        raise ArtifactError('no table "files" of names and digests', where=str(path))
    return files


def cache_home() -> Path:
    """`$FIRSTLIGHT_CACHE`, else `$XDG_CACHE_HOME/firstlight`, else `~/.cache/firstlight`."""
    explicit = os.environ.get("FIRSTLIGHT_CACHE")
    if explicit:
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "firstlight"
