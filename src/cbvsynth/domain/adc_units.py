"""The units in which ADC is stored: how they are written, and what brains measure in each."""

from __future__ import annotations

import re
from enum import StrEnum

from cbvsynth.errors import UnitError


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
