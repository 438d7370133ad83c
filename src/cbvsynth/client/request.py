"""What a model is sent, and the rules by which an image can serve, the same as in preprocess.

Every image is turned to RAS, all lie on one grid, only the brain is kept; ADC is in 1e-6 mm2/s and CBF in
mL/100 g/min.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.geometry import Grid, canonical_grid, from_canonical
from cbvsynth.domain.intensity import adc_in_e6_mm2_per_s, cbf_in_ml_per_100g_min
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import UnitError, VolumeError
from cbvsynth.signature import MIN_IN_PLANE
from cbvsynth.study.contrasts import contrast_warnings

NOT_GIVEN = "not given"
"""Why a sequence that was not given is left out."""
MAX_NEGATIVE_SHARE = 0.05
"""Largest share of the brain below 0 in an input. As `input_negative_share_max` in limits.yaml."""
MAX_ADC_ZERO_SHARE = 0.03
"""Share of the brain's voxels in which ADC may be 0, as in limits.yaml: metal leaves more."""
ADC_MEDIAN_E6 = (500.0, 1500.0)
"""Medians of ADC in brains, 1e-6 mm2/s, as in limits.yaml; those of T2 often lie elsewhere."""

Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


class Stage(StrEnum):
    """What is being done with an examination, in this order; for those who watch."""

    READING = "reading"
    REGISTERING = "registering"
    BRAIN_MASK = "brain mask"
    SYNTHESIS = "synthesis"


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a map is written to: the grid of the reference image as stored, and its header's codes."""

    grid: Grid
    sform_code: int
    qform_code: int


@dataclass(frozen=True, eq=False)
class PreparedExamination:
    """What can be sent to a model; every array is (X, Y, Z), C order.

    inputs: float32, 0 outside the brain, ADC in 1e-6 mm2/s, ASL in mL/100 g/min; only usable sequences, in
        channel order.
    left_out: every other sequence with the reason, an optional one only where it was given.
    mask: bool, brain.
    mask_source: where the mask is from, in words.
    spacing_mm: voxel size; None for arrays of which nothing is known.
    placement: where the map belongs; None for arrays.
    reference: role of the image whose grid and orientation the map gets; empty for arrays.
    resampled: images that lay on another grid.
    register: what was asked for, off, check or rigid; empty for arrays.
    displacements_mm: how far images lay from T1 (or from the first there is), mean over the brain, by role;
        empty where nothing was measured.
    moved: images that lay apart and were moved into place.
    adc_unit: unit in which ADC was stored; empty without ADC.
    sha256: digest of every file that was read, by role; empty for arrays.
    warnings: sentences worth a look.
    """

    inputs: Mapping[Sequence, Float32Array]
    left_out: Mapping[Sequence, str]
    mask: BoolArray
    mask_source: str
    spacing_mm: tuple[float, float, float] | None
    placement: Placement | None = None
    reference: str = ""
    resampled: tuple[str, ...] = ()
    register: str = ""
    displacements_mm: Mapping[str, float] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    adc_unit: str = ""
    sha256: Mapping[str, str] | None = None
    warnings: tuple[str, ...] = ()

    def in_place(self, cbv: Float32Array) -> Float32Array:
        """A map (X, Y, Z) in the order of axes of the reference image; as it is for arrays."""
        if self.placement is None:
            return cbv
        affine = canonical_grid(self.placement.grid).affine
        return from_canonical(Volume(cbv, affine), self.placement.grid).data


def require_a_sequence(
    examination: Examination, images: Mapping[Sequence, object], left_out: Mapping[Sequence, str]
) -> None:
    """Raise VolumeError, with every reason, where no image is left."""
    if not images:
        reasons = "; ".join(f"{name.label}: {left_out[name]}" for name in Sequence if name in left_out)
        raise VolumeError(
            f"{examination.exam_id}: no sequence is usable ({reasons}). Give at least one of "
            f"{', '.join(Sequence)}."
        )


def require_brain(mask: BoolArray, examination: Examination) -> None:
    """Raise VolumeError where the mask (X, Y, Z) is empty."""
    if not mask.any():
        raise VolumeError(
            f"{examination.label('mask')} is zero everywhere; expected the brain. Make the mask again."
        )


