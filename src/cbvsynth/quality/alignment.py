"""How the images of an examination lie to one another: displacement, agreement of edges, left and right.

Every sequence and the CBV map are registered rigidly to the anchor, T1 or the first sequence there is. What
is judged is the distance in millimetres by which the brain must be moved, which depends on neither contrast
nor scanner. The registered images then show what no displacement explains: edges that motion blurred, a
file that holds the anchor once more, an image that somebody mirrored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth import registration
from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.resampling import resample, resample_labels
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.quality.measurements import correlation
from cbvsynth.registration import RigidTransform, points_of

Image = npt.NDArray[np.floating]
Float64Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

EDGE_SCALE_MM = 2.0
"""Voxels in plane at which edges are compared; ours: gyri are some 10 mm wide, and matrices of 64 to 512
voxels become comparable."""
CLEAR_DIFFERENCE = 0.05
"""Least difference of two correlations of edges that tells left from right; ours."""
_FAINT = (Sequence.ADC.value, Sequence.ASL.value)
"""Sequences with few edges of their own."""
_CBV = "cbv"


@dataclass(frozen=True)
class Alignment:
    """What the registration of one examination showed; numbers by role, without the anchor's own.

    Attributes:
        anchor: role of the image to which the others were registered.
        displacement_mm: mean distance by which the brain must be moved, mm, where it was registered.
        mirror_margin: correlation (-1 to 1) of an image's edges with those of the others, as it lies, less
            the same mirrored left to right; the anchor has one, too. Without those that tell nothing.
        anchor_correlation: correlation (-1 to 1) of the registered image with the anchor in the brain.
        edge_agreement: by structural sequence, the correlation (-1 to 1) of its edges with those of
            whichever other one they fit best.
    """

    anchor: str
    displacement_mm: Mapping[str, float]
    mirror_margin: Mapping[str, float]
    anchor_correlation: Mapping[str, float]
    edge_agreement: Mapping[str, float]


def anchor_of(volumes: Mapping[str, Volume]) -> str:
    """The image to which the others are registered: the first sequence in channel order."""
    return next(sequence.value for sequence in Sequence if sequence.value in volumes)


def register_all(volumes: Mapping[str, Volume], labels: Mapping[str, str]) -> dict[str, RigidTransform]:
    """Where the anchor's places are found in every other image, by role.

    Args:
        volumes: by role, axes RAS, finite; without mask and seg, with one sequence or more.
        labels: how messages call the images, by role.

    Raises:
        RegistrationError: where an image lies in the anchor cannot be found.
    """
    anchor = anchor_of(volumes)
    target = registration.Target(volumes[anchor])
    transforms = {}
    for role, volume in volumes.items():
        if role == anchor:
            continue
        try:
            # Without the mask: one that was drawn on another image than the anchor would lead astray.
            transforms[role] = registration.register(volume, target)
        except RegistrationError as error:
            raise RegistrationError(f"{labels[role]} cannot be laid on {labels[anchor]}: {error}") from error
    return transforms


def compare(
    volumes: Mapping[str, Volume], transforms: Mapping[str, RigidTransform], mask: Mask, mask_grid: Grid
) -> Alignment:
    """Compare images with the anchor and one another, each laid where it belongs.

    Args:
        volumes: as for `register_all`.
        transforms: by role; images without one lie where they belong.
        mask: (X, Y, Z) bool, brain.
        mask_grid: where the mask lies.
    """
    role_of_anchor = anchor_of(volumes)
    anchor = volumes[role_of_anchor]
    points = points_of(mask, mask_grid.affine)
    grid = _edge_grid(anchor, points)
    brain = resample_labels(Volume(mask.astype(np.float32), mask_grid.affine), grid).data > 0
    images = {
        role: resample(moved(volume, transforms.get(role)), grid).data for role, volume in volumes.items()
    }
    edges = {role: _edges(image, grid.spacing_mm) for role, image in images.items()}
    first = images[role_of_anchor]
    return Alignment(
        anchor=role_of_anchor,
        displacement_mm={
            role: registration.displacement_mm(transform, points) for role, transform in transforms.items()
        },
        mirror_margin=_mirror_margins(edges, anchor, brain, grid) if len(edges) > 1 else {},
        anchor_correlation={
            role: correlation(image, first, brain) for role, image in images.items() if role != role_of_anchor
        },
        edge_agreement=_edge_agreement(edges, brain),
    )


def moved(volume: Volume, transform: RigidTransform | None) -> Volume:
    """The volume where a registration found it to belong; its voxels stay as they are."""
    return volume if transform is None else Volume(volume.data, transform.moved(volume.affine))


def _mirror_margins(edges: Mapping[str, Image], anchor: Volume, brain: Mask, grid: Grid) -> dict[str, float]:
    inner = ndimage.binary_erosion(brain, np.ones((3, 3, 1)))  # the brain's outline is the same on both sides
    try:
        mirrors = (_mirror_of_grid(anchor), _mirror_of_brain(anchor, points_of(brain, grid.affine)))
    except RegistrationError:
        return {}  # a brain that is not found in its own mirror image tells nothing of left and right
    mirrored = [
        {role: resample(Volume(one, mirror @ grid.affine), grid).data for role, one in edges.items()}
        for mirror in mirrors
    ]
    margins = {}
    for role, one in edges.items():
        as_it_lies = correlation(one, _sum_of_others(role, edges, inner), inner)
        fits = [correlation(one, _sum_of_others(role, others, inner), inner) for others in mirrored]
        turned = float(np.fmax.reduce(fits))  # NaN where neither can be judged
        if abs(as_it_lies - turned) >= CLEAR_DIFFERENCE:
            margins[role] = as_it_lies - turned
    return margins


def _sum_of_others(role: str, edges: Mapping[str, Image], mask: Mask) -> Image:
    """Edges of all images but one, scaled to one spread; CBV and CBF, the faintest, are asked by nobody."""
    total = np.zeros(mask.shape)
    for other, one in edges.items():
        spread = (
            float(one[mask].std()) if other not in (role, _CBV, Sequence.ASL.value) and mask.any() else 0.0
        )
        if spread > 0:
            total += one / spread
    return total


def _mirror_of_grid(anchor: Volume) -> Float64Array:
    """Reflection of the world, (4, 4), RAS mm, at the middle of the grid: what a program does to a file."""
    flip = np.diag([-1.0, 1.0, 1.0, 1.0])
    flip[0, 3] = anchor.shape[0] - 1.0
    mirror: Float64Array = anchor.affine @ flip @ np.linalg.inv(anchor.affine)
    return mirror


def _mirror_of_brain(anchor: Volume, points_mm: Float64Array) -> Float64Array:
    """Reflection of the world, (4, 4), RAS mm, that lays the anchor's brain onto its own mirror image.

    Args:
        anchor: an image.
        points_mm: (N, 3), its brain; the reflection is looked for from its middle.

    Raises:
        RegistrationError: the two do not fit.
    """
    reflection = np.diag([-1.0, 1.0, 1.0, 1.0])
    reflection[0, 3] = 2.0 * points_mm[:, 0].mean()
    turned = Volume(anchor.data, reflection @ anchor.affine)
    found = registration.register_nearby(turned, registration.Target(anchor))
    return found.moved(reflection)


def _edge_agreement(edges: Mapping[str, Image], mask: Mask) -> dict[str, float]:
    structural = [role for role in edges if role not in (_CBV, *_FAINT)]
    agreement = {}
    for role in structural:
        found = [correlation(edges[role], edges[other], mask) for other in structural if other != role]
        known = [value for value in found if not math.isnan(value)]
        if known:
            agreement[role] = max(known)
    return agreement


def _edge_grid(anchor: Volume, points_mm: Float64Array) -> Grid:
    """The anchor's voxels around the brain, joined to squares of about `EDGE_SCALE_MM` in plane."""
    inverse = np.linalg.inv(anchor.affine)
    indices = points_mm @ inverse[:3, :3].T + inverse[:3, 3]
    low = np.clip(np.floor(indices.min(axis=0)), 0, np.array(anchor.shape) - 1).astype(int)
    high = np.clip(np.ceil(indices.max(axis=0)), low, np.array(anchor.shape) - 1).astype(int)
    joined = np.maximum(1, np.round(EDGE_SCALE_MM / np.array(anchor.spacing_mm))).astype(int)
    x, y, z = (int(size) for size in np.maximum(1, (high - low + 1) // joined))
    affine = anchor.affine.copy()
    affine[:3, :3] = anchor.affine[:3, :3] * joined
    affine[:3, 3] = anchor.affine[:3, :3] @ (low + (joined - 1) / 2.0) + anchor.affine[:3, 3]
    return Grid((x, y, z), affine)


def _edges(image: Image, spacing_mm: tuple[float, float, float]) -> Image:
    """Steepness along the two finest axes, per millimetre; 0 along an axis of one voxel."""
    finest = sorted(np.argsort(spacing_mm, kind="stable")[:2])
    steps = [
        np.gradient(image.astype(np.float64), spacing_mm[axis], axis=axis)
        for axis in finest
        if image.shape[axis] > 1
    ]
    magnitude: Image = np.sqrt(sum((step**2 for step in steps), np.zeros(image.shape)))
    return magnitude
