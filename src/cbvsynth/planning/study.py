"""The examinations that a run will have: those accepted, those found, or those that it makes itself."""

from __future__ import annotations

from collections.abc import Sequence as Ordered
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from statistics import median

from cbvsynth.config import PhantomConfig
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.sequences import PAPER_SEQUENCES
from cbvsynth.errors import DataError
from cbvsynth.phantom.plan import StudySettings, participant_label, plan_study
from cbvsynth.phantom.study import MARKER
from cbvsynth.planning.settings import RunSettings
from cbvsynth.preprocessing.selection import select_accepted
from cbvsynth.records.decisions import read_decisions
from cbvsynth.study.manifest import load_manifest
from cbvsynth.study.nifti import read_header
from cbvsynth.study.paths import resolve_inside

ACCEPTED, FOUND, TO_BE_MADE = (
    "what validate accepted",
    "the study before its checks, which may drop some",
    "the phantom that the run will make, without its planted faults",
)
_HEADERS_READ = 100
"""Images whose size is looked at: enough for a median. Our choice."""


@dataclass(frozen=True)
class PlannedStudy:
    """Examinations, where the list is from, and the median number of voxels of their grids, 0 if unknown.

    is_phantom: whether the study bears the phantom's marker, or will be it.
    """

    source: str
    layout: str
    examinations: tuple[Examination, ...]
    voxels: int
    is_phantom: bool = False


def planned_study(settings: RunSettings, data: Path, decisions: Path) -> PlannedStudy:
    """List the examinations of a run.

    Args:
        settings: of the run.
        data: data root; where it is missing or empty the run makes the phantom.
        decisions: table of validate; looked at where there is one.

    Raises:
        ManifestError: nothing in the study is recognised, or its list is wrong.
    """
    if not data.is_dir() or not any(data.iterdir()):
        return _of_phantom(settings.phantom)
    prefer = () if settings.validate.prefer == ("none",) else settings.validate.prefer
    found = load_manifest(data, settings.validate.layout, prefer)
    examinations, source = found.examinations, FOUND
    if decisions.is_file():
        with suppress(DataError):  # of another study, or of this one before it changed
            examinations, source = select_accepted(examinations, read_decisions(decisions)), ACCEPTED
    voxels, is_phantom = _voxels(data, examinations), (data / MARKER).is_file()
    return PlannedStudy(source, found.layout.value, examinations, voxels, is_phantom)


def _of_phantom(config: PhantomConfig) -> PlannedStudy:
    settings = StudySettings.of(config)
    image = PurePosixPath("to-be-made")
    examinations = tuple(
        Examination(
            exam_id=f"{participant_label(settings, planned.patient)}_ses-{planned.session}",
            subject_id=participant_label(settings, planned.patient),
            session_id=f"ses-{planned.session}",
            inputs=dict.fromkeys(PAPER_SEQUENCES, image),
            cbv=image,
            seg=image,
            diagnosis=planned.diagnosis.value,
        )
        for planned in plan_study(settings)
        if planned.fault is None
    )
    return PlannedStudy(
        TO_BE_MADE, "bids", examinations, settings.matrix**2 * settings.slices, is_phantom=True
    )


def _voxels(data: Path, examinations: Ordered[Examination]) -> int:
    """Median size of the images that lend their grid: CBV, or the first sequence."""
    sizes = []
    for one in examinations[:_HEADERS_READ]:
        role = "cbv" if one.cbv is not None else next(iter(one.files), "")
        if role:
            try:
                shape = read_header(resolve_inside(data, one.files[role], one.label(role)), role).shape
            except DataError:  # validate will say so of this examination
                continue
            sizes.append(shape[0] * shape[1] * shape[2])
    return round(median(sizes)) if sizes else 0
