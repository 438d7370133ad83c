"""`python -m serving.sync`: from the model registry to the folder that a prediction server reads."""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

import tyro

from cbvsynth.entrypoint import run_program, storage_error
from cbvsynth.errors import CbvsynthError, ModelError, RegistryError, ServingError, UsageError
from cbvsynth.registry.served import ServedState, download_saved_model, read_aliases, read_served_state
from cbvsynth.registry.store import Registry, open_registry
from cbvsynth.registry.versions import ModelVersion
from serving.plan import Mode, plan, without_previous
from serving.publish import ServerConfirm, publish, require_right, withdraw
from serving.repository import Content, Repository
from serving.selection_file import Selection
from serving.sync_status import SyncStatus, answering

_MOST_PAUSES = 4


@dataclass(frozen=True)
class SyncOptions:
    """Bring what the model registry names to the folder that a prediction server reads.

    Every file is checked against the digests stored at promotion before it is published. The registry is
    the one of MLFLOW_TRACKING_URI, or mlflow.db here.
    """

    once: tyro.conf.UseCounterAction[int] = 0
    """Do it once and end."""
    watch: tyro.conf.UseCounterAction[int] = 0
    """Keep on doing it, until SIGTERM or Ctrl-C."""
    base_path: Path = Path("artifacts/models")
    """Folder for models.config, selection.json and the versions."""
    served_path: str = ""
    """The same folder as the server sees it, where it is mounted at another place; absolute."""
    registered_name: str = "cbvsynth"
    """Registered model."""
    mode: Mode = Mode.FALLBACK
    """champion: it and what it replaced. fallback: also the best for every set of available sequences.
    all: every version."""
    keep: int = 2
    """Versions that stay on the disk though they are served no more."""
    interval_s: float = 30.0
    """Seconds between two looks at the registry, and what a server may take to see a new models.config."""
    server: str = ""
    """Prediction server, host:port; labels then move as soon as it has loaded the new versions and answers
    their golden requests rightly. Without it they move after an interval."""
    wait_s: float = 300.0
    """Seconds that the server may take to load the new versions."""
    status_port: int = 0
    """With --watch: answer GET /started and /metrics on this port; 0: do not."""

    def __post_init__(self) -> None:
        if bool(self.once) == bool(self.watch):
            raise UsageError("Expected either --once or --watch.")
        if self.keep < 0 or self.interval_s <= 0 or self.wait_s <= 0:
            raise UsageError(
                f"keep is {self.keep}, interval_s is {self.interval_s:g} and wait_s is {self.wait_s:g}; "
                "expected 0 or more, and two numbers above 0."
            )
        if not 0 <= self.status_port <= 65535:
            raise UsageError(f"status_port is {self.status_port}; expected 0 to 65535.")


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


if __name__ == "__main__":
    sys.exit(run_program(SyncOptions, run, "python -m serving.sync"))
