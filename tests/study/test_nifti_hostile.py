"""A hostile or broken file costs one clear line: no traceback of a library, no memory, no other file."""

from __future__ import annotations

import gzip
import os
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from cbvsynth.domain.volume import Volume
from cbvsynth.errors import VolumeError
from cbvsynth.study.nifti import read_header, read_volume, write_volume
from tests.study.nifti_files import LABEL, assert_refused, patched, plain


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a NIfTI file"),
        (b"hello, this is a text", "not a NIfTI file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(400), "not a NIfTI file"),
        (plain()[:200], "ends inside its header"),
        (patched(344, 0, "u4"), "Analyze"),
        (patched(344, [ord(c) for c in "ni1\0"], "u1"), "one half of an .hdr/.img pair"),
        (patched(344, [ord(c) for c in "xyz\0"], "u1"), "magic is wrong"),
        (plain((4, 4, 4, 6)), r"shape \(4, 4, 4, 6\). Expected three dimensions"),
        (plain((4, 4)), r"shape \(4, 4\)"),
        (patched(40, [3, 4, 0, 4], "<i2"), "none empty"),
        (patched(40, [3, 4, -4, 4], "<i2"), "none empty"),
        (patched(40, 9, "<i2"), "9 dimensions"),
        (patched(40, 0, "<i2"), "0 dimensions"),
        (patched(70, 128, "<i2"), "voxels are RGB"),
        (patched(70, 32, "<i2"), "voxels are complex"),
        (patched(70, 1536, "<i2"), "voxels are float128"),
        (patched(70, 77, "<i2"), "unknown type 77"),
        (patched(280, np.nan, "<f4"), "affine is not finite"),
        (patched(280, [0.0, 0.0, 0.0], "<f4"), "singular|voxel size of zero"),
        (patched(280, [2.0, 2.0, 0.0, 0.0, 2.0, 2.0, 0.0, 0.0], "<f4"), "singular"),
        (patched(108, np.nan, "<f4"), "places the voxels at byte nan"),
        (patched(108, 8.0, "<f4"), "places the voxels at byte 8"),
        (patched(108, 1e12, "<f4"), "places the voxels at byte 1e"),
        (patched(112, [2.0, np.inf], "<f4"), "intercept is inf"),
        (patched(123, 1, "u1"), "lengths in metres"),
        (patched(40, [3, 32767, 32767, 32767], "<i2"), "more than the 2 GiB"),
        (patched(352, np.nan, "<f4"), "1 of 64 voxels are NaN"),
        (patched(352, -np.inf, "<f4"), "1 of 64 voxels are NaN or infinite"),
        (plain()[:-1], "declares|ends after 255 of 256"),
        (plain() + bytes(4097), "declares"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(
    tmp_path: Path, content: bytes, message: str, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "image.nii.gz"
    path.write_bytes(pack(bytes(content)))
    assert_refused(path, message)


@pytest.fixture
def peak_bytes() -> Iterator[Callable[[], int]]:
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def _bomb(path: Path, mebibytes: int) -> None:
    packer = zlib.compressobj(9, wbits=31)
    with path.open("wb") as target:
        target.write(packer.compress(bytes(plain())))
        for _ in range(mebibytes):
            target.write(packer.compress(bytes(1 << 20)))
        target.write(packer.flush())


def test_a_file_that_unpacks_to_more_than_it_declares_is_refused_from_gzips_own_count(
    tmp_path: Path, peak_bytes: Callable[[], int]
) -> None:
    _bomb(tmp_path / "bomb.nii.gz", 64)
    assert (tmp_path / "bomb.nii.gz").stat().st_size < 200_000
    before = peak_bytes()
    assert_refused(tmp_path / "bomb.nii.gz", "do not match", read_header)
    assert_refused(tmp_path / "bomb.nii.gz", "do not match")
    assert peak_bytes() - before < 2 << 20


def test_a_bomb_that_hides_its_size_is_stopped_at_the_declared_size(
    tmp_path: Path, peak_bytes: Callable[[], int]
) -> None:
    path = tmp_path / "bomb.nii.gz"
    _bomb(path, 64)
    whole = path.read_bytes()
    path.write_bytes(whole + gzip.compress(b""))  # the last member's count is what a reader sees
    before = peak_bytes()
    assert_refused(path, "do not match", read_header)
    path.write_bytes(whole + gzip.compress(bytes(len(plain()))))  # it may even be the one that is declared
    read_header(path, LABEL)
    assert_refused(path, "holds more than the 256 bytes")
    assert peak_bytes() - before < 2 << 20


@pytest.mark.parametrize("keep", [5, 15, 60, -9, -1])
def test_a_truncated_gzip_is_refused(tmp_path: Path, keep: int) -> None:
    rng = np.random.default_rng(0)
    write_volume(tmp_path / "whole.nii.gz", Volume(rng.normal(size=(16, 16, 16)), np.eye(4)))
    path = tmp_path / "cut.nii.gz"
    path.write_bytes((tmp_path / "whole.nii.gz").read_bytes()[:keep])
    assert_refused(path, "truncated|damaged")


def test_a_gzip_with_a_flipped_bit_is_refused_by_its_checksum(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    write_volume(tmp_path / "a.nii.gz", Volume(rng.normal(size=(16, 16, 16)), np.eye(4)))
    content = bytearray((tmp_path / "a.nii.gz").read_bytes())
    content[-8] ^= 1
    (tmp_path / "a.nii.gz").write_bytes(content)
    assert_refused(tmp_path / "a.nii.gz", "gzip stream is damaged")


def test_values_beyond_float32_are_refused(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(np.full((2, 2, 2), 1e300), np.eye(4)), tmp_path / "a.nii")
    assert_refused(tmp_path / "a.nii", "8 of 8 voxels are NaN or infinite as float32")


def test_what_is_not_a_readable_file_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path / "missing.nii", "does not exist")
    assert_refused(tmp_path, "not a regular file")
    os.mkfifo(tmp_path / "pipe.nii")
    assert_refused(tmp_path / "pipe.nii", "not a regular file")
    (tmp_path / "file").write_bytes(b"")
    assert_refused(tmp_path / "file" / "below.nii", "cannot be read")


def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.nii"
    path.write_bytes(plain())
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may read everything
    try:
        assert_refused(path, "permission to read the file is denied")
    finally:
        os.seteuid(user)


def test_nothing_is_written_beside_a_file_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "image.nii"
    path.write_bytes(plain())
    before = path.stat().st_mtime_ns
    read_volume(path, LABEL)
    assert [entry.name for entry in tmp_path.iterdir()] == ["image.nii"]
    assert path.stat().st_mtime_ns == before


@settings(max_examples=300)
@given(
    changes=st.dictionaries(st.integers(0, 400), st.integers(0, 255), min_size=1, max_size=12),
    pack=st.sampled_from([bytes, gzip.compress]),
)
def test_any_change_of_bytes_gives_a_volume_or_one_clear_refusal(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[int, int], pack: Callable[[bytes], bytes]
) -> None:
    content = plain()
    for offset, value in changes.items():
        content[offset] = value
    path = tmp_path_factory.getbasetemp() / "fuzzed.nii"
    path.write_bytes(pack(bytes(content)))
    try:
        volume = read_volume(path, LABEL)
    except VolumeError:
        event("refused")
    else:
        event("read")
        assert np.isfinite(volume.data).all()
