"""A tiny raw study with a manifest of its own and decisions of validate, made in milliseconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from cbvsynth.config import PreprocessConfig
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import SplitStrata
from cbvsynth.domain.sequences import PAPER_SEQUENCES, TargetUnit
from cbvsynth.domain.volume import Volume
from cbvsynth.records.decisions import Decision, write_decisions
from cbvsynth.study.manifest import write_manifest
from cbvsynth.study.nifti import write_volume

SHAPE = (12, 14, 8)
AFFINE = np.array([[-4.0, 0, 0, 22], [0, 4, 0, -26], [0, 0, 5, -17.5], [0, 0, 0, 1]])


def brain() -> np.ndarray:
    middle, radius = (np.array(SHAPE) - 1) / 2, np.array(SHAPE) * 0.45
    distance = (np.indices(SHAPE) - middle[:, None, None, None]) / radius[:, None, None, None]
    return (distance**2).sum(axis=0) < 1


def stored_image(role: str, seed: int) -> np.ndarray:
    """Values as in the file: ADC about 900, CBV about 3 with a few negative voxels.

    Only FLAIR is without its skull, by which the study counts as prepared and is not registered.
    """
    rng = np.random.default_rng([seed, *role.encode()])
    level = {"adc": 900.0, "cbv": 3.0}.get(role, 500.0)
    values = rng.normal(level, level / 5, SHAPE)
    if role == "cbv":
        values[5, 5:7, 4] = -1.0
    if role == "flair":
        values[~brain()] = 0.0
    return values.astype(np.float32)


class RawStudy:
    """Data root, decisions and config of a study of patients with one or two examinations each."""

    def __init__(self, folder: Path, patients: int = 6) -> None:
        self.data = folder / "data"
        self.config = PreprocessConfig(
            data=self.data,
            examinations=folder / "validate" / "examinations.csv",
            out=folder / "cache",
            split_strata=SplitStrata.NONE,
            held_out_share=0.5,
            seed=7,
            workers=1,
        )
        self.examinations = [
            self._examination(patient, session)
            for patient in range(patients)
            for session in range(1, 2 + patient % 2)
        ]
        self.dropped: dict[str, str] = {}
        self.save()

    def _examination(self, patient: int, session: int) -> Examination:
        subject = f"sub-{patient:02d}"
        folder = PurePosixPath(subject) / f"ses-{session}"
        paths = {role: folder / f"{role}.nii" for role in (*PAPER_SEQUENCES, "cbv", "mask", "seg")}
        for role, path in paths.items():
            data = brain() if role == "mask" else stored_image(role, 10 * patient + session)
            if role == "seg":
                data = np.zeros(SHAPE)
                data[5:8, 5:8, 3:5] = 2
            self.write(path, data)
        return Examination(
            exam_id=f"{subject}_ses-{session}",
            subject_id=subject,
            session_id=f"ses-{session}",
            inputs={sequence: paths[sequence] for sequence in PAPER_SEQUENCES},
            cbv=paths["cbv"],
            mask=paths["mask"],
            seg=paths["seg"],
            diagnosis=("glioma", "lymphoma")[patient % 2],
            target_unit=TargetUnit.ML_PER_100G,
        )

    def write(self, path: PurePosixPath, data: np.ndarray, affine: np.ndarray = AFFINE) -> None:
        """Write one image of the study."""
        write_volume(self.data / path, Volume(np.asarray(data, dtype=np.float32), affine))

    def change(self, index: int, **fields: object) -> None:
        """Replace fields of one examination in the manifest."""
        self.examinations[index] = replace(self.examinations[index], **fields)
        self.save()

    def save(self) -> None:
        """Write the manifest, and decisions about its examinations."""
        self.data.mkdir(parents=True, exist_ok=True)
        write_manifest(self.data / "manifest.csv", self.examinations)
        self.decide()

    def decide(self) -> None:
        """Write decisions: dropped with a reason, or accepted."""
        write_decisions(
            self.config.examinations,
            [
                Decision(one.exam_id, one.subject_id, one.session_id, "dropped", (self.dropped[one.exam_id],))
                if one.exam_id in self.dropped
                else Decision(one.exam_id, one.subject_id, one.session_id, "accepted")
                for one in self.examinations
            ],
        )
