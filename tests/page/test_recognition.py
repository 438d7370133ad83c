"""Which image is which: NIfTI by names, DICOM by the client's rules; a person has the last word."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cbvsynth.errors import ManifestError, UsageError
from cbvsynth.page.recognition import recognise, require_sequence
from cbvsynth.page.studies import Study, Upload
from tests.client.heads import AFFINES, write
from tests.study.dicom.dicom_files import write_examination

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


def test_dicom_series_with_their_reasons_and_a_correction(tmp_path):
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
    assert rows["8"].reason.startswith("measured CBV, which is compared")
    assert re.match(r"series 2 \(.*slices\)", rows["2"].name)
    assert all((tmp_path / path).is_file() for path in found.images.values())
    again = recognise(study, tmp_path, {"3": ""}, MANY)
    assert "t2" not in again.images
    assert {row.key: row.reason for row in again.rows}["3"] == "chosen by hand"
    with pytest.raises(UsageError, match=r"more than the 0\.001 million"):
        recognise(study, tmp_path, {}, 1000.0)


def test_no_image_at_all(tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files/1.dcm").write_text("a letter")
    with pytest.raises(UsageError, match="No file came"):
        recognise(Study("0" * 32, "me", 1, 0.0), tmp_path, {}, MANY)
    with pytest.raises(ManifestError, match="No DICOM image"):
        recognise(Study("0" * 32, "me", 1, 0.0, uploads=(Upload("a", "1.dcm", 1),)), tmp_path, {}, MANY)
    with pytest.raises(UsageError, match="No image is taken"):
        require_sequence({"cbv": "x", "mask": "y"})
