"""Scores of an examination: known numbers, oracles, and what happens without a lesion."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from cbvsynth.domain.metrics import (
    hot_spot_normalised_cbv,
    lesion_region,
    mean_absolute_error,
    mean_cbv,
    normalised_cross_correlation,
    peak_signal_to_noise_db,
    score_examination,
)
from cbvsynth.domain.scores import SSIM_CONVENTIONS, ExamScore
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import GridError, UnitError, VolumeError

SHAPE = (20, 18, 9)
SETTINGS: dict[str, Any] = {
    "voxel_ml": 0.5,
    "data_range": 25.0,
    "model": "encdec-t1c",
    "exam_id": "sub-001_ses-1",
    "subject_id": "sub-001",
    "diagnosis": "metastasis",
    "target_unit": TargetUnit.ML_PER_100G,
}


@pytest.fixture
def exam() -> dict[str, npt.NDArray[Any]]:
    rng = np.random.default_rng(3)
    mask = np.zeros(SHAPE, dtype=bool)
    mask[4:-4, 4:-4] = True
    seg = np.zeros(SHAPE, dtype=np.uint8)
    seg[5:12, 5:12, 3:7], seg[6:11, 6:11, 3:7], seg[8:10, 8:10, 4:6] = 2, 3, 1
    real = np.where(mask, rng.gamma(2, 2, SHAPE), 0).astype(np.float32)
    synthetic = np.where(mask, real + rng.normal(0, 1, SHAPE), 0).astype(np.float32)
    return {"real": real, "synthetic": synthetic, "mask": mask, "seg": seg}


def score(exam: dict[str, Any], **changes: Any) -> ExamScore:
    arrays = {name: changes.pop(name, exam[name]) for name in ("real", "synthetic", "mask", "seg")}
    return score_examination(**arrays, **(SETTINGS | changes))


def test_every_score_of_an_examination_equals_its_oracle(exam: dict[str, Any]) -> None:
    real, synthetic = exam["real"].astype(float), exam["synthetic"].astype(float)
    mask, solid = exam["mask"], exam["seg"] == 3
    found = score(exam)
    assert (found.model, found.exam_id, found.subject_id) == ("encdec-t1c", "sub-001_ses-1", "sub-001")
    assert (found.diagnosis, found.target_unit, found.data_range) == ("metastasis", "mL/100g", 25.0)
    expected = {
        "ssim_3d_whole": structural_similarity(real, synthetic, data_range=25, win_size=7),
        "mae_whole": np.abs(synthetic - real).mean(),
        "mae_brain": np.abs(synthetic - real)[mask].mean(),
        "mae_lesion": np.abs(synthetic - real)[solid].mean(),
        "psnr_whole": peak_signal_noise_ratio(real, synthetic, data_range=25),
        "psnr_brain": peak_signal_noise_ratio(real[mask], synthetic[mask], data_range=25),
        "ncc_brain": np.corrcoef(real[mask], synthetic[mask])[0, 1],
        "lesion_cbv_real": real[solid].mean(),
        "lesion_cbv_synthetic": synthetic[solid].mean(),
        "lesion_volume_ml": 0.5 * solid.sum(),
        "lesion_hot_spot_real": np.percentile(real[solid], 95),
        "lesion_hot_spot_synthetic": np.percentile(synthetic[solid], 95),
        "ncc_lesion": np.corrcoef(real[solid], synthetic[solid])[0, 1],
        "brain_cbv_real": np.median(real[mask]),
        "brain_cbv_synthetic": np.median(synthetic[mask]),
    }
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, abs=1e-9), name
    assert found.ssim_3d_brain < found.ssim_3d_whole
    assert found.ssim_2d_brain < found.ssim_2d_whole


def test_every_ssim_column_has_a_written_convention(exam: dict[str, Any]) -> None:
    columns = {name for name in asdict(score(exam)) if name.startswith("ssim")}
    assert columns == set(SSIM_CONVENTIONS)


def test_scores_are_plain_numbers(exam: dict[str, Any]) -> None:
    assert {type(value) for value in asdict(score(exam)).values()} == {str, float}


def test_a_perfect_map_has_perfect_scores(exam: dict[str, Any]) -> None:
    found = score(exam, synthetic=exam["real"].copy())
    assert (found.ssim_3d_whole, found.ssim_2d_brain, found.mae_brain, found.mae_lesion) == (1, 1, 0, 0)
    assert found.psnr_whole == found.psnr_brain == math.inf
    assert found.ncc_brain == pytest.approx(1, abs=1e-12)
    assert found.lesion_cbv_real == found.lesion_cbv_synthetic


def test_a_scale_error_shows_in_the_lesion_and_not_in_the_correlation(exam: dict[str, Any]) -> None:
    found = score(exam, synthetic=1.3 * exam["real"])
    assert found.ncc_brain == pytest.approx(1, abs=1e-6)
    assert found.lesion_cbv_synthetic == pytest.approx(1.3 * found.lesion_cbv_real, rel=1e-6)


def test_without_a_segmentation_lesion_values_are_nan_and_the_rest_stays(exam: dict[str, Any]) -> None:
    found, full = score(exam, seg=None), score(exam)
    lesion = (
        *("mae_lesion", "lesion_cbv_real", "lesion_cbv_synthetic", "lesion_volume_ml"),
        *("lesion_hot_spot_real", "lesion_hot_spot_synthetic", "ncc_lesion"),
    )
    assert all(math.isnan(getattr(found, name)) for name in lesion)
    assert {k: v for k, v in asdict(found).items() if k not in lesion} == {
        k: v for k, v in asdict(full).items() if k not in lesion
    }


@pytest.mark.parametrize("label", [0, 4])
def test_a_segmentation_without_lesion_tissue_has_a_volume_of_zero_and_no_values(
    exam: dict[str, Any], label: int
) -> None:
    found = score(exam, seg=np.full(SHAPE, label, dtype=np.uint8))
    assert found.lesion_volume_ml == 0
    assert math.isnan(found.lesion_cbv_real)
    assert math.isnan(found.mae_lesion)


def test_mapped_read_only_arrays_can_be_scored(exam: dict[str, Any], tmp_path: Any) -> None:
    for name, array in exam.items():
        np.save(tmp_path / f"{name}.npy", array)
    mapped = {name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in exam}
    assert score(mapped) == score(exam)


# The lesion


def test_the_lesion_is_the_solid_part_where_there_is_one() -> None:
    seg = np.array([[[0, 1, 2, 3, 4]]])
    assert lesion_region(seg, np.ones(seg.shape, dtype=bool)).tolist() == [
        [[False, False, False, True, False]]
    ]


def test_without_a_solid_part_it_is_every_label_but_the_cavity() -> None:
    seg = np.array([[[0, 1, 2, 4, 1]]])
    assert lesion_region(seg, np.ones(seg.shape, dtype=bool)).tolist() == [[[False, True, True, False, True]]]


def test_the_lesion_ends_with_the_brain() -> None:
    seg = np.array([[[3, 3, 2]]])
    mask = np.array([[[False, True, True]]])
    assert lesion_region(seg, mask).tolist() == [[[False, True, False]]]
    # A solid part outside the brain is none: the rest of the lesion counts then.
    assert lesion_region(seg, np.array([[[False, False, True]]])).tolist() == [[[False, False, True]]]


def test_a_segmentation_on_another_grid_is_refused(exam: dict[str, Any]) -> None:
    with pytest.raises(GridError, match="The segmentation has shape"):
        score(exam, seg=exam["seg"][:-1])


# Single measures


def test_the_signal_to_noise_ratio_has_its_textbook_value() -> None:
    assert peak_signal_to_noise_db(np.zeros(4), np.full(4, 2.5), data_range=25.0) == pytest.approx(20.0)


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=20),
    st.floats(0.1, 10),
    st.floats(-100, 100),
)
def test_correlation_is_bounded_symmetric_and_blind_to_gain_and_offset(
    pairs: list[tuple[float, float]], gain: float, offset: float
) -> None:
    first, second = np.array(pairs).T
    value = normalised_cross_correlation(first, second)
    assert -1 <= value <= 1
    assert normalised_cross_correlation(second, first) == pytest.approx(value, abs=1e-12)
    if min(np.ptp(first), np.ptp(second)) > 1e-3:
        assert value == pytest.approx(np.corrcoef(first, second)[0, 1], abs=1e-6)
        assert normalised_cross_correlation(gain * first + offset, second) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(("first", "second"), [([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [0, 0, 0]), ([5], [5])])
def test_a_constant_map_correlates_with_nothing(first: list[float], second: list[float]) -> None:
    assert normalised_cross_correlation(np.array(first, float), np.array(second, float)) == 0.0


def test_tiny_values_do_not_vanish_in_the_correlation() -> None:
    values = np.array([1.0, 2.0, 4.0]) * 1e-200
    assert normalised_cross_correlation(values, values) == pytest.approx(1, abs=1e-12)


def test_millions_of_float32_voxels_are_summed_in_float64() -> None:
    real = np.full(3_000_000, 0.1, dtype=np.float32)
    assert mean_absolute_error(real, np.zeros_like(real)) == pytest.approx(float(np.float32(0.1)), rel=1e-12)
    assert mean_cbv(real, np.ones(real.shape, dtype=bool)) == pytest.approx(float(np.float32(0.1)), rel=1e-12)


def test_the_hot_spot_is_the_95th_percentile_over_white_matter() -> None:
    cbv = np.zeros((1, 1, 111))
    cbv[0, 0, :101] = np.arange(101)
    cbv[0, 0, 101:] = 2.0
    lesion = np.zeros(cbv.shape, dtype=bool)
    lesion[..., :101] = True
    assert hot_spot_normalised_cbv(cbv, lesion, ~lesion) == pytest.approx(95 / 2, abs=1e-12)
    assert hot_spot_normalised_cbv(7 * cbv, lesion, ~lesion) == pytest.approx(95 / 2, abs=1e-12)


def test_a_hot_spot_needs_both_regions_and_blood_in_the_white_matter() -> None:
    cbv, some, none = np.zeros((2, 2, 2)), np.ones((2, 2, 2), dtype=bool), np.zeros((2, 2, 2), dtype=bool)
    with pytest.raises(VolumeError, match="The lesion mask is empty"):
        hot_spot_normalised_cbv(cbv, none, some)
    with pytest.raises(VolumeError, match="The white matter mask is empty"):
        hot_spot_normalised_cbv(cbv, some, none)
    with pytest.raises(VolumeError, match="more than 0 to normalise by"):
        hot_spot_normalised_cbv(cbv, some, some)
    with pytest.raises(GridError, match="the lesion mask"):
        hot_spot_normalised_cbv(cbv, some[:1], some)


def test_mean_cbv_is_refused_on_an_empty_region_and_on_nan() -> None:
    cbv = np.array([1.0, np.nan])
    assert mean_cbv(cbv, np.array([True, False])) == 1.0
    with pytest.raises(VolumeError, match="1 voxels in the region that are NaN"):
        mean_cbv(cbv, np.array([True, True]))
    with pytest.raises(VolumeError, match="mask is empty"):
        mean_cbv(cbv, np.array([False, False]))


@pytest.mark.parametrize("measure", [mean_absolute_error, normalised_cross_correlation])
def test_maps_that_cannot_be_compared_are_refused(measure: Any) -> None:
    with pytest.raises(GridError, match="share one grid"):
        measure(np.zeros(3), np.zeros(4))
    with pytest.raises(VolumeError, match="no voxel"):
        measure(np.zeros(0), np.zeros(0))
    with pytest.raises(VolumeError, match="1 voxels of the maps are NaN"):
        measure(np.zeros(3), np.array([0, np.nan, 0]))


@pytest.mark.parametrize("data_range", [0.0, -1.0, math.nan, math.inf])
def test_psnr_needs_a_dynamic_range(data_range: float) -> None:
    with pytest.raises(UnitError, match="PSNR's data_range"):
        peak_signal_to_noise_db(np.zeros(3), np.ones(3), data_range=data_range)


@pytest.mark.parametrize("voxel_ml", [0.0, -0.5, math.nan, math.inf])
def test_a_voxel_without_volume_is_refused(exam: dict[str, Any], voxel_ml: float) -> None:
    with pytest.raises(UnitError, match=r"sub-001_ses-1: a voxel of"):
        score(exam, voxel_ml=voxel_ml)


def test_an_examination_that_cannot_be_scored_is_refused(exam: dict[str, Any]) -> None:
    with pytest.raises(VolumeError, match="The mask has 0 voxels"):
        score(exam, mask=np.zeros(SHAPE, dtype=bool))
    with pytest.raises(VolumeError, match="The synthetic volume has"):
        score(exam, synthetic=np.full(SHAPE, np.nan, dtype=np.float32))
    with pytest.raises(GridError):
        score(exam, synthetic=exam["synthetic"][:-1])
    with pytest.raises(UnitError):
        score(exam, data_range=0.0)
