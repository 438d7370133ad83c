"""On which side of a threshold a lesion is put."""

from __future__ import annotations

from dataclasses import replace

from cbvsynth.domain.wrong_side import sides_by_diagnosis
from tests.domain.selection.tables import score

PAIRS = [
    ("glioma", 8.0, 7.0),
    ("glioma", 8.0, 3.0),
    ("glioma", 4.0, 4.0),
    ("lymphoma", 2.0, 6.0),
    ("lymphoma", 2.0, 3.9),
]
SCORES = [
    replace(
        score("encdec-t1", place, 0.8, patient=place // 2),
        diagnosis=diagnosis,
        lesion_cbv_real=real,
        lesion_cbv_synthetic=made,
    )
    for place, (diagnosis, real, made) in enumerate(PAIRS)
]


def test_lesions_are_counted_by_diagnosis_and_over_all():
    glioma, lymphoma, everything = sides_by_diagnosis(SCORES, 4.0)
    assert (glioma.diagnosis, lymphoma.diagnosis, everything.diagnosis) == ("glioma", "lymphoma", "")
    assert (glioma.lesions, glioma.patients, glioma.real_high) == (3, 2, 3)
    assert (glioma.shown_high, glioma.shown_low, glioma.wrong) == (0, 1, 1)
    assert (lymphoma.shown_high, lymphoma.shown_low) == (1, 0)
    assert (everything.lesions, everything.wrong) == (5, 2)


def test_a_lesion_at_the_threshold_is_high():
    (one, _) = sides_by_diagnosis(SCORES[2:3], 4.0)
    assert (one.real_high, one.wrong) == (1, 0)
    (one, _) = sides_by_diagnosis(SCORES[2:3], 4.0 + 1e-9)
    assert (one.real_high, one.wrong) == (0, 0)


def test_examinations_without_a_lesion_are_left_out_and_a_missing_diagnosis_has_a_name():
    assert sides_by_diagnosis([score("encdec-t1", 0, 0.8, lesion=None)], 4.0) == ()
    assert sides_by_diagnosis([replace(SCORES[0], diagnosis="")], 4.0)[0].diagnosis == "not given"
