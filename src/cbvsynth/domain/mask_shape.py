"""Whether a mask has the size and the shape of a brain: measured, and held to limits with a reason each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.brain_masks import MAX_BRAIN_ML
from cbvsynth.domain.pieces import filled, labelled

MIN_BRAIN_ML = 300.0
"""As `brain_volume_ml_min` in limits.yaml: less is no adult's brain, unless the slices show a part of it."""
MIN_LARGEST_SHARE = 0.98
"""Least share of the mask in its largest piece. Chosen here: thick slices may cut the tips of the temporal
lobes off, which hold less; eyes or neck hold more."""
MAX_HOLE_SHARE = 0.02
"""Largest share of the filled mask that is enclosed holes. Chosen here: the ventricles, which a poor mask
leaves out, are 2 % of a brain and more."""
MIN_MIRROR_DICE = 0.9
"""Least overlap of a mask with its own mirror image across the best upright plane. Measured: four masks of
whole brains, tumours included, have 0.94 to 0.97; one that lost 15 % at a side has 0.87."""
WIDTH_MM = (95.0, 185.0)
"""Left to right. Adults' brains are 120 to 160 mm wide; a turned head shows up to a sixth more or less."""
LENGTH_MM = (120.0, 225.0)
"""Front to back. Adults' brains are 150 to 190 mm long, turned as above."""
MAX_SIDE_SHARE = 0.002
"""Largest share of the mask's voxels at the very sides of the field of view, where scalp or air is expected.
Chosen here; top and bottom may cut through a brain, the sides do not."""
HEAD_SHARE = (0.15, 0.75)
"""Brain as a share of the head that the image shows. Measured: 0.51 to 0.56 where it ends near the skull's
base; a neck in view lowers it, a skull that was not removed brings it near 1."""
_COARSE_MM = 6.0
"""Distance of the points that symmetry is measured on."""
_MOST_TILT = 0.35
"""Radians by which the plane of symmetry may be turned: more than a head lies turned in a scanner."""
_HALVINGS = 5
"""From steps of 9 degrees and 10 mm to 0.6 degrees and 0.6 mm."""

BoolArray = npt.NDArray[np.bool_]
Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MaskShape:
    """What was measured on a mask.

    largest_share: of all its voxels, those of its largest piece.
    hole_share: of the filled mask, enclosed holes.
    mirror_dice: overlap with its mirror image.
    side_share: of its voxels, those on the sides of the field of view.
    head_share: of the head's volume; 0 where no image was given.
    """

    volume_ml: float
    largest_share: float
    hole_share: float
    mirror_dice: float
    width_mm: float
    length_mm: float
    side_share: float
    head_share: float = 0.0

    @property
    def words(self) -> str:
        """All measurements on one line."""
        head = f", {self.head_share:.0%} of the head" if self.head_share else ""
        return (
            f"{self.volume_ml:.0f} mL{head}, {self.width_mm:.0f} mm wide, {self.length_mm:.0f} mm long, "
            f"largest piece {self.largest_share:.1%}, holes {self.hole_share:.1%}, overlap with its mirror "
            f"image {self.mirror_dice:.2f}, at the sides of the field of view {self.side_share:.2%}"
        )


def measure_mask(
    mask: BoolArray, affine: Float64Array, image: npt.NDArray[np.float32] | None = None
) -> MaskShape:
    """Measure a mask that is not empty.

    Args:
        mask: (X, Y, Z), axes RAS.
        affine: (4, 4), voxels to RAS millimetres; may be oblique.
        image: (X, Y, Z), the whole head, to see which share of it the mask is.
    """
    spacing_mm = np.linalg.norm(affine[:3, :3], axis=0)
    voxel_ml = abs(float(np.linalg.det(affine[:3, :3]))) / 1000.0
    count = int(mask.sum())
    largest = int(np.bincount(labelled(mask).ravel())[1:].max(initial=0))
    sides = int(mask[[0, -1]].sum()) + int(mask[1:-1][:, [0, -1]].sum())
    points = _points(mask, affine, spacing_mm)
    width, length = (_extent(points[:, axis]) + float(spacing_mm[axis]) for axis in (0, 1))
    return MaskShape(
        volume_ml=count * voxel_ml,
        largest_share=largest / count,
        hole_share=1.0 - count / int(filled(mask).sum()),
        mirror_dice=_mirror_dice(mask, affine, points),
        width_mm=width,
        length_mm=length,
        side_share=sides / count,
        head_share=0.0 if image is None else count / max(1, int(head_of(image).sum())),
    )


