from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from cbvsynth.config import PhantomConfig
from cbvsynth.domain.options import Entry, Mix, Strength
from cbvsynth.errors import UsageError
from cbvsynth.phantom.faults import ALIGNED_FAULTS, Fault
from cbvsynth.phantom.plan import StudySettings, diagnosis_of, participant_label, person_of, plan_study
from cbvsynth.phantom.tissues import Diagnosis

DEFAULT = StudySettings()


def test_the_default_study_is_the_one_that_the_flags_default_to() -> None:
    config = PhantomConfig()
    assert (
        StudySettings(config.patients, config.matrix, config.slices, config.damaged, config.seed) == DEFAULT
    )


def test_the_default_study_holds_every_diagnosis_and_every_fault() -> None:
    plan = plan_study(DEFAULT)
    assert {planned.diagnosis for planned in plan} == set(Diagnosis)
    assert Counter(planned.fault for planned in plan if planned.fault) == dict.fromkeys(ALIGNED_FAULTS, 1)


def test_every_third_patient_comes_twice_and_examinations_are_unique() -> None:
    plan = plan_study(DEFAULT)
    visits = Counter(planned.patient for planned in plan if planned.fault is None)
    assert {patient for patient, count in visits.items() if count == 2} == set(range(3, 41, 3))
    assert set(visits.values()) == {1, 2}
    assert len({(planned.patient, planned.session) for planned in plan}) == len(plan)


def test_faults_belong_to_additional_patients_and_repeat_in_order() -> None:
    plan = plan_study(replace(DEFAULT, patients=4, damaged=10))
    faulty = [planned for planned in plan if planned.fault]
    assert [planned.patient for planned in faulty] == list(range(5, 15))
    assert [planned.fault for planned in faulty] == [*ALIGNED_FAULTS, Fault.METAL, Fault.MOTION]


def test_five_patients_have_the_five_diagnoses() -> None:
    assert {diagnosis_of(patient) for patient in range(1, 6)} == set(Diagnosis)


def test_an_even_mix_has_more_of_the_rare_diagnoses_and_the_usual_is_as_it_was() -> None:
    in_ten = {mix: Counter(diagnosis_of(patient, mix) for patient in range(1, 11)) for mix in Mix}
    order = (
        *(Diagnosis.HIGH_GRADE_GLIOMA, Diagnosis.LOW_GRADE_GLIOMA, Diagnosis.METASTASIS),
        *(Diagnosis.RADIONECROSIS, Diagnosis.LYMPHOMA),
    )
    assert [in_ten[Mix.USUAL][one] for one in order] == [4, 2, 2, 1, 1]
    assert [in_ten[Mix.EVEN][one] for one in order] == [3, 1, 2, 2, 2]
    even = plan_study(replace(DEFAULT, patients=10, mix=Mix.EVEN))
    assert {planned.diagnosis for planned in even if planned.patient == 8} == {Diagnosis.LYMPHOMA}
    assert person_of(replace(DEFAULT, mix=Mix.EVEN), 8).diagnosis is Diagnosis.LYMPHOMA
    assert "mix" not in DEFAULT.record()


def test_people_are_adults_and_only_gliomas_have_a_grade() -> None:
    people = [person_of(DEFAULT, patient) for patient in range(1, 200)]
    assert all(19 <= person.age <= 88 for person in people)
    assert {person.sex for person in people} == {"F", "M"}
    grades = {(person.diagnosis, person.grade) for person in people}
    assert grades == {
        (Diagnosis.HIGH_GRADE_GLIOMA, "3"),
        (Diagnosis.HIGH_GRADE_GLIOMA, "4"),
        (Diagnosis.LOW_GRADE_GLIOMA, "2"),
        (Diagnosis.METASTASIS, "n/a"),
        (Diagnosis.RADIONECROSIS, "n/a"),
        (Diagnosis.LYMPHOMA, "n/a"),
    }


def test_labels_grow_with_the_study() -> None:
    assert participant_label(DEFAULT, 7) == "sub-007"
    assert participant_label(replace(DEFAULT, patients=995), 7) == "sub-0007"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patients": 0}, "patients is 0; a study has at least 1"),
        ({"damaged": -1}, "damaged is -1"),
        ({"seed": -5}, "seed is -5"),
        ({"matrix": 8}, "matrix is 8"),
        ({"slices": 6}, "slices is 6"),
    ],
)
def test_settings_out_of_range_are_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replace(DEFAULT, **change)


def test_a_raw_study_holds_every_kind_of_fault_that_has_the_strength() -> None:
    raw = replace(DEFAULT, entry=Entry.RAW, damaged=len(Fault), patients=1)
    assert [one.fault for one in plan_study(raw) if one.fault] == list(Fault)
    weak = [one for one in plan_study(replace(raw, strength=Strength.QUARTER)) if one.fault]
    assert {one.strength for one in weak} == {Strength.QUARTER}
    assert {one.fault for one in weak} == set(Fault) - {Fault.MIRRORED_CBV, Fault.ADC_UNIT}


def test_settings_come_back_from_their_record() -> None:
    for settings in (DEFAULT, replace(DEFAULT, entry=Entry.RAW, displacement_mm=3.5, t1c_delay_minutes=12.5)):
        assert StudySettings.of_record(settings.record()) == settings
    assert StudySettings.of(PhantomConfig(entry=Entry.RAW, seed=4)) == replace(
        DEFAULT, entry=Entry.RAW, seed=4
    )
