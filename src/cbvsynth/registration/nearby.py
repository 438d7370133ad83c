"""The best match close to where images lie already: a look around, of some hundredths of a second.

Most images of an examination lie on one another. Three values of the mutual information along each of the
six motions are a parabola, and its top says how far off the match is; a search from afar is for those images
alone whose top is elsewhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from cbvsynth.registration.information import SharedInformation

STEP_MM = 3.0
"""How far is looked to either side. Chosen here: half the width of the peak on images smoothed to 4 mm."""
_SLOPE_MM = 1.5
"""Half the distance over which a slope is measured: wider than the ripples between places."""
_SCALE = 100.0
"""Makes the curvature of the information about 1 a square millimetre, as the method expects."""
_FLAT = 1e-3
"""A step that gains less than this share of the information ends the climb."""
_STEPS = 12
"""Slopes measured at most."""
_SETTLED_MM = 1.0
"""Where another look leads no farther along any motion, it was a peak."""

Float64Array = npt.NDArray[np.float64]


def look_around(information: SharedInformation, start_mm: Float64Array) -> Float64Array | None:
    """The motion (6,), mm, of best match as far as one look from `start_mm` tells; None on no peak."""
    here = information(start_mm)
    found = start_mm.copy()
    for axis, unit in enumerate(np.eye(6)):
        below, above = (information(start_mm + side * STEP_MM * unit) for side in (-1.0, 1.0))
        curvature = below - 2.0 * here + above
        if curvature >= 0.0:
            return None
        found[axis] += np.clip(STEP_MM / 2.0 * (below - above) / curvature, -2 * STEP_MM, 2 * STEP_MM)
    return found


def climb(information: SharedInformation, start_mm: Float64Array) -> tuple[Float64Array, bool]:
    """The motion (6,), mm, that the way up from `start_mm` leads to, and whether it is a peak.

    By a method that learns how turns and shifts depend on each other (L-BFGS-B).
    """

    def downhill(motion_mm: Float64Array) -> float:
        return -_SCALE * information(motion_mm)

    def slope(motion_mm: Float64Array) -> Float64Array:
        steps = _SLOPE_MM * np.eye(6)
        return np.array(
            [(downhill(motion_mm + step) - downhill(motion_mm - step)) / (2.0 * _SLOPE_MM) for step in steps]
        )

    limits = {"maxfun": _STEPS, "ftol": _FLAT}
    found = scipy.optimize.minimize(downhill, start_mm, jac=slope, method="L-BFGS-B", options=limits)
    best = np.asarray(found.x, np.float64)
    further = look_around(information, best)
    return best, further is not None and float(np.abs(further - best).max()) < _SETTLED_MM
