"""The folder that a prediction server reads: one complete folder per version, and two files beside them.

    <root>/models.config                     what the server loads, and under which labels
    <root>/selection.json                    the same for clients, with scores
    <root>/<name>/<version>/                 a SavedModel, checked file by file
    <root>/<name>/.incoming-<version>/       being copied; servers read numbers only
    <root>/<name>/.outgoing-<version>.<n>/   being removed

A version's folder appears by one rename when it is whole and on the disk, and goes by one rename. A run
that is killed leaves dot-folders only, and the next one begins by removing them.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cbvsynth.errors import ModelError, StorageError, UsageError
from cbvsynth.records.selection import (
    SELECTION_FILE,
    Selection,
    pattern_label,
    read_selection,
    write_selection,
)
from cbvsynth.records.storage import sha256_tree, tree_digest, write_text
from cbvsynth.registry.allowed_files import EXPECTED, stray_file
from cbvsynth.sync.graph import require_arithmetic
from cbvsynth.sync.models_config import MODELS_CONFIG_FILE, ModelsConfig
from cbvsynth.training.operations import MODEL_FILE

_INCOMING, _OUTGOING = ".incoming-", ".outgoing-"
_LOCK = ".sync.lock"

Fetch = Callable[[Path], Path]
"""Copies a SavedModel below the given folder and returns where it lies."""


@dataclass(frozen=True)
class Content:
    """What a version must consist of: sha256 by POSIX path, and the digest over all of them."""

    sha256: Mapping[str, str]
    digest: str


@dataclass(frozen=True)
class Repository:
    """The folder of one registered model.

    served_path: `root` as the server sees it, absolute.
    """

    root: Path
    name: str
    served_path: str

    @property
    def folder(self) -> Path:
        """Where the versions are."""
        return self.root / self.name

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let one sync at a time work here, and remove what a killed one has left.

        Raises:
            StorageError: another one is at work.
        """
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.root / _LOCK, timeout=0):
                self._clean()
                yield
        except Timeout as error:
            raise StorageError(
                f"Another sync works in the model folder '{self.root}'; expected to be the only one. "
                "Stop it, or give another --base_path."
            ) from error

    def present(self) -> tuple[int, ...]:
        """Versions that have a folder, ascending."""
        names = (path.name for path in self.folder.iterdir()) if self.folder.is_dir() else ()
        return tuple(sorted(int(name) for name in names if name.isdecimal()))

    def ensure(self, version: int, content: Content, fetch: Fetch) -> bool:
        """Have a version here that is byte for byte what was promoted; whether it had to be copied.

        A folder that is no longer what it was is replaced.

        Raises:
            ModelError: what was copied is not what was promoted; nothing was published.
        """
        place = self.folder / str(version)
        label = f"Version {version} of '{self.name}'"
        if place.is_dir() and _difference(place, content) is None:
            _require_plain(place, label)
            require_arithmetic(place, label)
            return False
        incoming = self.folder / f"{_INCOMING}{version}"
        shutil.rmtree(incoming, ignore_errors=True)
        try:
            copied = fetch(incoming)
            _require_plain(copied, label)
            wrong = _difference(copied, content)
            if wrong is not None:
                raise ModelError(
                    f"{label}: {wrong}; expected what was promoted, byte for byte. It was not published. "
                    "Promote the model again."
                )
            require_arithmetic(copied, label)
            _make_durable(copied)
            if place.exists():
                self._retire(place)
            copied.rename(place)
            _fsync(self.folder)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        return True

    def prune(self, needed: Collection[int], keep: int) -> tuple[int, ...]:
        """Remove versions that are not needed, but for the newest `keep` of them; which were removed."""
        old = [number for number in self.present() if number not in needed]
        gone = tuple(old[: max(0, len(old) - keep)])
        for number in gone:
            self._retire(self.folder / str(number))
        self._clean()
        return gone

    def published(self) -> Selection | None:
        """What is served, as far as its folders are there; None before the first sync.

        Raises:
            ModelError: selection.json is damaged.
            UsageError: it is of another registered model.
        """
        if not (self.root / SELECTION_FILE).is_file():
            return None
        selection = read_selection(self.root / SELECTION_FILE)
        if selection.registered_name != self.name:
            raise UsageError(
                f"{SELECTION_FILE} is of the registered model '{selection.registered_name}', expected "
                f"'{self.name}'. Give another --base_path."
            )
        return restricted(selection, self.present())

    def write_selection(self, selection: Selection) -> None:
        """Tell clients."""
        write_selection(self.root / SELECTION_FILE, selection)

    def write_config(self, config: ModelsConfig) -> None:
        """Tell the server, unless the file already says so."""
        if self.config_text() != config.to_text():
            write_text(self.root / MODELS_CONFIG_FILE, config.to_text())

    def config_text(self) -> str:
        """The present models.config; empty before the first sync."""
        path = self.root / MODELS_CONFIG_FILE
        # Whatever else stands in it, damaged, is no config of ours and is written anew.
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def config(self, labelled: Selection, also: Collection[int] = ()) -> ModelsConfig:
        """The config that loads a selection's versions and some more, under the selection's labels."""
        loaded = {served.version for served in labelled.versions} | set(also)
        patterns = {pattern_label(pattern): number for pattern, number in labelled.patterns.items()}
        return ModelsConfig(
            name=self.name,
            base_path=str(PurePosixPath(self.served_path) / self.name),
            versions=tuple(sorted(loaded)),
            labels={**patterns, **labelled.labels},
        )

    def _retire(self, place: Path) -> None:
        place.rename(self.folder / f"{_OUTGOING}{place.name}.{secrets.token_hex(4)}")

    def _clean(self) -> None:
        """Remove half-copied folders, folders on their way out, and half-written files."""
        for path in self.folder.iterdir():
            if path.name.startswith((_INCOMING, _OUTGOING)):
                shutil.rmtree(path, ignore_errors=True)
        for name in (MODELS_CONFIG_FILE, SELECTION_FILE):
            for path in self.root.glob(f".{name}.*"):
                path.unlink(missing_ok=True)


