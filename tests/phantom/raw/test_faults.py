from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from cbvsynth.domain.options import Strength
from cbvsynth.phantom.faults import Fault, displacement
from cbvsynth.phantom.raw.case import RawCase, raw_case
from cbvsynth.phantom.raw.protocol import RawSettings

STILL = RawSettings(matrix=48, slices=10, displacement_mm=0, displacement_degrees=0)
SPIN_ECHOES = {"t1", "t2", "t1c", "flair"}


@cache
def case_with(fault: Fault | None, strength: Strength = Strength.FULL) -> RawCase:
    return raw_case(patient=9, settings=STILL, fault=fault, strength=strength)


TOUCHED = {
    Fault.METAL: {*SPIN_ECHOES, "adc", "cbv"},
    Fault.MOTION: SPIN_ECHOES,
    Fault.MISREGISTERED_CBV: {"cbv"},
    Fault.ADC_UNIT: {"adc"},
    Fault.CBV_UNIT: {"cbv"},
    Fault.WRONG_T1C: {"t1c"},
    Fault.LOW_SNR: {*SPIN_ECHOES, "adc"},
    Fault.MISSING_SLICES: set(),
    Fault.MOVED_T1C_FLAIR: {"t1c", "flair"},
    Fault.MOVED_WRONG_T1C: {"t1c"},
    Fault.MIRRORED_CBV: {"cbv"},
    Fault.NEGATIVE_CBV: {"cbv"},
    Fault.NAN_CBV: {"cbv"},
}


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_touches_only_what_it_is_said_to_touch(fault: Fault) -> None:
    sound, faulty = case_with(None), case_with(fault)
    kept = np.s_[:, :, : faulty.images["t1"].voxels.shape[2]]
    changed = {
        role
        for role, image in sound.images.items()
        if not np.array_equal(image.voxels[kept], faulty.images[role].voxels)
    }
    assert changed == TOUCHED[fault]


@pytest.mark.parametrize("fault", [Fault.METAL, Fault.MOTION, Fault.LOW_SNR, Fault.NEGATIVE_CBV])
def test_a_fault_grows_with_its_strength(fault: Fault) -> None:
    def distance(strength: Strength) -> float:
        return sum(
            float(np.abs(image.voxels - case_with(None).images[role].voxels)[image.brain].mean())
            for role, image in case_with(fault, strength).images.items()
        )

    full, half, quarter = (distance(strength) for strength in Strength)
    assert full > half > quarter > 0


def test_metal_takes_its_share_of_the_brain_and_of_what_lies_beside_it() -> None:
    cbv = case_with(Fault.METAL).images["cbv"]
    assert (cbv.voxels[cbv.brain] == 0).mean() == pytest.approx(0.14, abs=0.005)
    assert (cbv.voxels[~cbv.brain] == 0).any()


def test_moves_are_in_the_truth() -> None:
    moved, shifted = case_with(Fault.MOVED_T1C_FLAIR), case_with(Fault.MISREGISTERED_CBV, Strength.QUARTER)
    for role in ("t1c", "flair"):
        np.testing.assert_allclose(moved.images[role].to_t1, displacement(Strength.FULL).inverse, atol=1e-12)
    assert shifted.images["cbv"].displacement.millimetres == pytest.approx(4.96, abs=0.01)


def test_a_wrong_t1c_is_the_file_of_t1_and_a_moved_one_lies_elsewhere() -> None:
    wrong, moved = case_with(Fault.WRONG_T1C), case_with(Fault.MOVED_WRONG_T1C)
    np.testing.assert_array_equal(wrong.images["t1c"].voxels, wrong.images["t1"].voxels)
    np.testing.assert_array_equal(moved.images["t1c"].voxels, moved.images["t1"].voxels)
    t1c, t1 = moved.images["t1c"], moved.images["t1"]
    np.testing.assert_allclose(t1c.to_t1 @ t1c.affine, t1.affine, atol=1e-9)
    assert np.abs(t1c.affine - t1.affine).max() > 3


def test_a_weakened_contrast_lies_between_t1_and_t1c() -> None:
    def enhancement(case: RawCase) -> float:
        t1c = case.images["t1c"]
        return float(np.percentile(t1c.voxels[t1c.brain], 99.5))

    half, quarter = (
        enhancement(case_with(Fault.WRONG_T1C, one)) for one in (Strength.HALF, Strength.QUARTER)
    )
    assert half < quarter < enhancement(case_with(None))


def test_lost_slices_are_lost_everywhere() -> None:
    case = case_with(Fault.MISSING_SLICES)
    assert {image.voxels.shape[2] for image in case.images.values()} == {5}
    assert case.lesion.shape == case.images["t1"].voxels.shape
