"""Which versions are wanted, which are loaded, and which one answers a request.

A wanted version is loaded and warmed before an unwanted one is let go of, and a version that cannot be
loaded never pushes out one that works.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from cbvsynth.errors import CbvsynthError, ModelError, RefusedError, UsageError
from cbvsynth.server.calls import note_served
from cbvsynth.server.configuration import ModelSettings
from cbvsynth.server.loading import LoadedModel, ServedVersion, own_reason

_LARGEST_VERSION = 2**63 - 1

Stamp = tuple[int, ...]
Load = Callable[[str, int, Path], LoadedModel]
"""Name, version, folder -> a checked, loaded and warmed model."""


class State(IntEnum):
    """States of a version, with the protocol's numbers."""

    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass
class VersionRecord:
    """What is known about a version: its state, and what went wrong."""

    state: State = State.LOADING
    error: str = ""
    stamp: Stamp = ()
    served: ServedVersion | None = None


@dataclass
class _Model:
    settings: ModelSettings
    versions: dict[int, VersionRecord] = field(default_factory=dict)
    problem: str = "not looked at yet"
    """Why its folder could not be read; empty when it could."""

    def answers(self) -> bool:
        """Whether a version of it is available."""
        return any(record.state is State.AVAILABLE for record in self.versions.values())


