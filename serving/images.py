"""From a person's images to what a model is sent, in the way preprocess makes training images.

Every image is turned to RAS, all lie on one grid, only the brain is kept, and ADC is in 1e-6 mm2/s. An
image whose voxels cannot serve is left out with its reason, and the others go on; a file that is not
there or is no image at all is an error, for that is a slip.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.geometry import (
    Grid,
    canonical_grid,
    from_canonical,
    grids_equal,
    largest_distance_mm,
    to_canonical,
)
from cbvsynth.domain.intensity import adc_in_e6_mm2_per_s
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import GridError, UnitError, UsageError, VolumeError
from cbvsynth.io.aligned import read_aligned, support_mask
from cbvsynth.io.nifti import VolumeHeader, read_header, read_image
from cbvsynth.io.paths import resolve_inside
from cbvsynth.io.storage import sha256_of
from cbvsynth.signature import MIN_IN_PLANE

GRID_TOLERANCE_MM = 1e-3
NOT_GIVEN = "not given"
"""Why a sequence is left out that nobody named."""
MAX_ADC_ZERO_SHARE = 0.03
"""Share of the brain's voxels in which ADC may be 0, as in limits.yaml: more is what metal leaves."""

Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a map is written to: the grid of the reference image as stored, and its header's codes."""

    grid: Grid
    sform_code: int
    qform_code: int


