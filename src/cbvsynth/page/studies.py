"""Examinations that visitors have given: one folder each, whose study.json says how far it has come.

    <folder>/studies/<32 hex digits>/study.json, files/0001.nii.gz ..., converted/, view/, results/

Files keep no name of their own on the disk: what they were called, which may be a patient's name, is only
in study.json and goes with it. A process that is killed finds everything again when it starts.
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from threading import RLock

import msgspec

from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import UsageError
from cbvsynth.page.names import Named
from cbvsynth.records.storage import write_json

_ID = re.compile(r"[0-9a-f]{32}")
_FILE = "study.json"


class State(StrEnum):
    """How far an examination has come."""

    UPLOADING = "uploading"
    RECOGNISED = "recognised"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = (State.QUEUED, State.RUNNING)


@dataclass(frozen=True)
class Upload:
    """A file as it was given: what it was called, and under which name it lies in files/.

    known: what it is, where the study that it was taken from says so.
    """

    name: str
    stored: str
    size: int
    known: Named | None = None


@dataclass(frozen=True)
class Row:
    """One image that was found, what it is taken as and why; a person may say otherwise.

    key: its number among the uploads, or of its DICOM series.
    role: t1 ... asl, mask, cbv; empty where it is left out.
    scale, unit: as in `Named`.
    """

    key: str
    name: str
    role: str
    reason: str
    scale: float = 1.0
    unit: TargetUnit | None = None


@dataclass(frozen=True)
class Region:
    """A region that was measured, in the map's unit and mL; None where nothing is there to compare.

    mirrored_mean: of the region in the other half of the brain. real_mean, real_95: of measured CBV.
    difference_mean: synthetic minus measured.
    interval_low, interval_high: of the mean, where the model says how sure it is. reading: of the interval at
    `threshold`, low, high or undecided; empty without one.
    """

    name: str
    voxels: int
    volume_ml: float
    mean: float
    percentile_95: float
    white_matter_mean: float | None
    ratio_mean: float | None
    ratio_95: float | None
    mirrored_mean: float | None = None
    ratio_mirrored: float | None = None
    real_mean: float | None = None
    real_95: float | None = None
    difference_mean: float | None = None
    interval_low: float | None = None
    interval_high: float | None = None
    reading: str = ""
    threshold: float | None = None


@dataclass(frozen=True)
class Study:
    """One examination, with everything that the page shows of it but its images.

    owner: digest of the session that it belongs to.
    stages: stage -> seconds it took, of those that are over.
    images: files in converted/ or files/ by role, relative to the study's folder.
    orientation: as in `Examination`.
    result: what the map rests on; empty before there is one.
    """

    id: str
    owner: str
    number: int
    created: float
    state: State = State.UPLOADING
    stage: str = ""
    stages: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    queued: float = 0.0
    cancel: bool = False
    uploads: tuple[Upload, ...] = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    orientation: str = ""
    result: Mapping[str, object] = field(default_factory=dict)
    regions: tuple[Region, ...] = ()


class Store:
    """All examinations. May be used by many threads of one process at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "studies"
        self._lock = RLock()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._studies: dict[str, Study] = {}
        for place in self._folder.iterdir():
            study = _read(place)
            # Killed while it was made or removed, or the browser had not sent everything.
            if study is None or study.state is State.UPLOADING:
                shutil.rmtree(place, ignore_errors=True)
            else:
                self._studies[study.id] = study

    def folder(self, study_id: str) -> Path:
        """Where a study lies."""
        assert _ID.fullmatch(study_id)
        return self._folder / study_id

    def create(self, owner: str, most: int) -> Study:
        """A new study of a session.

        Raises:
            UsageError: it has as many as it may have.
        """
        with self._lock:
            own = self.of(owner)
            if len(own) >= most:
                raise UsageError(
                    f"There are {len(own)} examinations, which is as many as there may be. Delete one first."
                )
            number = max((study.number for study in own), default=0) + 1
            study = Study(secrets.token_hex(16), owner, number, time.time())
            (self.folder(study.id) / "files").mkdir(parents=True, mode=0o700)
            return self._keep(study)

    def of(self, owner: str) -> list[Study]:
        """A session's studies, oldest first."""
        with self._lock:
            own = [study for study in self._studies.values() if study.owner == owner]
        return sorted(own, key=lambda study: study.number)

    def all(self) -> list[Study]:
        """Every session's studies."""
        with self._lock:
            return list(self._studies.values())

    def get(self, study_id: str) -> Study | None:
        """A study, whoever's it is; None where there is none."""
        with self._lock:
            return self._studies.get(study_id)

    def change(self, study_id: str, change: Callable[[Study], Study]) -> Study | None:
        """Replace a study by what `change` makes of it; None where it was deleted meanwhile."""
        with self._lock:
            study = self._studies.get(study_id)
            return None if study is None else self._keep(change(study))

    def add(self, study_id: str, upload: Upload) -> None:
        """Note a file; the disk is told when all have come, for there may be thousands."""
        with self._lock:
            study = self._studies.get(study_id)
            if study is not None:
                self._studies[study_id] = replace(study, uploads=(*study.uploads, upload))

    def delete(self, study_id: str) -> None:
        """Remove a study with all its files. One that is being worked on ends at its next stage."""
        with self._lock:
            self._studies.pop(study_id, None)
            place = self.folder(study_id)
            (place / _FILE).unlink(missing_ok=True)
            shutil.rmtree(place, ignore_errors=True)

    def delete_older(self, hours: float) -> int:
        """Remove what is older than so many hours; how many."""
        limit = time.time() - 3600.0 * hours
        old = [study.id for study in self.all() if study.created < limit]
        for study_id in old:
            self.delete(study_id)
        return len(old)

    def requeue(self) -> None:
        """Put what a killed process was working on back into the queue."""
        for study in self.all():
            if study.state is State.RUNNING:
                self.change(study.id, lambda one: replace(one, state=State.QUEUED, stage="", stages={}))

    def next_queued(self) -> Study | None:
        """The one that has waited longest."""
        waiting = [study for study in self.all() if study.state is State.QUEUED]
        return min(waiting, key=lambda study: study.queued, default=None)

    def _keep(self, study: Study) -> Study:
        write_json(self.folder(study.id) / _FILE, msgspec.to_builtins(study))
        self._studies[study.id] = study
        return study


def _read(place: Path) -> Study | None:
    try:
        study = msgspec.json.decode((place / _FILE).read_bytes(), type=Study)
    except (OSError, msgspec.MsgspecError):
        return None
    return study if study.id == place.name and _ID.fullmatch(study.id) else None
