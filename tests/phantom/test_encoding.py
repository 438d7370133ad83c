from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cbvsynth.phantom import encoding
from cbvsynth.phantom.encoding import Storage, nifti_bytes

SPACING, ORIGIN = (3.4375, 3.4375, 12.0), (-108.28125, -125.28125, -20.0)


def written(tmp_path: Path, volume: np.ndarray, storage: Storage) -> nib.Nifti1Image:
    path = tmp_path / "volume.nii"
    path.write_bytes(nifti_bytes(volume, SPACING, ORIGIN, storage))
    return nib.load(path)


def test_values_come_back_within_half_a_step_and_in_place(tmp_path: Path) -> None:
    volume = np.random.default_rng(0).uniform(0, 25, (5, 6, 7))
    image = written(tmp_path, volume, encoding.CBV)
    np.testing.assert_allclose(image.get_fdata(), volume, atol=encoding.CBV.slope / 2)
    assert image.get_data_dtype() == np.int16


def test_both_affines_say_the_same_axial_ras_grid(tmp_path: Path) -> None:
    header = written(tmp_path, np.ones((4, 5, 6)), encoding.ADC).header
    expected = np.diag([*SPACING, 1.0])
    expected[:3, 3] = ORIGIN
    np.testing.assert_allclose(header.get_sform(), expected, rtol=1e-6)
    np.testing.assert_allclose(header.get_qform(), expected, rtol=1e-6)
    assert (int(header["sform_code"]), int(header["qform_code"])) == (1, 1)
    assert header.get_xyzt_units()[0] == "mm"


def test_a_value_above_the_range_is_stored_as_the_largest(tmp_path: Path) -> None:
    volume = np.array([[[0.0, 1e9, encoding.ANATOMICAL.largest]]])
    stored = written(tmp_path, volume, encoding.ANATOMICAL).get_fdata()
    np.testing.assert_array_equal(
        stored[0, 0], [0.0, encoding.ANATOMICAL.largest, encoding.ANATOMICAL.largest]
    )


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8])
def test_labels_are_bytes_that_come_back_exactly(tmp_path: Path, dtype: type) -> None:
    labels = (np.arange(60).reshape(3, 4, 5) % (2 if dtype is np.bool_ else 4)).astype(dtype)
    image = written(tmp_path, labels, encoding.LABELS)
    np.testing.assert_array_equal(image.get_fdata(), labels)
    assert image.get_data_dtype() == np.uint8


def test_every_quantity_fits_its_storage() -> None:
    assert encoding.ADC.largest >= 4000
    assert encoding.ADC_MM2_PER_S.largest >= 4000e-6
    assert encoding.CBV.largest >= 60
    assert encoding.CBV_ARBITRARY.largest >= 60 * 250
