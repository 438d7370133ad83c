"""ADC becomes 1e-6 mm2/s by what is in the image; CBV has the unit that its tags state, or is not used."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cbvsynth.study.dicom.units import adc_unit, cbv_unit, middle_median


def adc(value: float) -> np.ndarray:
    image = np.zeros((16, 16, 8), dtype=np.float32)
    image[3:13, 3:13, 1:7] = value
    image[:2] = 12345.0  # noise in the air, which must not count
    return image


@pytest.mark.parametrize(
    ("value", "stated", "factor"),
    [
        (800.0, (), 1.0),
        (0.8, (), 1e3),
        (0.0008, (), 1e6),
        (800.0, ("10^-6 mm2/s",), 1.0),
        (800.0, ("um2/s",), 1.0),
        (0.8, ("10^-3 mm^2/s",), 1e3),
        (0.0008, ("mm2/s",), 1e6),
        (800.0, ("us", "normalized"), 1.0),
    ],
)
def test_the_median_tells_the_unit_and_tags_agree(
    value: float, stated: tuple[str, ...], factor: float
) -> None:
    found = adc_unit(adc(value), stated)
    assert (found.problem, found.factor, found.unit) == ("", factor, "1e-6 mm2/s")


def test_a_tag_that_contradicts_the_image_is_a_problem() -> None:
    found = adc_unit(adc(800.0), ("mm2/s",))
    assert "in mm2/s by its tags, but in 1e-6 mm2/s by its median of 800" in found.problem


def test_philips_private_scale_serves_where_displayed_values_fit_nothing() -> None:
    found = adc_unit(adc(30.0), (), philips_scale=0.0375)
    assert found.factor == pytest.approx(1 / 0.0375)
    assert "by the private scale of Philips" in found.because


@pytest.mark.parametrize("value", [20.0, 0.0, 9000.0])
def test_values_of_no_unit_are_a_problem(value: float) -> None:
    assert "fits no unit of ADC" in adc_unit(adc(value), ()).problem


@pytest.mark.parametrize(
    ("stated", "relative", "unit", "factor"),
    [
        (("ml/100g",), False, "mL/100g", 1.0),
        (("ml/(100.g)",), False, "mL/100g", 1.0),
        (("ml/100g",), True, "mL/100g", 1.0),
        (("ml/100ml",), False, "mL/100g", 1 / 1.05),
        (("ratio",), False, "relative", 1.0),
        (("us",), True, "relative", 1.0),
        ((), True, "relative", 1.0),
    ],
)
def test_the_unit_of_cbv_is_stated_or_relative_by_name(
    stated: tuple[str, ...],
    *,
    relative: bool,
    unit: str,
    factor: float,
) -> None:
    found = cbv_unit(stated, relative=relative)
    assert (found.problem, found.unit, found.factor) == ("", unit, pytest.approx(factor))


def test_cbv_without_a_unit_is_refused_unless_a_person_states_it() -> None:
    assert "states no unit and is not called relative" in cbv_unit((), relative=False).problem
    assert cbv_unit((), relative=False, by_hand="mL/100g").unit == "mL/100g"


def test_the_middle_of_an_image_is_what_counts() -> None:
    assert middle_median(adc(7.0)) == 7.0
    assert math.isnan(middle_median(np.zeros((8, 8, 8), dtype=np.float32)))
