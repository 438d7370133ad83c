"""How well one synthetic CBV map matches the real one: a row of every result table."""

from __future__ import annotations

import math
from dataclasses import dataclass

SSIM_CONVENTIONS = {
    "ssim_3d_whole": "SSIM/1: uniform 7x7x7 window, sample covariance, K1=0.01, K2=0.03, whole volume",
    "ssim_3d_brain": "SSIM/1: as ssim_3d_whole, the map averaged inside the brain mask",
    "ssim_2d_whole": "SSIM/1: uniform 7x7 window per axial slice, otherwise as ssim_3d_whole",
    "ssim_2d_brain": "SSIM/1: as ssim_2d_whole, the map averaged inside the brain mask",
}
"""Versioned meaning of each SSIM column; the dynamic range is stored beside the value."""


@dataclass(frozen=True)
class ExamScore:
    """Scores of one model on one held-out examination.

    SSIM and NCC have no unit (1 is perfect), PSNR is in dB, everything else is in `target_unit`.
    Lesion values are NaN where the examination has no lesion segmentation. The last five came later: a
    table without them, such as that of a champion of an earlier release, reads as NaN there.
    """

    model: str
    exam_id: str
    subject_id: str
    diagnosis: str
    target_unit: str
    data_range: float
    ssim_3d_whole: float
    ssim_3d_brain: float
    ssim_2d_whole: float
    ssim_2d_brain: float
    mae_whole: float
    mae_brain: float
    mae_lesion: float
    psnr_whole: float
    psnr_brain: float
    ncc_brain: float
    lesion_cbv_real: float
    lesion_cbv_synthetic: float
    lesion_volume_ml: float
    lesion_hot_spot_real: float = math.nan
    """95th percentile of the lesion."""
    lesion_hot_spot_synthetic: float = math.nan
    ncc_lesion: float = math.nan
    """Correlation over the lesion's voxels: whether the map shows where in the lesion CBV is high."""
    brain_cbv_real: float = math.nan
    """Median of the brain: vessels, which hold 20 times as much, weigh on a mean."""
    brain_cbv_synthetic: float = math.nan
