"""An image laid on several others at once.

A CBV map is blurred, noisy around the brain, and has little in common with any one sequence: against T1 alone
its best match is one to two millimetres off, mostly across the slices. The sequences err in different
directions; the sum of what the map shares with each has its peak within a millimetre.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy

from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.registration.displacement import displacement_mm
from cbvsynth.registration.information import SharedInformation, places_around
from cbvsynth.registration.target import smooth
from cbvsynth.registration.transform import RigidTransform

VOXEL_MM = 2.5
"""Voxels on which the images are compared. Chosen here: at 4 mm the error is larger by a third."""
PLACES = 16_000
"""How many places are compared; chosen here."""
MAX_REFINED_MM = 5.0
"""Farther than this from where the first image put it, mean over the head, an answer is not believed."""

Float64Array = npt.NDArray[np.float64]


def refine(start: RigidTransform, moving: Volume, fixed: Sequence[Volume]) -> RigidTransform:
    """Where the fixed images' places are in the moving one, from close by.

    Args:
        start: what the first of the fixed images alone told.
        moving: any contrast; finite.
        fixed: one image or more that lie on one another.

    Raises:
        RegistrationError: together they put the image elsewhere than the first one did.
    """
    first, *others = (smooth(volume, VOXEL_MM) for volume in fixed)
    places = places_around(first.data > first.data.mean(), first.affine, PLACES)
    information = SharedInformation([first, *others], smooth(moving, VOXEL_MM), places)
    found = scipy.optimize.minimize(
        lambda motion_mm: -information(motion_mm),
        information.motion_mm(start),
        method="Powell",
        options={"xtol": 0.02, "ftol": 1e-5},
    )
    refined = information.transform(np.asarray(found.x, np.float64))
    change = RigidTransform(np.linalg.inv(start.matrix) @ refined.matrix)
    distance_mm = displacement_mm(change, places)
    if distance_mm > MAX_REFINED_MM:
        raise RegistrationError(
            f"All images together put it {distance_mm:.0f} mm from where the first one does; expected at "
            f"most {MAX_REFINED_MM:.0f} mm. Look at the images; one of them may be of another head."
        )
    return refined
