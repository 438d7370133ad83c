"""Examinations of a study on this machine can be taken instead of an upload."""

from __future__ import annotations

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.page.examples import Examples
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


def test_no_study_no_list(tmp_path):
    assert Examples(tmp_path / "none").names == []
    (tmp_path / "notes.txt").write_text("nothing here")
    assert Examples(tmp_path).names == []
