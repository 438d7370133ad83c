"""A raw study on disk: what is there, what is not, and whether the truth is true."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cbvsynth.domain.options import Entry, FileFormat, Strength
from cbvsynth.domain.sequences import PAPER_SEQUENCES, TargetUnit
from cbvsynth.phantom.faults import Fault
from cbvsynth.phantom.plan import PlannedExamination, StudySettings, diagnosis_of, plan_study
from cbvsynth.phantom.raw.study import TRUTH, variant_of
from cbvsynth.phantom.receipt import inspect_study
from cbvsynth.phantom.study import write_study
from cbvsynth.study.manifest import load_manifest

SETTINGS = StudySettings(patients=4, matrix=48, slices=8, damaged=0, seed=6, entry=Entry.RAW)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("raw") / "data"
    write_study(root, SETTINGS)
    return root


def test_the_manifest_finds_all_sequences_and_cbv_and_no_mask(study: Path) -> None:
    examinations = load_manifest(study).examinations
    assert len(examinations) == len(plan_study(SETTINGS)) == 5
    for examination in examinations:
        assert set(examination.files) == {*(name.value for name in PAPER_SEQUENCES), "cbv", "seg"}
        assert examination.target_unit is TargetUnit.ML_PER_100G


def test_the_truth_lays_every_brain_on_t1s(study: Path) -> None:
    for path in (study / TRUTH).glob("*.json"):
        truth = json.loads(path.read_text())
        masks = {role: nib.load(study / TRUTH / f"{path.stem}_{role}_brain.nii") for role in truth["images"]}
        for role, mask in masks.items():
            centre = np.argwhere(np.asarray(mask.dataobj)).mean(axis=0)
            in_t1 = np.array(truth["images"][role]["to_t1"]) @ mask.affine @ [*centre, 1.0]
            t1 = masks["t1"].affine @ [*np.argwhere(np.asarray(masks["t1"].dataobj)).mean(axis=0), 1.0]
            partial = truth["coverage"] == "partial" and role in ("adc", "cbv", "flair")
            np.testing.assert_allclose(in_t1, t1, atol=15.0 if partial else 2.0)
            assert np.shape(truth["images"][role]["shift_mm"]) == (3,)


def test_qform_and_sform_say_the_same_oblique_place(study: Path) -> None:
    image = nib.load(study / "sub-001/ses-1/anat/sub-001_ses-1_T2w.nii")
    assert (int(image.header["qform_code"]), int(image.header["sform_code"])) == (1, 1)
    np.testing.assert_allclose(image.get_qform(), image.get_sform(), atol=1e-3)  # a quaternion of 32 bits
    assert nib.affines.obliquity(image.affine).max() > 0.001


def test_units_and_labels_differ_and_sidecars_say_which(study: Path) -> None:
    variants = [variant_of(planned) for planned in plan_study(SETTINGS)]
    assert {one.adc_unit.value for one in variants} == {"1e-6 mm2/s", "1e-3 mm2/s", "mm2/s"}
    for planned, variant in zip(plan_study(SETTINGS), variants, strict=True):
        stem = f"sub-{planned.patient:03d}_ses-{planned.session}"
        folder = study / stem.replace("_", "/")
        brains = {
            role: np.asarray(nib.load(study / TRUTH / f"{stem}_{role}_brain.nii").dataobj) > 0
            for role in ("adc", "cbv")
        }
        adc = nib.load(folder / "dwi" / f"{stem}_ADC.nii").get_fdata()[brains["adc"]]
        assert 800 < np.median(adc) * variant.adc_unit.factor < 1100
        cbv = nib.load(folder / "perf" / f"{stem}_cbv.nii").get_fdata()[brains["cbv"]]
        assert 2.5 < np.median(cbv) / variant.cbv_factor < 5
        for path, unit in (
            (folder / "dwi" / f"{stem}_ADC.json", variant.adc_unit.value),
            (folder / "perf" / f"{stem}_cbv.json", variant.cbv_unit),
        ):
            assert json.loads(path.read_text()) == {"Units": unit}
        labels = nib.load(
            study
            / "derivatives/segmentations"
            / stem.replace("_", "/")
            / "anat"
            / f"{stem}_desc-lesion_dseg.nii"
        )
        assert variant.solid_label in np.unique(np.asarray(labels.dataobj))
    assert {one.solid_label for one in variants} == {3, 4}


def test_faults_are_planted_in_the_plainest_variant() -> None:
    faulty = PlannedExamination(7, 1, diagnosis_of(7), Fault.METAL, Strength.HALF)
    assert variant_of(faulty) == variant_of(PlannedExamination(1, 1, diagnosis_of(1), None))


def test_its_receipt_knows_the_raw_settings(study: Path) -> None:
    receipt = inspect_study(study)
    assert receipt.settings == SETTINGS
    assert SETTINGS.record()["entry"] == "raw"
    assert "strength" not in SETTINGS.record()
    assert set(StudySettings().record()) == {"patients", "matrix", "slices", "damaged", "seed"}


def test_a_dicom_study_has_a_folder_of_dicom_for_each_examination(tmp_path: Path) -> None:
    settings = replace(SETTINGS, patients=3, format=FileFormat.DICOM)
    write_study(tmp_path, settings)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes()[128:132] == b"DICM"]
    folders = {path.relative_to(tmp_path).parts[:2] for path in files}
    assert folders == {("sub-001", "ses-1"), ("sub-002", "ses-1"), ("sub-003", "ses-1"), ("sub-003", "ses-2")}
    assert not list(tmp_path.glob("sub-*/**/*.nii"))
    assert len(list((tmp_path / TRUTH).glob("*.json"))) == 4
    assert "DICOM" in (tmp_path / "README").read_text()
    assert (tmp_path / "participants.tsv").is_file()
    assert inspect_study(tmp_path).settings == settings


@pytest.mark.parametrize(
    ("fault", "strength"),
    [(Fault.NAN_CBV, Strength.FULL), (Fault.NEGATIVE_CBV, Strength.FULL), (Fault.CBV_UNIT, Strength.QUARTER)],
)
def test_damaged_maps_keep_what_is_wrong_with_them(
    fault: Fault, strength: Strength, study: Path, tmp_path: Path
) -> None:
    name = "sub-001/ses-1/perf/sub-001_ses-1_cbv.nii"
    plan = (PlannedExamination(1, 1, diagnosis_of(1), fault, strength),)
    write_study(tmp_path, SETTINGS, plan=plan)
    sound, cbv = (nib.load(root / name).get_fdata() for root in (study, tmp_path))
    brain = np.asarray(nib.load(tmp_path / TRUTH / "sub-001_ses-1_cbv_brain.nii").dataobj) > 0
    found = {
        Fault.NAN_CBV: np.isnan(cbv[brain]).mean() / 0.10,
        Fault.NEGATIVE_CBV: (cbv[brain] < 0).mean() / 0.34,
        Fault.CBV_UNIT: np.nanmedian(cbv[brain] / sound[brain]) / 250**0.25,
    }[fault]
    assert found == pytest.approx(1.0, abs=0.02)
