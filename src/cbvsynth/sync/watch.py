"""`cbvsynth serving sync`: once, or again and again until told to stop."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType
from typing import NoReturn

from cbvsynth.entrypoint import storage_error
from cbvsynth.errors import CbvsynthError, RegistryError, ServingError, UsageError
from cbvsynth.registry.store import open_registry
from cbvsynth.sync.follower import Follower
from cbvsynth.sync.options import SyncOptions
from cbvsynth.sync.repository import Repository
from cbvsynth.sync.status import SyncStatus, answering

_MOST_PAUSES = 4
"""Of the interval: how long to wait after a bad champion, which stays bad until somebody acts."""


def run(options: SyncOptions) -> None:
    """Sync once or until told to stop.

    Raises:
        CbvsynthError: as `Follower.round`, with --once; with --watch it is printed and tried again.
    """
    root = options.base_path
    follower = Follower(
        options,
        open_registry(options.registered_name),
        Repository(root, options.registered_name, options.served_path or str(root.resolve())),
    )
    former = signal.signal(signal.SIGTERM, _stop_watching if options.watch else _stop_early)
    try:
        with follower.repository.lock():
            if options.watch:
                _watch_openly(follower)
            else:
                follower.round()
    finally:
        signal.signal(signal.SIGTERM, former)


def _watch_openly(follower: Follower) -> NoReturn:
    """Watch, and report over HTTP if a port is given for it."""
    status = SyncStatus()
    if not follower.options.status_port:
        _watch(follower, status)
    with answering(follower.options.status_port, status, lambda: bool(follower.repository.config_text())):
        _watch(follower, status)


def _watch(follower: Follower, status: SyncStatus) -> NoReturn:
    pauses = 1
    while True:
        try:
            follower.round()
            status.succeeded(follower.labels())
            pauses = 1
        except UsageError:
            raise
        except (CbvsynthError, OSError) as error:
            status.failed()
            shown = storage_error(error) if isinstance(error, OSError) else error
            wait_s = pauses * follower.options.interval_s
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
        time.sleep(follower.options.interval_s)


def _stop_watching(_number: int, _frame: FrameType | None) -> NoReturn:
    """Kubernetes stops a container with SIGTERM; whenever it comes, only the round in progress is lost."""
    print("stopped; what is served stays", file=sys.stderr, flush=True)
    raise SystemExit(0)


def _stop_early(_number: int, _frame: FrameType | None) -> NoReturn:
    """As `_stop_watching`, but under --once the work is unfinished, so the exit code says so."""
    print("stopped before the end; start again to go on", file=sys.stderr, flush=True)
    raise SystemExit(128 + signal.SIGTERM)
