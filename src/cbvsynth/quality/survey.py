"""Measure every examination of a study: headers first, several examinations at a time."""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.gaps import without_gaps
from cbvsynth.domain.geometry import to_canonical
from cbvsynth.domain.sequences import Sequence as Mri
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import DataError, GridError, ManifestError, QualityError, UnitError, VolumeError
from cbvsynth.progress import progress_bar
from cbvsynth.quality import measurements
from cbvsynth.quality.checks import Group
from cbvsynth.study.aligned import AlignedExamination, align, require_numbers
from cbvsynth.study.nifti import OpenImage, open_image
from cbvsynth.study.paths import resolve_inside
from cbvsynth.study.placement import place

PROBLEM_GROUPS = (Group.UNREADABLE, Group.FAILED_CBV, Group.WRONG_UNIT, Group.WRONG_FILE)
"""Headings under which an examination that cannot be measured is dropped."""

Measure = Callable[[Examination], "Survey"]


@dataclass(frozen=True)
class Survey:
    """What was measured of one examination.

    `values` are the numbers by column, as in `checks.measurement_checks`; a number that could not be
    judged is absent or NaN. `digests` are voxel digests by role. `problems` say why an image could not
    be read or aligned; then there are no values. `warnings` are sentences worth a look that stop nothing.
    """

    exam_id: str
    values: Mapping[str, float] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[tuple[Group, str], ...] = ()
    warnings: tuple[str, ...] = ()

    def value(self, column: str) -> float:
        """A measured number; NaN when it was not judged."""
        return self.values.get(column, math.nan)

    def problems_of(self, group: Group) -> tuple[str, ...]:
        """Problems under one heading."""
        return tuple(text for heading, text in self.problems if heading is group)


def survey_study(root: Path, examinations: Sequence[Examination], workers: int) -> tuple[Survey, ...]:
    """Measure all examinations in their order, with a progress bar.

    Args:
        root: data root.
        examinations: rows of the manifest.
        workers: processes; 1 measures in this one.

    Raises:
        QualityError: a worker process was killed, as when memory runs out.
    """
    measured = _each(partial(survey_examination, root), examinations, workers)
    bar = progress_bar(measured, total=len(examinations), desc="measuring examinations", unit="exam")
    return tuple(bar)


def survey_examination(root: Path, examination: Examination) -> Survey:
    """Measure one examination; whatever its files hold, the answer is a survey, never a traceback.

    Every file is opened once: all headers are looked at first, and where they are sound, the voxels are
    read from the same files.
    """
    with ExitStack() as open_files:
        images, problems = _open_all(open_files, root, examination)
        if problems:
            return Survey(examination.exam_id, problems=problems)
        return _survey_images(examination, images)


def _survey_images(examination: Examination, images: Mapping[str, OpenImage]) -> Survey:
    digests: dict[str, str] = {}
    stored: dict[str, Volume] = {}
    noise, markers = math.nan, 0.0
    warnings: tuple[str, ...] = ()
    try:
        placement = place(examination, {role: image.header for role, image in images.items()})
        warnings = placement.warnings
        for role, image in images.items():
            affine = placement.grids[role].affine
            stored[role] = image.volume(examination.scales.get(role, 1.0), affine, gaps=True)
            if role not in ("mask", "seg"):
                data = to_canonical(without_gaps(stored[role])[0]).data
                digests[role] = measurements.voxel_digest(data)
                markers = max(markers, measurements.marker_share(data))
                if role == Mri.T1:
                    noise = measurements.air_noise(data)
        aligned = align(examination, stored)
        require_numbers(aligned, examination)
    except (VolumeError, GridError, UnitError) as error:
        return Survey(examination.exam_id, digests=digests, problems=(_problem(error),), warnings=warnings)
    values = _measured(aligned, examination, digests, noise)
    values["marker_share"] = markers
    rounded = {column: float(f"{value:.6g}") for column, value in values.items()}
    return Survey(examination.exam_id, rounded, digests, warnings=(*warnings, *aligned.warnings))


