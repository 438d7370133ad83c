"""Studies that have gone quiet, one after the other: each becomes a result, or is kept with its reason."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from threading import Event

from cbvsynth.client.request import Stage
from cbvsynth.errors import (
    CbvsynthError,
    RegistryError,
    ServingError,
    StorageError,
    UnreachableError,
)
from cbvsynth.node.files import Files
from cbvsynth.node.journal import Journal, Object, Work
from cbvsynth.node.settings import NodeSettings
from cbvsynth.node.synthesis import Result, Synthesis, make_result
from cbvsynth.records.storage import flush

MOST_ATTEMPTS = 10
"""How often a study is begun that ends the process, or is refused by a server. Our choice: a node that is
killed a few times, as by a machine that is short of memory, is not to give up a study for it."""
_LOOK_S = 0.5
_NOT_ITS_FAULT = (UnreachableError, RegistryError, StorageError)


class Stopped(Exception):  # noqa: N818  no error: the node was told to stop
    """The node ends; the study is begun again after the next start."""


class Worker:
    """Makes results until it is told to stop."""

    def __init__(
        self, settings: NodeSettings, files: Files, journal: Journal, synthesis: Synthesis, stop: Event
    ) -> None:
        self._settings, self._files, self._journal = settings, files, journal
        self._synthesis, self._stop = synthesis, stop

    def run(self) -> None:
        """Work on what has been quiet for long enough, the oldest first."""
        while not self._stop.is_set():
            work = self._journal.take(self._settings.quiet_s, time.time())
            if work is None:
                self._stop.wait(_LOOK_S)
            else:
                self.work(work)

    def work(self, work: Work) -> None:
        """Make the result of one study, and note it or why there is none."""
        problem = _hopeless(work)
        if problem:
            self._fail(work, problem)
            return
        print(f"study {work.number}: quiet, a map is being made", flush=True)
        target = self._files.map(work.digest, work.maps + 1)
        shutil.rmtree(target, ignore_errors=True)  # of a process that was killed before it was noted
        try:
            result = self._make(work, target)
        except Stopped:
            self._journal.later(work, "", 0.0, counted=False)
        except (CbvsynthError, OSError) as error:
            self._not_made(work, error)
        except Exception as error:  # noqa: BLE001  the queue goes on
            # Where it happened, without the exception's words, which may quote a header.
            print("".join(traceback.format_tb(error.__traceback__)), type(error).__name__, file=sys.stderr)
            self._fail(work, "The node failed over it through a fault of its own; its log says where.")
        else:
            self._note(work, target, result)

    def _not_made(self, work: Work, error: CbvsynthError | OSError) -> None:
        if isinstance(error, OSError):
            self._put_off(work, f"The disk: {error.strerror}.", counted=False)
        elif isinstance(error, _NOT_ITS_FAULT):
            self._put_off(work, str(error), counted=False)
        elif isinstance(error, ServingError) and work.attempts < MOST_ATTEMPTS:
            self._put_off(work, str(error), counted=True)
        else:
            self._fail(work, str(error))

    def _make(self, work: Work, target: Path) -> Result:
        def on_stage(_: Stage) -> None:
            if self._stop.is_set():
                raise Stopped

        with tempfile.TemporaryDirectory(dir=self._files.incoming) as scratch:
            return make_result(
                self._files.images(work.digest),
                work=Path(scratch),
                target=target,
                label=f"study {work.number}",
                former=work.inputs,
                settings=self._settings,
                synthesis=self._synthesis,
                on_stage=on_stage,
            )

    def _note(self, work: Work, target: Path, result: Result) -> None:
        if not result.files:
            self._journal.nothing_new(work, time.time())
            print(f"study {work.number}: what came late changes no image of its map", flush=True)
            return
        for path in result.files:
            flush(path)
        for folder in {target.parent, *(path.parent for path in result.files)}:
            flush(folder)
        objects = [
            Object(_sop_uid(path), path.relative_to(self._files.folder).as_posix(), path.stat().st_size)
            for path in result.files
        ]
        if self._journal.made(work, result.inputs, objects, time.time()):
            print(f"study {work.number}: {len(objects)} objects made, to be sent", flush=True)
        else:
            shutil.rmtree(target, ignore_errors=True)
            print(f"study {work.number}: more has come meanwhile; begun again when it is quiet", flush=True)

    def _put_off(self, work: Work, reason: str, *, counted: bool) -> None:
        wait = back_off(self._settings, work.attempts)
        self._journal.later(work, reason, time.time() + wait, counted=counted)
        print(f"study {work.number}: again in {wait:.0f} s: {reason}", file=sys.stderr, flush=True)

    def _fail(self, work: Work, reason: str) -> None:
        self._journal.failed(work, reason, time.time())
        print(f"study {work.number}: no map: {reason}", file=sys.stderr, flush=True)


def _hopeless(work: Work) -> str:
    """Why a study is not begun; empty where it is."""
    if work.missing:
        return (
            f"{work.missing} of its objects were deleted after its map was sent, and others came since. "
            "Send the whole study again."
        )
    if work.attempts > MOST_ATTEMPTS:
        return (
            f"The node was ended {MOST_ATTEMPTS} times while it worked on it. Look at its memory and its "
            "log, then send the study again."
        )
    return ""


def back_off(settings: NodeSettings, attempt: int) -> float:
    """Time before the next try after so many, seconds."""
    doubled = settings.retry_s * 2.0 ** min(attempt - 1, 30)
    return min(max(doubled, settings.retry_s), max(settings.retry_max_s, settings.retry_s))


def _sop_uid(path: Path) -> str:
    from pydicom import dcmread

    return str(dcmread(path, specific_tags=["SOPInstanceUID"], stop_before_pixels=True).SOPInstanceUID)
