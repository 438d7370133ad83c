"""Which image a map is made on: it gets the grid and the orientation of that one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cbvsynth.domain.examination import Examination, image_label
from cbvsynth.domain.geometry import Grid, canonical_grid
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import UsageError

MIN_SLICE_RATIO = 1.5
"""Voxels that are so many times longer along one axis than along another lie in slices. Chosen here: volumes
are scanned with voxels of up to 1 x 1 x 1.4 mm."""
_DIRECTIONS = ("from left to right", "from back to front", "")


def reference_of(
    examination: Examination,
    usable: Iterable[Sequence],
    grids: Mapping[str, Grid],
    wanted: str,
    preferred: str = "",
) -> tuple[str, tuple[str, ...]]:
    """The role of the image that a map is made on, and a sentence where slices run another way than axial.

    Models learn on the grid of CBV maps, which are scanned in axial slices. Where nobody asks, the first
    usable image with axial slices counts, or with none to speak of; without one, the first usable image.

    Args:
        examination: for the labels.
        usable: sequences that can be read, in channel order.
        grids: by role, as stored.
        wanted: the role that somebody asks for; empty otherwise.
        preferred: the role that counts where nobody asks and it is usable.

    Raises:
        UsageError: the image that is asked for is not among the usable ones.
    """
    names = [sequence.value for sequence in usable]
    if wanted and wanted not in names:
        raise UsageError(
            f"{examination.exam_id}: the reference is '{wanted}', which is not among the usable images "
            f"({', '.join(names)}). Choose one of them."
        )
    wanted = wanted or (preferred if preferred in names else "")
    axial = [name for name in names if not slices_of(grids[name])]
    first, chosen = names[0], wanted or (axial or names)[0]
    if slices := slices_of(grids[chosen]):
        told = (
            f"{examination.label(chosen)} has slices {slices}, and the map is made on them; models learn "
            "from axial slices, and the map may be far from what they make of these"
        )
        return chosen, (f"{told}. --reference {axial[0]} has axial ones" if axial else told,)
    if chosen != first and not wanted:
        told = (
            f"{examination.label(first)} has slices {slices_of(grids[first])}: the map is made on the grid "
            f"of {image_label(chosen)}, whose slices are axial, as those that models learn from"
        )
        return chosen, (told,)
    return chosen, ()


def slices_of(grid: Grid) -> str:
    """Which way an image's slices follow one another, where that is not from feet to head; empty where it is.

    Volumes of voxels about as long as they are wide have no slices.
    """
    spacing_mm = canonical_grid(grid).spacing_mm
    if max(spacing_mm) < MIN_SLICE_RATIO * min(spacing_mm):
        return ""
    axis = _DIRECTIONS[spacing_mm.index(max(spacing_mm))]
    return f"{axis} ({' x '.join(f'{size:.3g}' for size in spacing_mm)} mm)" if axis else ""
