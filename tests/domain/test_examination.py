"""One examination: its images in channel order, and what messages call them."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.sequences import Sequence

FILES = {role: PurePosixPath(f"{role}.nii") for role in ("adc", "t1c", "t1", "seg", "cbv")}
ONE = Examination(
    exam_id="sub-012_ses-1",
    subject_id="sub-012",
    session_id="ses-1",
    inputs={Sequence(role): FILES[role] for role in ("adc", "t1c", "t1")},
    cbv=FILES["cbv"],
    seg=FILES["seg"],
)


def test_sequences_come_in_channel_order_and_files_by_role_without_what_is_missing() -> None:
    assert ONE.sequences == (Sequence.T1, Sequence.T1C, Sequence.ADC)
    assert list(ONE.files) == ["t1", "t1c", "adc", "cbv", "seg"]
    assert ONE.files["t1c"] == FILES["t1c"]


@pytest.mark.parametrize(
    ("role", "label"),
    [("t1c", "sub-012/ses-1: T1C"), ("flair", "sub-012/ses-1: T2-FLAIR"), ("seg", "sub-012/ses-1: SEG")],
)
def test_an_image_is_called_by_its_examination_and_role_never_by_its_path(role: str, label: str) -> None:
    assert ONE.label(role) == label


def test_a_study_without_sessions_names_the_patient_alone() -> None:
    single = Examination("a", "sub-1", "", {Sequence.T1: FILES["t1"]})
    assert single.label("cbv") == "sub-1: CBV"
