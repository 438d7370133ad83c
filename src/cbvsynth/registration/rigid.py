"""Rigid registration of two images of one head, of whatever contrast, by mutual information.

A look around tells images that lie on each other; for the others SimpleITK searches, coarse to fine. The
benchmark in benchmarks/registration.py says why this library and these settings. One thread and the same
places each time: the same images give the same bytes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.geometry import Grid, inside
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.registration.displacement import displacement_mm
from cbvsynth.registration.information import SharedInformation
from cbvsynth.registration.nearby import climb, look_around
from cbvsynth.registration.search import search
from cbvsynth.registration.target import Target, smooth
from cbvsynth.registration.transform import RigidTransform

ALIGNED_MM = 1.0
"""Images whose brains lie off by less, on average, lie on each other: an image stays where its header says.
Chosen here: the error of the search; to interpolate for so little would blur the image and gain nothing."""
CLOSE_MM = 2.0
"""A peak that is nearer needs no search. Chosen here: of images that lie 2.5 mm off or more none seems to."""
MAX_DISPLACEMENT_MM = 40.0
"""Largest mean displacement that is believed. Chosen here: heads move less between two sequences, and the
search does not reach farther from where the headers put the images."""
MIN_OVERLAP = 0.5
"""Least share of the fixed image's brain (or field of view) that the moving image must show once it is in
place, or the other way round: a slab of CBV is much less than a sagittal T1 down to the neck. Chosen here, as
for fields of view in `study.aligned`."""
_LATTICE = 12
"""Places along each axis at which a field of view is asked for."""
MIN_INFORMATION = 0.05
"""Least mutual information, nats, of two images of one head in place. Chosen here: noise reaches 0.03 from
the number of samples alone, the faintest pair of the benchmark several times as much."""

CLEAR_INFORMATION = 0.1
"""Least information, nats, of images that a look around finds in place: twice the least of a search, since
fewer places are compared."""

BoolArray = npt.NDArray[np.bool_]
Float64Array = npt.NDArray[np.float64]


def register(moving: Volume, fixed: Volume | Target, *, mask: BoolArray | None = None) -> RigidTransform:
    """Find where the places of the fixed image are in the moving one, starting from what the headers say.

    Where a look around says that the images lie on each other but for less than `ALIGNED_MM`, or a climb
    that there is a peak within `CLOSE_MM`, that is the answer; else the match is searched for.

    Args:
        moving: any contrast, with or without its skull; finite.
        fixed: as `moving`; as a Target, when several images are registered to it.
        mask: (X, Y, Z) bool on the fixed image's grid, brain; with it, only the brain and its outline count.
            A Target has its own.

    Raises:
        RegistrationError: an image has no contrast, they hardly overlap, they have nothing in common, or
            what was found is farther than can be believed.
    """
    target = fixed if isinstance(fixed, Target) else Target(fixed, mask)
    _require_contrast(moving, "moving")
    _require_contrast(target.volume, "fixed")
    if target.mask is not None and not target.mask.any():
        raise RegistrationError("The brain mask is empty; expected the brain of the fixed image.")
    _require_overlap(RigidTransform.identity(), target, moving, "lie")
    information = SharedInformation([target.smooth], smooth(moving), target.places)
    near = look_around(information, np.zeros(6))
    if near is None or information.displacement_mm(near) >= ALIGNED_MM:
        near, is_peak = climb(information, np.zeros(6))
        if not is_peak or information.displacement_mm(near) >= CLOSE_MM:
            return _searched(moving, target, information, near)
    if information(near) < CLEAR_INFORMATION:
        return _searched(moving, target, information, near)
    return information.transform(near)


def register_nearby(moving: Volume, target: Target) -> RigidTransform:
    """As `register`, for images known to lie some millimetres and degrees apart: a climb to the peak.

    A third of the places are compared: what is found is good to a millimetre or two.

    Raises:
        RegistrationError: there is no peak close by, and a search finds none either.
    """
    _require_contrast(moving, "moving")
    _require_contrast(target.volume, "fixed")
    information = SharedInformation([target.smooth], smooth(moving), target.places[::3])
    near, is_peak = climb(information, np.zeros(6))
    if is_peak and information(near) >= CLEAR_INFORMATION:
        return information.transform(near)
    return _searched(moving, target, information, near)


def _searched(
    moving: Volume, target: Target, information: SharedInformation, near: Float64Array
) -> RigidTransform:
    found, shared = search(moving, target)
    if shared < MIN_INFORMATION:
        raise RegistrationError(
            f"The images share {shared:.3f} nats of information in their best match; expected at least "
            f"{MIN_INFORMATION:g}. They may not show one head, or one of them holds noise."
        )
    # The search may leave the right place for one where interpolation makes the images more alike. Where both
    # agree, its answer is the finer one.
    close = information.transform(near)
    apart_mm = displacement_mm(RigidTransform(np.linalg.inv(close.matrix) @ found.matrix), target.points)
    if apart_mm > ALIGNED_MM and information(near) > information(information.motion_mm(found)):
        found = close
    distance_mm = displacement_mm(found, target.points)
    if distance_mm > MAX_DISPLACEMENT_MM:
        raise RegistrationError(
            f"The best match is {distance_mm:.0f} mm from where the headers put the images; expected at most "
            f"{MAX_DISPLACEMENT_MM:.0f} mm. Look at both; they may not show one head."
        )
    _require_overlap(found, target, moving, "match where they lie")
    return found


def _require_contrast(volume: Volume, name: str) -> None:
    low, high = float(volume.data.min()), float(volume.data.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RegistrationError(f"The {name} image has voxels that are NaN or infinite; expected numbers.")
    if low == high:
        raise RegistrationError(
            f"The {name} image has one value everywhere ({low:g}); expected the contrast of a head. "
            "Look at the file."
        )


def _require_overlap(transform: RigidTransform, target: Target, moving: Volume, when: str) -> None:
    """Let an image through that shows most of the other, or of which the other shows most."""
    share = _share_seen(target.points, transform, moving)
    if share < MIN_OVERLAP:
        back = RigidTransform(np.asarray(np.linalg.inv(transform.matrix), np.float64))
        share = max(share, _share_seen(_lattice(moving), back, target.volume))
    if share < MIN_OVERLAP:
        raise RegistrationError(
            f"As they {when}, one image shows {share:.0%} of what the other shows; expected at "
            f"least {MIN_OVERLAP:.0%}. Restore the headers that were lost in conversion."
        )


def _share_seen(points_ras_mm: Float64Array, transform: RigidTransform, volume: Volume) -> float:
    places = points_ras_mm @ transform.matrix[:3, :3].T + transform.matrix[:3, 3]
    return float(inside(Grid.of(volume), places.T).mean())


def _lattice(volume: Volume) -> Float64Array:
    """Places (N, 3), RAS mm, all over a field of view, whatever its voxels."""
    axes = [(np.arange(_LATTICE) + 0.5) / _LATTICE * size - 0.5 for size in volume.shape]
    indices = np.array(np.meshgrid(*axes)).reshape(3, -1).T
    places: Float64Array = indices @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    return places
