"""`cbvsynth serving sync`: from the model registry to the folder that a prediction server reads."""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import dataclass, field
from types import FrameType
from typing import NoReturn

from cbvsynth.entrypoint import storage_error
from cbvsynth.errors import CbvsynthError, ModelError, RegistryError, ServingError, UsageError
from cbvsynth.records.selection import Selection
from cbvsynth.registry.served import ServedState, download_saved_model, read_aliases, read_served_state
from cbvsynth.registry.store import Registry, open_registry
from cbvsynth.registry.versions import ModelVersion
from cbvsynth.sync.options import SyncOptions
from cbvsynth.sync.plan import plan, without_previous
from cbvsynth.sync.publish import ServerConfirm, publish, require_right, withdraw
from cbvsynth.sync.repository import Content, Repository
from cbvsynth.sync.status import SyncStatus, answering

_MOST_PAUSES = 4


@dataclass
class Sync:
    """One sync at work. It remembers what it has checked, so that a quiet round costs one request."""

    options: SyncOptions
    registry: Registry
    repository: Repository
    checked: set[str] = field(default_factory=set)
    """Digests of the versions whose files were compared by this process."""
    confirmed: set[str] = field(default_factory=set)
    """Digests of the versions that the server answers rightly for."""
    settled: tuple[dict[str, int], str] | None = None
    """The registry's aliases and models.config at the end of the last round that went well."""

    def round(self) -> None:
        """Bring the folder to what the registry says.

        Raises:
            RegistryError: the registry does not answer, has no champion, or does not give a version.
            ModelError: a version is not what was promoted; nothing of this round was published.
            ServingError: the server did not load the new versions.
            StorageError: the disk does not take them.
        """
        aliases = read_aliases(self.registry)
        if self.settled == (aliases, self.repository.config_text()):
            return
        state = read_served_state(self.registry)
        wanted = plan(self.options.registered_name, state, self.options.mode)
        before = self._loaded()
        try:
            self._bring(state, wanted, before)
        except ModelError as error:
            lesser = without_previous(wanted)
            if lesser == wanted:
                raise
            self._bring(state, lesser, before)
            print(
                f"{error} That was said of what is kept to go back to; the others are served without it.",
                file=sys.stderr,
                flush=True,
            )
            wanted = lesser
        needed = {one.version for one in wanted.versions} | before
        self.repository.prune(needed, self.options.keep)
        self.settled = (dict(state.aliases), self.repository.config_text())

    def _bring(self, state: ServedState, wanted: Selection, before: set[int]) -> None:
        """Have the wanted versions on the disk, then in the server and under their labels."""
        copied = [one.version for one in wanted.versions if self._ensure(state.versions[one.version])]
        confirm = ServerConfirm(self.options.server, self.options.wait_s) if self.options.server else None
        changed = publish(self.repository, wanted, confirm, lambda: time.sleep(self.options.interval_s))
        if before and changed and confirm is not None:
            self.confirmed |= {one.digest for one in wanted.versions if one.version not in before}
        self._tell(wanted, copied, changed=changed)
        if confirm is not None:
            self._confirm(wanted, confirm)

    def _ensure(self, version: ModelVersion) -> bool:
        if version.digest in self.checked and version.version in self.repository.present():
            return False
        copied = self.repository.ensure(
            version.version,
            _content(version),
            lambda target: download_saved_model(self.registry, version, target),
        )
        self.checked.add(version.digest)
        return copied

    def _confirm(self, wanted: Selection, confirm: ServerConfirm) -> None:
        """Replay what was not replayed yet: all after a start, also of versions that were there before."""
        open_ones = [one.version for one in wanted.versions if one.digest not in self.confirmed]
        if not open_ones:
            return
        wrong = confirm(self.repository, open_ones)
        withdraw(self.repository, wrong)
        require_right(self.repository, wrong)
        self.confirmed |= {one.digest for one in wanted.versions}
        print(f"{self.options.server} answers {len(open_ones)} golden requests rightly", flush=True)

    def _loaded(self) -> set[int]:
        try:
            present = self.repository.published()
        except ModelError as error:
            print(f"{error} It is written anew.", file=sys.stderr, flush=True)
            return set()
        return set() if present is None else {one.version for one in present.versions}

    def labels(self) -> dict[str, int]:
        """Each label and the version that it is on."""
        present = self.repository.published()
        return {} if present is None else dict(present.labels)

    def _tell(self, wanted: Selection, copied: list[int], *, changed: bool) -> None:
        labels = ", ".join(f"{label} is version {number}" for label, number in wanted.labels.items())
        state = "served now" if changed else "served as before"
        print(
            f"'{wanted.registered_name}': {labels}; versions loaded: {len(wanted.versions)}, for "
            f"{len(wanted.patterns)} of 31 sets of available sequences; copied: {len(copied)}; {state}",
            flush=True,
        )


def run(options: SyncOptions) -> None:
    """Sync once or until told to stop.

    Raises:
        CbvsynthError: as `Sync.round`, with --once; with --watch errors are printed and it is tried again.
    """
    root = options.base_path
    sync = Sync(
        options,
        open_registry(options.registered_name),
        Repository(root, options.registered_name, options.served_path or str(root.resolve())),
    )
    former = signal.signal(signal.SIGTERM, _stop_watching if options.watch else _stop_early)
    try:
        with sync.repository.lock():
            if options.watch:
                _watch_openly(sync)
            else:
                sync.round()
    finally:
        signal.signal(signal.SIGTERM, former)


def _watch_openly(sync: Sync) -> NoReturn:
    """Watch, and say how it goes where a port is given for it."""
    status = SyncStatus()
    if not sync.options.status_port:
        _watch(sync, status)
    with answering(sync.options.status_port, status, lambda: bool(sync.repository.config_text())):
        _watch(sync, status)


def _watch(sync: Sync, status: SyncStatus) -> NoReturn:
    pauses = 1
    while True:
        try:
            sync.round()
            status.succeeded(sync.labels())
            pauses = 1
        except UsageError:
            raise
        except (CbvsynthError, OSError) as error:
            status.failed()
            shown = storage_error(error) if isinstance(error, OSError) else error
            wait_s = pauses * sync.options.interval_s
            print(
                f"error: {shown} What is served stays; next look in {wait_s:g} s.",
                file=sys.stderr,
                flush=True,
            )
            # A server or registry that is not there may be back soon; a bad model stays bad for longer.
            patient = isinstance(error, (RegistryError, ServingError))
            pauses = 1 if patient else min(2 * pauses, _MOST_PAUSES)
            time.sleep(wait_s)
            continue
        time.sleep(sync.options.interval_s)


def _content(version: ModelVersion) -> Content:
    try:
        digests = json.loads(version.tags.get("saved_model_sha256", "{}"))
    except ValueError:
        digests = {}
    return Content({str(path): str(digest) for path, digest in digests.items()}, version.digest)


def _stop_watching(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM is what Kubernetes says for stop; at any moment it costs no more than the work in hand."""
    print("stopped; what is served stays", file=sys.stderr, flush=True)
    raise SystemExit(0)


def _stop_early(_number: int, _frame: FrameType | None) -> NoReturn:
    """As `_stop_watching`, but with --once the work is not done."""
    print("stopped before the end; start again to go on", file=sys.stderr, flush=True)
    raise SystemExit(128 + signal.SIGTERM)
