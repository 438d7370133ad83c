from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.case import PhantomCase, make_case
from cbvsynth.phantom.faults import LOW_SNR_NOISE, Fault

PATIENT = 9


@cache
def case_with(fault: Fault | None) -> PhantomCase:
    return make_case(patient=PATIENT, fault=fault)


def zero_fraction(image: npt.NDArray[np.float64], case: PhantomCase) -> float:
    return float((image[case.brain] == 0).mean())


def support_dice(image: npt.NDArray[np.float64], case: PhantomCase) -> float:
    support = image > 0
    return 2 * float((support & case.brain).sum()) / float(support.sum() + case.brain.sum())


def edges(case: PhantomCase, sequence: Sequence) -> npt.NDArray[np.float64]:
    along_x, along_y = np.gradient(case.images[sequence], axis=(0, 1))
    edge: npt.NDArray[np.float64] = np.hypot(along_x, along_y)[case.brain]
    return edge


def edge_agreement(case: PhantomCase) -> float:
    return float(np.corrcoef(edges(case, Sequence.T1), edges(case, Sequence.T2))[0, 1])


def air_noise(case: PhantomCase) -> float:
    return float(case.images[Sequence.T1][:8, :8].std())


def test_metal_leaves_a_void_larger_on_adc_and_cbv_and_bright_borders() -> None:
    sound, metal = case_with(None), case_with(Fault.METAL)
    for maps in ((sound.cbv, metal.cbv), (sound.images[Sequence.ADC], metal.images[Sequence.ADC])):
        assert zero_fraction(maps[0], sound) == 0
        assert 0.1 < zero_fraction(maps[1], metal) < 0.2
        assert (maps[1] > maps[0])[metal.brain].mean() > 0.03
    lost = metal.images[Sequence.T1] < 0.3 * sound.images[Sequence.T1]
    assert 0.01 < lost[metal.brain].mean() < 0.06
    assert metal.cbv[lost & metal.brain].max() == 0, "the same piece of metal in all sequences"


def test_motion_parts_the_edges_of_t1_and_t2() -> None:
    assert edge_agreement(case_with(None)) > 0.70
    assert edge_agreement(case_with(Fault.MOTION)) < 0.60


def test_a_misregistered_cbv_leaves_its_place_with_its_content_intact() -> None:
    sound, shifted = case_with(None), case_with(Fault.MISREGISTERED_CBV)
    assert support_dice(sound.cbv, sound) == 1.0
    assert 0.7 < support_dice(shifted.cbv, shifted) < 0.92
    np.testing.assert_array_equal(np.sort(shifted.cbv, axis=None), np.sort(sound.cbv, axis=None))


def test_an_adc_in_mm2_per_s_is_a_millionth_of_the_sound_one() -> None:
    sound, wrong = (case_with(fault).images[Sequence.ADC] for fault in (None, Fault.ADC_UNIT))
    np.testing.assert_allclose(wrong, sound * 1e-6, rtol=1e-12)


def test_a_cbv_in_arbitrary_units_is_far_above_any_in_ml_per_100g() -> None:
    sound, wrong = (case_with(fault).cbv for fault in (None, Fault.CBV_UNIT))
    np.testing.assert_allclose(wrong, sound * 250, rtol=1e-12)


def test_a_wrong_t1c_is_t1_voxel_by_voxel() -> None:
    images = case_with(Fault.WRONG_T1C).images
    np.testing.assert_array_equal(images[Sequence.T1C], images[Sequence.T1])


def test_a_low_snr_raises_the_noise_of_air_by_its_factor() -> None:
    ratio = air_noise(case_with(Fault.LOW_SNR)) / air_noise(case_with(None))
    assert ratio == pytest.approx(LOW_SNR_NOISE, rel=0.01)


def test_missing_slices_leave_fewer_than_the_ssim_window_everywhere() -> None:
    case = case_with(Fault.MISSING_SLICES)
    for image in (*case.images.values(), case.cbv, case.brain, case.lesion):
        assert image.shape == (64, 64, 5)
    np.testing.assert_array_equal(case.cbv, case_with(None).cbv[:, :, :5])


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_touches_only_what_it_is_said_to_touch(fault: Fault) -> None:
    touched = {
        Fault.METAL: {*Sequence, "cbv"},
        Fault.MOTION: {Sequence.T1, Sequence.T2, Sequence.T1C, Sequence.FLAIR},
        Fault.MISREGISTERED_CBV: {"cbv"},
        Fault.ADC_UNIT: {Sequence.ADC},
        Fault.CBV_UNIT: {"cbv"},
        Fault.WRONG_T1C: {Sequence.T1C},
        Fault.LOW_SNR: {*Sequence},
        Fault.MISSING_SLICES: set(),
    }[fault]
    sound, faulty = case_with(None), case_with(fault)
    kept = np.s_[:, :, : faulty.brain.shape[2]]
    changed = {name for name in Sequence if not np.array_equal(sound.images[name][kept], faulty.images[name])}
    if not np.array_equal(sound.cbv[kept], faulty.cbv):
        changed.add("cbv")  # type: ignore[arg-type]  # a set of words: sequences and cbv
    assert changed == touched
    np.testing.assert_array_equal(sound.brain[kept], faulty.brain)
    assert fault.explanation
