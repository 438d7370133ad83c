"""C-STORE: one object is judged, put onto the disk, noted, and only then answered for."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import time
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from cbvsynth.node.files import Files
from cbvsynth.node.journal import Journal
from cbvsynth.node.settings import NodeSettings
from cbvsynth.study.dicom.headers import OUR_MANUFACTURER, RAISED_BY_DAMAGE

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MR_CLASSES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.4",  # MR Image
        "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR Image
        "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR Image
    }
)
"""Storage classes that a map is made of. Source: DICOM PS3.4, B.5."""

LEAST_FREE_BYTES = 1 << 30
"""On the disk, below which nothing is taken: working on a study needs room, too. Our choice."""

_TAGS = ("SOPInstanceUID", "StudyInstanceUID", "Manufacturer", "Rows", "Columns", "NumberOfFrames")


class Answer(IntEnum):
    """Status of a C-STORE response. Source: DICOM PS3.4, table B.2-1."""

    SUCCESS = 0x0000
    NOT_KEPT = 0xB006
    """Elements discarded: all of them, for nothing is made of such an object."""
    NO_ROOM = 0xA700
    NOT_AS_SAID = 0xA900
    NOT_READ = 0xC000


@dataclass(frozen=True)
class Received:
    """One object as it came. path: a DICOM file that may be moved away."""

    path: Path
    sop_class: str
    sop_uid: str
    sender: str


class Reception:
    """Judges and keeps what senders bring. Used by many threads at the same time."""

    def __init__(self, settings: NodeSettings, files: Files, journal: Journal) -> None:
        self._settings, self._files, self._journal = settings, files, journal

    def take(self, received: Received) -> Answer:
        """Keep one object; success means that it is on the disk and in the journal.

        One that is there already is not kept twice, and one that comes from a node like this is not kept at
        all: a PACS that sends on what it gets would have it make maps of maps.
        """
        try:
            return self._take(received)
        except (OSError, sqlite3.Error) as error:
            print(f"error: an object was not kept ({type(error).__name__})", file=sys.stderr, flush=True)
            return Answer.NO_ROOM

    def _take(self, received: Received) -> Answer:
        if received.sop_class not in MR_CLASSES:
            return Answer.NOT_KEPT
        size = received.path.stat().st_size
        if self._is_full(size):
            return Answer.NO_ROOM
        header = _header(received.path)
        judged = Answer.NOT_READ if header is None else self._judge(received, header)
        if header is None or judged is not Answer.SUCCESS:
            return judged
        study = self._files.digest(str(header.StudyInstanceUID))
        instance = self._files.digest(received.sop_uid)
        with self._files.changing:
            if not self._journal.has(study, instance):
                if self._journal.instances_of(study) >= self._settings.max_instances:
                    return Answer.NO_ROOM
                self._files.keep(received.path, study, instance)
            self._journal.receive(study, instance, size, received.sender, time.time())
        return Answer.SUCCESS

    def _judge(self, received: Received, header: Dataset) -> Answer:
        if not header.get("StudyInstanceUID") or str(header.get("SOPInstanceUID")) != received.sop_uid:
            return Answer.NOT_AS_SAID
        if str(header.get("Manufacturer") or "").strip().lower() == OUR_MANUFACTURER:
            return Answer.NOT_KEPT
        within = 0 < _voxels(header) <= self._settings.max_voxels_million * 1e6
        return Answer.SUCCESS if within else Answer.NOT_AS_SAID

    def _is_full(self, size: int) -> bool:
        free = shutil.disk_usage(self._files.folder).free
        return (
            size > self._settings.max_instance_mb * 1e6
            or free < LEAST_FREE_BYTES
            or self._journal.bytes_here + size > self._settings.max_disk_gb * 1e9
        )


def _header(path: Path) -> Dataset | None:
    """What is looked at of a file; None where it cannot be read."""
    from pydicom import dcmread
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        header = dcmread(path, stop_before_pixels=True, specific_tags=list(_TAGS))
        _voxels(header)
    except (InvalidDicomError, BytesLengthException, *RAISED_BY_DAMAGE):
        return None
    return header


def _voxels(header: Dataset) -> int:
    """As many as it declares; 0 where it declares none."""
    frames = int(header.get("NumberOfFrames") or 1)
    return int(header.get("Rows") or 0) * int(header.get("Columns") or 0) * frames
