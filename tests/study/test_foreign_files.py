"""A file that is no NIfTI image is called by what it is, with what helps."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.study.nifti import read_header
from tests.study.nifti_files import assert_refused, plain

DICOM = bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00" + bytes(300)
MGH = struct.pack(">7ih", 1, 256, 256, 256, 1, 3, 0, 1) + bytes(400)
AFNI = b"\ntype  = string-attribute\nname  = TYPESTRING\ncount = 15\n'3DIM_HEAD_ANAT~\n"
LOCKED_POINTER = b"../.git/annex/objects/Wv/1k/MD5E-s10--0a.nii.gz/MD5E-s10--0a.nii.gz"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (MGH, "MGH or MGZ image of FreeSurfer, not a NIfTI file. .*mri_convert"),
        (b"NRRD0004\ntype: float\n", "an NRRD image.*SimpleITK"),
        (b"ObjectType = Image\nNDims = 3\n", "a MetaImage.*SimpleITK"),
        (b"mrtrix image\ndim: 4,4,4\n", "a MIF image of MRtrix.*mrconvert"),
        (AFNI, "AFNI.*3dAFNItoNIFTI"),
        (b"/annex/objects/MD5E-s10--0a.nii.gz\n", "a pointer of git-annex.*datalad get"),
        (LOCKED_POINTER, "a pointer of git-annex.*datalad get"),
        (LFS, "a pointer of Git LFS.*git lfs pull"),
        (b"<!DOCTYPE html>\n<html><head><title>Sign in</title>", "a web page.*need a login"),
        (b"\xef\xbb\xbf\n<HTML>", "a web page"),
        (b"PK\x03\x04" + bytes(40), "a ZIP archive.*Unpack it"),
        (b"", "an empty file.*Copy or export it again"),
        (DICOM, "a DICOM file.*dcm2niix"),
        (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MATLAB file.*niftiwrite"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "an HDF5 file"),
        (b"BZh91AY&SY", "compressed by bzip2"),
        (b"\xfd7zXZ\x00", "compressed by xz"),
        (b"\x93NUMPY\x01\x00", "a NumPy array"),
        (b"hello, this is a text", "ADC: not a NIfTI file. Expected .nii or .nii.gz"),
    ],
)
def test_the_message_names_what_it_is_and_what_helps(
    tmp_path: Path, content: bytes, message: str, pack: Callable[[bytes], bytes]
) -> None:
    """All of these were told to "convert DICOM with dcm2niix"."""
    path = tmp_path / "image.nii.gz"
    path.write_bytes(pack(content))
    assert_refused(path, message, read_header)


def test_a_link_of_git_annex_to_nowhere_was_not_downloaded(tmp_path: Path) -> None:
    """It was said not to exist, with the advice to correct the manifest."""
    link = tmp_path / "image.nii.gz"
    link.symlink_to(tmp_path / ".git/annex/objects/Wv/1k/MD5E-s10--0a.nii.gz/MD5E-s10--0a.nii.gz")
    assert_refused(link.resolve(), "in git-annex and was not downloaded: run 'datalad get'", read_header)
    assert_refused(tmp_path / "gone.nii.gz", "does not exist; correct its name", read_header)


def test_compressed_twice_is_said(tmp_path: Path) -> None:
    path = tmp_path / "image.nii.gz"
    path.write_bytes(gzip.compress(gzip.compress(bytes(plain()))))
    assert_refused(path, "compressed by gzip twice, not a NIfTI file. Unpack it once", read_header)


def test_noise_is_not_taken_for_anything(tmp_path: Path) -> None:
    path = tmp_path / "image.nii.gz"
    path.write_bytes(np.random.default_rng(0).bytes(600))
    assert_refused(path, "ADC: not a NIfTI file", read_header)
