"""A data root of DICOM files becomes a study; whose images they are is told by tags, and told to nobody."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Layout
from cbvsynth.errors import ManifestError
from cbvsynth.study.dicom.examinations import convert_folder, scan_dicom
from cbvsynth.study.manifest import scan_study
from cbvsynth.study.nifti import read_image
from tests.study.dicom.dicom_files import (
    FLAIR,
    RCBV,
    SCOUT,
    T1,
    T1C,
    T2,
    head,
    with_key,
    write_enhanced,
    write_examination,
    write_series,
)


def told(root: Path, **more: Any) -> str:
    manifest = scan_study(root, Layout.DICOM, **more)
    return "\n".join([*(f"{one.what}: {one.reason}" for one in manifest.left_out), *manifest.warnings])


def examinations(root: Path) -> tuple[Examination, ...]:
    return scan_study(root, Layout.DICOM).examinations


def test_an_examination_is_found_with_all_its_images(tmp_path: Path) -> None:
    write_examination(with_key(tmp_path) / "export")
    (one,) = examinations(tmp_path)
    assert set(one.files) == {"t1", "t2", "t1c", "flair", "adc", "cbv"}
    assert (one.age, one.sex, one.scanner, one.field_t) == (69, "F", "Siemens", 3)
    assert one.target_unit == "relative"
    for role in one.files:
        assert read_image(tmp_path, one, role).data.max() > 0
    with (tmp_path / "cbvsynth-nifti/series.csv").open(encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    assert [(row["series"], row["taken_as"]) for row in rows] == [
        ("1", ""),
        ("2", "t1"),
        ("3", "t2"),
        ("4", "flair"),
        ("5", "adc"),
        ("7", "t1c"),
        ("8", "cbv"),
    ]
    assert rows[0]["reason"] == "a scout"


def test_patients_and_examinations_are_told_by_tags_whatever_the_folders(tmp_path: Path) -> None:
    with_key(tmp_path)
    for patient, study in (("4711", "1.1"), ("4711", "1.2"), ("0815", "1.3")):
        write_series(tmp_path / "all", T2, number=int(study[-1]), patient=patient, study=study)
    found = examinations(tmp_path)
    assert len(found) == 3
    assert len({one.subject_id for one in found}) == 2
    assert "1 folders hold files of several patients, told apart by PatientID" in told(tmp_path)


def test_identifiers_are_the_same_for_the_same_key_and_participants_are_matched_by_them(
    tmp_path: Path,
) -> None:
    write_series(with_key(tmp_path) / "1", T2)
    (one,) = examinations(tmp_path)
    (tmp_path / "participants.tsv").write_text(f"participant_id\tdiagnosis\n{one.subject_id}\tglioma\n")
    assert examinations(tmp_path)[0].diagnosis == "glioma"


def test_a_series_of_two_patients_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    write_series(with_key(tmp_path) / "1", T2)

    def other(dataset: Any, index: int) -> None:
        dataset.PatientID = "4711" if index < 4 else "0815"

    write_series(tmp_path / "2", FLAIR, number=2, change=other)
    text = told(tmp_path)
    assert "8 images: one series with the PatientID of several patients" in text
    assert set(examinations(tmp_path)[0].files) == {"t2"}


def test_one_patient_id_for_two_people_is_refused(tmp_path: Path) -> None:
    write_series(with_key(tmp_path) / "1", T2, patient="ANON", study="1.1")
    write_series(
        tmp_path / "2", {**T2, "PatientBirthDate": "19700101"}, patient="ANON", study="1.2", number=2
    )
    write_series(tmp_path / "3", T2, patient="0815", study="1.3", number=3)
    assert "16 images: one PatientID for patients of different birth date or sex" in told(tmp_path)
    assert len(examinations(tmp_path)) == 1


def test_without_a_patient_id_each_examination_is_a_patient(tmp_path: Path) -> None:
    with_key(tmp_path)
    for study in ("1.1", "1.2"):
        write_series(tmp_path / study, T2, patient="", study=study)
    assert len({one.subject_id for one in examinations(tmp_path)}) == 2
    assert "2 examinations have no PatientID; each counts as a patient" in told(tmp_path)


def test_a_tie_is_asked_about_and_settled_by_a_word_or_a_table(tmp_path: Path) -> None:
    write_series(with_key(tmp_path) / "1", T2)
    write_series(tmp_path / "2", {**T2, "SeriesDescription": "AX T2 BLADE"}, number=2)
    write_series(tmp_path / "3", FLAIR, number=3)
    text = told(tmp_path)
    assert "T2: series 1 (ax, 2d, tse" in text
    assert "--prefer blade or tse or series-1 or series-2, or in dicom-roles.csv" in text
    assert set(examinations(tmp_path)[0].files) == {"flair"}
    preferred = scan_study(tmp_path, Layout.DICOM, prefer=["blade"]).examinations[0]
    assert set(preferred.files) == {"t2", "flair"}
    (tmp_path / "dicom-roles.csv").write_text(f"exam_id,series,role\n{preferred.exam_id},1,t2\nnobody,1,t2\n")
    assert set(examinations(tmp_path)[0].files) == {"t2", "flair"}
    assert "dicom-roles.csv names 1 examinations that are not here" in told(tmp_path)


def test_cbv_of_two_units_never_mixes(tmp_path: Path) -> None:
    with_key(tmp_path)
    for study in ("1.1", "1.2"):
        write_series(tmp_path / study, T2, study=study)
        write_series(tmp_path / study, RCBV, study=study, number=2)
    write_series(tmp_path / "3", T2, study="1.3")
    write_series(tmp_path / "3", {**RCBV, "RescaleType": "ml/100g"}, study="1.3", number=2)
    assert "CBV: in mL/100g, but this study's is relative; units never mix" in told(tmp_path)
    assert sum(one.cbv is not None for one in examinations(tmp_path)) == 2


def test_an_examination_without_a_standard_sequence_is_left_out(tmp_path: Path) -> None:
    write_series(with_key(tmp_path) / "1", T2, study="1.1")
    write_series(tmp_path / "2", RCBV, study="1.2")
    assert "no standard MRI sequence that can be used" in told(tmp_path)


def test_a_root_without_a_usable_image_says_what_is_there(tmp_path: Path) -> None:
    with_key(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(
        ManifestError, match=r"No DICOM image was found below the data root \(1 files: no DICOM\)"
    ):
        scan_dicom(tmp_path)
    write_series(tmp_path / "1", SCOUT)
    with pytest.raises(ManifestError, match=r"None of 1 examinations has an image .*series 1: a scout"):
        scan_dicom(tmp_path)


def test_a_key_is_asked_for_before_anything_is_written(tmp_path: Path) -> None:
    write_series(tmp_path / "1", T2)
    with pytest.raises(ManifestError, match="pseudonym-key"):
        scan_dicom(tmp_path)
    assert not (tmp_path / "cbvsynth-nifti").exists()


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"PatientAge": "093Y"}, {"age": 89.0}),
        ({"PatientAge": "018M"}, {"age": 1.5}),
        ({"PatientAge": ""}, {"age": None}),
        ({"PatientSex": ""}, {"sex": ""}),
        ({"MagneticFieldStrength": 15000}, {"field_t": 1.5}),
        ({"Manufacturer": "GE MEDICAL SYSTEMS"}, {"scanner": "GE"}),
        ({"Manufacturer": "Dr MUELLER"}, {"scanner": ""}),
    ],
)
def test_traits_are_taken_as_far_as_they_are_certain(
    tmp_path: Path, tags: dict[str, Any], expected: dict[str, Any]
) -> None:
    write_series(with_key(tmp_path) / "1", {**T2, **tags})
    (one,) = examinations(tmp_path)
    assert {name: getattr(one, name) for name in expected} == expected


def test_traits_are_of_the_images_that_are_taken_not_of_a_scanned_form(tmp_path: Path) -> None:
    """Those of the lowest series number were taken: of a paper's scan "Canon" was the scanner, and no age."""
    form = {"Modality": "OT", "Manufacturer": "Canon", "PatientAge": "", "MagneticFieldStrength": ""}
    write_series(with_key(tmp_path) / "1", {**SCOUT, **form}, number=1)
    write_series(tmp_path / "2", {**RCBV, "Manufacturer": "GE"}, number=2)
    write_series(tmp_path / "3", {**T1, "PatientAge": ""}, number=3)
    write_series(tmp_path / "4", T2, number=4)
    (one,) = examinations(tmp_path)
    assert (one.age, one.sex, one.scanner, one.field_t) == (69, "F", "Siemens", 3)


