"""Independent random streams: one for every purpose of every examination of every patient."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

PATIENT_LEVEL = 0
"""Session number of what stays the same over a patient's examinations."""


class Purpose(IntEnum):
    """What a stream is drawn for; adding a purpose leaves all other streams as they were."""

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


def stream(seed: int, patient: int, session: int, purpose: Purpose) -> np.random.Generator:
    """The random generator of one purpose; `session` is `PATIENT_LEVEL` for what follow-ups share."""
    return np.random.default_rng([seed, patient, session, int(purpose)])
