"""Which of several images a mask or a segmentation was drawn on, by the images themselves.

A header cannot tell: images of one protocol have one grid, and the patient moves between them. But only from
the image that it was drawn on does an outline come to lie on the brain in all the others.
"""

from __future__ import annotations

import itertools
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
OFF_MM = 8.0
"""How far an outline is tried to every side. Chosen here: a real brain's fits by a fifth worse so far off."""
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


def lies_beside(drawn: Volume, home: RigidTransform, images: Sequence[Volume]) -> bool:
    """Whether an outline fits the images better `OFF_MM` to one of six sides than where it lies.

    Args:
        drawn: as for `fit_of_outline`.
        home: where the places of the images are in the one that it was drawn on.
        images: as for `fit_of_outline`.
    """
    places = {"home": home}
    for axis, side in itertools.product(range(3), (-OFF_MM, OFF_MM)):
        shift = np.eye(4)
        shift[axis, 3] = side
        places[f"{axis} {side:g}"] = RigidTransform(home.matrix @ shift)
    fits = fit_of_outline(drawn, places, images)
    return max(fits.values()) > (1.0 + CLEAR_FIT) * fits["home"]


def _depth_mm(drawn: Volume) -> Volume:
    """Distance from the outline, mm, inside more than 0; the same farther off than `DEPTH_MM`."""
    inside = drawn.data > 0.0
    below, above = (
        scipy.ndimage.distance_transform_edt(side, sampling=drawn.spacing_mm) for side in (inside, ~inside)
    )
    return Volume(np.clip(below - above, -DEPTH_MM, DEPTH_MM), drawn.affine)
