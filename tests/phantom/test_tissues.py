"""The table of tissues holds what every radiologist knows."""

from __future__ import annotations

from cbvsynth.phantom.tissues import SOLID_LESIONS, TISSUES, Diagnosis, Tissue


def test_every_tissue_and_every_diagnosis_has_possible_properties() -> None:
    assert set(TISSUES) == set(Tissue) - {Tissue.SOLID}
    assert set(SOLID_LESIONS) == set(Diagnosis)
    for one in (*TISSUES.values(), *SOLID_LESIONS.values()):
        assert 0 < one.t2_ms < one.t1_ms
        assert 0 < one.proton_density <= 1
        assert 0 < one.adc <= 3000, "water moves no faster than free water"
        assert 0 <= one.cbv <= 100


def test_grey_matter_holds_about_twice_the_blood_of_white_matter() -> None:
    assert 1.8 < TISSUES[Tissue.GREY].cbv / TISSUES[Tissue.WHITE].cbv < 2.5


def test_high_grade_glioma_is_the_richest_lesion_and_radionecrosis_the_poorest() -> None:
    by_cbv = sorted(Diagnosis, key=lambda diagnosis: SOLID_LESIONS[diagnosis].cbv)
    assert (by_cbv[0], by_cbv[-1]) == (Diagnosis.RADIONECROSIS, Diagnosis.HIGH_GRADE_GLIOMA)


def test_lymphoma_is_the_densest_lesion_and_fluid_moves_most_freely() -> None:
    assert min(Diagnosis, key=lambda diagnosis: SOLID_LESIONS[diagnosis].adc) is Diagnosis.LYMPHOMA
    assert max(TISSUES, key=lambda tissue: TISSUES[tissue].adc) is Tissue.CSF