def test_a_folder_of_one_examination_is_converted_for_a_prediction(tmp_path: Path) -> None:
    write_examination(tmp_path / "in")
    work = tmp_path / "work"
    made = convert_folder(tmp_path / "in", work)
    assert set(made.files) == {"t1", "t2", "t1c", "flair", "adc"}
    assert made.reasons["t1c"].startswith("series 7: its description")
    assert ("series 1", "a scout") in made.left_out


def test_enhanced_files_are_converted_alike(tmp_path: Path) -> None:
    write_enhanced(tmp_path / "in/1", T1, number=1)
    write_enhanced(tmp_path / "in/2", {**T1C, "SeriesDescription": "T1 +C"}, number=2)
    write_enhanced(tmp_path / "in/3", FLAIR, number=3)
    assert set(convert_folder(tmp_path / "in", tmp_path / "work").files) == {"t1", "t1c", "flair"}


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"patient": "0815"}, "images of 2 patients"),
        ({"study": "9.9"}, "2 examinations by their StudyInstanceUID"),
    ],
)
def test_a_folder_of_several_is_refused(tmp_path: Path, second: dict[str, str], message: str) -> None:
    write_series(tmp_path / "in", T1)
    write_series(tmp_path / "in", T2, number=2, **second)
    with pytest.raises(ManifestError, match=message):
        convert_folder(tmp_path / "in", tmp_path / "work")
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("tag", ["PatientBirthDate", "PatientSex"])
def test_a_series_that_states_less_of_the_patient_is_of_the_same(tmp_path: Path, tag: str) -> None:
    """It was refused as of two patients, which `manifest` never did."""
    write_series(tmp_path / "in", T1)
    write_series(tmp_path / "in", {**T2, tag: ""}, number=2)
    assert set(convert_folder(tmp_path / "in", tmp_path / "work").files) == {"t1", "t2"}
    write_series(tmp_path / "in", {**FLAIR, tag: "M" if tag == "PatientSex" else "19700101"}, number=3)
    with pytest.raises(ManifestError, match="images of 2 patients"):
        convert_folder(tmp_path / "in", tmp_path / "work")


def test_files_that_are_not_read_are_told_in_a_prediction(tmp_path: Path) -> None:
    """Linked folders and damaged files were left out of a prediction without a word."""
    write_series(tmp_path / "in", T1)
    (tmp_path / "in/more").symlink_to(tmp_path)
    left = convert_folder(tmp_path / "in", tmp_path / "work").left_out
    assert left == (("1 files", "a link to a folder, which is not followed; copy the folder"),)


def test_a_folder_without_a_usable_series_says_why(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no such folder"):
        convert_folder(tmp_path / "in", tmp_path / "work")
    write_series(tmp_path / "in", T1, skip=[3], voxels=head())
    with pytest.raises(ManifestError, match=r"No series .* series 1: T1, but 1 slice or so missing"):
        convert_folder(tmp_path / "in", tmp_path / "work")
