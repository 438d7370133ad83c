"""Examinations of a study on this machine can be taken instead of an upload."""

from __future__ import annotations

import pytest

from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import UsageError
from cbvsynth.page.examples import Examples
from cbvsynth.page.recognition import recognise
from cbvsynth.page.studies import Store
from tests.client.heads import AFFINES, image, write


@pytest.fixture
def data(tmp_path):
    root = tmp_path / "data"
    for name, sequence in {"T1w": "t1", "ce-gadolinium_T1w": "t1c"}.items():
        write(root / f"sub-01/ses-1/anat/sub-01_ses-1_{name}.nii.gz", image(sequence), AFFINES["RAS"])
    return root


def test_one_is_taken(data, tmp_path):
    examples, store = Examples(data), Store(tmp_path / "page")
    assert examples.names == ["sub-01_ses-1"]
    study = store.create("me", 3)
    examples.put(store, study, "sub-01_ses-1")
    found = store.get(study.id)
    assert {one.name for one in found.uploads} == {"t1.nii.gz", "t1c.nii.gz"}
    for one in found.uploads:
        assert (store.folder(study.id) / "files" / one.stored).stat().st_size == one.size
    with pytest.raises(UsageError, match="no such examination"):
        examples.put(store, study, "../sub-02")


def test_what_its_study_says_of_its_images_goes_with_it(data, tmp_path):
    """A manifest's factors, unit and orientation were dropped, and an image of ASL was told by no name."""
    for name in ("asl", "cbv"):
        write(data / f"{name}.nii.gz", image("asl"), AFFINES["RAS"])
    t1 = "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz"
    (data / "manifest.csv").write_text(
        "exam_id,subject_id,session_id,t1,asl,cbv,target_unit,scales,orientation\n"
        f"e1,s1,1,{t1},asl.nii.gz,cbv.nii.gz,relative,asl=0.5,LPS\n"
    )
    store = Store(tmp_path / "page")
    study = store.create("me", 3)
    Examples(data).put(store, study, "e1")
    found = store.get(study.id)
    assert found.orientation == "LPS"
    rows = {row.role: row for row in recognise(found, store.folder(study.id), {}, 1e9).rows}
    assert {role: row.scale for role, row in rows.items()} == {"t1": 1.0, "asl": 0.5, "cbv": 1.0}
    assert rows["cbv"].unit is TargetUnit.RELATIVE


def test_no_study_no_list(tmp_path):
    assert Examples(tmp_path / "none").names == []
    (tmp_path / "notes.txt").write_text("nothing here")
    assert Examples(tmp_path).names == []