def _each(measure: Measure, examinations: Sequence[Examination], workers: int) -> Iterator[Survey]:
    if min(workers, len(examinations)) <= 1:
        yield from map(measure, examinations)
        return
    # A fresh process each: forking a process with Great Expectations' threads could hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(examinations)), mp_context=context) as pool:
        try:
            yield from pool.map(measure, examinations)
        except BrokenProcessPool as error:
            raise QualityError(
                f"A process that measured examinations was killed while {workers} ran at the same time; "
                "expected enough memory for all of them. Give fewer --workers."
            ) from error


def _open_all(
    open_files: ExitStack, root: Path, examination: Examination
) -> tuple[dict[str, OpenImage], tuple[tuple[Group, str], ...]]:
    """The files by role, and everything that is wrong before a voxel is read."""
    images: dict[str, OpenImage] = {}
    problems: list[tuple[Group, str]] = []
    if examination.cbv is None:
        problems.append((Group.UNREADABLE, "there is no CBV map to learn from"))
    if not examination.inputs:
        problems.append((Group.UNREADABLE, "there is none of the five sequences"))
    for role, relative in examination.files.items():
        label = examination.label(role)
        stated = examination.sha256.get(role)
        try:
            image = open_files.enter_context(open_image(resolve_inside(root, relative, label), label))
            if stated and stated != image.sha256():
                text = (
                    f"{label}: the file is not the one whose SHA-256 the manifest states, "
                    "restore or re-list it"
                )
                problems.append((Group.WRONG_FILE, text))
            images[role] = image
        except (VolumeError, ManifestError) as error:
            problems.append(_problem(error))
    return images, tuple(problems)


def _problem(error: DataError) -> tuple[Group, str]:
    heading = {GridError: Group.FAILED_CBV, UnitError: Group.WRONG_UNIT}.get(type(error), Group.UNREADABLE)
    return heading, str(error)


def _measured(
    aligned: AlignedExamination, examination: Examination, digests: Mapping[str, str], t1_noise: float
) -> dict[str, float]:
    images, mask, cbv = aligned.inputs, aligned.mask, aligned.cbv
    standard = [image for sequence, image in images.items() if sequence is not Mri.ADC]
    narrow_mm, wide_mm = measurements.field_of_view_mm(aligned.shape, aligned.spacing_mm)
    known = [digest for digest in digests.values() if digest]
    values = {
        "matrix": float(min(aligned.shape[:2])),
        "slices": float(aligned.shape[2]),
        "brain_volume_ml": measurements.brain_volume_ml(mask, aligned.spacing_mm),
        "whole_brain_volume_ml": measurements.whole_brain_volume_ml(mask, aligned.spacing_mm),
        "field_of_view_min_mm": narrow_mm,
        "field_of_view_max_mm": wide_mm,
        "identical_images": float(len(known) - len(set(known))),
    }
    if images:
        values["input_negative_share"] = max(
            measurements.share_below_zero(image, mask) for image in images.values()
        )
    if aligned.seg is not None:
        values["lesion_share"] = float(np.mean(aligned.seg[mask] > 0))
    if standard:
        values["standard_zero_fraction"] = max(measurements.zero_fraction(image, mask) for image in standard)
    if Mri.ADC in images:
        adc = images[Mri.ADC]
        support = measurements.map_support(adc, mask)
        values["adc_void_fraction"], values["adc_support_dice"] = support.void_fraction, support.dice
        values["adc_median"] = measurements.brain_median(adc, mask)
    if cbv is not None:
        support = measurements.map_support(cbv, mask)
        values["cbv_void_fraction"], values["cbv_support_dice"] = support.void_fraction, support.dice
        values["cbv_negative_share"] = measurements.share_below_zero(cbv, mask)
        if examination.target_unit is TargetUnit.ML_PER_100G:
            values["cbv_median"] = measurements.brain_median(cbv, mask)
    if Mri.T1 in images and Mri.T2 in images:
        values["t1_t2_gradient_correlation"] = measurements.gradient_correlation(
            images[Mri.T1], images[Mri.T2], mask
        )
    if Mri.T1 in images and Mri.T1C in images:
        values["t1c_t1_correlation"] = measurements.correlation(images[Mri.T1C], images[Mri.T1], mask)
    if Mri.T1 in images and t1_noise > 0:
        values["t1_snr"] = float(np.median(images[Mri.T1][mask])) / t1_noise
    return values
