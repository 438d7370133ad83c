"""Regions are measured as the report measures lesions."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.volume import Volume
from cbvsynth.errors import GridError, VolumeError
from cbvsynth.page.regions import Judged, measure_region
from cbvsynth.study.nifti import read_volume, write_volume
from tests.client.heads import AFFINES, SHAPE, brain, image, write

AFFINE = AFFINES["RAS"]
LAYERS = ("cbv", "mask", "t1")
JUDGED = Judged(lesion_sds=2.0, threshold=4.25)


@pytest.fixture
def folder(tmp_path):
    cbv = np.where(brain(), np.arange(np.prod(SHAPE)).reshape(SHAPE) / 100 + 1, 0).astype(np.float32)
    (tmp_path / "view").mkdir()
    for name, data in {"cbv": cbv, "mask": brain().astype(np.float32), "t1": image("t1")}.items():
        write_volume(tmp_path / "view" / f"{name}.nii", Volume(data, AFFINE))
    return tmp_path, cbv


def test_figures(folder, tmp_path):
    place, cbv = folder
    region = np.zeros(SHAPE, np.uint8)
    region[5:15, 5:12, 2:6] = 7
    found = measure_region(place, LAYERS, write(tmp_path / "r.nii.gz", region, AFFINE), "rim", JUDGED)
    inside = cbv[(region > 0) & brain()].astype(np.float64)
    assert (found.name, found.voxels) == ("rim", inside.size)
    assert found.volume_ml == pytest.approx(inside.size * 16 / 1000)
    assert found.mean == pytest.approx(inside.mean())
    assert found.percentile_95 == pytest.approx(np.percentile(inside, 95))
    assert found.white_matter_mean > 0
    assert found.ratio_mean == pytest.approx(found.mean / found.white_matter_mean)
    assert found.ratio_95 == pytest.approx(found.percentile_95 / found.white_matter_mean)


def test_the_other_half_and_measured_cbv_stand_beside_it(folder, tmp_path):
    """Measured CBV was read wherever it lay, also where it was of an earlier map."""
    place, cbv = folder
    write_volume(place / "view/real.nii", Volume(cbv / np.float32(2), AFFINE))
    region = np.zeros(SHAPE, np.uint8)
    region[3:7, 6:11, 2:5] = 1
    path = write(tmp_path / "r.nii.gz", region, AFFINE)
    found = measure_region(place, (*LAYERS, "real"), path, "r", JUDGED)
    assert measure_region(place, LAYERS, path, "r", JUDGED).real_mean is None
    shown = read_volume(place / "view/region.nii", "region").data
    np.testing.assert_array_equal(shown == 1, (region > 0) & brain())
    assert set(np.unique(shown)) == {0.0, 1.0, 2.0}
    other = shown == 2
    assert np.argwhere(other)[:, 0].min() >= SHAPE[0] // 2
    assert found.mirrored_mean == pytest.approx(cbv[other].astype(np.float64).mean())
    assert found.ratio_mirrored == pytest.approx(found.mean / found.mirrored_mean)
    assert found.real_mean == pytest.approx(found.mean / 2, rel=1e-6)
    assert found.real_95 == pytest.approx(found.percentile_95 / 2, rel=1e-6)
    assert found.difference_mean == pytest.approx(found.mean / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("sd", "threshold", "reading"),
    [(0.5, 1.0, "high"), (0.5, 1000.0, "low"), (50.0, 20.0, "undecided")],
)
def test_a_model_that_says_how_sure_it_is_gives_the_mean_an_interval(
    folder, tmp_path, sd, threshold, reading
):
    place, cbv = folder
    write_volume(place / "view/cbv_sd.nii", Volume(np.full_like(cbv, sd), AFFINE))
    region = np.zeros(SHAPE, np.uint8)
    region[5:15, 5:12, 2:6] = 1
    path = write(tmp_path / "r.nii.gz", region, AFFINE)
    judged = Judged(lesion_sds=2.0, threshold=threshold)
    found = measure_region(place, (*LAYERS, "cbv_sd"), path, "r", judged)
    assert found.interval_low == pytest.approx(max(found.mean - 2 * sd, 0), rel=1e-5)
    assert found.interval_high == pytest.approx(found.mean + 2 * sd, rel=1e-5)
    assert (found.reading, found.threshold) == (reading, threshold)
    without = measure_region(place, LAYERS, path, "r", JUDGED)
    assert (without.interval_low, without.reading, without.threshold) == (None, "", None)


def test_a_region_in_another_order_of_axes_is_the_same(folder, tmp_path):
    place, _ = folder
    region = np.zeros(SHAPE, np.uint8)
    region[5:9, 5:12, 2:6] = 1
    turned = AFFINE @ np.array([[-1.0, 0, 0, SHAPE[0] - 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    one = measure_region(place, LAYERS, write(tmp_path / "a.nii", region, AFFINE), "r", JUDGED)
    assert measure_region(place, LAYERS, write(tmp_path / "b.nii", region[::-1], turned), "r", JUDGED) == one


def test_refusals(folder, tmp_path):
    place, _ = folder
    with pytest.raises(GridError, match="on another grid than the map"):
        measure_region(
            place, LAYERS, write(tmp_path / "a.nii", np.ones((9, 9, 9), np.uint8), AFFINE), "r", JUDGED
        )
    outside = np.zeros(SHAPE, np.uint8)
    outside[0, 0, 0] = 1
    with pytest.raises(VolumeError, match="no voxel inside the brain"):
        measure_region(place, LAYERS, write(tmp_path / "b.nii", outside, AFFINE), "r", JUDGED)
