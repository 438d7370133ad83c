"""What is measured between a real and a synthetic CBV map of one examination.

Everything but SSIM is accumulated in float64 over the voxels of a region: the whole volume, the brain
mask, or the lesion. Differences are synthetic minus real throughout.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.domain.ssim import score_ssim
from cbvsynth.errors import GridError, UnitError, VolumeError

SOLID_LABEL = 3
"""Enhancing or solid tumour. 1 is necrosis, 2 is oedema (BraTS)."""
CAVITY_LABEL = 4
"""Resection cavity (BraTS 2023 and later, UCSD-PTGBM): holds no tissue and no blood."""
HOT_SPOT_PERCENTILE = 95.0

FloatArray = npt.NDArray[np.floating]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
LabelArray = npt.NDArray[np.integer]


def score_examination(  # noqa: PLR0913  # one argument per column that is not computed here
    real: FloatArray,
    synthetic: FloatArray,
    mask: BoolArray,
    seg: LabelArray | None,
    *,
    voxel_ml: float,
    data_range: float,
    model: str,
    exam_id: str,
    subject_id: str,
    diagnosis: str,
    target_unit: TargetUnit | str,
) -> ExamScore:
    """Every score of one model on one examination.

    The lesion is `lesion_region` of the segmentation. Its values are NaN without a segmentation and,
    but for a volume of 0 mL, where the segmentation holds no lesion inside the brain.

    Args:
        real: (X, Y, Z), measured CBV in target_unit, finite, 0 outside the brain.
        synthetic: (X, Y, Z), the model's CBV in target_unit, finite.
        mask: (X, Y, Z) bool, brain.
        seg: (X, Y, Z) lesion labels, 0 is none; or None.
        voxel_ml: volume of a voxel, mL.
        data_range: dynamic range of SSIM and peak of PSNR, target_unit.
        model: id of the model.
        exam_id: id of the examination.
        subject_id: id of the patient.
        diagnosis: diagnosis as in the manifest, may be empty.
        target_unit: unit of both maps.

    Raises:
        GridError: the shapes differ.
        VolumeError: not 3-D, smaller than SSIM's window, not finite, or an empty brain mask.
        UnitError: data_range or voxel_ml is not a positive, finite number.
    """
    if not (math.isfinite(voxel_ml) and voxel_ml > 0):
        raise UnitError(f"{exam_id}: a voxel of {voxel_ml} mL; expected a positive number. Check the affine.")
    ssim = score_ssim(real, synthetic, mask, data_range=data_range)
    real_brain, synthetic_brain = _values(real, mask), _values(synthetic, mask)
    lesion = None if seg is None else lesion_region(seg, mask)
    lesion_voxels = math.nan if lesion is None else float(np.count_nonzero(lesion))
    real_lesion = synthetic_lesion = np.empty(0)
    if lesion is not None:
        real_lesion, synthetic_lesion = _values(real, lesion), _values(synthetic, lesion)
    return ExamScore(
        model=model,
        exam_id=exam_id,
        subject_id=subject_id,
        diagnosis=diagnosis,
        target_unit=str(target_unit),
        data_range=float(data_range),
        ssim_3d_whole=ssim.cube_whole,
        ssim_3d_brain=ssim.cube_brain,
        ssim_2d_whole=ssim.slice_whole,
        ssim_2d_brain=ssim.slice_brain,
        mae_whole=mean_absolute_error(real, synthetic),
        mae_brain=mean_absolute_error(real_brain, synthetic_brain),
        mae_lesion=mean_absolute_error(real_lesion, synthetic_lesion) if real_lesion.size else math.nan,
        psnr_whole=peak_signal_to_noise_db(real, synthetic, data_range=data_range),
        psnr_brain=peak_signal_to_noise_db(real_brain, synthetic_brain, data_range=data_range),
        ncc_brain=normalised_cross_correlation(real_brain, synthetic_brain),
        lesion_cbv_real=float(real_lesion.mean()) if real_lesion.size else math.nan,
        lesion_cbv_synthetic=float(synthetic_lesion.mean()) if synthetic_lesion.size else math.nan,
        lesion_volume_ml=lesion_voxels * voxel_ml,
        lesion_hot_spot_real=_hot_spot(real_lesion),
        lesion_hot_spot_synthetic=_hot_spot(synthetic_lesion),
        ncc_lesion=(
            normalised_cross_correlation(real_lesion, synthetic_lesion) if real_lesion.size else math.nan
        ),
        brain_cbv_real=float(np.median(real_brain)),
        brain_cbv_synthetic=float(np.median(synthetic_brain)),
    )


def lesion_region(seg: LabelArray, mask: BoolArray) -> BoolArray:
    """The voxels in the brain mask that lesion CBV is measured in.

    The solid, enhancing part (label 3) where there is one: that is where a reader places the region of
    interest, and where blood volume tells grades apart. Otherwise (a tumour that does not enhance, or a
    one-label mask) every lesion label but the cavity. May be empty.

    Args:
        seg: (X, Y, Z) lesion labels: 0 none, 1 necrosis, 2 oedema, 3 solid, 4 resection cavity.
        mask: (X, Y, Z) bool, brain.

    Raises:
        GridError: the shapes differ.
    """
    if seg.shape != mask.shape:
        raise GridError(
            f"The segmentation has shape {seg.shape}, the brain mask {mask.shape}; both must share one "
            "grid. Run preprocess first."
        )
    solid: BoolArray = (seg == SOLID_LABEL) & mask
    if solid.any():
        return solid
    return np.asarray((seg > 0) & (seg != CAVITY_LABEL) & mask, dtype=np.bool_)


def mean_absolute_error(real: FloatArray, synthetic: FloatArray) -> float:
    """Mean of |synthetic - real|, in the unit of the maps.

    Raises:
        GridError: the shapes differ.
        VolumeError: no voxel, or one that is not finite.
    """
    difference = _difference(real, synthetic)
    return float(np.mean(np.abs(difference, out=difference)))


def peak_signal_to_noise_db(real: FloatArray, synthetic: FloatArray, *, data_range: float) -> float:
    """10 log10(data_range^2 / mean squared error), dB; infinite for equal maps.

    Raises:
        GridError: the shapes differ.
        VolumeError: no voxel, or one that is not finite.
        UnitError: data_range is not a positive, finite number.
    """
    if not (math.isfinite(data_range) and data_range > 0):
        raise UnitError(
            f"PSNR's data_range is {data_range}; expected a positive number in the unit of the maps. "
            "Give the CBV scale, 25 mL/100 g by default (cbv_max)."
        )
    difference = _difference(real, synthetic)
    mean_square = float(np.mean(np.square(difference, out=difference)))
    return math.inf if mean_square == 0 else 10 * math.log10(data_range**2 / mean_square)


def normalised_cross_correlation(real: FloatArray, synthetic: FloatArray) -> float:
    """Pearson's correlation over voxels, -1 to 1; 0 where either map is constant.

    A constant map says nothing about where blood volume is high, hence 0 and not NaN: the trivial
    baselines and a collapsed model keep a place in every table.

    Raises:
        GridError: the shapes differ.
        VolumeError: no voxel, or one that is not finite.
    """
    _difference(real, synthetic)
    centred = [np.asarray(values, dtype=np.float64) for values in (real, synthetic)]
    if any(values.min() == values.max() for values in centred):
        return 0.0
    first, second = (values.ravel() - values.mean() for values in centred)
    # Scaled before the product, so that tiny values do not underflow.
    first /= np.abs(first).max()
    second /= np.abs(second).max()
    correlation = float(first @ second) / math.sqrt(float(first @ first) * float(second @ second))
    return min(1.0, max(-1.0, correlation))


def mean_cbv(cbv: FloatArray, region: BoolArray) -> float:
    """Mean CBV of a region, in the unit of the map.

    Raises:
        GridError: the shapes differ.
        VolumeError: the region is empty, or holds a voxel that is not finite.
    """
    return float(_region_values(cbv, region, "region").mean())


def hot_spot_normalised_cbv(cbv: FloatArray, lesion: BoolArray, white_matter: BoolArray) -> float:
    """Hot-spot nCBV: the lesion's 95th percentile over the mean of normal-appearing white matter.

    A ratio, the same in whatever unit the map is. The percentile is interpolated linearly; it stands in
    for a reader's choice of the brightest spot and, unlike the maximum, does not hang on one voxel.

    Args:
        cbv: (X, Y, Z), any unit proportional to CBV.
        lesion: (X, Y, Z) bool, as from `lesion_region`.
        white_matter: (X, Y, Z) bool, normal-appearing white matter.

    Raises:
        GridError: the shapes differ.
        VolumeError: a region is empty or holds a voxel that is not finite, or the mean of the white
            matter is not positive.
    """
    hot_spot = float(np.percentile(_region_values(cbv, lesion, "lesion"), HOT_SPOT_PERCENTILE))
    reference = float(_region_values(cbv, white_matter, "white matter").mean())
    if reference <= 0:
        raise VolumeError(
            f"The mean CBV of the white matter is {reference:g}; expected more than 0 to normalise by. "
            "Check the white-matter mask."
        )
    return hot_spot / reference


def _hot_spot(lesion: Float64Array) -> float:
    return float(np.percentile(lesion, HOT_SPOT_PERCENTILE)) if lesion.size else math.nan


def _values(volume: FloatArray, region: BoolArray) -> Float64Array:
    return volume[region].astype(np.float64)


def _region_values(cbv: FloatArray, region: BoolArray, name: str) -> Float64Array:
    if cbv.shape != region.shape:
        raise GridError(
            f"The CBV map has shape {cbv.shape}, the {name} mask {region.shape}; both must share one "
            "grid. Resample the mask to the map's grid."
        )
    values = _values(cbv, region)
    if not values.size:
        raise VolumeError(f"The {name} mask is empty; expected at least one voxel. Check the mask.")
    if not np.isfinite(values).all():
        raise VolumeError(
            f"The CBV map has {int(np.count_nonzero(~np.isfinite(values)))} voxels in the {name} that are "
            "NaN or infinite; expected finite voxels. Check the map."
        )
    return values


def _difference(real: FloatArray, synthetic: FloatArray) -> Float64Array:
    if real.shape != synthetic.shape:
        raise GridError(
            f"The real map has shape {real.shape}, the synthetic one {synthetic.shape}; both must share "
            "one grid. Resample the synthetic map to the real one's grid."
        )
    if not real.size:
        raise VolumeError("The maps have no voxel; expected at least one. Check the mask.")
    with np.errstate(invalid="ignore"):
        difference = np.subtract(synthetic, real, dtype=np.float64)
    if not np.isfinite(difference).all():
        raise VolumeError(
            f"{int(np.count_nonzero(~np.isfinite(difference)))} voxels of the maps are NaN or infinite; "
            "expected finite voxels. Check the map, or the run that made it."
        )
    return difference
