"""The node as a program: everything is looked at before the port opens, and everything ends whole."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from threading import Event, Thread

from cbvsynth.errors import CbvsynthError
from cbvsynth.interruption import stop_deferred
from cbvsynth.node import encryption
from cbvsynth.node.delivery import Delivery
from cbvsynth.node.files import Files
from cbvsynth.node.journal import Journal
from cbvsynth.node.listening import Listening
from cbvsynth.node.reception import Reception
from cbvsynth.node.settings import NodeSettings
from cbvsynth.node.synthesis import Synthesis
from cbvsynth.node.work import Worker
from cbvsynth.study.dicom_output.uids import NewUids

_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_BETWEEN_SWEEPS_S = 60.0
_LOOK_S = 0.2


def run(settings: NodeSettings, synthesis: Synthesis, warm: Callable[[], None] = lambda: None) -> None:
    """Receive, make and send until told to stop.

    Args:
        settings: the flags.
        synthesis: makes a map.
        warm: does beforehand what would make the first map late.

    Raises:
        UsageError: a flag is wrong, another node has the folder, or the port is taken.
        StorageError: the folder cannot be written to, or its journal cannot be read.
        CbvsynthError: a part ended by itself.
    """
    settings.peer()
    NewUids(settings.uid_root)
    listens, sends = encryption.listening(settings), encryption.sending(settings)
    files, former = Files(settings.folder), tempfile.tempdir
    try:
        journal = Journal(settings.folder)
        files.clean(journal.files(), journal.results())
        journal.recover()
        # Whatever a library writes in passing holds a patient's images, too: it lies where it is cleared.
        tempfile.tempdir = str(files.incoming.resolve())
        stop = Event()
        port = Listening(settings, Reception(settings, files, journal).take, listens)
        delivery = Delivery(settings, journal, sends, stop)
        worker = Worker(settings, files, journal, synthesis, stop)
        threads = [
            Thread(target=delivery.run, name="delivery", daemon=True),
            Thread(target=_after(warm, worker.run), name="synthesis", daemon=True),
        ]
        with stop_deferred() as told:
            port.start()
            for thread in threads:
                thread.start()
            where = f"{settings.ae_title}@{settings.host}:{port.port}"
            print(f"the node is {where}; maps go to {settings.pacs}", flush=True)
            _watch(settings, files, journal, port, threads, told)
            print("told to stop: nobody else is let in, and what is open ends", flush=True)
            limit = time.monotonic() + settings.drain_s
            stop.set()
            port.stop(settings.drain_s)
            for thread in threads:
                thread.join(timeout=max(0.1, limit - time.monotonic()))
        print("stopped; what is left is done after the next start", flush=True)
    finally:
        tempfile.tempdir = former
        files.close()


def sweep(settings: NodeSettings, files: Files, journal: Journal, now: float) -> None:
    """Delete what has been kept for long enough."""
    with files.changing:
        for study in journal.let_go(
            now - settings.keep_hours * _HOUR_S, now - settings.keep_failed_days * _DAY_S
        ):
            files.delete(study)
    journal.forget(now - settings.remember_days * _DAY_S)
    files.remove_abandoned()


def _after(warm: Callable[[], None], run: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        try:
            warm()
        except CbvsynthError as error:  # said again when a map is to be made
            print(f"warning: {error}", file=sys.stderr, flush=True)
        run()

    return both


def _watch(  # noqa: PLR0913, PLR0917  the parts of the node
    settings: NodeSettings,
    files: Files,
    journal: Journal,
    port: Listening,
    threads: list[Thread],
    told: Callable[[], BaseException | None],
) -> None:
    """Sweep now and then, until told to stop."""
    swept = float("-inf")
    while told() is None:
        if time.monotonic() - swept > _BETWEEN_SWEEPS_S:
            sweep(settings, files, journal, time.time())
            swept = time.monotonic()
        ended = [thread.name for thread in threads if not thread.is_alive()]
        if ended or not port.is_alive():
            raise CbvsynthError(
                f"A part of the node ended by itself ({', '.join(ended) or 'port'}); what it said stands "
                "above. Nothing is lost: start the node again."
            )
        time.sleep(_LOOK_S)