class ModelStore:
    """All models of a server. Any number of threads may ask; one at a time changes what is loaded."""

    def __init__(
        self, load: Load, log: Callable[[str], None], *, new_labels_free: bool, any_labels_free: bool
    ) -> None:
        """Start empty.

        Args:
            load: reads a version into memory.
            log: takes a line for people.
            new_labels_free: a label that is not in use may name a version that is not loaded.
            any_labels_free: so may every label.
        """
        self._load = load
        self._log = log
        self._new_labels_free = new_labels_free or any_labels_free
        self._any_labels_free = any_labels_free
        # Loading takes seconds to minutes and holds only the first lock, so that requests, which need the
        # second for a moment, never wait for it. Whoever takes both takes them in this order.
        self._changing = threading.RLock()
        self._lock = threading.RLock()
        self._models: dict[str, _Model] = {}
        self._labels: dict[str, dict[str, int]] = {}

    def configure(self, wanted: Mapping[str, ModelSettings]) -> None:
        """Serve these models and no others from the next `reconcile` on; labels move at once.

        Raises:
            RefusedError: FAILED_PRECONDITION: a label names a version that is not available; nothing
                was changed.
        """
        with self._changing, self._lock:
            for settings in wanted.values():
                self._check_labels(settings)
            for name, settings in wanted.items():
                known = self._models.setdefault(name, _Model(settings))
                if known.settings.base_path != settings.base_path:
                    for record in known.versions.values():
                        record.stamp = ()  # the same number elsewhere is another model
                known.settings = settings
            self._labels = {name: dict(settings.labels) for name, settings in wanted.items()}
            for name, model in self._models.items():
                if name not in wanted:
                    self._retire(name, model, set(model.versions))
            self._models = {name: model for name, model in self._models.items() if name in wanted}

    def reconcile(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Look at every model's folder, load what is missing, let go of what is not wanted."""
        with self._changing:
            for name in list(self._models):
                if not stopped():
                    self._reconcile(name)

    def is_ready(self) -> bool:
        """Whether every model has an available version."""
        with self._lock:
            return all(model.answers() for model in self._models.values())

    def waiting_for(self) -> list[str]:
        """Models that have no available version yet, each with the reason.

        Raises:
            ModelError: a model's wanted versions are all broken, so that waiting is in vain.
        """
        waiting = []
        with self._lock:
            for name, model in self._models.items():
                if model.answers():
                    continue
                records = list(model.versions.values())
                errors = [record.error for record in records if record.error]
                if errors and len(errors) == len(records):
                    raise ModelError(f"The model '{name}' has no version that can be served: {errors[0]}")
                waiting.append(f"{name}: {model.problem or 'no wanted version in its folder'}")
        return waiting

    @contextmanager
    def borrow(self, name: str, version: int | None, label: str) -> Iterator[ServedVersion]:
        """The version that answers a request, kept in memory until the block ends.

        Raises:
            RefusedError: NOT_FOUND or, for a label, INVALID_ARGUMENT.
        """
        served = self._find(name, version, label)
        note_served(name, served.version)
        try:
            yield served
        finally:
            served.release()

    def states(self, name: str) -> dict[int, VersionRecord]:
        """Copies of what is known about a model's versions, newest first; empty for an unknown model."""
        with self._lock:
            model = self._models.get(name)
            records = {} if model is None else model.versions
            return {
                version: VersionRecord(record.state, record.error)
                for version, record in sorted(records.items(), reverse=True)
            }

    def available(self, name: str) -> list[int]:
        """The versions of a model that answer requests, ascending."""
        return sorted(
            version for version, record in self.states(name).items() if record.state is State.AVAILABLE
        )

    def version_of_label(self, name: str, label: str) -> int:
        """The version that a label names.

        Raises:
            RefusedError: INVALID_ARGUMENT: there is no such label.
        """
        with self._lock:
            version = self._labels.get(name, {}).get(label)
        if version is None:
            raise RefusedError(f"Unrecognized servable version label: {label}", code="INVALID_ARGUMENT")
        return version

    def close(self) -> None:
        """Let go of every model."""
        with self._changing:
            self.configure({})

    def _find(self, name: str, version: int | None, label: str) -> ServedVersion:
        if label:
            version = self.version_of_label(name, label)
        with self._lock:
            model = self._models.get(name)
            records = {} if model is None else model.versions
            available = {number: record.served for number, record in records.items() if record.served}
            number = max(available, default=None) if version is None else version
            served = None if number is None else available.get(number)
            if served is not None and served.acquire():
                return served
        request = f"Latest({name})" if version is None else f"Specific({name}, {version})"
        raise RefusedError(f"Servable not found for request: {request}", code="NOT_FOUND")

    def _check_labels(self, settings: ModelSettings) -> None:
        present = self._labels.get(settings.name, {})
        records = self._models[settings.name].versions if settings.name in self._models else {}
        for label, version in settings.labels.items():
            unused = present.get(label, version) == version
            if self._any_labels_free or (self._new_labels_free and unused):
                continue
            if version not in records or records[version].state is not State.AVAILABLE:
                raise RefusedError(
                    f"Request to assign label to version {version} of model {settings.name}, which is not "
                    "currently available for inference",
                    code="FAILED_PRECONDITION",
                )

    def _reconcile(self, name: str) -> None:
        model = self._models[name]
        try:
            on_disk = versions_on_disk(model.settings.base_path)
        except UsageError as error:
            if model.problem != str(error):
                self._log(f"{name}: {error}")
            model.problem = str(error)
            return
        model.problem = ""
        wanted = model.settings.policy.choose(frozenset(on_disk))
        for version in sorted(wanted):
            self._bring(name, model, version, on_disk[version])
        with self._lock:
            held = {number for number, record in model.versions.items() if record.served}
            # Where every wanted version is broken, what is held goes on answering.
            if not wanted or held & wanted:
                self._retire(name, model, held - wanted)

    def _bring(self, name: str, model: _Model, version: int, folder: Path) -> None:
        """Load a version unless it is loaded, or is known to be broken and has not changed since."""
        known = model.versions.get(version)
        if known is not None and known.stamp and known.served is not None:
            return
        stamp = _stamp(folder)
        if known is not None and known.stamp == stamp:
            return
        record = VersionRecord(State.LOADING, stamp=stamp, served=known.served if known else None)
        with self._lock:
            model.versions[version] = record
        try:
            loaded = self._load(name, version, folder)
        except Exception as error:  # noqa: BLE001  whatever a version sets off, the others go on
            reason = str(error) if isinstance(error, CbvsynthError) else _unforeseen(error, folder)
            self._log(f"{name} version {version} is not served: {reason}")
            with self._lock:
                record.state = State.AVAILABLE if record.served else State.END
                record.error = reason
            return

        def freed() -> None:
            with self._lock:
                if record.state is State.UNLOADING:
                    record.state = State.END
            self._log(f"{name} version {version} is unloaded")

        with self._lock:
            previous, record.served = record.served, ServedVersion(version, loaded, freed)
            record.state = State.AVAILABLE
        if previous is not None:
            previous.retire()
        self._log(f"{name} version {version} is available")

    def _retire(self, name: str, model: _Model, versions: set[int]) -> None:
        for version in versions:
            record = model.versions[version]
            served, record.served = record.served, None
            if served is not None:
                self._log(f"{name} version {version} is let go")
                record.state, record.stamp = State.UNLOADING, ()
                served.retire()


def _unforeseen(error: Exception, folder: Path) -> str:
    return (
        f"version {folder.name} cannot be loaded and warmed up ({own_reason(error, folder)}); expected a "
        "model that this server can run. Export it again."
    )


def version_number(digits: str) -> int | None:
    """The version that digits name; None beyond 64 bits, which the protocol does not carry."""
    # Cut: Python reads no more than 4300 digits.
    number = int(digits.lstrip("0")[:20] or "0")
    return number if number <= _LARGEST_VERSION else None


def versions_on_disk(base_path: Path) -> dict[int, Path]:
    """A model's folders with whole numbers of 64 bits as names; of 1 and 001, which are one, the shorter.

    Everything else is left alone: longer numbers, as the production server does, and hidden folders, since
    sync copies under such a name, then renames.

    Raises:
        UsageError: the folder is missing or cannot be read.
    """
    try:
        entries = sorted(
            (entry for entry in base_path.iterdir() if entry.name.isascii() and entry.name.isdigit()),
            key=lambda entry: len(entry.name),
            reverse=True,
        )
        numbers = ((version_number(entry.name), entry) for entry in entries if entry.is_dir())
        return {number: entry for number, entry in numbers if number is not None}
    except OSError as error:
        raise UsageError(
            f"the base path '{base_path.name}' cannot be read ({error.strerror}); expected a folder with one "
            "folder per version."
        ) from error


def _stamp(folder: Path) -> Stamp:
    """Changes whenever a file of the version is replaced, added or written to."""
    stamps: list[int] = []
    try:
        inside = sorted(folder.rglob("*"))
    except OSError:  # it goes away at this moment, or cannot be read
        inside = []
    for path in (folder, *inside):
        try:
            facts = path.stat()
        except OSError:
            stamps.append(0)
        else:
            stamps += [facts.st_ino, facts.st_mtime_ns, facts.st_size]
    return tuple(stamps)
