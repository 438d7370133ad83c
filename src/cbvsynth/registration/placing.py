"""How far the images of one examination lie from T1, and where each is moved to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.brain_masks import MAX_BRAIN_ML, brain_of
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.gaps import without_gaps
from cbvsynth.domain.geometry import MAX_UNREGISTERED_MM, Grid, canonical_grid, lies_on, to_canonical
from cbvsynth.domain.mask_shape import head_of
from cbvsynth.domain.options import Register
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError, VolumeError
from cbvsynth.registration.displacement import displacement_mm, points_of
from cbvsynth.registration.drawn_on import DRAWN, followed_images, mask_beside
from cbvsynth.registration.rigid import ALIGNED_MM, register
from cbvsynth.registration.target import Target
from cbvsynth.registration.together import refine
from cbvsynth.registration.transform import RigidTransform
from cbvsynth.study.outlines import is_brain

_FIXED = (Sequence.T1, Sequence.T1C, Sequence.T2, Sequence.FLAIR, Sequence.ADC, Sequence.ASL)
_CBV = "cbv"
_GUIDES = ("t2", "flair", "adc")
"""What tells where a CBV map lies, beside T1: images that show fluid. Not T1C, which made it no better."""
_BALL_MM = 70.0
"""Radius of the ball that stands for the brain where no mask says where it is."""

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Placing:
    """What was found out about the places of an examination's images.

    fixed: role of the image that the others were compared with; empty where nothing was measured.
    displacements_mm: by role, how far the image lay from `fixed`, mean over the brain, rounded to 0.01 mm.
    moved: images that lay apart and are moved into place; mask and segmentation follow theirs.
    moves: by role, as `study.aligned.align` takes them: into the place of the reference.
    warnings: sentences worth a look.
    """

    fixed: str = ""
    displacements_mm: Mapping[str, float] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    moves: Mapping[str, Float64Array] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def is_raw(stored: Mapping[str, Volume]) -> bool:
    """Whether images by role may lie apart: on several grids, or heads with their skull on one.

    Skull-stripped images on one grid were prepared by somebody. A mask beside heads says nothing of that: a
    scanner gives the images of one protocol one grid, whatever the patient did between them.
    """
    images = _images(stored)
    if len(images) < 2 or not _on_one_grid(images):
        return len(images) > 1
    if any(map(_is_stripped, images.values())):
        return False
    return "mask" not in stored or not _shows_a_brain(images[_fixed(images)])


def _on_one_grid(images: Mapping[str, Volume]) -> bool:
    first, *others = (canonical_grid(Grid.of(volume)) for volume in images.values())
    return all(lies_on(other, first) for other in others)


def _is_stripped(volume: Volume) -> bool:
    return is_brain(without_gaps(volume)[0].data != 0.0, _voxel_ml(volume))


def _voxel_ml(volume: Volume) -> float:
    return math.prod(volume.spacing_mm) / 1000.0


def _shows_a_brain(volume: Volume) -> bool:
    """Whether what is brighter than air is no larger than a brain: noise around it is not 0, but no head."""
    shown = head_of(without_gaps(to_canonical(volume))[0].data.astype(np.float32))
    return int(np.count_nonzero(shown)) * _voxel_ml(volume) <= MAX_BRAIN_ML


def _fixed(images: Mapping[str, Volume]) -> str:
    """The role of the image that stays."""
    return next(name.value for name in _FIXED if name.value in images)


def place_images(
    examination: Examination, stored: Mapping[str, Volume], reference: str, mode: Register
) -> Placing:
    """Measure how far every image lies from T1 and, for raw ones, say where it is moved to.

    The transforms are estimated on the images as they are, whole heads or stripped brains. The reference
    stays where it is, and the others come to it; so a CBV map to learn from is never interpolated.

    Args:
        examination: row of the manifest, for the labels.
        stored: its images by role.
        reference: role of the image whose grid is used.
        mode: `off` measures nothing; `check` measures; `rigid` moves raw images, and measures only those.

    Raises:
        RegistrationError: with `check`, an image lies too far off; with `rigid`, one cannot be registered,
            unless all lie on one grid with a mask: then it is told.
    """
    if mode is Register.OFF or not _images(stored):
        return Placing()
    if len(_images(stored)) == 1:
        return Placing(warnings=_mask_of_one(examination, stored))
    if mode is Register.RIGID and not is_raw(stored):
        return Placing()
    fixed = _fixed(stored)
    images = {role: without_gaps(to_canonical(volume))[0] for role, volume in _images(stored).items()}
    found, failed = _register_all(images, fixed)
    points = _brain_points(stored, fixed)
    distances = {role: round(displacement_mm(one, points), 2) for role, one in found.items()}
    # Heads on one grid with a mask may have been aligned by somebody: only what is clear is moved.
    believed = "mask" in stored and _on_one_grid(images)
    least_mm = MAX_UNREGISTERED_MM if believed else ALIGNED_MM
    apart = [role for role, distance in distances.items() if distance > least_mm]
    if mode is Register.CHECK:
        warnings = _checked(examination, distances, fixed)
        told = tuple(f"{examination.label(role)}: {reason}" for role, reason in failed.items())
        return Placing(fixed, distances, warnings=(*warnings, *told))
    for role, reason in failed.items():
        if not believed:
            raise RegistrationError(
                f"{examination.label(role)}: {reason}. Leave the image out, or say --register off where "
                "the headers are right."
            )
    left = tuple(
        f"{examination.label(role)}: {reason}; it has the grid of the others and stays where it is"
        for role, reason in failed.items()
    )
    warnings = tuple(
        f"{examination.label(role)} lay {distances[role]:.1f} mm off {fixed.upper()} and was moved into place"
        for role in apart
    )
    from_fixed = {role: found[role] if role in apart else RigidTransform.identity() for role in images}
    followed, doubts = followed_images(examination, stored, images, from_fixed)
    moves = _moves(stored, from_fixed, followed, reference)
    return Placing(fixed, distances, tuple(apart), moves, (*left, *warnings, *doubts))


def _mask_of_one(examination: Examination, stored: Mapping[str, Volume]) -> tuple[str, ...]:
    """What there is to say of the mask of one image alone; a stripped brain is looked at elsewhere."""
    (image,) = _images(stored).values()
    if "mask" not in stored or _is_stripped(image):
        return ()
    return mask_beside(examination, stored["mask"], image)


def _register_all(
    images: Mapping[str, Volume], fixed: str
) -> tuple[dict[str, RigidTransform], dict[str, str]]:
    target, order = Target(images[fixed]), list(images)
    found: dict[str, RigidTransform] = {}
    failed: dict[str, str] = {}
    for role in sorted(images.keys() - {fixed}, key=lambda name: (name == _CBV, order.index(name))):
        try:
            one = register(images[role], target)
            if role == _CBV:
                one = refine(one, images[role], [images[fixed], *_guides(images, found)])
            found[role] = one
        except RegistrationError as error:
            failed[role] = f"it could not be registered to {fixed.upper()}: {error}".rstrip(".")
    return found, failed


def _guides(images: Mapping[str, Volume], found: Mapping[str, RigidTransform]) -> list[Volume]:
    """The images that a CBV map is laid on beside the first, each where it was found to belong."""
    return [
        Volume(images[role].data, found[role].moved(images[role].affine)) for role in _GUIDES if role in found
    ]


def _moves(
    stored: Mapping[str, Volume],
    from_fixed: Mapping[str, RigidTransform],
    followed: Mapping[str, str],
    reference: str,
) -> dict[str, Float64Array]:
    """Where each image goes in the reference's coordinates; mask and segmentation go with theirs."""
    to_reference = from_fixed[reference].matrix
    owns = {role: from_fixed[followed.get(role, role)].matrix for role in stored}
    return {
        role: to_reference @ np.linalg.inv(own)
        for role, own in owns.items()
        if not np.array_equal(own, to_reference)
    }


