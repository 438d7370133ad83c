"""Units of ADC and CBV: both sides of every limit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cbvsynth.domain.adc_units import AdcUnit
from cbvsynth.domain.intensity import (
    CBF_MEDIAN_ML_PER_100G_MIN,
    CBV_MEDIAN_ML_PER_100G,
    adc_in_e6_mm2_per_s,
    brain_median,
    cbf_in_ml_per_100g_min,
    check_cbv_unit,
)
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import UnitError

MASK = np.zeros((4, 4, 4), dtype=bool)
MASK[1:3, 1:3, 1:3] = True


def image_with(median: float) -> np.ndarray:
    """Brain values around a median; outside, values that would mislead."""
    image = np.full(MASK.shape, 1e9, dtype=np.float32)
    image[MASK] = np.float32(median) * np.array([0.5, 0.8, 0.9, 1, 1, 1.1, 1.5, 2], dtype=np.float32)
    return image


@pytest.mark.parametrize("unit", AdcUnit)
def test_an_adc_map_of_any_unit_comes_out_in_1e_6_mm2_per_s(unit: AdcUnit) -> None:
    stored = image_with(860.0 / unit.factor)

    converted, found = adc_in_e6_mm2_per_s(stored, MASK, "sub-1: ADC")

    assert found is unit
    assert converted.dtype == np.float32
    assert brain_median(converted, MASK) == pytest.approx(860.0, rel=1e-6)


def test_an_adc_map_that_has_its_unit_already_keeps_every_bit() -> None:
    stored = image_with(900.0)

    np.testing.assert_array_equal(adc_in_e6_mm2_per_s(stored, MASK, "ADC")[0], stored)


def test_negative_diffusion_becomes_zero() -> None:
    stored = image_with(900.0)
    stored[1, 1, 1] = -40.0

    converted, _ = adc_in_e6_mm2_per_s(stored, MASK, "ADC")

    assert converted[1, 1, 1] == 0.0
    assert converted.min() == 0.0


@pytest.mark.parametrize("end", [0, 1])
def test_cbv_in_ml_per_100g_must_have_a_possible_median(end: int) -> None:
    at_the_limit = CBV_MEDIAN_ML_PER_100G[end]
    beyond = at_the_limit * (0.99, 1.01)[end]

    assert check_cbv_unit(image_with(at_the_limit), MASK, TargetUnit.ML_PER_100G, "CBV") == pytest.approx(
        at_the_limit
    )
    with pytest.raises(UnitError, match=r"sub-1: CBV: the median .* expected 0.2 to 50 mL/100 g"):
        check_cbv_unit(image_with(beyond), MASK, TargetUnit.ML_PER_100G, "sub-1: CBV")


@pytest.mark.parametrize("end", [0, 1])
def test_cbf_must_have_a_possible_median(end: int) -> None:
    limit = CBF_MEDIAN_ML_PER_100G_MIN[end]
    outwards = (-1.0, 1.0)[end] * 0.01 * limit
    cbf_in_ml_per_100g_min(image_with(limit - outwards), MASK, "sub-1: ASL")
    with pytest.raises(UnitError, match=r"sub-1: ASL: the median in the brain is .* mL/100 g/min"):
        cbf_in_ml_per_100g_min(image_with(limit + outwards), MASK, "sub-1: ASL")


def test_noise_below_zero_in_a_map_of_flow_becomes_zero() -> None:
    image = image_with(50.0)
    image[1, 1, 1] = -20.0
    converted = cbf_in_ml_per_100g_min(image, MASK, "ASL")
    assert converted[1, 1, 1] == 0.0
    np.testing.assert_array_equal(converted[image > 0], image[image > 0])


def test_relative_cbv_may_have_any_positive_scale() -> None:
    assert check_cbv_unit(image_with(800.0), MASK, TargetUnit.RELATIVE, "CBV") == pytest.approx(800.0)


@pytest.mark.parametrize("median", [-1.0, 0.0])
def test_relative_cbv_must_be_positive(median: float) -> None:
    with pytest.raises(UnitError, match="expected a positive relative CBV"):
        check_cbv_unit(image_with(median), MASK, TargetUnit.RELATIVE, "CBV")


def test_voids_do_not_change_the_median() -> None:
    image = image_with(3.0)
    image[1, 1, :] = 0.0

    assert brain_median(image, MASK) == pytest.approx(3.0 * np.median([0.9, 1, 1, 1.1, 1.5, 2]))


def test_an_empty_mask_has_no_median() -> None:
    assert math.isnan(brain_median(image_with(3.0), np.zeros_like(MASK)))
