"""Uploads that nobody should be harmed by: each gets one clear line (docs/reference/hostile-uploads.md)."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
from pydicom import dcmread
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, MRImageStorage

from tests.study.dicom.dicom_files import T1, write_enhanced, write_series

Files = list[tuple[str, bytes]]
"""Name and content of each file of an upload, in the order in which they are sent."""


def header(shape: tuple[int, ...] = (4, 4, 4)) -> bytearray:
    """A NIfTI file whose voxels are all 0."""
    return bytearray(nib.Nifti1Image(np.zeros(shape, np.float32), np.eye(4)).to_bytes())


def declaring(*sizes: int) -> bytes:
    """A NIfTI file whose header declares other sizes than it has."""
    changed = header()
    changed[40:56] = np.asarray([len(sizes), *sizes, *[1] * (7 - len(sizes))], "<i2").tobytes()
    return bytes(changed)


def dicom(folder: Path, *series: Callable[[Path], object]) -> Files:
    """The files that some writers leave in a folder."""
    for number, write in enumerate(series):
        write(folder / f"{number}")
    return [
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def changed(folder: Path, **tags: object) -> Files:
    """T1 with tags that lie."""

    def change(dataset: FileDataset, _: int) -> None:
        for name, value in tags.items():
            setattr(dataset, name, value)

    return dicom(folder, lambda place: write_series(place, T1, change=change))


def deflated_bomb() -> bytes:
    """DICOM that holds 320 MiB of zeros, deflated to a third of a megabyte."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = MRImageStorage, "1.2.3"
    target = io.BytesIO()
    target.write(bytes(128) + b"DICM")
    write_file_meta_info(target, meta)
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    for _ in range(320):
        target.write(packer.compress(bytes(1 << 20)))
    target.write(packer.flush())
    return target.getvalue()


def many_frames(place: Path) -> Path:
    path = write_enhanced(place / "one.dcm", T1)
    dataset = dcmread(path)
    dataset.NumberOfFrames = 1_000_000
    dataset.save_as(path, enforce_file_format=True)
    return path


def truncated(folder: Path) -> Files:
    return [
        (name, content[: len(content) - 100])
        for name, content in dicom(folder, lambda place: write_series(place, T1))
    ]


def archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("../../t1.nii", bytes(1 << 20))
    return target.getvalue()


def noise() -> bytes:
    values = np.random.default_rng(1).uniform(1, 9, (4, 4, 4)).astype(np.float32)
    return nib.Nifti1Image(values, np.eye(4)).to_bytes()


def not_numbers() -> bytes:
    return nib.Nifti1Image(np.full((20, 20, 8), np.nan, np.float32), np.diag([2.0, 2, 4, 1])).to_bytes()


UPLOADS: dict[str, tuple[Callable[[Path], Files], str]] = {
    "an empty file": (lambda _: [("t1.nii.gz", b"")], "empty"),
    "text that is called an image": (lambda _: [("t1.nii.gz", b"hello")], "not a NIfTI file|not gzip"),
    "a web page with a script": (lambda _: [("t1.nii", b"<script>alert(1)</script>" * 20)], "not a NIfTI"),
    "half a header": (lambda _: [("t1.nii", bytes(header()[:200]))], "header"),
    "a header without voxels": (lambda _: [("t1.nii", bytes(header()[:352]))], ""),
    "a header that declares 27 billion voxels": (
        lambda _: [("t1.nii", declaring(30000, 30000, 30000))],
        "",
    ),
    "four axes": (lambda _: [("t1.nii", declaring(4, 4, 4, 9))], "axes|dimension|3-D"),
    "sizes below 0": (lambda _: [("t1.nii", declaring(-4, 4, 4))], ""),
    "voxels that are all 0": (lambda _: [("t1.nii", bytes(header((20, 20, 8))))], "every voxel is 0"),
    "an image of 4 x 4 voxels": (lambda _: [("t1.nii", noise())], "4 x 4 voxels in plane"),
    "voxels that are no numbers": (lambda _: [("t1.nii", not_numbers())], ""),
    "a gzip bomb": (lambda _: [("t1.nii.gz", gzip.compress(bytes(header()) + bytes(80 << 20)))], ""),
    "a damaged gzip": (lambda _: [("t1.nii.gz", gzip.compress(bytes(header()))[:-20])], ""),
    "an archive": (lambda _: [("study.zip", archive())], "archive is not unpacked"),
    "an archive by another name": (lambda _: [("t1.nii.gz", archive())], ""),
    "a name that leads out of the folder": (lambda _: [("../../../etc/t1.nii", b"x")], ""),
    "a name with a line break": (lambda _: [("a\r\nSet-Cookie: b.nii", b"x")], "no name"),
    "a name of 2000 letters": (lambda _: [("x" * 2000, b"x")], "no name"),
    "the magic of DICOM and nothing else": (lambda _: [("IM1", bytes(128) + b"DICM")], "No DICOM image"),
    "random bytes": (lambda _: [("IM1", np.random.default_rng(1).bytes(4096))], "No DICOM image"),
    "DICOM cut off in its pixels": (truncated, ""),
    "a deflated DICOM bomb": (lambda _: [("IM1", deflated_bomb())], "No DICOM image"),
    "DICOM that declares 65535 x 65535 pixels": (
        lambda folder: changed(folder, Rows=65535, Columns=65535),
        "more than the 64 million|No series",
    ),
    "DICOM that declares a million frames": (
        lambda folder: dicom(folder, many_frames),
        "",
    ),
    "DICOM of two patients": (
        lambda folder: dicom(
            folder,
            lambda place: write_series(place, T1),
            lambda place: write_series(place, T1, patient="0815", number=2),
        ),
        "2 patients",
    ),
    "DICOM of two examinations": (
        lambda folder: dicom(
            folder,
            lambda place: write_series(place, T1),
            lambda place: write_series(place, T1, study="9.8.7", number=2),
        ),
        "2 examinations",
    ),
    "DICOM whose slices lie nowhere": (
        lambda folder: changed(folder, ImagePositionPatient=["nan", "nan", "nan"]),
        "No series",
    ),
}
"""Kind -> what is sent, and words of the line that it gets; empty where any one line will do."""
