"""All images of one examination on one grid, checked, with nothing else changed.

Every image is turned to RAS. The grid of the CBV map, or of another image where there is none, is the
grid of the examination; the other images are resampled to it, each once: where a registration says that an
image lies elsewhere than its header does, both go into one interpolation. Intensities stay as they were
stored and nothing is masked. Images that do not show the same place are refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.brain_masks import MAX_BRAIN_ML, brain_of
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.gaps import without_gaps
from cbvsynth.domain.geometry import (
    Grid,
    centre_distance_mm,
    covered_share,
    covered_share_of_mask,
    to_canonical,
)
from cbvsynth.domain.lesion_labels import lesion_labels
from cbvsynth.domain.pieces import filled
from cbvsynth.domain.resampling import resample, resample_labels
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import GridError, VolumeError
from cbvsynth.study.image_files import ImageFiles, read_files
from cbvsynth.study.placement import place

MIN_FIELD_OVERLAP = 0.5
"""Least share of the smaller of two fields of view that the larger one must cover. Chosen here: images
of one head share more, images whose place in space was lost share less."""
MAX_CENTRE_DISTANCE_MM = 100.0
"""Largest distance between the centres of two fields of view: half an adult head's length. Chosen here,
as above."""
MIN_BRAIN_COVERED = 0.95
"""Least share of the brain that every input's field of view must cover. Chosen here, equal to the limit
of validate for the support of ADC and CBV."""
MIN_STRIPPED_ZERO_SHARE = 0.1
"""Least share of exactly zero voxels in an image that counts as skull-stripped. Chosen here: a brain
fills about half of the box around it, and an image with its skull has noise outside the head."""

WITH_HOLES = (Sequence.ADC, Sequence.ASL)
"""Echo-planar maps: metal and air leave holes in them."""

Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class AlignedExamination:
    """Images of one examination on one grid; every array is (X, Y, Z), axes RAS, C order.

    inputs: float32, as stored (after the header's slope and the manifest's factor), not masked.
    cbv: float32, target unit, as stored; None where the examination has none.
    mask: bool, brain.
    mask_source: where the mask is from, in words, as in ``file`` or ``support of T1, T1C``.
    seg: uint8, 1 necrosis, 2 oedema, 3 enhancing, 4 cavity, 0 no lesion;
        None where the examination has none.
    affine: (4, 4) float64, voxels to RAS millimetres.
    reference: role of the image whose grid this is.
    original_grids: grid of every file by its role, as it was stored.
    warnings: sentences worth a look that stop nothing.

    Voxels that are NaN or infinite in the file are 0, but in the brain NaN (`require_numbers`).
    """

    exam_id: str
    inputs: Mapping[Sequence, Float32Array]
    cbv: Float32Array | None
    mask: BoolArray
    mask_source: str
    seg: npt.NDArray[np.uint8] | None
    affine: npt.NDArray[np.float64]
    reference: str
    original_grids: Mapping[str, Grid]
    warnings: tuple[str, ...] = ()

    @property
    def grid(self) -> Grid:
        """The common grid."""
        x, y, z = self.mask.shape
        return Grid((x, y, z), self.affine)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of every array."""
        return self.grid.shape

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of neighbouring voxels along each axis, mm."""
        return self.grid.spacing_mm


def read_aligned(root: Path, examination: Examination, reference: str = "") -> AlignedExamination:
    """Read an examination from the data root and bring it onto one grid.

    Args:
        root: data root, to which the examination's paths are relative.
        examination: row of the manifest.
        reference: role of the image whose grid is used, t1 ... asl or cbv; by default cbv, or without
            one the first sequence in channel order.

    Raises:
        VolumeError: an image cannot be read, or nothing says which way it lies; labels of the segmentation
            are unknown or may mean two things, the mask is empty, there is no input, or there is no mask and
            the inputs are not skull-stripped.
        GridError: images do not show the same place: fields of view that hardly overlap, centres far
            apart, or a brain that an input covers only in part.
        ManifestError: a path leaves the data root.
    """
    reference = _reference(examination, reference)
    return align(examination, read_stored(examination, read_files(root, examination)), reference)


def read_stored(examination: Examination, files: ImageFiles) -> dict[str, Volume]:
    """The images of an examination by role as they are stored, each in its place, from its files.

    Raises:
        VolumeError: an image cannot be read, or nothing says which way it lies.
    """
    images = {role: files[role].image for role in examination.files}
    grids = place(examination, {role: image.header for role, image in images.items()}).grids
    return {
        role: image.volume(examination.scales.get(role, 1.0), grids[role].affine, gaps=True)
        for role, image in images.items()
    }


def align(
    examination: Examination,
    stored: Mapping[str, Volume],
    reference: str = "",
    moves: Mapping[str, npt.NDArray[np.float64]] | None = None,
) -> AlignedExamination:
    """Bring the images of an examination, read already, onto one grid.

    Args:
        examination: row of the manifest.
        stored: its images by role, as `read_image` gives them.
        reference: as in `read_aligned`.
        moves: by role, where an image lies in truth: (4, 4) float64, rigid, from the RAS millimetres of its
            header to those of the reference. A role without one lies where its header says.

    Raises:
        VolumeError, GridError: as `read_aligned`.
    """
    reference = _reference(examination, reference)
    placed = {role: volume.moved((moves or {}).get(role)) for role, volume in stored.items()}
    turned = {role: without_gaps(to_canonical(volume)) for role, volume in placed.items()}
    volumes = {role: volume for role, (volume, _) in turned.items()}
    grid = Grid.of(volumes[reference])
    for role, volume in volumes.items():
        _check_fields(Grid.of(volume), grid, examination.label(role), reference)
    images = {
        role: resample(volume, grid).data for role, volume in volumes.items() if role not in ("mask", "seg")
    }
    inputs = {sequence: images[sequence.value] for sequence in examination.sequences}
    mask, mask_source = _mask(volumes, inputs, grid, examination)
    _check_brain({examination.label(role): Grid.of(volumes[role]) for role in images}, mask, grid)
    warnings = mark_gaps(images, turned, mask, grid, examination)
    return AlignedExamination(
        exam_id=examination.exam_id,
        inputs=inputs,
        cbv=images.get("cbv"),
        mask=mask,
        mask_source=mask_source,
        seg=_labels(volumes["seg"], grid, examination) if "seg" in volumes else None,
        affine=grid.affine,
        reference=reference,
        original_grids={role: Grid.of(volume) for role, volume in stored.items()},
        warnings=warnings,
    )


def require_numbers(aligned: AlignedExamination, examination: Examination) -> None:
    """Refuse an examination with brain voxels that hold no number.

    Raises:
        VolumeError: an input or the CBV map has some.
    """
    images = {sequence.value: image for sequence, image in aligned.inputs.items()}
    if aligned.cbv is not None:
        images["cbv"] = aligned.cbv
    for role, image in images.items():
        inside = image[aligned.mask]
        bad = inside.size - int(np.count_nonzero(np.isfinite(inside)))
        if bad:
            raise VolumeError(
                f"{examination.label(role)}: {bad} of {inside.size} voxels of the brain are NaN or infinite; "
                "expected a number in each. Export the image again, or take these voxels out of the mask."
            )


def read_mask(stored: Volume, examination: Examination) -> tuple[BoolArray, str]:
    """The brain in a mask's file, (X, Y, Z) on its own grid, and in words where it is from.

    Raises:
        VolumeError: its values are those of no mask.
    """
    try:
        brain, values = brain_of(stored.data)
    except VolumeError as error:
        raise VolumeError(f"{examination.label('mask')}: {error}") from error
    return brain, f"file ({values})" if values else "file"


def support_mask(
    images: Mapping[Sequence, Float32Array],
    exam_id: str,
    spacing_mm: tuple[float, float, float] | None = None,
) -> tuple[BoolArray, str]:
    """Brain mask from skull-stripped images: where half of them or more are not zero, holes filled.

    Half, not most: of two images, one that covers part of the brain must not cut the mask to that part.
    Structural images are asked first; ADC and ASL, which have holes, only where there is no other.

    Args:
        images: (X, Y, Z) float32 each, on one grid.
        exam_id: whose images they are, for the message.
        spacing_mm: voxel size, to see whether it is a brain or a whole head.

    Returns:
        The mask, (X, Y, Z) bool, and in words which images it rests on.

    Raises:
        VolumeError: no image is skull-stripped, the mask is empty, or it is larger than a brain.
    """
    zero_shares = {sequence: float(np.mean(image == 0.0)) for sequence, image in images.items()}
    stripped = [name for name, share in zero_shares.items() if MIN_STRIPPED_ZERO_SHARE <= share < 1.0]
    voters = [sequence for sequence in stripped if sequence not in WITH_HOLES] or stripped
    if not voters:
        found = ", ".join(f"{name.label} {share:.1%}" for name, share in zero_shares.items())
        raise VolumeError(
            f"{exam_id}: there is no brain mask, and no image is skull-stripped (voxels that are zero: "
            f"{found}; expected {MIN_STRIPPED_ZERO_SHARE:.0%} or more in one). Add a mask to the manifest, "
            "strip the skull first, as with HD-BET, or have the brain found: pip install 'cbvsynth[extract]'."
        )
    votes = np.sum([images[sequence] != 0.0 for sequence in voters], axis=0)
    mask = filled(2 * votes >= len(voters))
    if not mask.any():
        raise VolumeError(
            f"{exam_id}: there is no brain mask, and its images are non-zero in different places; expected "
            "skull-stripped images of one brain. Add a mask to the manifest."
        )
    volume_ml = int(mask.sum()) * math.prod(spacing_mm) / 1000.0 if spacing_mm else 0.0
    if volume_ml > MAX_BRAIN_ML:
        raise VolumeError(
            f"{exam_id}: there is no brain mask, and its images are not 0 in {volume_ml:.0f} mL; a brain has "
            f"at most {MAX_BRAIN_ML:.0f}. The air was blanked, the skull is still there: add a mask to the "
            "manifest, strip the skull first, as with HD-BET, or have the brain found: pip install "
            "'cbvsynth[extract]'."
        )
    return mask, "support of " + ", ".join(sequence.label for sequence in voters)


def _reference(examination: Examination, asked_for: str) -> str:
    """Role of the image whose grid is used."""
    if not examination.inputs:
        raise VolumeError(
            f"{examination.exam_id}: the manifest names no input sequence; expected at least one of "
            f"{', '.join(Sequence)}. Add one or leave the examination out."
        )
    reference = asked_for or ("cbv" if examination.cbv else examination.sequences[0].value)
    usable = [role for role in examination.files if role not in ("mask", "seg")]
    if reference not in usable:
        raise VolumeError(
            f"{examination.exam_id}: there is no image '{reference}' to take the grid from; "
            f"choose one of {', '.join(usable)}."
        )
    return reference


def _check_fields(grid: Grid, reference: Grid, label: str, reference_role: str) -> None:
    overlap = max(covered_share(grid, reference), covered_share(reference, grid))
    distance_mm = centre_distance_mm(grid, reference)
    if overlap < MIN_FIELD_OVERLAP or distance_mm > MAX_CENTRE_DISTANCE_MM:
        raise GridError(
            f"{label} does not show the same place as {reference_role.upper()}: their fields of view overlap "
            f"by {overlap:.0%} of the smaller one, their centres are {distance_mm:.0f} mm apart; expected "
            f"at least {MIN_FIELD_OVERLAP:.0%} and at most {MAX_CENTRE_DISTANCE_MM:.0f} mm. Register the "
            "images, or restore the headers that were lost in conversion."
        )


def _check_brain(grids: Mapping[str, Grid], mask: BoolArray, mask_grid: Grid) -> None:
    """Refuse images by label that show too little of the brain, all at once."""
    shares = {label: covered_share_of_mask(grid, mask, mask_grid) for label, grid in grids.items()}
    short = {label: share for label, share in shares.items() if share < MIN_BRAIN_COVERED}
    if short:
        (first, share), *others = short.items()
        more = "".join(f", {label.rpartition(': ')[2]} {share:.1%}" for label, share in others)
        raise GridError(
            f"{first} covers {share:.1%} of the brain{more}; expected at least {MIN_BRAIN_COVERED:.0%}. "
            + (
                "Use images of the whole brain, or leave these out."
                if others
                else "Use an image of the whole brain, or leave this one out."
            )
        )


def mark_gaps(
    images: Mapping[str, Float32Array],
    stored: Mapping[str, tuple[Volume, BoolArray | None]],
    mask: BoolArray,
    grid: Grid,
    examination: Examination,
) -> tuple[str, ...]:
    """Put NaN back where an image has no number in the brain.

    Args:
        images: by role, (X, Y, Z) float32 on the grid; changed in place.
        stored: what `without_gaps` gave for every file.
        mask: (X, Y, Z) bool, brain.
        grid: where images and mask lie.
        examination: for the labels.

    Returns:
        A sentence for each file that has gaps outside the brain only.
    """
    warnings = []
    for role, (volume, gaps) in stored.items():
        if gaps is None:
            continue
        if role in images:
            places = resample_labels(Volume(gaps.astype(np.float32), volume.affine), grid).data > 0.0
            images[role][places & mask] = np.nan
            if np.any(places & mask):
                continue
        warnings.append(
            f"{examination.label(role)}: {float(gaps.mean()):.1%} of the voxels are NaN or infinite, none of "
            "them in the brain; they count as 0"
        )
    return tuple(warnings)


def _mask(
    volumes: Mapping[str, Volume],
    inputs: Mapping[Sequence, Float32Array],
    grid: Grid,
    examination: Examination,
) -> tuple[BoolArray, str]:
    if "mask" not in volumes:
        return support_mask(inputs, examination.exam_id, grid.spacing_mm)
    stored = volumes["mask"]
    brain, source = read_mask(stored, examination)
    mask = resample_labels(Volume(brain.astype(np.float32), stored.affine), grid).data > 0.0
    if not mask.any():
        raise VolumeError(
            f"{examination.label('mask')} is zero everywhere on the examination's grid; expected the brain. "
            "Make the mask again."
        )
    return mask, source


def _labels(volume: Volume, grid: Grid, examination: Examination) -> npt.NDArray[np.uint8]:
    try:
        labels = lesion_labels(volume.data, examination.enhancing_label)
    except VolumeError as error:
        raise VolumeError(f"{examination.label('seg')}: {error}") from error
    return resample_labels(Volume(labels.astype(np.float32), volume.affine), grid).data.astype(np.uint8)
