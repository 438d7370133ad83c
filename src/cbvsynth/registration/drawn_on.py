"""Which image a mask or a segmentation was drawn on: it lies where that image lies, and moves with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from cbvsynth.domain.brain_masks import brain_of
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.gaps import without_gaps
from cbvsynth.domain.geometry import Grid, canonical_grid, lies_on, to_canonical
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import VolumeError
from cbvsynth.registration.outline import BESIDE_MM, CLEAR_FIT, fit_of_outline, shift_of_outline_mm
from cbvsynth.registration.transform import RigidTransform

DRAWN = {
    "mask": ("t1", "t1c", "t2", "flair", "adc", "asl", "cbv"),
    "seg": ("t1c", "t1", "flair", "t2", "adc", "asl", "cbv"),
}
"""What is drawn on an image, and in which order the images are asked where nothing else tells."""


def followed_images(
    examination: Examination,
    stored: Mapping[str, Volume],
    images: Mapping[str, Volume],
    from_fixed: Mapping[str, RigidTransform],
) -> tuple[dict[str, str], tuple[str, ...]]:
    """By role of a mask or a segmentation the image that it follows, and sentences that tell of a doubt.

    The one image that has its grid; where several have it, or none, and these lie apart, the one from which
    it fits all images best; the first in order, where it fits as well from several. A mask that fits better
    some way off is told, too.

    Args:
        examination: for the labels.
        stored: all of its images by role, as their headers say.
        images: those without mask and segmentation, axes RAS, finite.
        from_fixed: by role, where the places of one of them are in the others.
    """
    in_place = [Volume(volume.data, from_fixed[role].moved(volume.affine)) for role, volume in images.items()]
    followed, told = {}, []
    for role in (name for name in DRAWN if name in stored):
        own = canonical_grid(Grid.of(stored[role]))
        alike = [name for name in images if lies_on(canonical_grid(Grid.of(stored[name])), own)]
        order = [name for name in DRAWN[role] if name in (alike or images)]
        followed[role] = order[0]
        apart = _at_different_places({name: from_fixed[name] for name in order})
        inside = _inside(role, stored[role])
        if len(apart) > 1:
            followed[role], how = _best(inside, apart, in_place)
            why = f"it has the grid of {_listed(alike)}" if alike else "no image has its grid"
            image = followed[role].upper()
            told.append(
                f"{examination.label(role)} is taken as drawn on {image} and follows it ({why}): {how}"
            )
        if role == "mask":
            told += _beside(examination, inside, from_fixed[followed[role]], in_place)
    return followed, tuple(told)


def mask_beside(examination: Examination, mask: Volume, image: Volume) -> tuple[str, ...]:
    """A sentence where a mask's file, as stored, lies beside the brain of the only image there is."""
    in_place = without_gaps(to_canonical(image))[0]
    return tuple(_beside(examination, _inside("mask", mask), RigidTransform.identity(), [in_place]))


def _beside(
    examination: Examination, inside: Volume, home: RigidTransform, images: Sequence[Volume]
) -> list[str]:
    off_mm = shift_of_outline_mm(inside, home, images)
    told = (
        f"{examination.label('mask')} seems to lie beside the brain: {off_mm:.0f} mm away it would fit the "
        f"images better (expected at most {BESIDE_MM:g} mm). Look at its outline"
    )
    return [told] if off_mm > BESIDE_MM else []


def _best(inside: Volume, apart: Mapping[str, RigidTransform], images: Sequence[Volume]) -> tuple[str, str]:
    """The role of the image that an outline was drawn on, and in words how that is known."""
    fits = fit_of_outline(inside, apart, images)
    best, second = sorted(fits, key=fits.__getitem__, reverse=True)[:2]
    if fits[best] - fits[second] > CLEAR_FIT * fits[best]:
        return best, (
            f"from there it fits the images by {fits[best]:.2f} nats, "
            f"from {second.upper()} by {fits[second]:.2f}"
        )
    first, *others = apart
    return first, (
        f"it fits the images as well from {_listed(others)}. Look at its outline; where it is off, lay it on "
        "the other images yourself first"
    )


def _inside(role: str, stored: Volume) -> Volume:
    """Voxels within an outline, 1 of 0 and 1; without any where the values mean nothing, told elsewhere."""
    finite = without_gaps(to_canonical(stored))[0]
    try:
        inside = brain_of(finite.data)[0] if role == "mask" else finite.data > 0.0
    except VolumeError:
        inside = np.zeros(finite.shape, np.bool_)
    return Volume(inside.astype(np.float32), finite.affine)


def _at_different_places(places: Mapping[str, RigidTransform]) -> dict[str, RigidTransform]:
    """The first image, in order, of each place where there are some."""
    different: dict[str, RigidTransform] = {}
    for role, one in places.items():
        if not any(np.array_equal(one.matrix, other.matrix) for other in different.values()):
            different[role] = one
    return different


def _listed(roles: Iterable[str]) -> str:
    return ", ".join(role.upper() for role in roles)