def doubts_about(shape: MaskShape) -> tuple[str, ...]:
    """What about a mask is not as of a brain, with what was expected; empty for a plausible one."""
    checks = (
        (
            MIN_BRAIN_ML <= shape.volume_ml <= MAX_BRAIN_ML,
            f"volume {shape.volume_ml:.0f} mL, expected {MIN_BRAIN_ML:.0f} to {MAX_BRAIN_ML:.0f}",
        ),
        (
            WIDTH_MM[0] <= shape.width_mm <= WIDTH_MM[1],
            f"width {shape.width_mm:.0f} mm, expected {WIDTH_MM[0]:.0f} to {WIDTH_MM[1]:.0f}",
        ),
        (
            LENGTH_MM[0] <= shape.length_mm <= LENGTH_MM[1],
            f"length {shape.length_mm:.0f} mm, expected {LENGTH_MM[0]:.0f} to {LENGTH_MM[1]:.0f}",
        ),
        (
            shape.largest_share >= MIN_LARGEST_SHARE,
            f"largest piece {shape.largest_share:.1%} of it, expected {MIN_LARGEST_SHARE:.0%} or more",
        ),
        (
            shape.hole_share <= MAX_HOLE_SHARE,
            f"holes {shape.hole_share:.1%}, expected at most {MAX_HOLE_SHARE:.0%}",
        ),
        (
            shape.mirror_dice >= MIN_MIRROR_DICE,
            f"overlap with its mirror image {shape.mirror_dice:.2f}, expected {MIN_MIRROR_DICE:g} or more",
        ),
        (
            shape.side_share <= MAX_SIDE_SHARE,
            f"{shape.side_share:.2%} of it at the picture's sides, expected at most {MAX_SIDE_SHARE:.1%}",
        ),
        (
            not shape.head_share or HEAD_SHARE[0] <= shape.head_share <= HEAD_SHARE[1],
            f"{shape.head_share:.0%} of the head, expected {HEAD_SHARE[0]:.0%} to {HEAD_SHARE[1]:.0%}",
        ),
    )
    return tuple(words for plausible, words in checks if not plausible)


def head_of(image: npt.NDArray[np.float32]) -> BoolArray:
    """The head in an image with its skull, (X, Y, Z): what is brighter than air, its largest piece, filled.

    The limit between air and head is where the variance between both is largest (Otsu 1979). Nothing where no
    voxel is above 0, or as good as none.
    """
    shown = np.clip(image, 0.0, max(0.0, float(np.percentile(image, 99.5))))
    if shown.min() == shown.max():
        return np.zeros(image.shape, np.bool_)
    counts, edges = np.histogram(shown, bins=256)
    middles = (edges[:-1] + edges[1:]) / 2.0
    below = np.cumsum(counts)
    above = below[-1] - below
    mean = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (mean / below - (mean[-1] - mean) / above) ** 2
    bright = shown > middles[int(np.nanargmax(between))]
    for place in range(bright.shape[2]):  # by slice: the neck's end opens a head that is filled as a whole
        bright[:, :, place] = filled(bright[:, :, place])
    pieces = labelled(bright)
    sizes = np.bincount(pieces.ravel())[1:]
    head: BoolArray = pieces == 1 + int(np.argmax(sizes)) if len(sizes) else bright
    return head


def _points(mask: BoolArray, affine: Float64Array, spacing_mm: Float64Array) -> Float64Array:
    """Voxels' places in RAS mm, (N, 3), one of several where voxels are small."""
    steps = np.maximum(1, np.round(_COARSE_MM / spacing_mm)).astype(int)
    thinned = np.argwhere(mask[:: steps[0], :: steps[1], :: steps[2]]) * steps
    if not len(thinned):
        thinned = np.argwhere(mask)
    points: Float64Array = thinned @ affine[:3, :3].T + affine[:3, 3]
    return points


def _extent(values: Float64Array) -> float:
    """How far apart the outermost values lie, the last thousandth at either end left out.

    Not by `np.percentile`: it imports `numpy.ma` to see if values are masked, 40 ms of a client's start.
    """
    last = len(values) // 1000
    ordered = np.partition(values, (last, -last - 1))
    return float(ordered[-last - 1] - ordered[last])


def _mirror_dice(mask: BoolArray, affine: Float64Array, points: Float64Array) -> float:
    """Share of a mask's points whose mirror image across the best upright plane is in the mask, too."""
    middle = points.mean(axis=0)
    to_voxels = np.linalg.inv(affine)

    def dice(plane: Float64Array) -> float:
        yaw, roll, shift_mm = plane
        if max(abs(yaw), abs(roll)) > _MOST_TILT:
            return 0.0
        normal = np.array([math.cos(yaw) * math.cos(roll), math.sin(yaw) * math.cos(roll), math.sin(roll)])
        mirrored = points - 2.0 * np.outer((points - middle) @ normal - shift_mm, normal)
        places = np.floor(mirrored @ to_voxels[:3, :3].T + to_voxels[:3, 3] + 0.5).astype(np.int64)
        inside = np.all((places >= 0) & (places < mask.shape), axis=1)
        return float(mask[tuple(places[inside].T)].sum()) / len(places)

    return _climbed(dice, np.zeros(3), np.array([0.16, 0.16, 10.0]))


def _climbed(function: Callable[[Float64Array], float], place: Float64Array, steps: Float64Array) -> float:
    """The value at the top of a hill: step along each axis while that leads up, then by half the step."""
    best = function(place)
    for _ in range(_HALVINGS):
        for step in (*np.diag(steps), *np.diag(-steps)):
            while (value := function(place + step)) > best:
                place, best = place + step, value
        steps = steps / 2.0
    return best
