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
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from .errors import ArtifactError

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
STARTED = time.time()  # this process, or at least before it wrote anything


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
    draft = _beside(target, "draft")
    with _disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield draft
            _sync(draft)
            os.replace(draft, target)
            remove_drafts(target)
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
def publish_directory(target: Path, *, instead_of: str | None = None) -> Iterator[Path]:
    """Yield an empty directory beside `target`; on success it gets a manifest and takes its place.

    A former `target` is kept until the new one is complete. Where `target` is a link, what it points to
    is replaced. Readers call :func:`verify_directory`.

    Parameters
    ----------
    target
        The directory to make.
    instead_of
        The :func:`version_of` what may be replaced; by default whatever is there.

    Raises
    ------
    ArtifactError
        If another version than `instead_of` stands there at the end, or the disk is full or not writable.
    """
    target = _real(target)
    draft = _beside(target, "draft")
    with _disk_errors(target):
        draft.mkdir(parents=True)
        try:
            yield draft
            write_manifest(draft)
            _replace_directory(draft, target, instead_of)
            remove_drafts(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _replace_directory(draft: Path, target: Path, instead_of: str | None) -> None:
    """Rename `draft` to `target`, moving a former `target` out of the way first, and back if that fails.

    Only what was moved away can be compared with `instead_of` before anybody else replaces it.
    """
    old = _beside(target, "old")
    former = target.exists()
    if former:
        os.replace(target, old)
    try:
        if instead_of is not None and version_of(old) != instead_of:
            raise changed_meanwhile(target)
        os.replace(draft, target)
    except (OSError, ArtifactError):
        if former:
            os.replace(old, target)
        raise
    with suppress(OSError):  # the new one stands; nothing but a loss of power could still undo it
        _sync(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def version_of(directory: Path) -> str:
    """The sha256 of a directory's manifest, which tells versions apart; empty where there is none."""
    try:
        return sha256(directory / MANIFEST)
    except OSError:
        return ""


def changed_meanwhile(target: Path) -> ArtifactError:
    """What to raise where another writer was quicker."""
    return ArtifactError(
        "it was changed meanwhile",
        where=str(target),
        expected="the version this command began with",
        fix="run the command again; nothing was written",
    )


def restore_directory(target: Path) -> None:
    """Put a former `target` back where its writer was killed between the two renames of its replacement.

    What a living process has moved aside is left to it.
    """
    target = _real(target)
    if target.exists():
        return
    for former in _left_by_the_dead(target, "old"):
        with suppress(OSError):  # another reader was quicker
            os.replace(former, target)


def remove_drafts(target: Path) -> None:
    """Delete what killed writers of `target` on this machine left behind.

    That is what they had begun and, where `target` stands, what they had moved aside: a run that somebody
    deletes later must not come back in an older version.
    """
    target = _real(target)
    for kind in ("draft", "old") if target.exists() else ("draft",):
        for path in _left_by_the_dead(target, kind):
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):  # a directory is gone already
                path.unlink()


def absolute(path: Path | str) -> Path:
    """An absolute path, which has a name even for "." and outlives the working directory.

    Raises
    ------
    ArtifactError
        If the working directory is gone, as it is where the run one stands in was published anew.
    """
    try:
        return Path(os.path.abspath(path))
    except FileNotFoundError as error:
        raise ArtifactError(
            "the working directory was replaced or deleted",
            where=str(path),
            fix='enter it again (cd "$PWD"), or give an absolute path',
        ) from error


def _real(target: Path) -> Path:
    """The absolute path behind links, which has a name even for ".", so that it can be replaced."""
    return Path(os.path.realpath(target))


def _beside(target: Path, kind: str) -> Path:
    """A place beside `target` that no other thread or process takes, and that tells whose it is."""
    return target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.{kind}")


def _left_by_the_dead(target: Path, kind: str) -> list[Path]:
    """What lies beside `target`, of `kind` ("draft" or "old"), and whose process is gone."""
    pattern = re.compile(rf"\.{re.escape(target.name)}\.(\d{{1,9}})(-\w+)?\.{kind}")
    try:
        found = [(path, pattern.fullmatch(path.name)) for path in target.parent.iterdir()]
        return [path for path, name in found if name and not _lives(int(name[1]), path.lstat().st_ctime)]
    except OSError:  # a folder that cannot be listed, or another was quicker
        return []


def _lives(pid: int, since: float) -> bool:
    """Whether the process that left something `since` (seconds of the epoch) runs on this machine.

    Containers give one small number to process after process: what is older than this one is not its own.
    """
    if pid == os.getpid():
        return since >= STARTED
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_manifest(directory: Path) -> None:
    """Write `manifest.json` last: the format version and the sha256 of every other file.

    All of it reaches the disk, so that no loss of power leaves a manifest of files that are empty.
    """
    paths = sorted(directory.rglob("*"))
    for path in paths:
        _sync(path)
    files = {
        str(path.relative_to(directory)): sha256(path)
        for path in paths
        if path.is_file() and path != directory / MANIFEST
    }
    write_json(directory / MANIFEST, {"format_version": FORMAT_VERSION, "files": files})
    _sync(directory)


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
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstlight"
