"""Units of ADC: their names, and both sides of every band."""

from __future__ import annotations

import math

import pytest

from cbvsynth.domain.adc_units import ADC_BANDS, AdcUnit, adc_unit_by, adc_unit_of, named_adc_unit
from cbvsynth.errors import UnitError


@pytest.mark.parametrize("unit", AdcUnit)
def test_both_ends_of_a_band_belong_to_it_and_what_is_beyond_does_not(unit: AdcUnit) -> None:
    low, high = ADC_BANDS[unit]

    assert adc_unit_of(low, "ADC") is unit
    assert adc_unit_of(high, "ADC") is unit
    for outside in (low * 0.999, high * 1.001):
        with pytest.raises(UnitError, match=r"sub-1/ses-1: ADC: the median .* fits no unit of ADC"):
            adc_unit_of(outside, "sub-1/ses-1: ADC")


@pytest.mark.parametrize("median", [0.0, -860.0, math.nan, math.inf])
def test_a_median_that_is_no_diffusion_is_refused(median: float) -> None:
    with pytest.raises(UnitError, match="fits no unit"):
        adc_unit_of(median, "ADC")


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("10^-6 mm^2/s", AdcUnit.E6_MM2_PER_S),
        ("1e-3 mm2/s", AdcUnit.E3_MM2_PER_S),
        ("mm2/s", AdcUnit.MM2_PER_S),
        ("um^2/s", AdcUnit.E6_MM2_PER_S),
        ("mL/100g", None),
        ("None", None),
    ],
)
def test_a_unit_of_adc_is_known_by_its_names(text: str, unit: AdcUnit | None) -> None:
    assert named_adc_unit(text) is unit


def test_between_two_bands_there_is_no_unit() -> None:
    assert [adc_unit_by(median) for median in (9e-4, 0.9, 900.0)] == list(AdcUnit)
    assert adc_unit_by(30.0) is None
