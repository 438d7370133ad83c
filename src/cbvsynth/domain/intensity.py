"""Units of the two images that carry physical quantities: ADC and CBV.

T1, T2, T1C and FLAIR have arbitrary units; nothing is checked or changed here.
"""

from __future__ import annotations

import re
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import UnitError

Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


class AdcUnit(StrEnum):
    """Units in which ADC maps are stored."""

    MM2_PER_S = "mm2/s"
    E3_MM2_PER_S = "1e-3 mm2/s"
    E6_MM2_PER_S = "1e-6 mm2/s"

    @property
    def factor(self) -> float:
        """What a value is multiplied by to be in 1e-6 mm2/s."""
        return {AdcUnit.MM2_PER_S: 1e6, AdcUnit.E3_MM2_PER_S: 1e3, AdcUnit.E6_MM2_PER_S: 1.0}[self]


ADC_BANDS = {
    AdcUnit.MM2_PER_S: (1e-4, 1e-2),
    AdcUnit.E3_MM2_PER_S: (0.1, 10.0),
    AdcUnit.E6_MM2_PER_S: (100.0, 5000.0),
}
"""Brain medians, both ends included, that tell the unit apart. A brain's median is 0.86e-3 to 0.96e-3
mm2/s on clean phantoms and near 0.8e-3 mm2/s in people, so that every band reaches at least fivefold
to either side; a value between two bands is none of these."""

_ADC_NAMES = {
    "mm2/s": AdcUnit.MM2_PER_S,
    "mm^2/s": AdcUnit.MM2_PER_S,
    "10^-3mm^2/s": AdcUnit.E3_MM2_PER_S,
    "1e-3mm2/s": AdcUnit.E3_MM2_PER_S,
    "10-3mm2/s": AdcUnit.E3_MM2_PER_S,
    "10-6mm2/s": AdcUnit.E6_MM2_PER_S,
    "10^-6mm^2/s": AdcUnit.E6_MM2_PER_S,
    "1e-6mm2/s": AdcUnit.E6_MM2_PER_S,
    "um2/s": AdcUnit.E6_MM2_PER_S,
    "um^2/s": AdcUnit.E6_MM2_PER_S,
}
"""Units as sidecars and DICOM tags write them, lower case, without blanks, dots and brackets."""
_SIGNS = re.compile(r"[\s*·.\[\]{}()_]+")

CBV_MEDIAN_ML_PER_100G = (0.2, 50.0)
"""Brain medians of CBV, both ends included, that can be mL/100 g at all. Chosen here: wide enough for
every brain (clean phantoms 2.97 to 3.34), far from maps in arbitrary units (771 to 830). The closer
limits of limits.yaml drop single examinations; these guard the unit."""


def named_adc_unit(text: str) -> AdcUnit | None:
    """The unit of ADC that a text names, as in ``10^-6 mm^2/s``; None where it names none of these."""
    return _ADC_NAMES.get(_SIGNS.sub("", text.lower()))


def adc_unit_by(median: float) -> AdcUnit | None:
    """Unit of an ADC map, told by its median in the brain; None where it fits no unit."""
    return next((unit for unit, (low, high) in ADC_BANDS.items() if low <= median <= high), None)


def adc_unit_of(median: float, label: str) -> AdcUnit:
    """Unit of an ADC map, told by its median in the brain.

    Raises:
        UnitError: the median fits no unit.
    """
    unit = adc_unit_by(median)
    if unit is not None:
        return unit
    expected = ", ".join(f"{low:g} to {high:g} for {unit}" for unit, (low, high) in ADC_BANDS.items())
    raise UnitError(
        f"{label}: the median in the brain is {median:.4g}, which fits no unit of ADC; expected {expected}. "
        "Check that the file is an ADC map and export it in 1e-6 mm2/s."
    )


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