def _checked(examination: Examination, distances: Mapping[str, float], fixed: str) -> tuple[str, ...]:
    warnings = []
    for role, distance in distances.items():
        if distance > MAX_UNREGISTERED_MM:
            raise RegistrationError(
                f"{examination.label(role)} lies {distance:.1f} mm off {fixed.upper()}; expected at most "
                f"{MAX_UNREGISTERED_MM:g} mm without registration. Register them, or add --register rigid."
            )
        if distance > ALIGNED_MM:
            warnings.append(
                f"{examination.label(role)} lies {distance:.1f} mm off {fixed.upper()} and was left there; "
                f"expected at most {ALIGNED_MM:g} mm"
            )
    return tuple(warnings)


def _brain_points(stored: Mapping[str, Volume], fixed: str) -> Float64Array:
    """Places, (N, 3) RAS mm, over which a displacement is averaged: the mask, or a ball in the head."""
    if "mask" in stored:
        with suppress(VolumeError):  # a mask that is none is told where it is used
            mask, _ = brain_of(without_gaps(stored["mask"])[0].data)
            if mask.any():
                return points_of(mask, stored["mask"].affine)
    volume = without_gaps(stored[fixed])[0]
    bright = points_of(volume.data > volume.data.mean(), volume.affine)
    steps = np.arange(-_BALL_MM, _BALL_MM + 1.0, 10.0)
    ball = np.array(np.meshgrid(steps, steps, steps)).reshape(3, -1).T
    points: Float64Array = ball[np.linalg.norm(ball, axis=1) <= _BALL_MM] + bright.mean(axis=0)
    return points


def _images(stored: Mapping[str, Volume]) -> dict[str, Volume]:
    return {role: volume for role, volume in stored.items() if role not in DRAWN}
