"""Rigid registration of two images of one head, of whatever contrast, by mutual information.

SimpleITK searches, coarse to fine; the benchmark in benchmarks/registration.py says why this library and
these settings. One thread and regular samples: the same images give the same bytes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.geometry import Grid, inside
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.registration.displacement import displacement_mm, points_of
from cbvsynth.registration.search import search
from cbvsynth.registration.transform import RigidTransform

MAX_DISPLACEMENT_MM = 40.0
"""Largest mean displacement that is believed. Chosen here: heads move less between two sequences, and the
search does not reach farther from where the headers put the images."""
MIN_OVERLAP = 0.5
"""Least share of the fixed image's brain (or field of view) that the moving image must show once it is in
place. Chosen here, as for fields of view in `study.aligned`."""
MIN_INFORMATION = 0.05
"""Least mutual information, nats, of two images of one head in place. Chosen here: noise reaches 0.03 from
the number of samples alone, the faintest pair of the benchmark several times as much."""

BoolArray = npt.NDArray[np.bool_]


def register(moving: Volume, fixed: Volume, *, mask: BoolArray | None = None) -> RigidTransform:
    """Find where the places of the fixed image are in the moving one, starting from what the headers say.

    Args:
        moving: any contrast, with or without its skull; finite.
        fixed: as `moving`.
        mask: (X, Y, Z) bool on the fixed image's grid, brain; with it, only the brain and its outline count.

    Raises:
        RegistrationError: an image has no contrast, they hardly overlap, they have nothing in common, or
            what was found is farther than can be believed.
    """
    _require_contrast(moving, "moving")
    _require_contrast(fixed, "fixed")
    if mask is not None and not mask.any():
        raise RegistrationError("The brain mask is empty; expected the brain of the fixed image.")
    points = points_of(np.ones(fixed.shape, bool) if mask is None else mask, fixed.affine)
    _require_overlap(RigidTransform.identity(), points, moving, "lie")
    found, information = search(moving, fixed, mask)
    if information < MIN_INFORMATION:
        raise RegistrationError(
            f"The images share {information:.3f} nats of information in their best match; expected at least "
            f"{MIN_INFORMATION:g}. They may not show one head, or one of them holds noise."
        )
    distance_mm = displacement_mm(found, points)
    if distance_mm > MAX_DISPLACEMENT_MM:
        raise RegistrationError(
            f"The best match is {distance_mm:.0f} mm from where the headers put the images; expected at most "
            f"{MAX_DISPLACEMENT_MM:.0f} mm. Look at both; they may not show one head."
        )
    _require_overlap(found, points, moving, "match where they lie")
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


def _require_overlap(
    transform: RigidTransform, points_ras_mm: npt.NDArray[np.float64], moving: Volume, when: str
) -> None:
    places = points_ras_mm @ transform.matrix[:3, :3].T + transform.matrix[:3, 3]
    share = float(inside(Grid.of(moving), places.T).mean())
    if share < MIN_OVERLAP:
        raise RegistrationError(
            f"As they {when}, the moving image shows {share:.0%} of what the fixed one shows; expected at "
            f"least {MIN_OVERLAP:.0%}. Restore the headers that were lost in conversion."
        )
