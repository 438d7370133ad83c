"""What a header claims is checked before a voxel is read."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np

from cbvsynth.study.nifti import read_header, read_volume
from tests.study.nifti_files import LABEL, assert_refused, patched, plain, save


def test_nifti_2_is_read_too(tmp_path: Path) -> None:
    data = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
    save(tmp_path / "a.nii.gz", data, pair=nib.Nifti2Image)
    np.testing.assert_array_equal(read_volume(tmp_path / "a.nii.gz", LABEL).data, data)


def test_trailing_dimensions_of_one_are_dropped(tmp_path: Path) -> None:
    data = np.arange(8, dtype=np.float32).reshape(2, 2, 2, 1, 1)
    assert read_volume(save(tmp_path / "a.nii", data), LABEL).shape == (2, 2, 2)


def test_the_header_tells_geometry_without_reading_voxels(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii.gz", np.zeros((4, 5, 6), dtype=np.int16))
    header = read_header(path, LABEL)
    assert header.shape == (4, 5, 6)
    assert header.spacing_mm == (2.0, 2.0, 3.0)
    assert (header.dtype, header.voxel_bytes) == (np.dtype("<i2"), 240)


def test_the_qform_counts_where_there_is_no_sform(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((2, 2, 2), dtype=np.float32), None)
    rotated = np.array([[0, -2.0, 0, 5], [2.0, 0, 0, 6], [0, 0, 3.0, 7], [0, 0, 0, 1.0]])
    image.header.set_qform(rotated, code=1)
    nib.save(image, tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    np.testing.assert_allclose(read_header(tmp_path / "a.nii", LABEL).affine, rotated, atol=1e-6)
    content[76:80] = bytes(4)  # a missing handedness means +1
    content[254:256] = bytes(2)
    (tmp_path / "a.nii").write_bytes(content)
    np.testing.assert_allclose(read_header(tmp_path / "a.nii", LABEL).affine, rotated, atol=1e-6)


def test_the_header_alone_refuses_all_but_what_only_voxels_can_show(tmp_path: Path) -> None:
    path = tmp_path / "image.nii"
    path.write_bytes(patched(352, np.nan, "<f4"))
    assert read_header(path, LABEL).shape == (4, 4, 4)
    path.write_bytes(plain()[:-1])
    assert_refused(path, "has 607 bytes, its header declares 608", read_header)


def test_a_qform_that_is_no_rotation_is_refused(tmp_path: Path) -> None:
    content = patched(252, [1, 0], "<i2")  # qform code 1, sform code 0
    content[256:268] = np.array([9.0, 9.0, 9.0], dtype="<f4").tobytes()
    path = tmp_path / "image.nii"
    path.write_bytes(content)
    assert_refused(path, "qform is not a rotation", read_header)


def test_sixty_bytes_that_claim_tebibytes_are_refused_from_the_header(tmp_path: Path) -> None:
    """Such a file used to load lazily and die when its voxels were asked for."""
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(gzip.compress(bytes(patched(40, [3, 32767, 32767, 15000], "<i2")[:352])))
    assert path.stat().st_size < 200
    assert_refused(path, "more than the 2 GiB", read_header)


def test_a_small_file_cannot_claim_more_than_deflate_could_hold(tmp_path: Path) -> None:
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(gzip.compress(bytes(patched(40, [3, 512, 512, 512], "<i2")[:352])))
    assert_refused(path, "compressed bytes", read_header)
