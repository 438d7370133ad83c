"""A small phantom study with one planted fault of every kind, measured once."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Register
from cbvsynth.phantom.faults import ALIGNED_FAULTS
from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.study import PLANTED_FAULTS, write_study
from cbvsynth.quality.study_tails import with_study_tails
from cbvsynth.quality.survey import Survey, survey_study
from cbvsynth.study.manifest import Manifest, load_manifest


@dataclass(frozen=True)
class MeasuredStudy:
    """The study on disk, its manifest and measurements, and the answers: exam_id by planted fault."""

    root: Path
    manifest: Manifest
    surveys: tuple[Survey, ...]
    faulty: dict[str, str]

    @property
    def clean(self) -> tuple[Examination, ...]:
        return tuple(one for one in self.manifest.examinations if one.exam_id not in self.faulty.values())

    def survey_of(self, exam_id: str) -> Survey:
        return next(survey for survey in self.surveys if survey.exam_id == exam_id)


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> MeasuredStudy:
    root = tmp_path_factory.mktemp("phantom") / "data"
    write_study(root, StudySettings(patients=4, matrix=64, slices=8, damaged=len(ALIGNED_FAULTS), seed=11))
    manifest = load_manifest(root)
    with (root / PLANTED_FAULTS).open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source, delimiter="\t"))
    places = {(one.subject_id, one.session_id): one.exam_id for one in manifest.examinations}
    faulty = {row["fault"]: places[row["participant_id"], row["session_id"]] for row in rows}
    return MeasuredStudy(root, manifest, _surveys(root, manifest), faulty)


def _surveys(root: Path, manifest: Manifest) -> tuple[Survey, ...]:
    """Without registration, which takes seconds each and is tested by itself."""
    measured = survey_study(root, manifest.examinations, workers=1, register=Register.OFF)
    return with_study_tails(manifest.examinations, measured)
