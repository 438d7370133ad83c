"""Which of several images a mask or a segmentation was drawn on, by the images themselves.

A header cannot tell: images of one protocol have one grid, and the patient moves between them. But only from
the image that it was drawn on does an outline come to lie on the brain in all the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import scipy

from cbvsynth.domain.volume import Volume
from cbvsynth.registration.information import SharedInformation, places_around
from cbvsynth.registration.target import smooth
from cbvsynth.registration.transform import RigidTransform

DEPTH_MM = 12.0
"""How far to either side of an outline an image is looked at; as far as a registration's margin."""
VOXEL_MM = 2.5
"""Voxels on which the images are looked at, as where a map is laid on several."""
PLACES = 8_000
"""Places around each of the outlines that are compared."""
STEP_MM = 8.0
"""How far an outline is tried to every side before its place is sought from the best of these."""
BESIDE_MM = 4.0
"""An outline whose place is farther off lies beside the brain. Chosen here: those of sound brains are 0.1 to
0.8 mm off, that of a real brain without a quarter of one side 3.7 mm; 5 mm are found as 4.9 to 5.1."""
CLEAR_FIT = 0.02
"""By this share an outline must fit better in one place than in another to lie there rather."""

Float64Array = npt.NDArray[np.float64]


def fit_of_outline(
    drawn: Volume, candidates: Mapping[str, RigidTransform], images: Sequence[Volume]
) -> dict[str, float]:
    """How well an outline fits all images, nats, had it been drawn on each of the candidates.

    What is measured is the mutual information of the depth below the outline and the images' intensities,
    summed over the images: it asks for no contrast, and is the same places for every candidate.

    Args:
        drawn: (X, Y, Z), more than 0 inside the outline, where its header says.
        candidates: by role, where the places of the images are in the one that it may have been drawn on.
        images: one or more, laid on one another; finite.

    Returns:
        By role; all 0 where there is no outline.
    """
    inside = drawn.data > 0.0
    if inside.all() or not inside.any():
        return dict.fromkeys(candidates, 0.0)  # no outline at all
    depth = _depth_mm(drawn)
    shell = places_around(np.abs(depth.data) < DEPTH_MM, depth.affine, PLACES)
    homes = [np.linalg.inv(one.matrix) for one in candidates.values()]
    places = np.concatenate([shell @ home[:3, :3].T + home[:3, 3] for home in homes])
    information = SharedInformation([smooth(image, VOXEL_MM) for image in images], depth, places)
    return {role: information(information.motion_mm(one)) for role, one in candidates.items()}


def shift_of_outline_mm(drawn: Volume, home: RigidTransform, images: Sequence[Volume]) -> float:
    """How far, mm, an outline would have to be shifted to fit the images best; 0 where that gains nothing.

    It is not turned: a mask of another head, or one that lies on nothing, is some way off, however it lies.

    Args:
        drawn: as for `fit_of_outline`.
        home: where the places of the images are in the one that it was drawn on.
        images: as for `fit_of_outline`.
    """
    inside = drawn.data > 0.0
    if inside.all() or not inside.any():
        return 0.0
    depth = _depth_mm(drawn)
    back = np.linalg.inv(home.matrix)
    shell = places_around(np.abs(depth.data) < DEPTH_MM, depth.affine, PLACES // 2)
    shell = shell @ back[:3, :3].T + back[:3, 3]
    steps = np.array([np.zeros(3), *(STEP_MM * np.eye(3)), *(-STEP_MM * np.eye(3))])
    places = np.concatenate([shell + step for step in steps])
    information = SharedInformation([smooth(image, VOXEL_MM) for image in images], depth, places)

    def fit(shift_mm: Float64Array) -> float:
        back_again = np.eye(4)
        back_again[:3, 3] = -shift_mm
        return information(information.motion_mm(RigidTransform(home.matrix @ back_again)))

    found = scipy.optimize.minimize(
        lambda shift_mm: -fit(shift_mm),
        max(steps, key=fit),
        method="Powell",
        options={"xtol": 0.3, "ftol": 1e-4},
    )
    gains = -float(found.fun) > (1.0 + CLEAR_FIT) * fit(steps[0])
    return float(np.linalg.norm(found.x)) if gains else 0.0


def _depth_mm(drawn: Volume) -> Volume:
    """Distance from the outline, mm, inside more than 0; the same farther off than `DEPTH_MM`."""
    inside = drawn.data > 0.0
    below, above = (
        scipy.ndimage.distance_transform_edt(side, sampling=drawn.spacing_mm) for side in (inside, ~inside)
    )
    return Volume(np.clip(below - above, -DEPTH_MM, DEPTH_MM), drawn.affine)
