"""NIfTI images in and out, with nothing taken on trust.

Reading is header first: a file's claims are checked before a voxel is read, decompression stops at
the size that the header declares, and every refusal is one `VolumeError` that calls the image by
its label. NIfTI-1 and NIfTI-2 single files are read (.nii, .nii.gz; the content decides, not the
name); .hdr/.img pairs and Analyze are refused. Header texts and extensions, where scanners leave
patients' names, are never read.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.volume import Volume
from cbvsynth.domain.wording import counted
from cbvsynth.errors import VolumeError
from cbvsynth.records.storage import atomic_file
from cbvsynth.study.foreign_files import missing_remedy
from cbvsynth.study.nibabel_headers import Nifti1Header
from cbvsynth.study.nifti_header import (
    MAX_DEFLATE_RATIO,
    MAX_TRAILING_BYTES,
    NO_PLACE,
    STATE_THE_AXES,
    VolumeHeader,
    parse_header,
)
from cbvsynth.study.paths import resolve_inside

__all__ = [
    "OpenImage",
    "VolumeHeader",
    "open_image",
    "read_header",
    "read_headers",
    "read_image",
    "read_volume",
    "write_volume",
]

_CHUNK_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_BITS = 31  # zlib's number for a gzip stream, its checksum included


class OpenImage:
    """An open image file whose header has been checked: one opening serves header and voxels."""

    header: VolumeHeader

    def __init__(self, raw: IO[bytes], label: str) -> None:
        self._raw = raw
        self._label = label
        size = raw.seek(0, os.SEEK_END)
        raw.seek(0)
        is_packed = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        self._stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb")) if is_packed else raw
        header = parse_header(self._stream, label)
        declared = header.data_offset_bytes + header.voxel_bytes
        self._trailing = (_after_packed if is_packed else _after)(raw, size, declared, label)
        if self._trailing:
            text = (
                f"after the voxels come {counted(self._trailing, 'byte')} that the header does not declare."
            )
            header = replace(header, warnings=(*header.warnings, text))
        self.header = header

    def volume(
        self, scale: float = 1.0, affine: npt.NDArray[np.float64] | None = None, *, gaps: bool = False
    ) -> Volume:
        """The voxels as float32, with the header's slope and intercept and then `scale` applied.

        Memory stays within the declared size of the voxels plus their float32 copy. `affine` says where the
        image lies; by default its header does.

        Raises:
            VolumeError: voxels are missing, too many, damaged, NaN or infinite (with `gaps`, all are); or the
                header does not say where the image lies, and `affine` neither.
        """
        header, label = self.header, self._label
        if affine is None and not header.is_placed:
            raise VolumeError(f"{label}: {NO_PLACE} {STATE_THE_AXES}")
        with refusals_in_words(label):
            self._stream.seek(header.data_offset_bytes)
            raw = bytearray(header.voxel_bytes)
            found = _fill(self._stream, memoryview(raw))
            # What follows was counted at opening; else one more byte is asked for, which checks gzip's sum.
            is_longer = found == len(raw) and not self._trailing and bool(self._stream.read(1))
        if found < len(raw):
            raise VolumeError(
                f"{label}: the file ends after {found} of {len(raw)} bytes of voxels. "
                "It is truncated; copy or export it again."
            )
        if is_longer:
            raise VolumeError(
                f"{label}: the file holds more than the {len(raw)} bytes of voxels that its header declares. "
                "Expected an honest header; convert the original again."
            )
        stored = np.frombuffer(raw, dtype=header.dtype).reshape(header.shape, order="F")
        data = _scaled(stored, header)
        bad = data.size - int(np.count_nonzero(np.isfinite(data)))
        if bad and not (gaps and bad < data.size):
            raise VolumeError(
                f"{label}: {bad} of {data.size} voxels are NaN or infinite as float32. Expected finite "
                "values; set the background to 0 or export the image again."
            )
        if scale != 1.0:
            data = (data * np.float64(scale)).astype(np.float32)
        return Volume(data, header.affine if affine is None else affine)


@contextmanager
def open_image(path: Path, label: str) -> Iterator[OpenImage]:
    """Open an image and check its header; voxels stay unread until they are asked for.

    Raises:
        VolumeError: the file cannot be opened, is not a NIfTI single file, is not one finite 3-D
            image of real numbers, claims more than `MAX_VOXEL_BYTES`, or its size contradicts its
            header.
    """
    with refusals_in_words(label):
        # Asked before opening, because opening a named pipe waits for its other end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise VolumeError(f"{label}: not a regular file. Expected one .nii or .nii.gz file.")
        raw = path.open("rb")
    with raw:
        with refusals_in_words(label):
            image = OpenImage(raw, label)
        yield image


def read_header(path: Path, label: str) -> VolumeHeader:
    """Read and check a header; voxels stay unread.

    Raises:
        VolumeError: as `open_image`.
    """
    with open_image(path, label) as image:
        return image.header


def read_volume(path: Path, label: str) -> Volume:
    """Read an image: header checks first, then the voxels.

    Raises:
        VolumeError: as `open_image` and `OpenImage.volume`.
    """
    with open_image(path, label) as image:
        return image.volume()


def read_image(
    root: Path,
    examination: Examination,
    role: str,
    affine: npt.NDArray[np.float64] | None = None,
    *,
    gaps: bool = False,
) -> Volume:
    """One image of an examination, its scale applied; `role` is t1 ... asl, cbv, mask or seg.

    `affine` is where it lies, as `study.placement` finds it; by default its header must say so. With `gaps`
    some voxels may be NaN or infinite, which `domain.gaps` makes background.

    Raises:
        VolumeError: as `read_volume`; also when the examination has no such image.
        ManifestError: the path leaves the data root.
    """
    label = examination.label(role)
    relative = examination.files.get(role)
    if relative is None:
        raise VolumeError(f"{label}: the manifest names no such image; choose one it names.")
    with open_image(resolve_inside(root, relative, label), label) as image:
        return image.volume(examination.scales.get(role, 1.0), affine, gaps=gaps)


def read_headers(root: Path, examination: Examination) -> dict[str, VolumeHeader]:
    """Checked headers of all files of an examination, by role.

    Raises:
        VolumeError: as `open_image`.
        ManifestError: a path leaves the data root.
    """
    labels = {role: examination.label(role) for role in examination.files}
    return {
        role: read_header(resolve_inside(root, path, labels[role]), labels[role])
        for role, path in examination.files.items()
    }


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


@contextmanager
def refusals_in_words(label: str) -> Iterator[None]:
    """Turn what the operating system and gzip refuse into an error that names the image."""
    try:
        yield
    except FileNotFoundError as error:
        raise VolumeError(f"{label}: the file does not exist; {missing_remedy(error.filename)}") from error
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


def _after(_: IO[bytes], size: int, declared: int, label: str) -> int:
    """How many bytes follow the voxels of a plain file; refused where size and header disagree."""
    if not declared <= size <= declared + MAX_TRAILING_BYTES:
        raise VolumeError(
            f"{label}: the file has {size} bytes, its header declares {declared}. "
            "It is truncated, damaged or dishonest; copy or export it again."
        )
    return size - declared


def _after_packed(raw: IO[bytes], size: int, declared: int, label: str) -> int:
    """As `_after` for a gzip file, whose last four bytes state its unpacked size, if it is whole.

    Where they do not state what the header declares, the file is unpacked as far as that once, to count.
    """
    place = raw.tell()  # where the decompression goes on reading
    raw.seek(size - 4)
    unpacked, foreign = int.from_bytes(raw.read(4), "little"), 0
    if size * MAX_DEFLATE_RATIO >= declared and unpacked != declared:
        raw.seek(0)
        unpacked, foreign = _unpacked_size(raw, declared + MAX_TRAILING_BYTES)
    raw.seek(place)
    trailing = unpacked - declared + foreign
    if size * MAX_DEFLATE_RATIO < declared or unpacked < declared or trailing > MAX_TRAILING_BYTES:
        raise VolumeError(
            f"{label}: {size} compressed bytes that hold {unpacked + foreign} do not match the {declared} "
            "bytes that the header declares. The file is truncated, damaged or dishonest; copy or export it "
            "again."
        )
    return trailing


def _unpacked_size(raw: IO[bytes], limit: int) -> tuple[int, int]:
    """Bytes that a gzip file unpacks to, counted until `limit` is passed, and how many others follow it.

    Zeros after a member are padding and count for nothing.
    """
    total = 0
    pending = raw.read(_CHUNK_BYTES)
    while pending[:2] == _GZIP_MAGIC:
        member = zlib.decompressobj(wbits=_GZIP_BITS)
        while not member.eof:
            if not pending:
                raise EOFError
            total += len(member.decompress(pending, _CHUNK_BYTES // 8))
            if total > limit:
                return total, 0
            pending = member.unused_data if member.eof else member.unconsumed_tail or raw.read(_CHUNK_BYTES)
        pending = pending.lstrip(b"\0")
        while len(pending) < len(_GZIP_MAGIC) and (more := raw.read(_CHUNK_BYTES)):
            pending = (pending + more).lstrip(b"\0")
    counted_to = raw.tell()
    return total, len(pending) + raw.seek(0, os.SEEK_END) - counted_to


def _fill(source: IO[bytes], target: memoryview) -> int:
    """Read into `target` until it is full or the source ends; the number of bytes read."""
    filled = 0
    readable = cast("io.BufferedIOBase", source)
    while filled < len(target):
        count = readable.readinto(target[filled : filled + _CHUNK_BYTES])
        if not count:
            break
        filled += count
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
