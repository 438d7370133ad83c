from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from cbvsynth.domain.options import Strength
from cbvsynth.domain.sequences import PAPER_SEQUENCES, Sequence
from cbvsynth.phantom.case import PhantomCase, make_case
from cbvsynth.phantom.faults import LOW_SNR_NOISE, Fault, displacement

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
        Fault.METAL: {*PAPER_SEQUENCES, "cbv"},
        Fault.MOTION: {Sequence.T1, Sequence.T2, Sequence.T1C, Sequence.FLAIR},
        Fault.MISREGISTERED_CBV: {"cbv"},
        Fault.ADC_UNIT: {Sequence.ADC},
        Fault.CBV_UNIT: {"cbv"},
        Fault.WRONG_T1C: {Sequence.T1C},
        Fault.LOW_SNR: {*PAPER_SEQUENCES},
        Fault.MISSING_SLICES: set(),
        Fault.MOVED_T1C_FLAIR: {Sequence.T1C, Sequence.FLAIR},
        Fault.MOVED_WRONG_T1C: {Sequence.T1C},
        Fault.MIRRORED_CBV: {"cbv"},
        Fault.NEGATIVE_CBV: {"cbv"},
        Fault.NAN_CBV: {"cbv"},
    }[fault]
    sound, faulty = case_with(None), case_with(fault)
    kept = np.s_[:, :, : faulty.brain.shape[2]]
    changed = {
        name for name in PAPER_SEQUENCES if not np.array_equal(sound.images[name][kept], faulty.images[name])
    }
    if not np.array_equal(sound.cbv[kept], faulty.cbv):
        changed.add("cbv")  # type: ignore[arg-type]  # a set of words: sequences and cbv
    assert changed == touched
    np.testing.assert_array_equal(sound.brain[kept], faulty.brain)
    assert fault.explanation


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_grows_with_its_strength(fault: Fault) -> None:
    """Distance from the sound examination in whatever the fault touches."""
    sound = make_case(patient=PATIENT, matrix=32)

    def distance(strength: Strength) -> float:
        faulty = make_case(patient=PATIENT, matrix=32, fault=fault, strength=strength)
        if fault is Fault.MISSING_SLICES:
            return sound.brain.shape[2] - faulty.brain.shape[2]
        if fault is Fault.NAN_CBV:
            return float(np.isnan(faulty.cbv).sum())
        if fault is Fault.ADC_UNIT:
            return -float(np.log(np.median(faulty.images[Sequence.ADC][sound.brain])))
        images = [faulty.images[name] - sound.images[name] for name in PAPER_SEQUENCES]
        return float(sum(np.abs(image[sound.brain]).sum() for image in (*images, faulty.cbv - sound.cbv)))

    sizes = [distance(strength) for strength in fault.strengths]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes)


def test_half_of_a_wrong_unit_is_the_other_unit_of_adc_and_a_root_for_cbv() -> None:
    sound = case_with(None)
    adc = make_case(patient=PATIENT, fault=Fault.ADC_UNIT, strength=Strength.HALF).images[Sequence.ADC]
    np.testing.assert_allclose(adc, sound.images[Sequence.ADC] * 1e-3, rtol=1e-12)
    cbv = make_case(patient=PATIENT, fault=Fault.CBV_UNIT, strength=Strength.HALF).cbv
    np.testing.assert_allclose(cbv, sound.cbv * 250**0.5, rtol=1e-12)


def test_moved_images_are_where_the_displacement_says() -> None:
    """The centre of T1C moves as the transform moves the centre of its sound twin."""
    sound, moved = case_with(None), case_with(Fault.MOVED_T1C_FLAIR)

    def centre(case: PhantomCase) -> npt.NDArray[np.float64]:
        image = case.images[Sequence.T1C]
        weights = np.where(image > 0.15 * image.max(), 1.0, 0.0)
        weights[:, :, [0, -1]] = 0.0  # the head leaves the slab there
        indices = np.meshgrid(*(np.arange(size) for size in image.shape), indexing="ij")
        return np.array([float((weights * index).sum() / weights.sum()) for index in indices])

    shift = (centre(moved) - centre(sound)) * np.array(sound.spacing_mm)
    assert displacement(Strength.FULL).millimetres == pytest.approx(10.0)
    np.testing.assert_allclose(shift[:2], displacement(Strength.FULL).shift_mm[:2], atol=2.5)


def test_a_third_of_the_brain_is_below_zero_and_a_tenth_is_not_a_number() -> None:
    brain = case_with(None).brain
    assert (case_with(Fault.NEGATIVE_CBV).cbv[brain] < 0).mean() == pytest.approx(0.34, abs=0.01)
    assert np.isnan(case_with(Fault.NAN_CBV).cbv[brain]).mean() == pytest.approx(0.10, abs=0.001)
    quarter = make_case(patient=PATIENT, fault=Fault.NAN_CBV, strength=Strength.QUARTER)
    assert np.isnan(quarter.cbv[brain]).mean() == pytest.approx(0.025, abs=0.001)


def test_a_mirrored_cbv_is_the_sound_one_left_for_right() -> None:
    np.testing.assert_array_equal(case_with(Fault.MIRRORED_CBV).cbv, case_with(None).cbv[::-1])
