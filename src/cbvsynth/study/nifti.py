"""NIfTI images in and out, with nothing taken on trust.

Reading is header first: a file's claims are checked before a voxel is read, decompression stops at
the size that the header declares, and every refusal is one `VolumeError` that calls the image by
its label. NIfTI-1 and NIfTI-2 single files are read (.nii, .nii.gz; the content decides, not the
name); .hdr/.img pairs and Analyze are refused. Header texts and extensions, where scanners leave
patients' names, are never read.
"""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
import numpy.typing as npt
from nibabel.nifti1 import Nifti1Header

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import VolumeError
from cbvsynth.records.storage import atomic_file
from cbvsynth.study.nifti_header import MAX_DEFLATE_RATIO, VolumeHeader, parse_header
from cbvsynth.study.paths import resolve_inside

__all__ = ["VolumeHeader", "read_header", "read_image", "read_volume", "write_volume"]

_CHUNK_BYTES = 1 << 20


def read_header(path: Path, label: str) -> VolumeHeader:
    """Read and check a header; voxels stay unread.

    Raises:
        VolumeError: the file cannot be opened, is not a NIfTI single file, is not one finite 3-D
            image of real numbers, claims more than `MAX_VOXEL_BYTES`, or its size contradicts its
            header.
    """
    with _opened(path, label) as opened:
        return _checked_header(opened, label)


def read_volume(path: Path, label: str) -> Volume:
    """Read an image: header checks first, then voxels as float32 with slope and intercept applied.

    Memory stays within the declared size of the voxels plus their float32 copy.

    Raises:
        VolumeError: as `read_header`; also when voxels are missing, too many, damaged, NaN or
            infinite.
    """
    with _opened(path, label) as opened:
        header = _checked_header(opened, label)
        opened.stream.seek(header.data_offset_bytes)
        raw = bytearray(header.voxel_bytes)
        found = _fill(opened.stream, memoryview(raw))
        if found < len(raw):
            raise VolumeError(
                f"{label}: the file ends after {found} of {len(raw)} bytes of voxels. "
                "It is truncated; copy or export it again."
            )
        if opened.stream.read(1):
            raise VolumeError(
                f"{label}: the file holds more than the {len(raw)} bytes of voxels that its header declares. "
                "Expected an honest header; convert the original again."
            )
    stored = np.frombuffer(raw, dtype=header.dtype).reshape(header.shape, order="F")
    data = _scaled(stored, header)
    bad = data.size - int(np.count_nonzero(np.isfinite(data)))
    if bad:
        raise VolumeError(
            f"{label}: {bad} of {data.size} voxels are NaN or infinite as float32. Expected finite values; "
            "set the background to 0 or export the image again."
        )
    return Volume(data, header.affine)


def read_image(root: Path, examination: Examination, role: str) -> Volume:
    """One image of an examination, its scale applied; `role` is t1 ... adc, cbv, mask or seg.

    Raises:
        VolumeError: as `read_volume`; also when the examination has no such image.
        ManifestError: the path leaves the data root.
    """
    label = examination.label(role)
    relative = examination.files.get(role)
    if relative is None:
        raise VolumeError(f"{label}: the manifest names no such image; choose one it names.")
    volume = read_volume(resolve_inside(root, relative, label), label)
    scale = examination.scales.get(role, 1.0)
    if scale == 1.0:
        return volume
    return Volume((volume.data * np.float64(scale)).astype(np.float32), volume.affine)


def write_volume(
    path: Path, volume: Volume, *, unit_note: str = "", sform_code: int = 1, qform_code: int = 1
) -> None:
    """Write float32 NIfTI-1 with a fresh header, atomically; .nii, or .nii.gz without name and time.

    The same volume gives the same bytes. `unit_note` (ASCII, up to 79 characters, as in
    ``CBV mL/100 g``) goes into the description; nothing else but geometry does. A sheared affine
    fits the sform only: then the qform's code is 0.

    Raises:
        VolumeError: the name has another ending, a voxel is not finite, an axis has more than 32767
            voxels, or the note does not fit.
    """
    if not path.name.endswith((".nii", ".nii.gz")):
        raise VolumeError(f"'{path.name}' is not a NIfTI name; expected one that ends in .nii or .nii.gz.")
    if not np.isfinite(volume.data).all():
        raise VolumeError(f"{path.name}: voxels are NaN or infinite; nothing was written.")
    block = _fresh_header(path.name, volume, unit_note, sform_code, qform_code)
    voxels = np.asarray(volume.data, dtype="<f4")
    with atomic_file(path) as temporary, temporary.open("wb") as target:
        if path.name.endswith(".gz"):
            with gzip.GzipFile("", "wb", compresslevel=6, fileobj=target, mtime=0) as packed:
                _write_all(packed, block, voxels)
        else:
            _write_all(target, block, voxels)