def require_size(shape: tuple[int, ...], examination: Examination) -> None:
    """Raise VolumeError where images in RAS order, (X, Y, Z), are smaller in plane than a model can take."""
    if min(shape[:2]) < MIN_IN_PLANE:
        raise VolumeError(
            f"{examination.exam_id}: the images have {shape[0]} x {shape[1]} voxels in plane; "
            f"expected at least {MIN_IN_PLANE} x {MIN_IN_PLANE}. Use images of the whole head."
        )


def keep_usable(
    images: Mapping[Sequence, Float32Array],
    mask: BoolArray,
    examination: Examination,
    left_out: Mapping[Sequence, str],
) -> PreparedExamination:
    """Images inside the brain and in the right unit; those without information there are left out."""
    require_size(mask.shape, examination)
    inputs, faults, adc_unit, warnings = {}, dict(left_out), "", []
    for sequence, image in images.items():
        if sequence is Sequence.ASL:
            try:
                image = cbf_in_ml_per_100g_min(image, mask, "ASL")  # noqa: PLW2901  noise below 0 becomes 0
            except UnitError as error:
                faults[sequence] = without_label(str(error), "ASL")
                continue
        fault = _fault(image[mask])
        if not fault and sequence is Sequence.ADC:
            try:
                converted, adc_unit = adc_in_e6_mm2_per_s(image, mask, "ADC")
            except UnitError as error:
                fault = without_label(str(error), "ADC")
            else:
                warnings += _doubts_about_adc(converted[mask])
                image = converted  # noqa: PLW2901  the same image in another unit
        if fault:
            faults[sequence] = fault
        else:
            inputs[sequence] = np.ascontiguousarray(np.where(mask, image, np.float32(0.0)))
    warnings += [
        f"{one.label} and {other.label} are the same image, voxel for voxel; give each its own file"
        for one, other in itertools.combinations(inputs, 2)
        if np.array_equal(images[one][mask], images[other][mask])
    ]
    warnings += contrast_warnings({name: images[name] for name in inputs}, mask, examination)
    ordered = {sequence: faults[sequence] for sequence in Sequence if sequence in faults}
    require_a_sequence(examination, inputs, ordered)
    return PreparedExamination(
        inputs, ordered, mask, "", None, adc_unit=str(adc_unit), warnings=tuple(warnings)
    )


def _doubts_about_adc(inside: Float32Array) -> list[str]:
    """What about ADC in the brain (N,), 1e-6 mm2/s, is worth a look."""
    told = []
    zero_share = float(np.mean(inside == 0.0))
    if zero_share > MAX_ADC_ZERO_SHARE:
        told.append(
            f"ADC is 0 in {zero_share:.0%} of the brain, as metal leaves it (expected at most "
            f"{MAX_ADC_ZERO_SHARE:.0%}); look at it, and rule it out with --unusable adc."
        )
    median, (low, high) = float(np.median(inside[inside != 0.0])), ADC_MEDIAN_E6
    if not low <= median <= high:
        told.append(
            f"ADC has a median of {median:.0f}e-6 mm2/s in the brain (expected {low:.0f} to {high:.0f}): "
            "another image may have been given for it, as T2; look at it, or rule it out with --unusable adc."
        )
    return told


def _fault(inside: Float32Array) -> str:
    """What makes voxels of the brain (N,) useless, as the end of a sentence; empty when they are fine."""
    bad = inside.size - int(np.count_nonzero(np.isfinite(inside)))
    if bad:
        return f"{bad} of {inside.size} voxels of the brain are NaN or infinite"
    low, high = float(inside.min()), float(inside.max())
    if low == high:
        return f"constant in the brain (every voxel is {low:g})"
    if high <= 0.0:
        return f"no positive voxel in the brain (largest {high:g}); expected raw intensities, not z-scores"
    below = float(np.mean(inside < 0.0))
    if below > MAX_NEGATIVE_SHARE:
        return f"below 0 in {below:.0%} of the brain; expected raw intensities, not z-scores"
    return ""


def without_label(message: str, label: str) -> str:
    """An error's sentence as a reason: without the image's name before it and the full stop after it."""
    return message.removeprefix(f"{label}: ").rstrip(".")
