"""What changes a fingerprint and what does not."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.domain.options import Register
from cbvsynth.domain.sequences import Sequence, TargetUnit
from cbvsynth.errors import ManifestError, VolumeError
from cbvsynth.preprocessing import fingerprint as module
from cbvsynth.preprocessing.fingerprint import data_fingerprint, examination_fingerprint
from cbvsynth.records.examinations import CachedExamination
from tests.preprocessing.raw_study import RawStudy, stored_image


@pytest.fixture
def study(tmp_path: Path) -> RawStudy:
    return RawStudy(tmp_path, patients=1)


def test_the_place_of_the_study_does_not_matter(study: RawStudy, tmp_path: Path) -> None:
    before = examination_fingerprint(study.data, study.examinations[0])
    shutil.move(study.data, tmp_path / "elsewhere")

    assert examination_fingerprint(tmp_path / "elsewhere", study.examinations[0]) == before


@pytest.mark.parametrize("change", ["file", "scale", "unit", "role", "orientation", "version"])
def test_everything_that_shapes_the_arrays_changes_it(
    study: RawStudy, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    examination = study.examinations[0]
    before = examination_fingerprint(study.data, examination)
    if change == "file":
        study.write(examination.inputs[Sequence.T1], stored_image("t1", 99))
    elif change == "scale":
        examination = replace(examination, scales={"adc": 1 / 3})
    elif change == "orientation":
        examination = replace(examination, orientation="LPS")
    elif change == "unit":
        examination = replace(examination, target_unit=TargetUnit.RELATIVE)
    elif change == "role":
        inputs = dict(examination.inputs)
        inputs[Sequence.T1], inputs[Sequence.T2] = inputs[Sequence.T2], inputs[Sequence.T1]
        examination = replace(examination, inputs=inputs)
    else:
        monkeypatch.setattr(module, "PREPROCESSING_VERSION", "next")

    assert examination_fingerprint(study.data, examination) != before


def test_a_missing_file_is_named_without_its_path(study: RawStudy) -> None:
    (study.data / study.examinations[0].inputs[Sequence.T2]).unlink()
    with pytest.raises(VolumeError, match="sub-00/ses-1: T2: the file does not exist") as refusal:
        examination_fingerprint(study.data, study.examinations[0])
    assert str(study.data) not in str(refusal.value)


def test_a_file_other_than_the_manifest_states_is_refused(study: RawStudy) -> None:
    examination = study.examinations[0]
    digest = hashlib.sha256((study.data / examination.inputs[Sequence.T1]).read_bytes()).hexdigest()

    examination_fingerprint(study.data, replace(examination, sha256={"t1": digest}))
    with pytest.raises(ManifestError, match="the manifest states 000000000000"):
        examination_fingerprint(study.data, replace(examination, sha256={"t1": "0" * 64}))


def cached(name: str, split: str = "train", digest: str = "d") -> CachedExamination:
    return CachedExamination(
        exam_id=name,
        subject_id="s",
        session_id="1",
        split=split,
        diagnosis="",
        grade="",
        sequences=(Sequence.T1,),
        target_unit=TargetUnit.RELATIVE,
        shape=(1, 1, 1),
        spacing_mm=(1.0, 1.0, 1.0),
        affine=((1.0,),),
        fingerprint=digest,
    )


def test_the_version_of_the_data_depends_on_names_arrays_and_splits_and_not_on_order() -> None:
    first, second = cached("a"), cached("b")
    version = data_fingerprint([first, second])

    assert data_fingerprint([second, first]) == version
    others = [
        [first],
        [first, cached("c")],
        [first, cached("b", split="held-out")],
        [first, cached("b", digest="e")],
    ]
    assert version not in {data_fingerprint(other) for other in others}


def test_whether_images_are_registered_changes_it(study: RawStudy) -> None:
    found = {examination_fingerprint(study.data, study.examinations[0], mode) for mode in Register}
    assert len(found) == 3
