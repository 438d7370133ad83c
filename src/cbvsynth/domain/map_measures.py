"""What a reader measures in a CBV map: the lesion, its hot spot, and both relative to white matter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.metrics import HOT_SPOT_PERCENTILE, lesion_region

BoolArray = npt.NDArray[np.bool_]


class MapKind(StrEnum):
    """Measured by perfusion MRI, or made by a model."""

    REAL = "real"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class MapMeasures:
    """Measures of one map of one examination, in the map's unit; NaN where there is no such region."""

    exam_id: str
    kind: MapKind
    brain_mean: float
    lesion_mean: float
    lesion_hot_spot: float
    """95th percentile of the lesion."""
    white_matter_mean: float
    """Mean of the normal-appearing white matter."""
    hot_spot_ratio: float
    """Hot-spot nCBV: hot spot over white matter, no unit."""


def measure_map(  # noqa: PLR0913  # a map, its regions, and what it is called
    cbv: npt.NDArray[np.floating],
    mask: BoolArray,
    seg: npt.NDArray[np.integer] | None,
    white_matter: BoolArray,
    *,
    exam_id: str,
    kind: MapKind,
) -> MapMeasures:
    """Measure one map; lesion and hot spot as in the scores.

    Args:
        cbv: (X, Y, Z).
        mask: (X, Y, Z) bool, brain, not empty.
        seg: (X, Y, Z) lesion labels, or None.
        white_matter: (X, Y, Z) bool, may be empty.
        exam_id: id of the examination.
        kind: what the map is.

    Raises:
        GridError: segmentation and mask differ in shape.
    """
    lesion = np.zeros_like(mask) if seg is None else lesion_region(seg, mask)
    inside = cbv[lesion].astype(np.float64)
    white = _mean(cbv[white_matter])
    hot_spot = float(np.percentile(inside, HOT_SPOT_PERCENTILE)) if inside.size else math.nan
    return MapMeasures(
        exam_id=exam_id,
        kind=kind,
        brain_mean=_mean(cbv[mask]),
        lesion_mean=_mean(inside),
        lesion_hot_spot=hot_spot,
        white_matter_mean=white,
        hot_spot_ratio=hot_spot / white if white > 0 else math.nan,
    )


def _mean(values: npt.NDArray[np.floating]) -> float:
    return float(values.mean(dtype=np.float64)) if values.size else math.nan
