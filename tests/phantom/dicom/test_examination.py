"""What was written is read back by an outside program, dcm2niix, by pydicom, and by the manifest."""

from __future__ import annotations

import subprocess
from pathlib import Path

import dcm2niix
import nibabel as nib
import numpy as np
import pydicom
import pytest

from cbvsynth.domain.options import Layout
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.phantom.dicom.examination import ORDER, DicomPatient, write_dicom_examination
from cbvsynth.phantom.dicom.vendors import STYLES, Vendor
from cbvsynth.phantom.raw.case import RawCase, raw_case
from cbvsynth.phantom.raw.protocol import RawSettings, Slices
from cbvsynth.records.storage import sha256_tree
from cbvsynth.study.manifest import load_manifest

PATIENT = DicomPatient("PHANTOM-7", age_years=53)


@pytest.fixture(scope="module")
def case() -> RawCase:
    return raw_case(seed=3, settings=RawSettings(matrix=64, slices=9, orientations=Slices.MIXED))


@pytest.mark.parametrize("vendor", list(Vendor))
def test_dcm2niix_finds_the_same_geometry_and_values(case: RawCase, vendor: Vendor, tmp_path: Path) -> None:
    write_dicom_examination(tmp_path / "in", case, PATIENT, vendor)
    (tmp_path / "out").mkdir()
    command = [dcm2niix.bin, "-z", "n", "-f", "%s", "-o", str(tmp_path / "out"), str(tmp_path / "in")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    for number, role in enumerate(ORDER, start=1):
        (path,) = (tmp_path / "out").glob(f"{number}*.nii")
        read = nib.load(path)
        if role == "localizer":
            assert read.shape[2] == 3
            continue
        style, truth = STYLES[vendor].series[role], case.images[role]
        np.testing.assert_allclose(read.affine, truth.affine, atol=2e-4)
        np.testing.assert_allclose(
            read.get_fdata(), truth.voxels * style.unit_factor, atol=0.501 * style.stored_step, rtol=1e-6
        )


@pytest.mark.parametrize("vendor", list(Vendor))
def test_a_study_is_one_patients_with_contrast_where_it_was_given(
    case: RawCase, vendor: Vendor, tmp_path: Path
) -> None:
    paths = write_dicom_examination(tmp_path, case, PATIENT, vendor)
    files = [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]
    assert {(str(file.PatientID), str(file.PatientAge)) for file in files} == {("PHANTOM-7", "053Y")}
    assert (
        len({file.StudyInstanceUID for file in files})
        == len({file.FrameOfReferenceUID for file in files})
        == 1
    )
    assert len({file.SOPInstanceUID for file in files}) == len(paths)
    assert len({file.SeriesInstanceUID for file in files}) == len(ORDER)
    with_agent = {str(file.SeriesDescription) for file in files if file.get("ContrastBolusAgent")}
    assert with_agent == {STYLES[vendor].series[role].description for role in ("t1c", "cbv")}
    assert "SYNTHETIC" in files[0].PatientComments


def test_equal_arguments_give_equal_bytes_and_sessions_other_studies(case: RawCase, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_dicom_examination(tmp_path / name, case, PATIENT, Vendor.GE)
    assert sha256_tree(tmp_path / "one") == sha256_tree(tmp_path / "two")
    later = write_dicom_examination(tmp_path / "later", case, DicomPatient("PHANTOM-7", session=2), Vendor.GE)
    first = next((tmp_path / "one").rglob("*.1"))
    assert pydicom.dcmread(first).StudyInstanceUID != pydicom.dcmread(later[0]).StudyInstanceUID


@pytest.mark.parametrize("vendor", list(Vendor))
def test_the_manifest_recognises_every_series_and_brings_the_maps_to_their_units(
    case: RawCase, vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CBVSYNTH_PSEUDONYM_KEY", "0123456789abcdef" * 4)
    write_dicom_examination(tmp_path / "study", case, PATIENT, vendor)
    (examination,) = load_manifest(tmp_path, Layout.DICOM).examinations
    assert examination.target_unit is TargetUnit.ML_PER_100G
    for role, truth in case.images.items():
        read = nib.load(tmp_path / examination.files[role])
        np.testing.assert_allclose(read.affine, truth.affine, atol=2e-4)
        ratio = np.median(read.get_fdata()[truth.brain] / truth.voxels[truth.brain])
        assert ratio == pytest.approx(1.0, abs=0.005), role