def restricted(selection: Selection, versions: Collection[int]) -> Selection:
    """A selection without the versions that are not among the given ones."""
    kept = set(versions)
    return Selection(
        registered_name=selection.registered_name,
        select_by=selection.select_by,
        versions=tuple(served for served in selection.versions if served.version in kept),
        patterns={pattern: number for pattern, number in selection.patterns.items() if number in kept},
        labels={label: number for label, number in selection.labels.items() if number in kept},
    )


def _difference(folder: Path, content: Content) -> str | None:
    """What is not as promoted, in words; None where all is."""
    if not content.sha256:
        return "there is no list of its files' digests"
    found = sha256_tree(folder)
    changed = sorted(
        path for path in found.keys() | content.sha256.keys() if found.get(path) != content.sha256.get(path)
    )
    if changed:
        path = changed[0]
        what = "is missing" if path not in found else "differs" if path in content.sha256 else "is new"
        more = f", and {len(changed) - 1} more differ" if len(changed) > 1 else ""
        return f"'{path}' {what}{more}"
    if tree_digest(found) != content.digest:
        return "the list of its files is not the one that its digest was made of"
    return None


def _require_plain(folder: Path, label: str) -> None:
    """Refuse links and any file that is not a SavedModel's, whatever the list of digests says."""
    stray = stray_file(folder)
    if stray is not None:
        raise ModelError(
            f"{label}: it holds '{stray}'; expected {EXPECTED}. It was not published. Promote a model "
            "that this project exported."
        )
    if not (folder / MODEL_FILE).is_file():
        raise ModelError(
            f"{label}: there is no {MODEL_FILE}; expected a SavedModel. It was not published. "
            "Promote the model again."
        )


def _make_durable(folder: Path) -> None:
    for path in folder.rglob("*"):
        _fsync(path)
    _fsync(folder)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
