"""Who is examined, when, with which diagnosis and which planted fault."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np

from cbvsynth.config import PhantomConfig
from cbvsynth.domain.options import Contrast, Entry, FileFormat, Mix, Strength, Switch
from cbvsynth.errors import UsageError
from cbvsynth.phantom.faults import ALIGNED_FAULTS, Fault
from cbvsynth.phantom.grid import Grid
from cbvsynth.phantom.signals import USUAL_DELAY_MINUTES
from cbvsynth.phantom.streams import Purpose, Streams
from cbvsynth.phantom.tissues import Diagnosis

YOUNGEST, OLDEST = 19, 88
"""Ages in years; the paper left out patients under 18."""

_EACH = (
    Diagnosis.HIGH_GRADE_GLIOMA,
    Diagnosis.METASTASIS,
    Diagnosis.LOW_GRADE_GLIOMA,
    Diagnosis.RADIONECROSIS,
    Diagnosis.LYMPHOMA,
)
_TURN = {
    Mix.USUAL: (
        *_EACH,
        Diagnosis.HIGH_GRADE_GLIOMA,
        Diagnosis.METASTASIS,
        Diagnosis.HIGH_GRADE_GLIOMA,
        Diagnosis.LOW_GRADE_GLIOMA,
        Diagnosis.HIGH_GRADE_GLIOMA,
    ),
    Mix.EVEN: (
        *_EACH,
        Diagnosis.HIGH_GRADE_GLIOMA,
        Diagnosis.METASTASIS,
        Diagnosis.LYMPHOMA,
        Diagnosis.RADIONECROSIS,
        Diagnosis.HIGH_GRADE_GLIOMA,
    ),
}
"""Diagnoses of ten patients in a row: all five among the first five."""
_MEAN_AGE = {
    Diagnosis.HIGH_GRADE_GLIOMA: 60,
    Diagnosis.LOW_GRADE_GLIOMA: 42,
    Diagnosis.METASTASIS: 62,
    Diagnosis.RADIONECROSIS: 55,
    Diagnosis.LYMPHOMA: 64,
}
_SESSIONS_EVERY = 3


@dataclass(frozen=True)
class StudySettings:
    """What determines a study: equal settings give equal bytes.

    Raises:
        UsageError: no patients, a negative number, or a grid that `Grid` refuses.
    """

    patients: int = 40
    matrix: int = 64
    slices: int = 8
    damaged: int = 8
    seed: int = 2023
    entry: Entry = Entry.ALIGNED
    format: FileFormat = FileFormat.NIFTI
    displacement_mm: float = 10.0
    displacement_degrees: float = 10.0
    strength: Strength = Strength.FULL
    t1c_delay_minutes: float = USUAL_DELAY_MINUTES
    asl: Switch = Switch.OFF
    mix: Mix = Mix.USUAL
    contrast: Contrast = Contrast.USUAL

    @classmethod
    def of(cls, config: PhantomConfig) -> StudySettings:
        """What a command line asks for."""
        return cls(**{field.name: getattr(config, field.name) for field in fields(cls)})

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> StudySettings:
        """What `record` wrote."""
        words: dict[str, type[StrEnum]] = {
            "entry": Entry,
            "format": FileFormat,
            "strength": Strength,
            "asl": Switch,
            "mix": Mix,
            "contrast": Contrast,
        }
        values: dict[str, Any] = {
            name: words[name](value) if name in words else value for name, value in record.items()
        }
        return cls(**values)

    def record(self) -> dict[str, object]:
        """All settings that a study of the first version had, and of the later ones what was chosen."""
        plain = StudySettings()
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name in _FIRST or getattr(self, field.name) != getattr(plain, field.name)
        }

    def __post_init__(self) -> None:
        if self.patients < 1:
            raise UsageError(f"patients is {self.patients}; a study has at least 1.")
        for name in ("damaged", "seed"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be 0 or more.")
        Grid(self.matrix, self.slices)


_FIRST = ("patients", "matrix", "slices", "damaged", "seed")


@dataclass(frozen=True)
class Person:
    """A row of participants.tsv; grade is the WHO grade, n/a for what is not a glioma."""

    participant_id: str
    age: int
    sex: str
    diagnosis: Diagnosis
    grade: str


@dataclass(frozen=True)
class PlannedExamination:
    """One examination to be drawn; patients and sessions count from 1."""

    patient: int
    session: int
    diagnosis: Diagnosis
    fault: Fault | None
    strength: Strength = Strength.FULL


def plan_study(settings: StudySettings) -> tuple[PlannedExamination, ...]:
    """All examinations, by patient and session; patients with a planted fault come last.

    Every third patient is examined twice. Each faulty examination has a patient of its own.
    """
    sound = tuple(
        PlannedExamination(patient, session, diagnosis_of(patient, settings.mix), None)
        for patient in range(1, settings.patients + 1)
        for session in range(1, sessions_of(patient) + 1)
    )
    kinds = ALIGNED_FAULTS if settings.entry is Entry.ALIGNED else tuple(Fault)
    kinds = tuple(kind for kind in kinds if settings.strength in kind.strengths)
    faulty = tuple(
        PlannedExamination(
            patient,
            1,
            diagnosis_of(patient, settings.mix),
            kinds[number % len(kinds)],
            settings.strength,
        )
        for number, patient in enumerate(
            range(settings.patients + 1, settings.patients + settings.damaged + 1)
        )
    )
    return sound + faulty


def sessions_of(patient: int) -> int:
    """Number of examinations of a patient without a fault."""
    return 2 if patient % _SESSIONS_EVERY == 0 else 1


def diagnosis_of(patient: int, mix: Mix = Mix.USUAL) -> Diagnosis:
    """Diagnosis of a patient; all five occur among any five patients that start a ten."""
    turn = _TURN[mix]
    return turn[(patient - 1) % len(turn)]


def person_of(settings: StudySettings, patient: int) -> Person:
    """What participants.tsv says about a patient."""
    rng = Streams(settings.seed, patient).of_patient(Purpose.PERSON)
    diagnosis = diagnosis_of(patient, settings.mix)
    age = int(np.clip(_MEAN_AGE[diagnosis] + 12 * rng.standard_normal(), YOUNGEST, OLDEST))
    sex = "F" if rng.random() < 0.5 else "M"
    high = "4" if rng.random() < 0.7 else "3"
    grade = {Diagnosis.HIGH_GRADE_GLIOMA: high, Diagnosis.LOW_GRADE_GLIOMA: "2"}.get(diagnosis, "n/a")
    return Person(participant_label(settings, patient), age, sex, diagnosis, grade)


def participant_label(settings: StudySettings, patient: int) -> str:
    """BIDS label of a patient, as in sub-007; wide enough for the whole study."""
    width = max(3, len(str(settings.patients + settings.damaged)))
    return f"sub-{patient:0{width}d}"
