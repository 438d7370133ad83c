"""One image as a scanner gives it, with the truth that a scanner does not know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.phantom.transforms import Displacement

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class RawImage:
    """One image as the scanner gave it.

    `voxels`: (X, Y, Z) float64, ADC in 1e-6 mm2/s, CBV in mL/100 g, both unmasked. `affine`: (4, 4), voxel
    to scanner RAS mm. `brain`: (X, Y, Z) bool, the truth on this grid. `to_t1`: (4, 4), rigid, from this
    image's scanner RAS mm to T1's: what a registration to T1 should find.
    """

    voxels: Float64Array
    affine: Float64Array
    brain: BoolArray
    to_t1: Float64Array
    displacement: Displacement
