"""Measure every examination of a study: headers first, several examinations at a time."""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cbvsynth.domain.adc_units import AdcUnit
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.gaps import without_gaps
from cbvsynth.domain.geometry import to_canonical
from cbvsynth.domain.options import Register
from cbvsynth.domain.sequences import Sequence as Mri
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import (
    DataError,
    GridError,
    ManifestError,
    QualityError,
    UnitError,
    VolumeError,
)
from cbvsynth.extraction import DEFAULT_BRAIN, BrainSettings, ChosenBrain, choose_brain
from cbvsynth.extraction.choice import without_ignored_mask
from cbvsynth.progress import progress_bar
from cbvsynth.quality import measurements
from cbvsynth.quality.alignment import Alignment, compare, register_all
from cbvsynth.quality.checks import Group
from cbvsynth.quality.examination import measure
from cbvsynth.quality.lesion_place import lesion_warnings
from cbvsynth.registration import Placing, place_images
from cbvsynth.study.aligned import AlignedExamination, align, require_numbers
from cbvsynth.study.contrasts import contrast_warnings
from cbvsynth.study.image_files import read_file
from cbvsynth.study.nifti import OpenImage
from cbvsynth.study.placement import place
from cbvsynth.study.sidecars import Sidecars

PROBLEM_GROUPS = (Group.UNREADABLE, Group.FAILED_CBV, Group.WRONG_UNIT, Group.WRONG_FILE)
"""Headings under which an examination that cannot be measured is dropped."""

_DRAWN = ("mask", "seg")
"""Roles whose files somebody drew: they hold no image."""

SurveyOne = Callable[[Examination, AdcUnit | None], "Survey"]


@dataclass(frozen=True)
class Survey:
    """What was measured of one examination.

    `values` are the numbers by column, as in `checks.measurement_checks`; a number that could not be
    judged is absent or NaN. `digests` are voxel digests by role. `problems` say why an image could not
    be read or aligned; then there are no values. `warnings` are sentences worth a look that stop nothing.
    `details` say of a number, by column, which image it is of.
    """

    exam_id: str
    values: Mapping[str, float] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[tuple[Group, str], ...] = ()
    warnings: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)

    def value(self, column: str) -> float:
        """A measured number; NaN when it was not judged."""
        return self.values.get(column, math.nan)

    def problems_of(self, group: Group) -> tuple[str, ...]:
        """Problems under one heading."""
        return tuple(text for heading, text in self.problems if heading is group)


def survey_study(
    root: Path,
    examinations: Sequence[Examination],
    workers: int,
    register: Register = Register.RIGID,
    brain: BrainSettings = DEFAULT_BRAIN,
) -> tuple[Survey, ...]:
    """Measure all examinations in their order, with a progress bar.

    Args:
        root: data root.
        examinations: rows of the manifest.
        workers: processes; 1 measures in this one.
        register: what is done about images that do not lie on one another.
        brain: how the brain of heads without a mask is found.

    Raises:
        QualityError: a worker process was killed, as when memory runs out.
    """
    sidecars = Sidecars(root)
    stated = [stated_adc(sidecars, examination) for examination in examinations]
    survey = partial(survey_examination, root, register=register, brain=brain)
    measured = _each(survey, examinations, stated, workers)
    bar = progress_bar(measured, total=len(examinations), desc="measuring examinations", unit="exam")
    return tuple(bar)


def stated_adc(sidecars: Sidecars, examination: Examination) -> AdcUnit | None:
    """The unit that ADC's sidecar states; of a map that the manifest scales, only its median tells."""
    relative = examination.inputs.get(Mri.ADC)
    return None if relative is None or "adc" in examination.scales else sidecars.adc_unit(relative)


def survey_examination(
    root: Path,
    examination: Examination,
    adc_unit: AdcUnit | None,
    register: Register = Register.RIGID,
    brain: BrainSettings = DEFAULT_BRAIN,
) -> Survey:
    """Measure one examination; whatever its files hold, the answer is a survey, never a traceback.

    `adc_unit` is what `stated_adc` says; where it is None, ADC's median tells the unit.
    Every file is read once, and all headers are looked at before any voxel. Where preprocess will move the
    images onto one another (`register` is rigid), they are measured as they then lie; where it will look for
    the brain of heads that nobody outlined, in the brain that it will find.
    """
    examination = without_ignored_mask(examination, brain)
    images, problems = _read_all(root, examination)
    if problems:
        return Survey(examination.exam_id, problems=problems)
    return _survey_images(examination, images, adc_unit, register, brain)


