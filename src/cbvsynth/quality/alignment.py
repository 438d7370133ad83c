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

from cbvsynth import registration
from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.quality.edges import edge_images
from cbvsynth.quality.left_right import mirror_margins
from cbvsynth.quality.measurements import correlation
from cbvsynth.registration import RigidTransform, points_of

Image = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

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
    in_place = {role: moved(volume, transforms.get(role)) for role, volume in volumes.items()}
    shown = edge_images(in_place, anchor, mask, mask_grid)
    points = points_of(mask, mask_grid.affine)
    first = shown.images[role_of_anchor]
    return Alignment(
        anchor=role_of_anchor,
        displacement_mm={
            role: registration.displacement_mm(transform, points) for role, transform in transforms.items()
        },
        mirror_margin=mirror_margins(shown, anchor),
        anchor_correlation={
            role: correlation(image, first, shown.brain)
            for role, image in shown.images.items()
            if role != role_of_anchor
        },
        edge_agreement=_edge_agreement(shown.edges, shown.brain),
    )


def moved(volume: Volume, transform: RigidTransform | None) -> Volume:
    """The volume where a registration found it to belong; its voxels stay as they are."""
    return volume if transform is None else Volume(volume.data, transform.moved(volume.affine))


def _edge_agreement(edges: Mapping[str, Image], mask: Mask) -> dict[str, float]:
    structural = [role for role in edges if role not in (_CBV, *_FAINT)]
    agreement = {}
    for role in structural:
        found = [correlation(edges[role], edges[other], mask) for other in structural if other != role]
        known = [value for value in found if not math.isnan(value)]
        if known:
            agreement[role] = max(known)
    return agreement
