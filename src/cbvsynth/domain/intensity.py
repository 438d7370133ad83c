"""Units of the images that carry physical quantities: ADC, CBF of arterial spin labelling, and CBV.

T1, T2, T1C and FLAIR have arbitrary units; nothing is checked or changed here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.adc_units import AdcUnit, adc_unit_of
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import UnitError

Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


CBV_MEDIAN_ML_PER_100G = (0.2, 50.0)
"""Brain medians of CBV, both ends included, that can be mL/100 g at all. Chosen here: wide enough for
every brain (clean phantoms 2.97 to 3.34), far from maps in arbitrary units (771 to 830). The closer
limits of limits.yaml drop single examinations; these guard the unit."""


CBF_MEDIAN_ML_PER_100G_MIN = (5.0, 200.0)
"""Brain medians of CBF, both ends included, that can be mL/100 g/min at all. Chosen here: healthy brains
have about 50; differences of label and control images, and maps in mL/g/s, lie outside."""


def cbf_in_ml_per_100g_min(cbf: Float32Array, mask: BoolArray, label: str) -> Float32Array:
    """A map of CBF whose unit can be mL/100 g/min; nothing is converted, negative values become 0.

    Args:
        cbf: (X, Y, Z) float32, mL/100 g/min; noise leaves values below 0.
        mask: (X, Y, Z) bool, brain.
        label: how messages call the image.

    Raises:
        UnitError: the median in the brain cannot be in this unit.
    """
    median = brain_median(cbf, mask)
    low, high = CBF_MEDIAN_ML_PER_100G_MIN
    if not low <= median <= high:
        raise UnitError(
            f"{label}: the median in the brain is {median:.4g}; expected {low:g} to {high:g}, the CBF of a "
            "brain in mL/100 g/min. Give the quantified map of arterial spin labelling, not the difference "
            "of its images, or leave it out."
        )
    return np.maximum(cbf, np.float32(0.0))


def adc_in_e6_mm2_per_s(adc: Float32Array, mask: BoolArray, label: str) -> tuple[Float32Array, AdcUnit]:
    """An ADC map in 1e-6 mm2/s, and the unit it was stored in; negative values become 0.

    Args:
        adc: (X, Y, Z) float32, in any of the units of `AdcUnit`.
        mask: (X, Y, Z) bool, brain.
        label: how messages call the image.

    Raises:
        UnitError: the median in the brain fits no unit.
    """
    unit = adc_unit_of(brain_median(adc, mask), label)
    converted = np.maximum(adc * np.float32(unit.factor), np.float32(0.0))
    return converted, unit


def check_cbv_unit(cbv: Float32Array, mask: BoolArray, unit: TargetUnit, label: str) -> float:
    """The median CBV in the brain, if it can be in the stated unit. Nothing is converted.

    Relative maps have no common scale; their median must be positive.

    Args:
        cbv: (X, Y, Z) float32, in the stated unit.
        mask: (X, Y, Z) bool, brain.
        unit: the manifest's target unit.
        label: how messages call the image.

    Raises:
        UnitError: the median cannot be in the stated unit.
    """
    median = brain_median(cbv, mask)
    if unit is TargetUnit.RELATIVE:
        if not median > 0.0:
            raise UnitError(
                f"{label}: the median in the brain is {median:.4g}; expected a positive relative CBV. "
                "Check that the file is a CBV map."
            )
        return median
    low, high = CBV_MEDIAN_ML_PER_100G
    if not low <= median <= high:
        raise UnitError(
            f"{label}: the median in the brain is {median:.4g}; expected {low:g} to {high:g} mL/100 g. "
            f"Convert the map, or state target_unit '{TargetUnit.RELATIVE}' for the whole study."
        )
    return median


def brain_median(image: Float32Array, mask: BoolArray) -> float:
    """Median of an image (X, Y, Z) over its non-zero voxels inside a mask (X, Y, Z); NaN if none.

    Zeros are voids, as those that metal leaves; they must not look like a wrong unit.
    """
    values = image[mask]
    values = values[values != 0.0]
    return float(np.median(values)) if values.size else float("nan")