def _write_all(target: IO[bytes] | gzip.GzipFile, block: bytes, voxels: npt.NDArray[np.float32]) -> None:
    target.write(block)
    for index in range(voxels.shape[2]):
        target.write(voxels[:, :, index].tobytes(order="F"))


def _fresh_header(name: str, volume: Volume, unit_note: str, sform_code: int, qform_code: int) -> bytes:
    if max(volume.shape) > np.iinfo(np.int16).max:
        raise VolumeError(f"{name}: shape {volume.shape}; NIfTI-1 holds at most 32767 voxels along an axis.")
    if not unit_note.isascii() or len(unit_note) > 79:  # the field has 80 bytes, the last one a zero
        raise VolumeError(f"{name}: the unit note does not fit; expected at most 79 ASCII characters.")
    header = Nifti1Header(endianness="<")
    header.set_data_dtype(np.float32)
    header.set_data_shape(volume.shape)
    header.set_xyzt_units("mm")
    header.set_sform(volume.affine, code=sform_code)
    axes = volume.affine[:3, :3] / np.asarray(volume.spacing_mm)
    square = bool(np.allclose(axes.T @ axes, np.eye(3), atol=1e-4))
    header.set_qform(volume.affine, code=qform_code if square else 0, strip_shears=True)
    header["descrip"] = unit_note.encode("ascii")
    header["magic"] = b"n+1"
    header["vox_offset"] = 352  # 348 bytes of header, and four zeros that say that no extension follows
    header["scl_slope"], header["scl_inter"] = 1, 0
    return cast("bytes", header.binaryblock) + bytes(4)


@dataclass(frozen=True)
class _Opened:
    """A decompressed stream, the file's size on disk, and gzip's own statement of the unpacked size."""

    stream: IO[bytes]
    size: int
    stated: int | None


@contextmanager
def _opened(path: Path, label: str) -> Iterator[_Opened]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise VolumeError(f"{label}: not a regular file. Expected one .nii or .nii.gz file.")
        with path.open("rb") as raw:
            size = raw.seek(0, 2)
            raw.seek(max(size - 4, 0))
            last = raw.read(4)
            raw.seek(0)
            compressed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if compressed:
                with gzip.GzipFile(fileobj=raw, mode="rb") as unpacked:
                    yield _Opened(cast("IO[bytes]", unpacked), size, int.from_bytes(last, "little"))
            else:
                yield _Opened(raw, size, None)
    except FileNotFoundError as error:
        raise VolumeError(f"{label}: the file does not exist; correct the manifest or restore it.") from error
    except PermissionError as error:
        raise VolumeError(
            f"{label}: permission to read the file is denied; change its permissions."
        ) from error
    except EOFError as error:
        raise VolumeError(f"{label}: the gzip stream is truncated; copy or export the file again.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise VolumeError(f"{label}: the gzip stream is damaged; copy or export the file again.") from error
    except OSError as error:
        raise VolumeError(
            f"{label}: the file cannot be read ({error.strerror or 'unknown cause'})."
        ) from error


def _checked_header(opened: _Opened, label: str) -> VolumeHeader:
    header = parse_header(opened.stream, label)
    declared = header.data_offset_bytes + header.voxel_bytes
    if opened.stated is None:
        if opened.size != declared:
            raise VolumeError(
                f"{label}: the file has {opened.size} bytes, its header declares {declared}. "
                "It is truncated, damaged or dishonest; copy or export it again."
            )
    elif opened.size * MAX_DEFLATE_RATIO < declared or opened.stated > declared:
        raise VolumeError(
            f"{label}: {opened.size} compressed bytes that unpack to {opened.stated}, by gzip's own count, "
            f"do not match the {declared} bytes that the header declares. The file is truncated, damaged or "
            "dishonest; copy or export it again."
        )
    return header


def _fill(source: IO[bytes], target: memoryview) -> int:
    """Read into `target` until it is full or the source ends; the number of bytes read."""
    filled = 0
    while filled < len(target):
        chunk = source.read(min(_CHUNK_BYTES, len(target) - filled))
        if not chunk:
            break
        target[filled : filled + len(chunk)] = chunk
        filled += len(chunk)
    return filled


def _scaled(stored: npt.NDArray[np.generic], header: VolumeHeader) -> npt.NDArray[np.float32]:
    """Stored voxels as float32 values; the sums are in float64, slice by slice."""
    plain = header.slope == 1.0 and header.intercept == 0.0
    values = np.empty(header.shape, dtype=np.float32, order="F")
    with np.errstate(over="ignore", invalid="ignore"):
        for index in range(header.shape[2]):
            part = stored[:, :, index]
            values[:, :, index] = part if plain else part.astype(np.float64) * header.slope + header.intercept
    return values
