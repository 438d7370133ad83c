"""One examination's arrays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Register
from cbvsynth.domain.sequences import PAPER_SEQUENCES, Sequence, TargetUnit
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import UnitError, VolumeError
from cbvsynth.preprocessing.arrays import prepare_examination
from cbvsynth.study.nifti import write_volume
from tests.preprocessing.raw_study import AFFINE, RawStudy, brain, stored_image
from tests.registration.heads import brain_image, motion


@pytest.fixture
def study(tmp_path: Path) -> RawStudy:
    return RawStudy(tmp_path, patients=1)


def test_images_are_raw_inside_the_brain_and_zero_outside(study: RawStudy) -> None:
    prepared = prepare_examination(study.data, study.examinations[0], "f")

    mask = brain()[::-1]
    for sequence in PAPER_SEQUENCES:
        expected = np.where(mask, stored_image(sequence, 1)[::-1], 0)
        np.testing.assert_array_equal(prepared.arrays[sequence], expected)
        assert prepared.arrays[sequence].dtype == np.float32
    np.testing.assert_array_equal(prepared.arrays["mask"], mask)
    assert prepared.arrays["mask"].dtype == np.bool_
    assert prepared.arrays["seg"].dtype == np.uint8
    assert set(prepared.facts.arrays) == set(prepared.arrays)
    assert prepared.facts.sequences == PAPER_SEQUENCES
    assert (prepared.facts.shape, prepared.facts.spacing_mm) == ((12, 14, 8), (4.0, 4.0, 5.0))
    assert prepared.facts.resampled == ()


def test_negative_cbv_becomes_zero_and_is_counted(study: RawStudy) -> None:
    prepared = prepare_examination(study.data, study.examinations[0], "f")

    stored, mask = stored_image("cbv", 1)[::-1], brain()[::-1]
    assert (stored[mask] < 0).sum() == 2
    np.testing.assert_array_equal(prepared.arrays["cbv"], np.where(mask, np.maximum(stored, 0), 0))
    assert prepared.facts.cbv_negative_share == pytest.approx(2 / mask.sum())
    assert prepared.facts.cbv_median == pytest.approx(np.median(stored[mask]))


def test_adc_in_mm2_per_s_is_converted(study: RawStudy) -> None:
    examination = study.examinations[0]
    before = prepare_examination(study.data, examination, "f").arrays["adc"]
    study.write(examination.inputs[Sequence.ADC], stored_image("adc", 1) * 1e-6)

    prepared = prepare_examination(study.data, examination, "f")

    assert prepared.facts.adc_unit == "mm2/s"
    np.testing.assert_allclose(prepared.arrays["adc"], before, rtol=1e-5)


def test_lesions_end_where_the_brain_ends(study: RawStudy) -> None:
    study.write(study.examinations[0].seg, np.full(brain().shape, 3))

    prepared = prepare_examination(study.data, study.examinations[0], "f")

    np.testing.assert_array_equal(prepared.arrays["seg"], 3 * brain()[::-1])


def test_a_missing_sequence_and_no_lesions_leave_no_array(study: RawStudy) -> None:
    examination = study.examinations[0]
    inputs = {sequence: path for sequence, path in examination.inputs.items() if sequence != Sequence.ADC}

    prepared = prepare_examination(study.data, replace(examination, inputs=inputs, seg=None), "f")

    assert set(prepared.arrays) == {"t1", "t2", "t1c", "flair", "cbv", "mask"}
    assert prepared.facts.adc_unit == ""


def test_what_lay_on_another_grid_is_said(study: RawStudy) -> None:
    finer = AFFINE @ np.diag([1.0, 1.0, 0.5, 1.0])
    study.write(study.examinations[0].inputs[Sequence.T2], np.ones((12, 14, 16)), finer)

    assert prepare_examination(study.data, study.examinations[0], "f").facts.resampled == ("t2",)


def test_an_examination_without_cbv_is_refused(study: RawStudy) -> None:
    with pytest.raises(VolumeError, match="sub-00_ses-1: there is no CBV map"):
        prepare_examination(study.data, replace(study.examinations[0], cbv=None), "f")


@pytest.mark.parametrize(("role", "factor"), [("adc", 1e-9), ("cbv", 250.0)])
def test_a_wrong_unit_is_refused_by_name(study: RawStudy, role: str, factor: float) -> None:
    study.write(study.examinations[0].files[role], stored_image(role, 1) * factor)
    with pytest.raises(UnitError, match=f"sub-00/ses-1: {role.upper()}"):
        prepare_examination(study.data, study.examinations[0], "f")


def test_raw_images_are_moved_to_the_map_and_the_facts_say_so(tmp_path: Path) -> None:
    truth = motion(4, 7.0, 5.0)
    paths = {}
    for role in ("t1", "t2", "cbv"):
        head = brain_image(role)
        affine = truth @ head.affine if role == "t2" else head.affine
        write_volume(tmp_path / f"{role}.nii", Volume(head.data, affine))
        paths[role] = PurePosixPath(f"{role}.nii")
    inputs = {Sequence.T1: paths["t1"], Sequence.T2: paths["t2"]}
    one = Examination("e", "s", "", inputs, paths["cbv"], target_unit=TargetUnit.ML_PER_100G)
    prepared = prepare_examination(tmp_path, one, "", Register.RIGID)
    assert prepared.facts.moved == ("t2",)
    assert prepared.facts.displacements_mm["t2"] > 5.0
    assert prepared.facts.displacements_mm["cbv"] < 1.0
    assert any("T2 lay" in warning for warning in prepared.facts.placing_warnings)
    inside = prepared.arrays["mask"]
    np.testing.assert_array_equal(prepared.arrays["cbv"], np.where(inside, brain_image("cbv").data, 0))
    still = brain_image("t2").data[inside]
    assert np.corrcoef(prepared.arrays["t2"][inside], still)[0, 1] > 0.95
    left = prepare_examination(tmp_path, one, "", Register.OFF)
    assert (
        np.corrcoef(left.arrays["t2"][left.arrays["mask"]], brain_image("t2").data[left.arrays["mask"]])[0, 1]
        < 0.9
    )