def _survey_images(
    examination: Examination,
    images: Mapping[str, OpenImage],
    adc_unit: AdcUnit | None,
    register: Register,
    brain: BrainSettings,
) -> Survey:
    digests: dict[str, str] = {}
    markers = 0.0
    warnings: tuple[str, ...] = ()
    try:
        placement = place(examination, {role: image.header for role, image in images.items()})
        warnings = placement.warnings
        stored = {
            role: to_canonical(
                image.volume(examination.scales.get(role, 1.0), placement.grids[role].affine, gaps=True)
            )
            for role, image in images.items()
        }
        shown = {role: without_gaps(one)[0] for role, one in stored.items() if role not in _DRAWN}
        for role, volume in shown.items():
            digests[role] = measurements.voxel_digest(volume.data)
            markers = max(markers, measurements.marker_share(volume.data))
        placing = _placed(examination, stored, register)
        shown = {role: volume.moved(placing.moves.get(role)) for role, volume in shown.items()}
        chosen = _with_a_brain(examination, stored, placing, brain)
        aligned = align(examination, chosen.stored, "cbv", chosen.moves)
        require_numbers(aligned, examination)
        alignment = _alignment(examination, shown, placing, aligned, register)
    except (VolumeError, GridError, UnitError) as error:
        return Survey(examination.exam_id, digests=digests, problems=(_problem(error),), warnings=warnings)
    measured = measure(examination, aligned, shown, alignment, adc_unit)
    if "adc_median" in measured.details and adc_unit is None:
        how = f"{measured.details['adc_median']}, by its median; no sidecar states the unit"
        warnings = (*warnings, f"{examination.label('adc')}: {how}")
    values = {**measured.values, "marker_share": markers, "identical_images": _identical(digests)}
    if placing.displacements_mm:
        values["moved_mm"] = max(placing.displacements_mm.values())
    found = (
        (f"{examination.exam_id}: there is no mask; the brain was {chosen.source}",) if chosen.source else ()
    )
    rounded = {column: float(f"{value:.6g}") for column, value in values.items()}
    return Survey(
        examination.exam_id,
        rounded,
        digests,
        warnings=(
            *warnings,
            *placing.warnings,
            *found,
            *aligned.warnings,
            *_about_mask(examination, aligned),
            *contrast_warnings(aligned.inputs, aligned.mask, examination),
            *(lesion_warnings(examination, aligned) if register is not Register.OFF else ()),
        ),
        details=measured.details,
    )


def _placed(examination: Examination, stored: Mapping[str, Volume], register: Register) -> Placing:
    """Where preprocess will move the images to; nowhere unless they are raw and `register` is rigid.

    Raises:
        RegistrationError: preprocess could not move one.
    """
    return place_images(examination, stored, "cbv", register) if register is Register.RIGID else Placing()


def _with_a_brain(
    examination: Examination, stored: Mapping[str, Volume], placing: Placing, brain: BrainSettings
) -> ChosenBrain:
    """The images with the mask that preprocess will take; a mask's file stays as it is.

    Raises:
        VolumeError: a brain was looked for, and what was found is none.
    """
    if "mask" in stored:
        return ChosenBrain(stored, placing.moves)
    return choose_brain(examination, stored, placing.moves, brain)


def _about_mask(examination: Examination, aligned: AlignedExamination) -> tuple[str, ...]:
    """What was made of a mask's file that is none of two values."""
    values = aligned.mask_source.removeprefix("file").strip(" ()") if "mask" in examination.files else ""
    return (f"{examination.label('mask')}: taken as brain: {values}",) if values else ()


def _alignment(
    examination: Examination,
    shown: Mapping[str, Volume],
    placing: Placing,
    aligned: AlignedExamination,
    register: Register,
) -> Alignment | None:
    """What the images say of one another; None where there is one only, or nothing is to be registered."""
    if register is Register.OFF or len(shown) < 2:
        return None
    if placing.fixed:  # raw images: registered already
        return compare(shown, {}, aligned.mask, aligned.grid)
    labels = {role: examination.label(role) for role in shown}
    return compare(shown, register_all(shown, labels), aligned.mask, aligned.grid)


def _identical(digests: Mapping[str, str]) -> float:
    known = [digest for digest in digests.values() if digest]
    return float(len(known) - len(set(known)))


def _each(
    survey: SurveyOne, examinations: Sequence[Examination], units: Sequence[AdcUnit | None], workers: int
) -> Iterator[Survey]:
    if min(workers, len(examinations)) <= 1:
        yield from map(survey, examinations, units)
        return
    # A fresh process each: forking a process with Great Expectations' threads could hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(examinations)), mp_context=context) as pool:
        try:
            yield from pool.map(survey, examinations, units)
        except BrokenProcessPool as error:
            raise QualityError(
                f"A process that measured examinations was killed while {workers} ran at the same time; "
                "expected enough memory for all of them. Give fewer --workers."
            ) from error


def _read_all(
    root: Path, examination: Examination
) -> tuple[dict[str, OpenImage], tuple[tuple[Group, str], ...]]:
    """The files by role, and everything that is wrong before a voxel is read."""
    images: dict[str, OpenImage] = {}
    problems: list[tuple[Group, str]] = []
    if examination.cbv is None:
        problems.append((Group.UNREADABLE, "there is no CBV map to learn from"))
    if not examination.inputs:
        problems.append((Group.UNREADABLE, "there is no sequence to make a map from"))
    for role in examination.files:
        stated = examination.sha256.get(role)
        try:
            file = read_file(root, examination, role)
            image = file.image
            if stated and stated != file.sha256:
                text = (
                    f"{file.label}: the file is not the one whose SHA-256 the manifest states, "
                    "restore or re-list it"
                )
                problems.append((Group.WRONG_FILE, text))
            images[role] = image
        except (VolumeError, ManifestError) as error:
            problems.append(_problem(error))
    return images, tuple(problems)


def _problem(error: DataError) -> tuple[Group, str]:
    if isinstance(error, GridError):
        return Group.FAILED_CBV, str(error)
    return (Group.WRONG_UNIT if isinstance(error, UnitError) else Group.UNREADABLE), str(error)
