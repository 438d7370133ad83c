"""Lesions: built from the inside out, changed from visit to visit, pushing the brain aside."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.phantom.lesions import KINDS, draw_lesion, lesion_maps, pushed_aside, varied
from cbvsynth.phantom.streams import Streams
from cbvsynth.phantom.tissues import SOLID_LESIONS, Diagnosis

AXES = (np.linspace(-80, 80, 60), np.linspace(-90, 60, 60), np.linspace(-20, 70, 24))
WHITE = np.ones((60, 60, 24))


@pytest.mark.parametrize("diagnosis", list(Diagnosis))
def test_a_first_lesion_is_of_its_kind(diagnosis: Diagnosis) -> None:
    kind, cbv = KINDS[diagnosis], SOLID_LESIONS[diagnosis].cbv
    for patient in range(1, 30):
        lesion = draw_lesion(Streams(1, patient), diagnosis)
        assert kind.radius_mm[0] <= lesion.radius_mm <= kind.radius_mm[1]
        assert kind.core_share[0] <= lesion.core_share <= kind.core_share[1]
        assert abs(np.log(lesion.cbv / cbv)) <= 2 * kind.cbv_spread + 1e-12


def test_both_sides_are_hit_and_a_visit_changes_size_and_blood_but_not_the_place() -> None:
    lesions = [draw_lesion(Streams(1, patient), Diagnosis.METASTASIS) for patient in range(1, 20)]
    assert {lesion.centre_mm[0] > 0 for lesion in lesions} == {True, False}
    first, second, third = (draw_lesion(Streams(1, 4, visit), Diagnosis.LYMPHOMA) for visit in (1, 2, 3))
    assert first.centre_mm == second.centre_mm == third.centre_mm
    for before, after in ((first, second), (second, third)):
        growth = after.radius_mm / before.radius_mm
        assert 1.08 <= growth <= 1.22 or 0.75 <= growth <= 0.92
        assert after.cbv != before.cbv


def test_necrosis_lies_within_the_solid_part_and_oedema_spares_the_cortex() -> None:
    streams = Streams(1, 2)
    lesion = draw_lesion(streams, Diagnosis.HIGH_GRADE_GLIOMA)
    maps = lesion_maps(lesion, AXES, WHITE, streams)
    for part in (maps.necrosis, maps.solid, maps.oedema):
        assert part.min() == 0.0
        assert 0.0 < part.max() <= 1.0
    assert (maps.necrosis <= maps.solid).all()
    assert 0 < (maps.necrosis > 0.5).sum() < (maps.solid > 0.5).sum() < (maps.oedema > 0.5).sum()
    cortex = lesion_maps(lesion, AXES, 0.0 * WHITE, streams)
    np.testing.assert_allclose(cortex.oedema, 0.1 * maps.oedema, atol=1e-12)


def test_a_lesion_without_a_core_has_no_necrosis_and_a_quiet_one_leaks_nothing() -> None:
    streams = Streams(1, 3)
    maps = lesion_maps(draw_lesion(streams, Diagnosis.LOW_GRADE_GLIOMA), AXES, WHITE, streams)
    assert not maps.necrosis.any()
    assert not maps.leak_mm.any()


def test_the_brain_is_sampled_nearer_to_the_lesion_and_far_away_not_moved() -> None:
    lesion = draw_lesion(Streams(1, 2), Diagnosis.HIGH_GRADE_GLIOMA)
    moved = pushed_aside(lesion, AXES)
    offsets = np.stack(
        np.broadcast_arrays(
            *(
                (axis - centre)[index]
                for axis, centre, index in zip(
                    AXES,
                    lesion.centre_mm,
                    (np.s_[:, None, None], np.s_[None, :, None], np.s_[None, None, :]),
                    strict=True,
                )
            )
        )
    )
    distance = np.sqrt((offsets**2).sum(axis=0))
    inward = -(np.stack(moved) * offsets).sum(axis=0) / np.maximum(distance, 1e-9)
    assert (inward >= 0).all()
    assert inward.max() > 3.0
    assert inward[distance > 5 * lesion.radius_mm].max() < 0.1


def test_varied_lesions_of_a_diagnosis_do_not_enhance_as_their_cbv_says() -> None:
    """A network that tells the diagnosis by its enhancement knows nothing of a varied lesion's CBV."""
    usual = [draw_lesion(Streams(1, patient), Diagnosis.LYMPHOMA) for patient in range(1, 60)]
    found = [varied(one, Streams(1, patient)) for patient, one in enumerate(usual, 1)]
    cbv = np.log([one.cbv for one in found])
    leak = np.log([one.leak_factor for one in found])
    assert {one.leak_factor for one in usual} == {1.0}
    assert cbv.std() > 2 * np.log([one.cbv for one in usual]).std()
    assert leak.std() > 0.4
    assert abs(np.corrcoef(cbv, leak)[0, 1]) < 0.3
    first, second = (
        varied(draw_lesion(s := Streams(1, 4, visit), Diagnosis.LYMPHOMA), s) for visit in (1, 2)
    )
    assert first.leak_factor == second.leak_factor
    streams = Streams(1, 1)
    plain, other = (lesion_maps(one[0], AXES, WHITE, streams) for one in (usual, found))
    ratio = (KINDS[Diagnosis.LYMPHOMA].leak_mm * found[0].leak_factor) / KINDS[Diagnosis.LYMPHOMA].leak_mm
    np.testing.assert_allclose(other.leak_mm, ratio * plain.leak_mm)
