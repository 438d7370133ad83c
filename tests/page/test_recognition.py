"""Which image is which: NIfTI by names, DICOM by the client's rules; a person has the last word."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import ManifestError, UsageError
from cbvsynth.page.recognition import recognise, require_sequence
from cbvsynth.page.studies import Study, Upload
from tests.client.heads import AFFINES, write
from tests.study.dicom.dicom_files import RCBV, T1, T2, head, write_examination, write_series

MANY = 1e9


def study_of(folder, names):
    uploads = tuple(Upload(name, f"{number}.nii", 1) for number, name in enumerate(names))
    for upload in uploads:
        write(folder / "files" / upload.stored, np.ones((20, 20, 8), np.int16), AFFINES["RAS"])
    return Study("0" * 32, "me", 1, 0.0, uploads=uploads)


def test_two_for_one_role_are_asked_about(tmp_path):
    study = study_of(tmp_path, ("a_t1.nii", "b_t1.nii", "c_t2.nii", "notes.txt"))
    found = recognise(study, tmp_path, {}, MANY)
    assert [(row.role, row.reason) for row in found.rows[:2]] == [
        ("", "more than one may be T1; choose which")
    ] * 2
    assert found.images == {"t2": "files/2.nii"}
    assert found.notes == ("1 other files are no NIfTI by their names and were not looked at",)
    assert recognise(study, tmp_path, {"0.nii": ""}, MANY).images == {
        "t1": "files/1.nii",
        "t2": "files/2.nii",
    }


def test_a_header_that_declares_too_much_is_left_out_even_by_hand(tmp_path):
    found = recognise(study_of(tmp_path, ("t1.nii",)), tmp_path, {"0.nii": "t1"}, 3199.0)
    assert (found.rows[0].role, found.images) == ("", {})
    assert "20 x 20 x 8 voxels" in found.rows[0].reason


def test_a_sidecar_among_the_files_says_what_cbv_is_in(tmp_path):
    """BIDS without a sidecar is relative; where one came with the map, nobody read it."""
    names = ("sub-1/perf/sub-1_cbv.nii", "sub-1/perf/sub-1_cbv.json", "sub-1/anat/sub-1_T1w.nii")
    study = study_of(tmp_path, names)

    def cbv(units):
        (tmp_path / "files/1.nii").write_text(f'{{"Units": "{units}"}}')
        return recognise(study, tmp_path, {}, MANY).rows[0]

    assert (cbv("n/a").unit, cbv("n/a").role) == (TargetUnit.RELATIVE, "cbv")
    assert (cbv("mL/100g").unit, cbv("mL/100g").scale) == (TargetUnit.ML_PER_100G, 1.0)
    assert (cbv("mL/100mL").unit, cbv("mL/100mL").scale) == (TargetUnit.ML_PER_100G, pytest.approx(1 / 1.05))
    assert (cbv("furlong").role, cbv("mL/100g").role) == ("", "cbv")
    assert "states Units 'furlong'" in cbv("furlong").reason


def test_a_choice_by_hand_keeps_what_the_file_holds(tmp_path):
    study = study_of(tmp_path, ("UPENN-GBM-00001_11_DTI_TR.nii", "UPENN-GBM-00001_11_T2.nii"))
    same, other = recognise(study, tmp_path, {"0.nii": "adc", "1.nii": "t1"}, MANY).rows
    assert (same.reason, same.scale) == ("chosen by hand", pytest.approx(1 / 3))
    assert (other.role, other.scale) == ("t1", 1.0)
    assert recognise(study, tmp_path, {"0.nii": "t1", "1.nii": ""}, MANY).rows[0].scale == 1.0


def test_dicom_series_with_their_reasons_and_a_correction(tmp_path):
    """A choice for a series of 5000 digits was a bare 500."""
    write_examination(tmp_path / "files")
    study = Study("0" * 32, "me", 1, 0.0, uploads=(Upload("IM1", "1.dcm", 1),))
    found = recognise(study, tmp_path, {}, MANY)
    rows = {row.key: row for row in found.rows}
    assert {row.role: key for key, row in rows.items() if row.role} == {
        "t1": "2",
        "t2": "3",
        "flair": "4",
        "adc": "5",
        "t1c": "7",
    }
    assert rows["1"].reason == "a scout"
    assert "relative" in rows["8"].reason
    assert re.match(r"series 2 \(.*slices\)", rows["2"].name)
    assert all((tmp_path / path).is_file() for path in found.images.values())
    again = recognise(study, tmp_path, {"3": ""}, MANY)
    assert "t2" not in again.images
    assert recognise(study, tmp_path, {"9" * 5000: "t1", "99": "t1", "x": "t2"}, MANY).rows == found.rows
    assert {row.key: row.reason for row in again.rows}["3"] == "chosen by hand"
    with pytest.raises(UsageError, match=r"more than the 0\.001 million"):
        recognise(study, tmp_path, {}, 1000.0)


def test_measured_cbv_of_dicom_is_taken_where_its_unit_is_stated(tmp_path):
    write_series(tmp_path / "files/1", T1)
    unit = {"RescaleType": "mL/100g", "RescaleSlope": 0.01, "RescaleIntercept": 0}
    cbv = {
        **RCBV,
        "SeriesDescription": "CBV",
        "ImageType": ["DERIVED", "PRIMARY", "PERFUSION", "CBV"],
        **unit,
    }
    write_series(tmp_path / "files/2", cbv, number=2, time="100500", voxels=head(400))
    study = Study("0" * 32, "me", 1, 0.0, uploads=(Upload("IM1", "1.dcm", 1),))
    found = recognise(study, tmp_path, {}, MANY)
    assert [row.role for row in found.rows] == ["t1", "cbv"]
    assert (tmp_path / found.images["cbv"]).is_file()


def test_two_series_for_one_role_are_asked_about_in_words_of_the_page(tmp_path):
    """The note said "say so with --prefer ..., or in dicom-roles.csv"."""
    for number in (1, 2):
        write_series(tmp_path / f"files/{number}", T1, number=number)
    write_series(tmp_path / "files/3", T2, number=3)
    study = Study("0" * 32, "me", 1, 0.0, uploads=(Upload("IM1", "1.dcm", 1),))
    found = recognise(study, tmp_path, {}, MANY)
    (note,) = (one for one in found.notes if one.startswith("T1"))
    assert note.endswith("choose what it is")
    assert [row.role for row in found.rows] == ["", "", "t2"]
    chosen = recognise(study, tmp_path, {"1": "t1"}, MANY)
    assert [(row.role, row.reason) for row in chosen.rows][:2] == [
        ("t1", "chosen by hand"),
        ("", "another T1 is chosen by hand"),
    ]


def test_no_image_at_all(tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files/1.dcm").write_text("a letter")
    with pytest.raises(UsageError, match="No file came"):
        recognise(Study("0" * 32, "me", 1, 0.0), tmp_path, {}, MANY)
    with pytest.raises(ManifestError, match="No DICOM image"):
        recognise(Study("0" * 32, "me", 1, 0.0, uploads=(Upload("a", "1.dcm", 1),)), tmp_path, {}, MANY)
    with pytest.raises(UsageError, match="No image is taken"):
        require_sequence({"cbv": "x", "mask": "y"})
