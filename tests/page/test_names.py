"""Files told apart by their names; a wrong guess is corrected by hand, a missed contrast agent is worse."""

from __future__ import annotations

import pytest

from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.page.names import is_nifti, named


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
    found = named(name)
    assert found.role == role
    assert found.reason
    assert found.scale == 1.0


@pytest.mark.parametrize(
    ("name", "scale", "unit"),
    [
        ("UPENN-GBM-00001_11_DTI_TR.nii.gz", 1 / 3, None),
        ("UPENN-GBM-00001_11_DSC_ap-rCBV.nii.gz", 1.0, TargetUnit.RELATIVE),
        ("UCSD-PTGBM-0002_01/UCSD-PTGBM-0002_01_CBV_LC.nii.gz", 1.0, TargetUnit.RELATIVE),
        ("sub-01/perf/sub-01_cbv.nii.gz", 1.0, TargetUnit.RELATIVE),
        ("patient/2024-01-01/CBV.nii.gz", 1.0, TargetUnit.ML_PER_100G),
        ("case_rCBV.nii.gz", 1.0, TargetUnit.RELATIVE),
        ("case_cbv.nii.gz", 1.0, None),
    ],
)
def test_a_name_tells_a_factor_and_a_unit_too(name: str, scale: float, unit: TargetUnit | None) -> None:
    """Both were forgotten: a trace of UPENN-GBM went to the model as an ADC three times too large."""
    found = named(name)
    assert (found.scale, found.unit) == (scale, unit)


def test_endings() -> None:
    assert is_nifti("a.NII.gz")
    assert is_nifti("a.nii")
    assert not is_nifti("a.nii.txt")
    assert not is_nifti("IM001")
