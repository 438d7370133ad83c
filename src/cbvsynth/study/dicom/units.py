"""Units of the two maps that carry quantities, by their tags, and checked by what is in the image."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.adc_units import ADC_BANDS, AdcUnit, named_adc_unit
from cbvsynth.domain.sequences import TargetUnit

Float32Array = npt.NDArray[np.float32]

_SIGNS = re.compile(r"[\s*·.\[\]{}()_]+")
_QUANTITATIVE_CBV = frozenset({"ml/100g", "ml/100gtissue", "ml/100gm", "ml/100gr", "mlper100g"})
_PER_100_ML = frozenset({"ml/100ml", "%", "percent", "vol%", "ml/dl"})
_RELATIVE_CBV = frozenset({"1", "ratio", "relative", "norm", "normalized", "rel", "nounits", "dimensionless"})


@dataclass(frozen=True)
class MapUnit:
    """A factor on the converted values, what they are then in, and how that was told; or a problem."""

    factor: float = 1.0
    unit: str = ""
    because: str = ""
    problem: str = ""


def adc_unit(voxels: Float32Array, stated: tuple[str, ...], philips_scale: float = math.nan) -> MapUnit:
    """Bring an ADC map to 1e-6 mm2/s.

    The median of the middle of the image tells the unit; units that tags state must agree with it. Philips'
    private scale is tried where the values as displayed fit no unit.

    Args:
        voxels: (X, Y, Z) float32, after RescaleSlope and RescaleIntercept.
        stated: units as tags state them, lower case.
        philips_scale: private factor; NaN without one.
    """
    median = middle_median(voxels)
    named = next((unit for text in stated if (unit := named_adc_unit(text))), None)
    found = _band(median)
    factor, how = 1.0, ""
    if found is None and math.isfinite(philips_scale) and philips_scale > 0:
        found = _band(median / philips_scale)
        factor, how = 1.0 / philips_scale, ", by the private scale of Philips"
    if found is None:
        return MapUnit(
            problem=f"an ADC map whose median in the middle of the head is {median:.4g}, which fits no unit "
            "of ADC; export it with its rescale slope"
        )
    if named is not None and named is not found:
        return MapUnit(
            problem=f"an ADC map in {named} by its tags, but in {found} by its median of {median:.4g} in the "
            "middle of the head; export it again"
        )
    because = f"median {median:.4g} in the middle of the head{how}" + (", as its tags state" if named else "")
    return MapUnit(found.factor * factor, AdcUnit.E6_MM2_PER_S.value, f"stored in {found.value}: {because}")


def cbv_unit(stated: tuple[str, ...], *, relative: bool, by_hand: str = "") -> MapUnit:
    """Unit of a CBV map by its tags, or by a name that says relative; otherwise it is not used.

    Args:
        stated: units as tags state them, lower case.
        relative: whether its name or image type says relative CBV.
        by_hand: unit that a person states; empty where nobody does.
    """
    if by_hand:
        return MapUnit(1.0, TargetUnit(by_hand).value, "stated by a person")
    from cbvsynth.study.sidecars import TISSUE_DENSITY_G_PER_ML

    words = {_SIGNS.sub("", text) for text in stated}
    if words & _QUANTITATIVE_CBV:
        return MapUnit(1.0, TargetUnit.ML_PER_100G.value, "its tags state mL/100 g")
    if words & _PER_100_ML:
        return MapUnit(
            1.0 / TISSUE_DENSITY_G_PER_ML,
            TargetUnit.ML_PER_100G.value,
            f"its tags state mL/100 mL, divided by {TISSUE_DENSITY_G_PER_ML} g/mL",
        )
    if relative or words & _RELATIVE_CBV:
        return MapUnit(
            1.0, TargetUnit.RELATIVE.value, "called relative" if relative else "its tags state no unit"
        )
    return MapUnit(
        problem="a CBV map that states no unit and is not called relative (rCBV, relCBV): it may be either. "
        "Export it with its unit, or state it in dicom-roles.csv"
    )


def middle_median(voxels: Float32Array) -> float:
    """Median of the values other than 0 in the middle half of each axis; NaN where there is none."""
    middle = voxels[tuple(slice(size // 4, size - size // 4) for size in voxels.shape)]
    values = middle[(middle != 0.0) & np.isfinite(middle)]
    return float(np.median(values)) if values.size else math.nan


def _band(median: float) -> AdcUnit | None:
    return next((unit for unit, (low, high) in ADC_BANDS.items() if low <= median <= high), None)
