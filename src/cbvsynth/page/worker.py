"""One examination after the other out of the queue; what is queued lies on the disk, not here."""

from __future__ import annotations

import shutil
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from threading import Event, Thread

from cbvsynth.client.preparation import examination_of_files, prepare_files
from cbvsynth.client.request import PreparedExamination, Stage
from cbvsynth.client.synthesis import Prediction
from cbvsynth.domain.sequences import Sequence
from cbvsynth.entrypoint import storage_error
from cbvsynth.errors import CbvsynthError
from cbvsynth.page.dicom_files import keep_dicom, reference_of
from cbvsynth.page.measured import Measured
from cbvsynth.page.results import RESULTS, VIEW, keep_results
from cbvsynth.page.settings import PageSettings
from cbvsynth.page.studies import ACTIVE, State, Store, Study
from cbvsynth.page.wording import for_a_visitor

_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_BETWEEN_SWEEPS = 60.0
_UNEXPECTED = "The page failed over this examination through a fault of its own; its log says where."


class Cancelled(Exception):  # noqa: N818  no error: a person asked for it
    """The person does not want the map any more, or deleted the examination."""


class Worker:
    """A thread that makes maps, and deletes what has been kept long enough."""

    def __init__(
        self,
        store: Store,
        synthesis: Callable[[PreparedExamination], Prediction],
        warm: Callable[[], None],
        settings: PageSettings,
    ) -> None:
        self._store = store
        self._synthesis = synthesis
        self._warm = warm
        self._cards = settings.model_cards
        self._keep_hours = settings.keep_hours
        self._uids = settings.new_uids
        self._stop = Event()
        self._wake = Event()
        self._thread = Thread(target=self._run, name="synthesis", daemon=True)

    def start(self) -> None:
        """Begin, with what a killed process left first."""
        self._store.requeue()
        self._thread.start()

    def stop(self) -> None:
        """End after the present stage; what is unfinished is done again after the next start."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=10.0)

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    def _run(self) -> None:
        swept = 0.0
        try:
            self._warm()
        except CbvsynthError as error:  # said again, to the visitor, when a map is asked for
            print(f"warning: {error}", file=sys.stderr)
        while not self._stop.is_set():
            if time.monotonic() - swept > _SECONDS_BETWEEN_SWEEPS or not swept:
                self._store.delete_older(self._keep_hours)
                swept = time.monotonic()
            study = self._store.next_queued()
            if study is None:
                self._wake.wait(_SECONDS_BETWEEN_LOOKS)
                self._wake.clear()
            else:
                self._work(study)

    def _work(self, study: Study) -> None:
        try:
            result = self._map(study)
        except Cancelled:
            state = State.QUEUED if self._stop.is_set() else State.CANCELLED
            self._end(study, state)
        except CbvsynthError as error:
            self._end(study, State.FAILED, for_a_visitor(str(error)))
        except OSError as error:
            self._end(study, State.FAILED, str(storage_error(OSError(error.errno, error.strerror))))
        except Exception:  # noqa: BLE001  the queue goes on
            traceback.print_exc(file=sys.stderr)
            self._end(study, State.FAILED, _UNEXPECTED)
        else:
            self._store.change(
                study.id, lambda one: replace(one, state=State.DONE, stage="", error="", result=result)
            )
        finally:
            if self._store.get(study.id) is None:  # deleted meanwhile: what was written since goes, too
                shutil.rmtree(self._store.folder(study.id), ignore_errors=True)

    def _end(self, study: Study, state: State, error: str = "") -> None:
        self._store.change(
            study.id, lambda one: replace(one, state=state, stage="", error=error, cancel=False)
        )

    def _map(self, study: Study) -> dict[str, object]:
        watch = _Watch(self._store, study.id, self._stop)
        folder = self._store.folder(study.id)
        for place in (VIEW, RESULTS):  # of a map that was cancelled, or whose process was killed
            shutil.rmtree(folder / place, ignore_errors=True)
        files = {role: folder / name for role, name in study.images.items() if role in (*Sequence, "mask")}
        rows = {row.role: row for row in study.rows if row.role}
        root, examination = examination_of_files(files, f"examination {study.number}")
        examination = replace(
            examination,
            scales={role: row.scale for role, row in rows.items()},
            orientation=study.orientation,
        )
        prepared = prepare_files(root, examination, preferred=reference_of(study), on_stage=watch.begin)
        watch.begin(Stage.SYNTHESIS)
        made = self._synthesis(prepared)
        measured = study.images.get("cbv")
        real = Measured(folder / measured, rows["cbv"].scale, rows["cbv"].unit) if measured else None
        result = keep_results(folder, made, real, self._cards, files[prepared.reference])
        result["dicom"] = keep_dicom(folder, folder / RESULTS, made, study, self._uids)
        watch.end()
        return result


class _Watch:
    """Writes down which stage an examination is in, and ends it where a person asked for that."""

    def __init__(self, store: Store, study_id: str, stop: Event) -> None:
        self._store, self._id, self._stop = store, study_id, stop
        self._stage, self._since = "", time.monotonic()

    def begin(self, stage: Stage) -> None:
        """A stage begins, and the one before it is over."""
        self._change(stage.value)

    def end(self) -> None:
        """The last stage is over."""
        self._change("")

    def _change(self, stage: str) -> None:
        now = time.monotonic()
        over = {self._stage: round(now - self._since, 2)} if self._stage else {}
        self._stage, self._since = stage, now
        study = self._store.change(
            self._id,
            lambda one: (
                replace(one, state=State.RUNNING, stage=stage, stages={**one.stages, **over})
                if one.state in ACTIVE  # else it was cancelled just as it was taken out of the queue
                else one
            ),
        )
        if study is None or study.state not in ACTIVE or study.cancel or self._stop.is_set():
            raise Cancelled
