"""Studies for plans, without a file, and settings for them."""

from __future__ import annotations

from pathlib import PurePosixPath

from cbvsynth.config import EvaluateConfig, PhantomConfig, PreprocessConfig, TrainConfig, ValidateConfig
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.sequences import ModelId, Sequence
from cbvsynth.planning.settings import RunSettings
from cbvsynth.planning.study import FOUND, PlannedStudy

IMAGE = PurePosixPath("image.nii")
DIAGNOSES = ("high-grade glioma", "metastasis")


def examination(number: int, **changed: object) -> Examination:
    """A complete one of a patient of its own."""
    plain: dict[str, object] = {
        "exam_id": f"sub-{number:02d}_ses-1",
        "subject_id": f"sub-{number:02d}",
        "session_id": "ses-1",
        "inputs": dict.fromkeys(Sequence, IMAGE),
        "cbv": IMAGE,
        "seg": IMAGE,
        "diagnosis": DIAGNOSES[number % 2],
    }
    return Examination(**{**plain, **changed})


def study(patients: int, **changed: object) -> PlannedStudy:
    return PlannedStudy(
        FOUND, "bids", tuple(examination(number, **changed) for number in range(patients)), 1000
    )


def settings(*models: str, **changed: object) -> RunSettings:
    """Settings of a run; `changed` replaces whole sections."""
    chosen = models or ("encdec-t1c", "fcgan-t1c-adc")
    sections: dict[str, object] = {
        "phantom": PhantomConfig(),
        "validate": ValidateConfig(),
        "preprocess": PreprocessConfig(),
        "train": TrainConfig(model=chosen[0], epochs=10),
        "evaluate": EvaluateConfig(),
    }
    return RunSettings(**{**sections, **changed}, models=tuple(ModelId.parse(model) for model in chosen))