@dataclass(frozen=True, eq=False)
class PreparedExamination:
    """What can be sent to a model; every array is (X, Y, Z), C order.

    inputs: float32, 0 outside the brain, ADC in 1e-6 mm2/s; only usable sequences, in channel order.
    left_out: every other sequence with the reason.
    mask: bool, brain.
    mask_source: where the mask is from, in words.
    spacing_mm: voxel size; None for arrays of which nothing is known.
    placement: where the map belongs; None for arrays.
    reference: role of the image whose grid and orientation the map gets; empty for arrays.
    resampled: images that lay on another grid.
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
    adc_unit: str = ""
    sha256: Mapping[str, str] | None = None
    warnings: tuple[str, ...] = ()

    def in_place(self, cbv: Float32Array) -> Float32Array:
        """A map (X, Y, Z) in the order of axes of the reference image; as it is for arrays."""
        if self.placement is None:
            return cbv
        affine = canonical_grid(self.placement.grid).affine
        return from_canonical(Volume(cbv, affine), self.placement.grid).data


def examination_of_files(files: Mapping[str, Path], name: str = "input") -> tuple[Path, Examination]:
    """Single files as an examination, and the root that its paths are relative to.

    Args:
        files: paths by role, t1 ... adc and mask.
        name: how messages call the examination; paths are in no message.

    Raises:
        UsageError: no sequence, or an unknown role.
    """
    unknown = sorted(set(files) - {*Sequence, "mask"})
    if unknown:
        raise UsageError(f"'{unknown[0]}' is not an input; expected {', '.join(Sequence)} or mask.")
    root = Path(Path.cwd().anchor)
    relative = {role: path.resolve().relative_to(root).as_posix() for role, path in files.items()}
    places = {role: PurePosixPath(text) for role, text in relative.items()}
    return root, Examination(
        exam_id=name,
        subject_id=name,
        session_id="",
        inputs={Sequence(role): place for role, place in places.items() if role != "mask"},
        mask=places.get("mask"),
    )


def prepare_files(
    root: Path,
    examination: Examination,
    *,
    unusable: Collection[Sequence] = (),
    reference: str = "",
    resample: bool = False,
) -> PreparedExamination:
    """Read an examination's images and make them ready for a model.

    Args:
        root: folder that the examination's paths are relative to.
        examination: its inputs and its mask, if any, are read; its CBV map is not.
        unusable: sequences that a person rules out, as for a metal artefact.
        reference: sequence whose grid and orientation the map gets; by default the first usable one.
        resample: bring images of other grids to the reference's, as preprocess does, instead of
            refusing them.

    Raises:
        UsageError: the reference is not among the usable images.
        VolumeError: a file is missing or is no image, nothing is usable, or there is no brain mask and
            no image is skull-stripped.
        GridError: the images do not lie on one grid, or (resampled) do not show the same place.
        ManifestError: a path leaves the root.
    """
    left_out = {
        sequence: "ruled out by --unusable" if sequence in unusable else NOT_GIVEN
        for sequence in Sequence
        if sequence in unusable or sequence not in examination.inputs
    }
    asked = replace(
        examination,
        inputs={name: path for name, path in examination.inputs.items() if name not in left_out},
        cbv=None,
        seg=None,
    )
    headers = {role: _header(root, asked, role) for role in asked.files}
    volumes, damaged = _read(root, asked)
    left_out |= damaged
    _require_some(examination, volumes, left_out)
    chosen = _reference(examination, volumes, reference)
    if resample:
        kept = replace(asked, inputs={name: asked.inputs[name] for name in volumes})
        aligned = read_aligned(root, kept, reference=chosen)
        images, mask, mask_source = dict(aligned.inputs), aligned.mask, aligned.mask_source
    else:
        _require_one_grid(headers, examination, chosen)
        images = {name: to_canonical(volume).data for name, volume in volumes.items()}
        mask, mask_source = _mask(root, asked, images)
    stored = {role: Grid(header.shape, header.affine) for role, header in headers.items()}
    grid = canonical_grid(stored[chosen])
    prepared = _usable(images, mask, examination, left_out)
    return replace(
        prepared,
        mask_source=mask_source,
        spacing_mm=grid.spacing_mm,
        placement=Placement(stored[chosen], headers[chosen].sform_code, headers[chosen].qform_code),
        reference=chosen,
        resampled=tuple(
            role
            for role in (*(name.value for name in prepared.inputs), *(("mask",) if asked.mask else ()))
            if not grids_equal(canonical_grid(stored[role]), grid, GRID_TOLERANCE_MM)
        ),
        sha256={
            role: sha256_of(resolve_inside(root, path, asked.label(role)))
            for role, path in asked.files.items()
            if role == "mask" or role in prepared.inputs
        },
    )


def prepare_arrays(
    arrays: Mapping[Sequence, npt.NDArray[np.generic]],
    mask: npt.NDArray[np.generic] | None = None,
    *,
    unusable: Collection[Sequence] = (),
    spacing_mm: tuple[float, float, float] | None = None,
) -> PreparedExamination:
    """Make arrays ready for a model.

    Args:
        arrays: (X, Y, Z) each on one grid, axes to the right, front and top of the head.
        mask: (X, Y, Z), brain where not 0; by default where the images are not 0.
        unusable: sequences that a person rules out.
        spacing_mm: voxel size, if it is to be compared with what the model has seen.

    Raises:
        VolumeError: an array is not three-dimensional, nothing is usable, or there is no mask and no
            image is skull-stripped.
        GridError: the shapes differ.
    """
    label = Examination("input", "input", "", {})
    shapes = {name.value: np.shape(array) for name, array in arrays.items()}
    if mask is not None:
        shapes["mask"] = np.shape(mask)
    for role, shape in shapes.items():
        if len(shape) != 3:
            raise VolumeError(f"{label.label(role)} has shape {shape}; expected three axes (X, Y, Z).")
    if len(set(shapes.values())) > 1:
        found = ", ".join(f"{role} {shape}" for role, shape in shapes.items())
        raise GridError(f"The arrays have the shapes {found}; expected one. Resample them to one grid.")
    left_out = {
        name: "ruled out by the caller" if name in unusable else NOT_GIVEN
        for name in Sequence
        if name in unusable or name not in arrays
    }
    images = {
        name: np.ascontiguousarray(arrays[name], np.float32)
        for name in Sequence
        if name in arrays and name not in unusable
    }
    for name, image in list(images.items()):
        bad = image.size - int(np.count_nonzero(np.isfinite(image)))
        if bad:
            left_out[name] = f"{bad} of {image.size} voxels are NaN or infinite"
            del images[name]
    _require_some(label, images, left_out)
    brain, source = support_mask(images, "input") if mask is None else (np.asarray(mask) != 0, "array")
    _require_brain(brain, label)
    prepared = _usable(images, brain, label, left_out)
    return replace(prepared, mask_source=source, spacing_mm=spacing_mm)


def _header(root: Path, examination: Examination, role: str) -> VolumeHeader:
    label = examination.label(role)
    return read_header(resolve_inside(root, examination.files[role], label), label)


def _read(root: Path, examination: Examination) -> tuple[dict[Sequence, Volume], dict[Sequence, str]]:
    """Images as stored, and those whose header is sound but whose voxels are not, with the reason."""
    volumes, damaged = {}, {}
    for sequence in examination.sequences:
        try:
            volumes[sequence] = read_image(root, examination, sequence.value)
        except VolumeError as error:
            damaged[sequence] = _without_label(str(error), examination.label(sequence.value))
    return volumes, damaged


def _require_some(
    examination: Examination, images: Mapping[Sequence, object], left_out: Mapping[Sequence, str]
) -> None:
    if not images:
        reasons = "; ".join(f"{name.label}: {left_out[name]}" for name in Sequence if name in left_out)
        raise VolumeError(
            f"{examination.exam_id}: no sequence is usable ({reasons}). Give at least one of "
            f"{', '.join(Sequence)}."
        )


def _reference(examination: Examination, volumes: Mapping[Sequence, Volume], wanted: str) -> str:
    if not wanted:
        return next(iter(volumes)).value
    if wanted not in {sequence.value for sequence in volumes}:
        raise UsageError(
            f"{examination.exam_id}: the reference is '{wanted}', which is not among the usable images "
            f"({', '.join(volumes)}). Choose one of them."
        )
    return wanted


def _require_one_grid(headers: Mapping[str, VolumeHeader], examination: Examination, chosen: str) -> None:
    expected = canonical_grid(Grid(headers[chosen].shape, headers[chosen].affine))
    for role, header in headers.items():
        found = canonical_grid(Grid(header.shape, header.affine))
        if grids_equal(found, expected, GRID_TOLERANCE_MM):
            continue
        if found.shape == expected.shape:
            difference = f"lies up to {largest_distance_mm(found, expected):.3g} mm off"
        else:
            difference = f"has shape {found.shape} in RAS order instead of {expected.shape}"
        raise GridError(
            f"{examination.label(role)} {difference}, compared with {chosen.upper()}; expected one grid for "
            f"all images, within {GRID_TOLERANCE_MM:g} mm. Resample them first, or add --resample on, which "
            "brings them to the reference's grid as preprocess does."
        )


def _mask(
    root: Path, examination: Examination, images: Mapping[Sequence, Float32Array]
) -> tuple[BoolArray, str]:
    if examination.mask is None:
        return support_mask(images, examination.exam_id)
    mask: BoolArray = to_canonical(read_image(root, examination, "mask")).data != 0.0
    _require_brain(mask, examination)
    return mask, "file"


def _require_brain(mask: BoolArray, examination: Examination) -> None:
    if not mask.any():
        raise VolumeError(
            f"{examination.label('mask')} is zero everywhere; expected the brain. Make the mask again."
        )


def _usable(
    images: Mapping[Sequence, Float32Array],
    mask: BoolArray,
    examination: Examination,
    left_out: Mapping[Sequence, str],
) -> PreparedExamination:
    """Images inside the brain and in the right unit; those that say nothing there are left out."""
    if min(mask.shape[:2]) < MIN_IN_PLANE:
        raise VolumeError(
            f"{examination.exam_id}: the images have {mask.shape[0]} x {mask.shape[1]} voxels in plane; "
            f"expected at least {MIN_IN_PLANE} x {MIN_IN_PLANE}. Use images of the whole head."
        )
    inputs, faults, adc_unit, warnings = {}, dict(left_out), "", []
    for sequence, image in images.items():
        fault = _fault(image[mask])
        if not fault and sequence is Sequence.ADC:
            try:
                converted, adc_unit = adc_in_e6_mm2_per_s(image, mask, "ADC")
            except UnitError as error:
                fault = _without_label(str(error), "ADC")
            else:
                zero_share = float(np.mean(image[mask] == 0.0))
                if zero_share > MAX_ADC_ZERO_SHARE:
                    warnings.append(
                        f"ADC is 0 in {zero_share:.0%} of the brain, as metal leaves it (expected at most "
                        f"{MAX_ADC_ZERO_SHARE:.0%}); look at it, and rule it out with --unusable adc."
                    )
                image = converted  # noqa: PLW2901  the same image in another unit
        if fault:
            faults[sequence] = fault
        else:
            inputs[sequence] = np.ascontiguousarray(np.where(mask, image, np.float32(0.0)))
    ordered = {sequence: faults[sequence] for sequence in Sequence if sequence in faults}
    _require_some(examination, inputs, ordered)
    return PreparedExamination(
        inputs, ordered, mask, "", None, adc_unit=str(adc_unit), warnings=tuple(warnings)
    )


def _fault(inside: Float32Array) -> str:
    """What makes voxels of the brain (N,) useless, as the end of a sentence; empty when they are fine."""
    low, high = float(inside.min()), float(inside.max())
    if low == high:
        return f"constant in the brain (every voxel is {low:g})"
    if high <= 0.0:
        return f"no positive voxel in the brain (largest {high:g}); expected raw intensities, not z-scores"
    return ""


def _without_label(message: str, label: str) -> str:
    return message.removeprefix(f"{label}: ").rstrip(".")
