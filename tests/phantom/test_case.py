from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from cbvsynth.domain.sequences import PAPER_SEQUENCES, Sequence
from cbvsynth.errors import UsageError
from cbvsynth.phantom.case import NECROSIS_LABEL, OEDEMA_LABEL, SOLID_LABEL, PhantomCase, make_case
from cbvsynth.phantom.tissues import SOLID_LESIONS, Diagnosis

ANATOMICAL = (Sequence.T1, Sequence.T2, Sequence.T1C, Sequence.FLAIR)


@cache
def case_of(diagnosis: Diagnosis, patient: int = 1, session: int = 1) -> PhantomCase:
    return make_case(diagnosis=diagnosis, patient=patient, session=session, matrix=32)


@pytest.mark.parametrize("diagnosis", list(Diagnosis))
def test_a_case_is_complete_finite_and_within_its_units(diagnosis: Diagnosis) -> None:
    case = case_of(diagnosis)
    assert tuple(case.images) == PAPER_SEQUENCES
    for image in (*case.images.values(), case.cbv):
        assert image.shape == (32, 32, 8)
        assert image.dtype == np.float64
        assert np.isfinite(image).all()
        assert image.min() >= 0
    assert 700 < np.median(case.images[Sequence.ADC][case.brain]) < 1200
    assert 1.5 < np.median(case.cbv[case.brain]) < 6
    assert case.images[Sequence.ADC].max() <= 4000
    assert case.cbv.max() <= 60


@pytest.mark.parametrize("diagnosis", list(Diagnosis))
def test_maps_fill_the_brain_and_nothing_else_while_air_holds_noise(diagnosis: Diagnosis) -> None:
    case = case_of(diagnosis)
    for image in (case.images[Sequence.ADC], case.cbv):
        np.testing.assert_array_equal(image > 0, case.brain)
    corner = np.s_[:4, :4]
    for sequence in ANATOMICAL:
        assert case.images[sequence][corner].min() > 0
        assert case.images[sequence][case.brain].mean() > 8 * case.images[sequence][corner].mean()


@pytest.mark.parametrize("diagnosis", list(Diagnosis))
def test_a_lesion_lies_in_the_brain_and_its_solid_part_has_its_diagnosis_cbv(diagnosis: Diagnosis) -> None:
    measured = []
    for patient in range(1, 5):
        case = case_of(diagnosis, patient)
        assert not (case.lesion[~case.brain] > 0).any()
        assert set(np.unique(case.lesion)) <= {0, NECROSIS_LABEL, OEDEMA_LABEL, SOLID_LABEL}
        measured.append(case.cbv[case.lesion == SOLID_LABEL].mean())
    usual = SOLID_LESIONS[diagnosis].cbv
    assert 0.6 * usual < np.mean(measured) < 1.5 * usual


def test_what_enhances_is_brighter_after_contrast_agent_and_a_low_grade_glioma_is_not() -> None:
    ratio = {}
    for diagnosis in Diagnosis:
        case = case_of(diagnosis)
        t1, t1c = (
            case.images[name] / case.images[name][case.brain].mean() for name in (Sequence.T1, Sequence.T1C)
        )
        solid = case.lesion == SOLID_LABEL
        ratio[diagnosis] = t1c[solid].mean() / t1[solid].mean()
    quiet = ratio.pop(Diagnosis.LOW_GRADE_GLIOMA)
    assert quiet < 1.1
    assert min(ratio.values()) > 1.3


def test_equal_arguments_give_equal_arrays_and_another_seed_another_head() -> None:
    first, again, other = (make_case(seed=seed, matrix=16) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.cbv, again.cbv)
    for sequence in PAPER_SEQUENCES:
        np.testing.assert_array_equal(first.images[sequence], again.images[sequence])
    assert not np.array_equal(first.brain, other.brain)


def test_a_follow_up_has_the_same_head_another_lesion_size_and_new_noise() -> None:
    first, second = (case_of(Diagnosis.LOW_GRADE_GLIOMA, 3, session) for session in (1, 2))
    stranger = case_of(Diagnosis.LOW_GRADE_GLIOMA, 2)

    def overlap(other: PhantomCase) -> float:
        return 2 * float((first.brain & other.brain).sum()) / float(first.brain.sum() + other.brain.sum())

    assert overlap(second) > 0.995 > overlap(stranger)
    sizes = [int((case.lesion == SOLID_LABEL).sum()) for case in (first, second)]
    assert abs(sizes[1] / sizes[0] - 1) > 0.1
    assert not np.array_equal(first.images[Sequence.T1], second.images[Sequence.T1])


def test_a_finer_grid_shows_the_same_head() -> None:
    coarse, fine = make_case(matrix=32, slices=8), make_case(matrix=64, slices=8)
    folded = fine.brain.reshape(32, 2, 32, 2, 8).mean(axis=(1, 3)) > 0.5
    assert float((folded == coarse.brain).mean()) > 0.98
    ratio = fine.cbv[fine.brain].mean() / coarse.cbv[coarse.brain].mean()
    assert ratio == pytest.approx(1.0, abs=0.05)


def test_a_grid_that_is_too_small_is_refused() -> None:
    with pytest.raises(UsageError, match="slices is 3"):
        make_case(slices=3)
