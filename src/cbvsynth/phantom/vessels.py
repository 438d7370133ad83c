"""Vessels that a voxel can see: pial arteries and veins in the sulci, veins and arteries of the midline."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cbvsynth.phantom.fields import smooth_field
from cbvsynth.phantom.streams import Purpose, Streams

Float64Array = npt.NDArray[np.float64]

SULCAL_SHARE = 0.26
"""Largest share of cortex and sulcal CSF that is blood; ours, chosen so that a voxel with a large vein
holds some 10 to 20 mL/100 g, as first-pass CBV maps show along the sulci."""
MIDLINE_SHARE = 0.15
"""The same between the hemispheres, where cortical veins gather and the anterior arteries run."""
_KNOTS_MM = 7.0
_SPARSENESS, _FULL = 0.4, 1.5
_MIDLINE_WIDTH_MM = 3.0


def blood_share(
    streams: Streams,
    axes: tuple[Float64Array, Float64Array, Float64Array],
    midline_mm: Float64Array,
    grey: Float64Array,
    csf: Float64Array,
) -> Float64Array:
    """Share (0-1) of the cortex and the CSF of each place that is blood, (X, Y, Z).

    `midline_mm` is the distance from the template's midline; sulci are where `grey` and `csf` meet.
    """
    rng = streams.of_patient(Purpose.VESSELS)
    branches = np.clip((smooth_field(rng, axes, _KNOTS_MM) - _SPARSENESS) / _FULL, 0.0, 1.0)
    sulcal = np.clip(12.0 * grey * csf, 0.0, 1.0)  # 1 wherever a place holds a tenth or more of both
    midline = np.clip(1.0 - midline_mm / _MIDLINE_WIDTH_MM, 0.0, 1.0)
    return np.clip(SULCAL_SHARE * branches * sulcal + MIDLINE_SHARE * midline, 0.0, 0.6)  # never mostly blood
