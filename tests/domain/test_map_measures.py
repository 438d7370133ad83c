"""What is measured in a map, and the white matter that it is measured against."""

import math

import numpy as np
import pytest

from cbvsynth.domain.map_measures import MapKind, measure_map
from cbvsynth.domain.metrics import hot_spot_normalised_cbv
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.white_matter import normal_appearing_white_matter
from cbvsynth.phantom.case import make_case


@pytest.fixture(scope="module")
def case():
    return make_case(matrix=64, slices=8)


def white_matter(case):
    return normal_appearing_white_matter(case.images, case.brain, case.lesion, case.spacing_mm)


def test_a_maps_measures_equal_the_single_functions(case):
    white = white_matter(case)
    lesion = (case.lesion == 3) & case.brain
    found = measure_map(case.cbv, case.brain, case.lesion, white, exam_id="e", kind=MapKind.REAL)
    assert found.lesion_mean == pytest.approx(case.cbv[lesion].mean())
    assert found.lesion_hot_spot == pytest.approx(np.percentile(case.cbv[lesion], 95))
    assert found.hot_spot_ratio == pytest.approx(hot_spot_normalised_cbv(case.cbv, lesion, white))
    assert found.brain_mean == pytest.approx(case.cbv[case.brain].mean())


def test_a_map_in_another_unit_has_the_same_ratio(case):
    white = white_matter(case)
    one, other = (
        measure_map(factor * case.cbv, case.brain, case.lesion, white, exam_id="e", kind=MapKind.REAL)
        for factor in (1.0, 0.2)
    )
    assert one.hot_spot_ratio == pytest.approx(other.hot_spot_ratio)


def test_what_is_not_there_is_nan_and_not_an_error(case):
    nowhere = np.zeros_like(case.brain)
    found = measure_map(case.cbv, case.brain, None, nowhere, exam_id="e", kind=MapKind.REAL)
    assert all(map(math.isnan, (found.lesion_mean, found.lesion_hot_spot, found.hot_spot_ratio)))
    assert math.isnan(found.white_matter_mean)
    assert found.brain_mean > 0


def test_white_matter_has_white_matters_cbv_and_keeps_away_from_the_lesion(case):
    white = white_matter(case)
    assert white.sum() > 1000
    assert not (white & (case.lesion > 0)).any()
    beside = np.zeros_like(white)
    beside[1:] |= case.lesion[:-1] > 0
    beside[:-1] |= case.lesion[1:] > 0
    assert not (white & beside).any()
    assert np.median(case.cbv[white]) == pytest.approx(2.1, abs=0.7), "the phantom's white matter, mL/100 g"
    assert np.median(case.cbv[case.brain & ~white]) > np.median(case.cbv[white])


def test_without_a_segmentation_only_the_class_decides(case):
    images = {Sequence.T1: case.images[Sequence.T1]}
    whole = normal_appearing_white_matter(images, case.brain, None, case.spacing_mm)
    none = normal_appearing_white_matter(images, case.brain, np.zeros_like(case.lesion), case.spacing_mm)
    assert np.array_equal(whole, none)
    assert not (whole & ~case.brain).any()
