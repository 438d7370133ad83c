"""What a header claims is checked before a voxel is read."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

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


def with_qform(affine: np.ndarray, code: int = 1) -> bytearray:
    """A file of (4, 4, 4) voxels with a qform alone; byte 254 begins the sform's code, 256 the quaternion."""
    image = nib.Nifti1Image(np.ones((4, 4, 4), dtype=np.float32), None)
    image.header.set_qform(affine, code=code)
    image.header.set_sform(None, code=0)
    return bytearray(image.to_bytes())


HALF_TURN = np.array([[-2.0, 0, 0, 5], [0, -2.0, 0, 6], [0, 0, 2.0, 7], [0, 0, 0, 1.0]])
"""To the left and to the back, as scanners store it: its quaternion is (0, 0, 1), of length 1."""


@pytest.mark.parametrize("length", [1.0000002, 1.0000004, 1 / 1.0000002])
def test_a_quaternion_that_rounding_made_too_long_is_a_rotation(tmp_path: Path, length: float) -> None:
    """1 - 4.8e-7, as several scanners write it, used to drop the examination."""
    content = with_qform(HALF_TURN)
    content[264:268] = np.array(length, dtype="<f4").tobytes()
    path = tmp_path / "image.nii"
    path.write_bytes(content)
    header = read_header(path, LABEL)
    np.testing.assert_allclose(header.affine, HALF_TURN, atol=2e-3)
    assert header.warnings == ()
    content[264:268] = np.array(1.00001, dtype="<f4").tobytes()
    path.write_bytes(content)
    assert_refused(path, "qform is not a rotation", read_header)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_qform_serves_where_the_sform_is_empty(tmp_path: Path, value: float) -> None:
    """The sform's code, 1, counted, and the image was refused although its qform was sound."""
    content = with_qform(HALF_TURN)
    content[254:256] = np.array(1, dtype="<i2").tobytes()
    content[280:328] = np.full(12, value, dtype="<f4").tobytes()
    path = tmp_path / "image.nii"
    path.write_bytes(content)
    header = read_header(path, LABEL)
    np.testing.assert_allclose(header.affine, HALF_TURN, atol=1e-6)
    (warning,) = header.warnings
    assert "the qform was taken" in warning
    content[252:254] = bytes(2)
    path.write_bytes(content)
    assert_refused(path, "affine is not finite|voxel size of zero", read_header)


def test_forms_that_disagree_are_warned_of_and_the_sform_taken(tmp_path: Path) -> None:
    """10 mm between them went unsaid."""
    image = nib.Nifti1Image(np.ones((4, 4, 4), dtype=np.float32), HALF_TURN)
    moved = HALF_TURN.copy()
    moved[0, 3] += 10
    image.set_sform(HALF_TURN, 1)
    image.set_qform(moved, 1)
    nib.save(image, tmp_path / "a.nii")
    header = read_header(tmp_path / "a.nii", LABEL)
    np.testing.assert_allclose(header.affine, HALF_TURN)
    (warning,) = header.warnings
    assert "sform and qform place the image up to 10 mm apart; the sform was taken" in warning


def test_forms_that_only_rounding_parts_are_not_warned_of(tmp_path: Path) -> None:
    """Near half a turn, nibabel takes a small real part of the quaternion for 0."""
    angle = 1e-3
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    affine = HALF_TURN.copy()
    affine[:3, :3] = turn @ affine[:3, :3]
    image = nib.Nifti1Image(np.ones((256, 256, 2), dtype=np.int8), affine)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    assert np.abs(image.get_qform() - affine).max() > 1e-4
    nib.save(image, tmp_path / "a.nii")
    assert read_header(tmp_path / "a.nii", LABEL).warnings == ()


def test_a_negative_voxel_size_is_read_as_its_absolute_value(tmp_path: Path) -> None:
    """It used to turn left and right round where both codes are 0, and to refuse a sound qform."""
    content = with_qform(HALF_TURN)
    content[80:84] = np.array(-2.0, dtype="<f4").tobytes()
    path = tmp_path / "image.nii"
    path.write_bytes(content)
    np.testing.assert_allclose(read_header(path, LABEL).affine, HALF_TURN, atol=1e-6)
    np.testing.assert_allclose(nib.load(path).affine, HALF_TURN, atol=1e-6)
    content[252:254] = bytes(2)
    path.write_bytes(content)
    header = read_header(path, LABEL)
    assert (header.spacing_mm, header.is_placed) == ((2.0, 2.0, 2.0), False)
    assert_refused(path, "codes are both 0")


@pytest.mark.parametrize("more", [1, 16, 4096])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_bytes_after_the_voxels_are_warned_of(
    tmp_path: Path, more: int, pack: Callable[[bytes], bytes]
) -> None:
    """They used to be refused as dishonest, while every other reader takes them."""
    path = tmp_path / "image.nii.gz"
    path.write_bytes(pack(bytes(plain()) + b"x" * more))
    assert read_header(path, LABEL).warnings == (
        f"after the voxels come {more} byte{'s' * (more > 1)} that the header does not declare.",
    )
    assert read_volume(path, LABEL).data.sum() == 64


@pytest.mark.parametrize("more", [b"x", b"x" * 16, bytes(16), b"\xff" * 16])
@pytest.mark.parametrize("members", [1, 2])
def test_bytes_after_a_gzip_stream_are_warned_of_and_zeros_are_padding(
    tmp_path: Path, more: bytes, members: int
) -> None:
    """They were refused: gzip's own count of bytes is no longer the file's end."""
    whole, path = bytes(plain()), tmp_path / "image.nii.gz"
    packed = gzip.compress(whole) if members == 1 else gzip.compress(whole[:400]) + gzip.compress(whole[400:])
    path.write_bytes(packed + more)
    warnings = read_header(path, LABEL).warnings
    assert len(warnings) == (more[0] > 0)
    assert all(f"come {len(more)} byte" in text for text in warnings)
    assert read_volume(path, LABEL).data.sum() == 64
    path.write_bytes(packed + b"x" * 4097)
    assert_refused(path, "do not match", read_header)


def test_a_file_of_many_gzip_members_is_counted_once_and_in_little_memory(tmp_path: Path) -> None:
    """As bgzip writes them: the last four bytes count the last member alone."""
    rng = np.random.default_rng(0)
    whole = bytes(plain((64, 64, 64))[:352]) + rng.integers(0, 1000, 64**3).astype("<f4").tobytes()
    path = tmp_path / "image.nii.gz"
    blocks = [gzip.compress(whole[at : at + 8192], 1) for at in range(0, len(whole), 8192)]
    path.write_bytes(b"".join(blocks))
    tracemalloc.start()
    assert read_header(path, LABEL).warnings == ()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 << 20
    assert read_volume(path, LABEL).shape == (64, 64, 64)
    path.write_bytes(b"".join(blocks[:-1]))
    assert_refused(path, "do not match", read_header)
