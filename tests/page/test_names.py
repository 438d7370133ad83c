"""Files told apart by their names; a wrong guess is corrected by hand, a missed contrast agent is worse."""

from __future__ import annotations

import pytest

from cbvsynth.page.names import is_nifti, role_of


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("sub-001/ses-1/anat/sub-001_ses-1_T1w.nii", "t1"),
        ("sub-001/ses-1/anat/sub-001_ses-1_ce-gadolinium_T1w.nii.gz", "t1c"),
        ("sub-001/ses-1/dwi/sub-001_ses-1_ADC.nii", "adc"),
        ("sub-001_ses-1_ce-gadolinium_T1w.nii", "t1c"),
        ("BraTS-GLI-00001-000/BraTS-GLI-00001-000-t2f.nii.gz", "flair"),
        ("case/T1_post.nii.gz", "t1c"),
        ("case/t1gd.nii", "t1c"),
        ("T1WI+C.nii", "t1"),
        ("case/T2_FLAIR.nii.gz", "flair"),
        ("case/brain_mask.nii.gz", "mask"),
        ("case/T1_bet_mask.nii.gz", "mask"),
        ("rCBV.NII.GZ", "cbv"),
        ("case/T1_seg.nii.gz", ""),
        ("case/image7.nii", ""),
    ],
)
def test_roles(name: str, role: str) -> None:
    found, reason = role_of(name)
    assert found == role
    assert reason


def test_endings() -> None:
    assert is_nifti("a.NII.gz")
    assert is_nifti("a.nii")
    assert not is_nifti("a.nii.txt")
    assert not is_nifti("IM001")
