"""Every purpose of every examination has random numbers of its own."""

from __future__ import annotations

from itertools import product

import numpy as np

from cbvsynth.phantom.streams import Purpose, Streams

FIRST = ["PERSON", "ANATOMY", "VESSELS", "PERFUSION", "LESION", "LESION_TEXTURE", "COURSE", "TISSUE", "COIL"]


def first(generator: np.random.Generator) -> float:
    return float(generator.random())


def test_no_two_purposes_sessions_patients_or_seeds_share_a_stream() -> None:
    drawn = [
        first(Streams(seed, patient, session).of_session(purpose))
        for seed, patient, session, purpose in product((1, 2), (1, 2), (1, 2), Purpose)
    ]
    drawn += [
        first(Streams(seed, patient).of_patient(purpose))
        for seed, patient, purpose in product((1, 2), (1, 2), Purpose)
    ]
    assert len(set(drawn)) == len(drawn)


def test_all_examinations_of_a_patient_share_the_patients_streams() -> None:
    one, other = (Streams(7, 3, session).of_patient(Purpose.ANATOMY) for session in (1, 2))
    assert first(one) == first(other)


def test_another_session_of_the_same_patient_can_be_looked_at() -> None:
    second = Streams(7, 3, 2)
    assert first(Streams(7, 3, 5).of_session(Purpose.COURSE, 2)) == first(second.of_session(Purpose.COURSE))


def test_a_purpose_keeps_its_number_for_studies_that_were_made_before() -> None:
    """Renumbering would change every phantom: the demo's figures and data.dvc rest on them."""
    assert [purpose.value for purpose in Purpose] == list(range(1, 1 + len(Purpose)))
    assert [purpose.name for purpose in Purpose][:9] == FIRST
    drawn = first(Streams(2023, 1).of_patient(Purpose.PERSON))
    assert drawn == first(np.random.default_rng([2023, 1, 0, 1])) == 0.3178403630907125
