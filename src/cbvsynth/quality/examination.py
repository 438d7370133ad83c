"""Every number that is measured of one examination, by the column that its check judges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cbvsynth.domain.adc_units import AdcUnit, adc_unit_by
from cbvsynth.domain.examination import Examination, image_label
from cbvsynth.domain.geometry import Grid, lies_on
from cbvsynth.domain.resampling import resample_labels
from cbvsynth.domain.sequences import Sequence as Mri
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.domain.volume import Volume
from cbvsynth.quality import measurements
from cbvsynth.quality.alignment import Alignment, Image
from cbvsynth.quality.image_noise import ghost_ratio, signal_to_noise
from cbvsynth.study.aligned import AlignedExamination

_STANDARD = (Mri.T1, Mri.T2, Mri.T1C, Mri.FLAIR)
"""Sequences whose intensities have no unit."""


@dataclass(frozen=True)
class Measured:
    """Numbers by column, and of some of them which image they are of."""

    values: Mapping[str, float]
    details: Mapping[str, str]


def measure(
    examination: Examination,
    aligned: AlignedExamination,
    stored: Mapping[str, Volume],
    alignment: Alignment | None,
    stated_adc: AdcUnit | None = None,
) -> Measured:
    """Measure an examination.

    Args:
        examination: row of the manifest.
        aligned: its images on one grid.
        stored: its images by role on their own grids, axes RAS, without gaps.
        alignment: what registration showed; None where nothing was registered.
        stated_adc: unit of ADC as its sidecar states it; None where its median tells.
    """
    details: dict[str, str] = {}
    values = {
        **_geometry(aligned),
        **_maps(examination, aligned, stored, stated_adc, details),
        **_worst_images(aligned, stored, details),
        **(_registered(alignment, details) if alignment else _unregistered(aligned)),
    }
    return Measured(values, details)


def _geometry(aligned: AlignedExamination) -> dict[str, float]:
    narrow_mm, wide_mm = measurements.field_of_view_mm(aligned.shape, aligned.spacing_mm)
    return {
        "matrix": float(min(aligned.shape[:2])),
        "slices": float(aligned.shape[2]),
        "brain_volume_ml": measurements.brain_volume_ml(aligned.mask, aligned.spacing_mm),
        "whole_brain_volume_ml": measurements.whole_brain_volume_ml(aligned.mask, aligned.spacing_mm),
        "field_of_view_min_mm": narrow_mm,
        "field_of_view_max_mm": wide_mm,
    }


def _maps(
    examination: Examination,
    aligned: AlignedExamination,
    stored: Mapping[str, Volume],
    stated_adc: AdcUnit | None,
    details: dict[str, str],
) -> dict[str, float]:
    """ADC, CBF, CBV and the segmentation."""
    mask, cbv = aligned.mask, aligned.cbv
    values = {}
    if aligned.seg is not None:
        values["lesion_share"] = float(np.mean(aligned.seg[mask] > 0))
    if Mri.ADC in aligned.inputs:
        adc = aligned.inputs[Mri.ADC]
        support = measurements.map_support(_support_of("adc", stored, aligned), _whole_brain(aligned))
        values["adc_void_fraction"], values["adc_support_dice"] = support.void_fraction, support.dice
        median = measurements.brain_median(adc, mask)
        unit = stated_adc or adc_unit_by(median) or AdcUnit.E6_MM2_PER_S
        values["adc_median"] = median * unit.factor
        if unit is not AdcUnit.E6_MM2_PER_S:
            details["adc_median"] = f"stored in {unit}" + (" by its sidecar" if stated_adc else "")
    if Mri.ASL in aligned.inputs:
        values["asl_median"] = measurements.brain_median(aligned.inputs[Mri.ASL], mask)
    if cbv is not None:
        support = measurements.map_support(_support_of("cbv", stored, aligned), _whole_brain(aligned))
        values["cbv_void_fraction"], values["cbv_support_dice"] = support.void_fraction, support.dice
        values["cbv_negative_share"] = measurements.share_below_zero(cbv, mask)
        if examination.target_unit is TargetUnit.ML_PER_100G:
            values["cbv_median"] = measurements.brain_median(cbv, mask)
    return values


def _support_of(role: str, stored: Mapping[str, Volume], aligned: AlignedExamination) -> Image:
    """Where a map is not 0, (X, Y, Z) on the common grid: 1, elsewhere 0.

    A map's own voxels say it: interpolated, it is not 0 a voxel farther out all around.
    """
    support = Volume((stored[role].data != 0.0).astype(np.float32), stored[role].affine)
    return resample_labels(support, aligned.grid).data


def _whole_brain(aligned: AlignedExamination) -> measurements.Mask:
    """The mask by which voids are judged: one that was taken from ADC lacks what ADC lacks."""
    tissue = next((aligned.inputs[one] for one in _STANDARD if one in aligned.inputs), None)
    if tissue is None or aligned.mask_source != f"support of {Mri.ADC.label}":
        return aligned.mask
    return measurements.mask_without_dents(aligned.mask, tissue)


def _worst_images(
    aligned: AlignedExamination, stored: Mapping[str, Volume], details: dict[str, str]
) -> dict[str, float]:
    """What the worst image of several is judged by; the noise of each on its own grid."""
    mask, inputs = aligned.mask, aligned.inputs
    negative = {
        one: measurements.share_below_zero(image, mask)
        for one, image in inputs.items()
        if one is not Mri.ASL  # a difference of two images, whose noise has both signs
    }
    zeros = {one: measurements.zero_fraction(inputs[one], mask) for one in _STANDARD if one in inputs}
    ghosts, signals = {}, {}
    for sequence in zeros:
        volume = stored[sequence.value]
        brain = _brain_of(volume, aligned)
        ghosts[sequence] = ghost_ratio(volume.data, brain)
        signals[sequence] = signal_to_noise(volume.data, brain)
    values: dict[str, float] = {}
    for column, found, sign in (
        ("input_negative_share", negative, 1),
        ("standard_zero_fraction", zeros, 1),
        ("ghost_ratio", ghosts, 1),
        ("snr", signals, -1),
    ):
        known = {one: value for one, value in found.items() if not math.isnan(value)}
        if known:
            worst = max(known, key=lambda one: sign * known[one])  # used at once
            values[column], details[column] = known[worst], worst.label
    return values


def _brain_of(volume: Volume, aligned: AlignedExamination) -> measurements.Mask:
    """The brain mask on an image's own grid."""
    if lies_on(Grid.of(volume), aligned.grid):
        return aligned.mask
    as_labels = Volume(aligned.mask.astype(np.float32), aligned.affine)
    return resample_labels(as_labels, Grid.of(volume)).data > 0


def _registered(alignment: Alignment, details: dict[str, str]) -> dict[str, float]:
    values = {f"{role}_displacement_mm": found for role, found in alignment.displacement_mm.items()}
    if alignment.anchor == Mri.T1 and Mri.T1C in alignment.anchor_correlation:
        values["t1c_t1_correlation"] = alignment.anchor_correlation[Mri.T1C]
    for column, found in (
        ("laterality", alignment.mirror_margin),
        ("edge_agreement", alignment.edge_agreement),
    ):
        if found:
            worst = min(found, key=lambda role: found[role])  # used at once
            values[column], details[column] = found[worst], image_label(worst)
    return values


def _unregistered(aligned: AlignedExamination) -> dict[str, float]:
    if Mri.T1 in aligned.inputs and Mri.T1C in aligned.inputs:
        first, second = aligned.inputs[Mri.T1C], aligned.inputs[Mri.T1]
        return {"t1c_t1_correlation": measurements.correlation(first, second, aligned.mask)}
    return {}
