"""Where the node's files lie, by keyed hashes: no name and no identifier of a patient is in a path.

    <folder>/journal.sqlite, key, lock
    <folder>/incoming/                 what is being received or worked on; emptied at every start
    <folder>/studies/<study>/images/<object>.dcm
    <folder>/studies/<study>/map-1/    a result, as DICOM out writes it

One process has the folder at a time.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
import shutil
import time
from pathlib import Path
from threading import RLock

from cbvsynth.errors import UsageError
from cbvsynth.records.storage import flush
from cbvsynth.records.writable import require_writable

IMAGES = "images"
_ABANDONED_S = 3600.0
"""After which a file that nobody goes on with is removed; connections are cut after a minute. Our choice."""


class Files:
    """The node's folder, which one process has at a time."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and its key where they are missing, and lock it.

        Raises:
            StorageError: it cannot be written.
            UsageError: another node has it.
        """
        require_writable(folder / "lock")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self.changing = RLock()
        """Held where the journal and the files of a study change together."""
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise UsageError(
                f"Another node works in '{folder}'; expected one a folder. Stop it, or give another --folder."
            ) from error
        self.incoming, self.studies = folder / "incoming", folder / "studies"
        for place in (self.incoming, self.studies):
            place.mkdir(exist_ok=True, mode=0o700)
        self._key = _key(folder / "key")

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self._lock)

    def digest(self, uid: str) -> str:
        """The name by which a UID is known here, 32 hex digits."""
        return hmac.new(self._key, uid.encode(), hashlib.sha256).hexdigest()[:32]

    def images(self, study: str) -> Path:
        """Folder of a study's objects."""
        return self.studies / study / IMAGES

    def map(self, study: str, number: int) -> Path:
        """Folder of a study's first, second ... result."""
        return self.studies / study / f"map-{number}"

    def keep(self, received: Path, study: str, instance: str) -> None:
        """Put a received file into its place; it is on the disk when this returns.

        Raises:
            OSError: the disk does not take it.
        """
        folder = self.images(study)
        is_new = not folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        flush(received)
        received.replace(folder / f"{instance}.dcm")
        for place in (folder, folder.parent, self.studies) if is_new else (folder,):
            flush(place)

    def delete(self, study: str) -> None:
        """Remove all files of a study."""
        shutil.rmtree(self.studies / study, ignore_errors=True)

    def clean(self, images: set[tuple[str, str]], results: set[str]) -> None:
        """Remove what a killed process left: files that the journal does not know.

        Args:
            images: study and object that it knows.
            results: paths of results that it knows, relative to the folder.
        """
        for left in self.incoming.iterdir():
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
        for study in self.studies.iterdir():
            for path in study.rglob("*"):
                known = path.is_dir() or (
                    (study.name, path.stem) in images
                    if path.parent.name == IMAGES
                    else path.relative_to(self.folder).as_posix() in results
                )
                if not known:
                    path.unlink(missing_ok=True)
            for path in sorted((one for one in study.rglob("*") if one.is_dir()), reverse=True):
                _remove_empty(path)
            _remove_empty(study)

    def remove_abandoned(self) -> None:
        """Remove files whose sender went away in their middle."""
        limit = time.time() - _ABANDONED_S
        for path in self.incoming.glob("*.dcm"):
            if path.stat().st_mtime < limit:
                path.unlink(missing_ok=True)


def _key(path: Path) -> bytes:
    """Made once: without it studies would not be known again."""
    if not path.is_file():
        written = path.with_name(f"{path.name}.new")
        handle = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as target:
            target.write(secrets.token_bytes(32))
            target.flush()
            os.fsync(target.fileno())
        written.replace(path)
        flush(path.parent)
    return path.read_bytes()


def _remove_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()
