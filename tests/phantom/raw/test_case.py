from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from cbvsynth.phantom.raw.case import RawCase, raw_case
from cbvsynth.phantom.raw.protocol import ROLES, Coverage, RawSettings, Slices
from cbvsynth.phantom.transforms import STILL, Displacement

SMALL = RawSettings(matrix=72, slices=12)


@pytest.fixture(scope="module")
def case() -> RawCase:
    return raw_case(seed=5, patient=2, settings=SMALL)


def onto_t1(case: RawCase, role: str, volume: np.ndarray) -> np.ndarray:
    """A volume of a role's grid on T1's grid, by the true transform."""
    image, t1 = case.images[role], case.images["t1"]
    to_image = np.linalg.inv(image.affine) @ np.linalg.inv(image.to_t1) @ t1.affine
    return ndimage.affine_transform(
        volume.astype(float), to_image[:3, :3], to_image[:3, 3], output_shape=t1.voxels.shape, order=1
    )


def dice(one: np.ndarray, two: np.ndarray) -> float:
    return float(2 * (one & two).sum() / (one.sum() + two.sum()))


@pytest.mark.parametrize("role", [role for role in ROLES if role != "t1"])
def test_the_true_transform_lays_each_brain_on_t1s(case: RawCase, role: str) -> None:
    brain = onto_t1(case, role, case.images[role].brain) > 0.5
    assert dice(brain, case.images["t1"].brain) > 0.96
    assert 0 < case.images[role].displacement.millimetres <= 10


def test_without_the_transform_brains_do_not_lie_on_each_other() -> None:
    away = Displacement((0.0, 10.0, 0.0), (1.0, 0.0, 0.0), 10.0)
    case = raw_case(seed=5, patient=2, settings=SMALL, displacements={"t2": away})
    t2 = case.images["t2"]
    unaware = replace(case, images=case.images | {"t2": replace(t2, to_t1=np.eye(4))})
    with_it, without = (onto_t1(one, "t2", t2.brain) > 0.5 for one in (case, unaware))
    brain = case.images["t1"].brain
    assert dice(with_it, brain) > 0.96
    assert dice(without, brain) < 0.93


def test_it_is_a_head_with_scalp_and_air_and_nothing_is_masked(case: RawCase) -> None:
    t1 = case.images["t1"]
    outside = ndimage.distance_transform_edt(~t1.brain, sampling=(3.3, 3.3, 11.9))
    scalp, air = (outside > 3) & (outside < 25), outside > 60
    assert np.percentile(t1.voxels[scalp], 98) > 1.5 * np.median(t1.voxels[t1.brain])
    assert np.median(t1.voxels[air]) < 0.06 * np.median(t1.voxels[t1.brain])
    for role in ("adc", "cbv"):
        image = case.images[role]
        assert np.count_nonzero(image.voxels[~image.brain]) > 0.3 * (~image.brain).sum()
    cbv = case.images["cbv"]
    assert (cbv.voxels[~cbv.brain] < 0).mean() > 0.2


def test_the_brain_is_as_large_as_an_adults_and_holds_what_the_aligned_phantom_holds(case: RawCase) -> None:
    for role, image in case.images.items():
        millilitres = image.brain.sum() * abs(np.linalg.det(image.affine[:3, :3])) / 1000
        assert 1100 < millilitres < 1950, role
    adc, cbv = (case.images[role] for role in ("adc", "cbv"))
    assert 800 < np.median(adc.voxels[adc.brain]) < 1100
    assert 2.5 < np.median(cbv.voxels[cbv.brain]) < 4.5
    assert {1, 2, 3} >= set(np.unique(case.lesion[case.lesion > 0])) >= {2, 3}
    assert case.images["t1"].brain[case.lesion == 3].mean() > 0.95


def test_equal_arguments_give_equal_arrays_and_another_session_is_another_scan(case: RawCase) -> None:
    again, later = (raw_case(seed=5, patient=2, session=number, settings=SMALL) for number in (1, 2))
    for role in ROLES:
        np.testing.assert_array_equal(again.images[role].voxels, case.images[role].voxels)
        assert not np.array_equal(later.images[role].voxels, case.images[role].voxels)
    assert not np.allclose(later.images["t2"].to_t1, case.images["t2"].to_t1)


def test_a_still_patient_lies_on_t1() -> None:
    still = raw_case(settings=replace(SMALL, displacement_mm=0, displacement_degrees=0))
    for image in still.images.values():
        np.testing.assert_allclose(image.to_t1, np.eye(4), atol=1e-9)
    moved_t1 = raw_case(
        settings=SMALL,
        displacements=dict.fromkeys(ROLES, STILL) | {"t1": Displacement((5, 0, 0), (0, 0, 1), 0)},
    )
    np.testing.assert_allclose(moved_t1.images["cbv"].to_t1[:3, 3], (5, 0, 0), atol=1e-9)


def test_a_partial_field_of_view_holds_less_brain() -> None:
    mixed = raw_case(settings=replace(SMALL, coverage=Coverage.PARTIAL, orientations=Slices.MIXED))
    volume = {
        role: image.brain.sum() * abs(np.linalg.det(image.affine[:3, :3]))
        for role, image in mixed.images.items()
    }
    assert volume["cbv"] < 0.92 * volume["t1"]
    assert volume["flair"] == pytest.approx(volume["t1"], rel=0.06)  # coronal: whole
