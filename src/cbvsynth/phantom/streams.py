"""Independent random streams: one for every purpose of every examination of every patient."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

_ALL_SESSIONS = 0


class Purpose(IntEnum):
    """What a stream is drawn for; a purpose that is added leaves all other streams as they were."""

    PERSON = 1
    ANATOMY = 2
    VESSELS = 3
    PERFUSION = 4
    LESION = 5
    LESION_TEXTURE = 6
    COURSE = 7
    TISSUE = 8
    COIL = 9
    NOISE = 10
    BOOKEND = 11
    FAULT = 12
    HEAD = 13
    POSE = 14
    PLANNING = 15
    RAW_COIL = 16
    BLOOD_FLOW = 17
    VARIETY = 18


@dataclass(frozen=True)
class Streams:
    """The random generators of one examination; patients and sessions count from 1."""

    seed: int
    patient: int
    session: int = 1

    def of_patient(self, purpose: Purpose) -> np.random.Generator:
        """A stream that all examinations of the patient share."""
        return self._generator(_ALL_SESSIONS, purpose)

    def of_session(self, purpose: Purpose, session: int | None = None) -> np.random.Generator:
        """A stream of this examination, or of another session of the same patient."""
        return self._generator(self.session if session is None else session, purpose)

    def _generator(self, session: int, purpose: Purpose) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.patient, session, int(purpose)])
