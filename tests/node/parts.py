"""The node's parts without its threads: a test says when is received, worked and sent."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from pydicom import dcmread

from cbvsynth.client import CbvClient
from cbvsynth.client.synthesis import Prediction, synthesise
from cbvsynth.node.files import Files
from cbvsynth.node.journal import Journal, Row
from cbvsynth.node.reception import Answer, Received, Reception
from cbvsynth.node.settings import NodeSettings
from cbvsynth.node.work import Worker
from tests.study.dicom.dicom_files import T1, T1C, write_series

NAME, PATIENT = "MUELLER", "4711"
"""Of whom the files of the tests are said to be."""


def write_study(folder: Path, study: str = "1.2.3.4", patient: str = PATIENT) -> list[Path]:
    """T1 and T1C of one examination, 16 files."""
    return [
        *write_series(folder, T1, number=1, study=study, patient=patient),
        *write_series(folder, T1C, number=2, study=study, patient=patient, time="101500"),
    ]


@dataclass
class Node:
    """Receives files as if they had come by C-STORE."""

    folder: Path
    more: dict[str, Any] = field(default_factory=dict)
    synthesis: Any = None
    is_alive: bool = True

    def __post_init__(self) -> None:
        given = {
            "pacs": "PACS@localhost:1",
            "allowed": ("PACS",),
            "quiet_s": 0.1,
            "retry_s": 0.1,
            **self.more,
        }
        self.settings = NodeSettings(folder=self.folder, **given)
        self.files = Files(self.folder)
        self.journal = Journal(self.folder)
        self.files.clean(self.journal.files(), self.journal.results())
        self.journal.recover()
        self.reception = Reception(self.settings, self.files, self.journal)
        self.stop = Event()
        self.worker = Worker(self.settings, self.files, self.journal, self.synthesis, self.stop)

    def receive(self, paths: Iterable[Path], sender: str = "PACS") -> list[Answer]:
        answers = []
        for number, path in enumerate(paths):
            header = dcmread(path, stop_before_pixels=True, force=True)
            copy = self.files.incoming / f"{number}.dcm"
            shutil.copyfile(path, copy)
            uid = str(header.get("SOPInstanceUID", ""))
            answers.append(
                self.reception.take(Received(copy, str(header.get("SOPClassUID", "")), uid, sender))
            )
            copy.unlink(missing_ok=True)
        return answers

    def work(self, later_s: float = 1.0) -> bool:
        """Work on what is quiet after so many seconds; whether there was something."""
        work = self.journal.take(self.settings.quiet_s, time.time() + later_s)
        if work is not None:
            self.worker.work(work)
        return work is not None

    def row(self, number: int = 1) -> Row:
        return next(row for row in self.journal.rows() if row.number == number)

    def kill(self) -> None:
        """What remains of it is what is on the disk."""
        if self.is_alive:
            self.is_alive = False
            self.journal.close()
            self.files.close()


def synthesis_of(client: CbvClient) -> Any:
    def synthesis(prepared: Any) -> Prediction:
        return synthesise(prepared, client.models)

    return synthesis
