"""Where the images of an examination lie, including those whose headers do not say.

A file whose sform and qform codes are both 0 has voxels and their size, but neither an orientation nor a
position. Readers then assume one, and not the same one: nibabel's mirrors left and right. Here nothing is
assumed: somebody states which way the axes run, and the position is that of an image that has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cbvsynth.domain.examination import Examination, image_label
from cbvsynth.domain.geometry import Grid, axes_of, canonical_grid, centred_grid, in_place_of, lies_on
from cbvsynth.errors import GridError, VolumeError
from cbvsynth.study.nifti_header import NO_PLACE, STATE_THE_AXES, VolumeHeader

_SAME_SPACING = 1e-3
"""Voxel sizes that differ by this part or less are the same: some programs write four digits."""

_NO_POSITION = "has no position of its own (its sform and qform codes are both 0)"
_WRITE_AGAIN = "Write its header again from the image it was computed on."


@dataclass(frozen=True, eq=False)
class Placement:
    """Grids of an examination's files by role, and sentences about how they were found."""

    grids: Mapping[str, Grid]
    warnings: tuple[str, ...]


def place(examination: Examination, headers: Mapping[str, VolumeHeader]) -> Placement:
    """Say where every file lies.

    Args:
        examination: whose files they are; its `orientation` counts for files without one of their own.
        headers: of its files, by role.

    Raises:
        VolumeError: a file has no orientation, and none is stated.
        GridError: a file without a position fits none of the images that have one, or several.
    """
    warnings = [
        f"{examination.label(role)}: {text}" for role, one in headers.items() for text in one.warnings
    ]
    grids = {role: Grid(header.shape, header.affine) for role, header in headers.items()}
    placed = {role: grids[role] for role, header in headers.items() if header.is_placed}
    lost = [role for role in headers if role not in placed]
    if lost and not examination.orientation:
        raise VolumeError(_unstated(examination, lost[0], placed))
    for role in lost:
        header = headers[role]
        grids[role] = centred_grid(header.shape, header.spacing_mm, examination.orientation)
    if placed:
        for role in lost:
            model = _model(examination, role, grids[role], placed)
            grids[role] = in_place_of(grids[role], placed[model])
            warnings.append(
                f"{examination.label(role)} {_NO_POSITION}: as stated, its axes were taken to run "
                f"{examination.orientation}, and by its shape and voxel size it lies where "
                f"{image_label(model)} lies."
            )
    elif lost:
        _require_one_size(examination, {role: grids[role] for role in lost})
        warnings.append(
            f"{examination.exam_id}: no image {_NO_POSITION}: as stated, all axes were taken to run "
            f"{examination.orientation}, and all images to lie in one place."
        )
    return Placement(grids, tuple(warnings))


def _unstated(examination: Examination, role: str, placed: Mapping[str, Grid]) -> str:
    hint = "".join(
        f" {image_label(other)} of this examination runs {axes_of(grid.affine)}."
        for other, grid in list(placed.items())[:1]
    )
    return f"{examination.label(role)}: {NO_PLACE} {STATE_THE_AXES}{hint}"


def _model(examination: Examination, role: str, grid: Grid, placed: Mapping[str, Grid]) -> str:
    """The image whose place a file without one takes: the only place at which its size is found."""
    fitting = [other for other, there in placed.items() if _same_size(grid, there)]
    if not fitting:
        found = "; ".join(f"{image_label(other)} {_size(there)}" for other, there in placed.items())
        raise GridError(
            f"{examination.label(role)} {_NO_POSITION}, and its size, {_size(grid)} when turned from "
            f"{examination.orientation} to RAS, is that of no image that has one ({found}). {_WRITE_AGAIN}"
        )
    first = canonical_grid(placed[fitting[0]])
    other = next((one for one in fitting if not lies_on(canonical_grid(placed[one]), first)), None)
    if other is not None:
        raise GridError(
            f"{examination.label(role)} {_NO_POSITION}, and could lie where {image_label(fitting[0])} lies "
            f"or where {image_label(other)} lies, which is another place. {_WRITE_AGAIN}"
        )
    return fitting[0]


def _require_one_size(examination: Examination, grids: Mapping[str, Grid]) -> None:
    first, *others = grids
    for role in others:
        if not _same_size(grids[role], grids[first]):
            raise GridError(
                f"{examination.label(role)} {_NO_POSITION}, nor has {image_label(first)}, and their sizes "
                f"differ: {_size(grids[role])}, and {_size(grids[first])}. Expected one size; write the "
                "headers again from the scanner's images."
            )


def _same_size(first: Grid, second: Grid) -> bool:
    one, other = canonical_grid(first), canonical_grid(second)
    same = np.allclose(one.spacing_mm, other.spacing_mm, rtol=_SAME_SPACING, atol=0.0)
    return one.shape == other.shape and same


def _size(grid: Grid) -> str:
    turned = canonical_grid(grid)
    shape = " x ".join(str(size) for size in turned.shape)
    return f"{shape} voxels of {' x '.join(f'{size:.4g}' for size in turned.spacing_mm)} mm"
