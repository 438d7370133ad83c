"""Writing without ever leaving half a file or half a folder behind.

Work is done under a temporary name beside the target, `.<target>.<8 hex digits>`, and renamed when it
is whole. A run that is killed may leave such a name behind, never a half-written target; the next
`atomic_folder` on the same path removes what a killed one has left.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from cbvsynth.errors import StorageError

_CHUNK_BYTES = 1 << 20


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; rename it to `path` when the block succeeds.

    Whatever goes wrong inside the block, `path` keeps its former content and the temporary file is
    removed. The temporary name ends as `path` does, because some writers look at that. A symbolic link
    is replaced, not written through: it may lead into a cache of read-only files.

    Raises:
        StorageError: `path` is a folder.
    """
    if path.is_dir():
        raise StorageError(f"{path} is a folder; expected a file or nothing there. Choose another name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{''.join(path.suffixes)}")
    # Not by tempfile, whose files are for the owner only; this mode obeys the user's umask.
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, *, mend: bool = True) -> Iterator[Path]:
    """Give a temporary folder beside `path`; put it in the place of `path` when the block succeeds.

    Whatever `path` held before is then removed as a whole, and kept as a whole when the block fails. No
    system call exchanges two folders everywhere, so there is a moment between two renames in which
    neither is at `path`. A run that is killed right then loses nothing: the former folder lies beside
    it, and the next `atomic_folder` on the same path begins by putting it back.

    To find what a killed run left, the folder around `path` is listed. Who writes many folders beside each
    other and has looked at all of them before says `mend=False`: else each would list all others.

    One writer at a time per path. Where `path` is a symbolic link, the folder that it leads to is
    replaced and the link stays.

    Raises:
        StorageError: `path` is a file, a mount point, or holds the working or home folder.
    """
    place = path.resolve() if path.is_symlink() else path
    _refuse_irreplaceable(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    if mend:
        _put_back(place)
        _remove_abandoned(place)
    token = secrets.token_hex(4)
    temporary = place.with_name(f".{place.name}.{token}")
    retired = place.with_name(f".{place.name}.old.{token}")
    temporary.mkdir()
    at_work = _claim(temporary)
    try:
        yield temporary
        _flush_tree(temporary)
        if place.exists():
            place.rename(retired)
        temporary.rename(place)
    finally:
        if retired.exists() and not place.exists():
            retired.rename(place)
        shutil.rmtree(retired, ignore_errors=True)
        shutil.rmtree(temporary, ignore_errors=True)
        if at_work is not None:
            os.close(at_work)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write readable JSON atomically, keys in the given order, one trailing newline."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_tree(folder: Path) -> dict[str, str]:
    """Hex digest of every file below a folder, by POSIX path relative to it, sorted by path."""
    return {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def tree_digest(digests: Mapping[str, str]) -> str:
    """One hex digest for a whole tree, from `sha256_tree`."""
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _refuse_irreplaceable(place: Path) -> None:
    whole = place.resolve()
    if place.exists() and not place.is_dir():
        raise StorageError(f"{place} is a file; expected a folder or nothing there. Choose another folder.")
    if whole.is_mount():
        raise StorageError(
            f"{place} is a mount point, which cannot be replaced as a whole; expected a folder inside it. "
            f"Choose one, as {place / 'out'}."
        )
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  # Path's own raises where a container has no home
    if any(needed.resolve().is_relative_to(whole) for needed in (Path.cwd(), home)):
        raise StorageError(
            f"{place} holds the working folder or the home folder, and would be replaced as a whole; "
            "expected a folder for this output alone. Choose another one."
        )


def _put_back(place: Path) -> None:
    """Undo what a killed run left: restore the former folder, or remove it where the new one is there."""
    for retired in sorted(place.parent.glob(f".{escape(place.name)}.old.*")):
        if place.exists():
            shutil.rmtree(retired, ignore_errors=True)
        else:
            retired.rename(place)


def _remove_abandoned(place: Path) -> None:
    """Remove temporary folders whose writer was killed: the system has let go of its claim."""
    name = re.compile(rf"\.{re.escape(place.name)}\.[0-9a-f]{{8}}")
    for temporary in place.parent.iterdir():
        if name.fullmatch(temporary.name) and temporary.is_dir():
            claim = _claim(temporary)
            if claim is not None:
                shutil.rmtree(temporary, ignore_errors=True)
                os.close(claim)


def _claim(folder: Path) -> int | None:
    """Lock a folder while this process lives and the descriptor is open; None if that is not possible."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by another process, or a file system without locks
        os.close(descriptor)
        return None
    return descriptor


def flush(path: Path) -> None:
    """Make the disk hold what was written, so that a power cut after the rename cannot empty it.

    A file's content, or a folder's names.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _flush_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() or path.is_dir():
            flush(path)
    flush(folder)
