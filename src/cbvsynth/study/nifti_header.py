"""The header of a NIfTI file: what it claims, checked before a voxel is read.

Only geometry, number type, scaling and the place of the voxels are looked at; the header's texts and
extensions, where scanners leave patients' names, are never read.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import IO

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.geometry import Grid, largest_distance_mm, largest_shift
from cbvsynth.domain.volume import affine_problem, spacing_of
from cbvsynth.errors import VolumeError
from cbvsynth.study.foreign_files import START_BYTES, describe
from cbvsynth.study.nibabel_headers import HeaderDataError, Nifti1Header, Nifti2Header

MAX_VOXEL_BYTES = 2 << 30
"""Largest image that is read, counted in memory (4 bytes a voxel or more): 2 GiB."""
MAX_EXTENSION_BYTES = 16 << 20
"""Longest stretch between header and voxels, where extensions live, that is skipped over."""
MAX_TRAILING_BYTES = 4096
"""So much may follow the voxels: padding to a disk's block. More says that the header's shape or number type
is not that of the voxels. Chosen here."""
MAX_DEFLATE_RATIO = 1032
"""Deflate cannot expand further than this. Source: zlib, "Maximum expansion factor"."""

_NUMERIC_TYPES = {
    2: "uint8",
    4: "int16",
    8: "int32",
    16: "float32",
    64: "float64",
    256: "int8",
    512: "uint16",
    768: "uint32",
    1024: "int64",
    1280: "uint64",
}
_OTHER_TYPES = {1: "binary", 32: "complex", 128: "RGB", 1536: "float128", 1792: "complex", 2304: "RGBA"}
# By the header's own length in bytes: its class, its magic, and where voxels begin at the earliest.
_FORMATS = {348: (Nifti1Header, b"n+1\0", 352), 540: (Nifti2Header, b"n+2\0", 544)}
# Unit 2 is the millimetre; 0, unknown, is taken for it.
_LENGTH_UNITS = {1: "metres", 3: "micrometres"}


_QUATERNION_ROUNDING = 1e-6
"""So much longer than 1 a quaternion's square may be. Scanners write up to 5e-7, nibabel takes 3.6e-7."""
_FORMS_AGREE_VOXELS = 0.5
"""sform and qform that differ by less are one: near half a turn, a quaternion in float32 may be off by a
thousandth of a radian, a quarter of a voxel at the far side of 256."""

NO_PLACE = (
    "the header says neither where the image lies nor which way its axes run (its sform and qform codes are "
    "both 0), and a guess could mirror left and right."
)
STATE_THE_AXES = (
    "State where the axes run, as in RAS or LPS (column orientation of the manifest, or --orientation of "
    "predict), or write the header again from the image it was computed on."
)


@dataclass(frozen=True, eq=False)
class VolumeHeader:
    """What a file says about its image; nothing here was measured on voxels.

    affine: (4, 4) float64, voxel to RAS millimetres: the sform when there is one, else the qform; where
    there is neither, only its voxel size means anything.
    sform_code, qform_code: 0 means not given.
    dtype: number type and byte order of the stored voxels; `slope` and `intercept` turn them into
    values (1 and 0 when the file gives none).
    warnings: what was found and does not stop the image from being read, a sentence each.
    """

    shape: tuple[int, int, int]
    affine: npt.NDArray[np.float64]
    spacing_mm: tuple[float, float, float]
    dtype: np.dtype[np.generic]
    sform_code: int
    qform_code: int
    slope: float
    intercept: float
    data_offset_bytes: int
    warnings: tuple[str, ...] = ()

    @property
    def is_placed(self) -> bool:
        """Whether the file says where the image lies and which way its axes run."""
        return self.sform_code > 0 or self.qform_code > 0

    @property
    def voxel_bytes(self) -> int:
        """Size of the stored voxels, bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


def parse_header(source: IO[bytes], label: str) -> VolumeHeader:
    """Read and check the header at the start of a decompressed stream.

    Raises:
        VolumeError: not a NIfTI single file, not one finite 3-D image of real numbers, or an image
            larger than `MAX_VOXEL_BYTES`.
    """
    start = source.read(4)
    little, big = (struct.unpack(f"{order}i", start)[0] if len(start) == 4 else 0 for order in "<>")
    if little not in _FORMATS and big not in _FORMATS:
        what, remedy = describe(start + source.read(START_BYTES - len(start)))
        raise VolumeError(f"{label}: {f'{what}, ' if what else ''}not a NIfTI file. {remedy}")
    is_little = little in _FORMATS
    size = little if is_little else big
    kind, magic, first_voxel = _FORMATS[size]
    block = start + source.read(size - 4)
    if len(block) < size:
        raise VolumeError(f"{label}: the file ends inside its header. It is truncated; copy it again.")
    header = kind(block, endianness="<" if is_little else ">", check=False)
    found_magic = bytes(header["magic"].tobytes())[:4]
    if found_magic != magic:
        pair = found_magic[:3] in (b"ni1", b"ni2") or found_magic == bytes(4)
        what = (
            "one half of an .hdr/.img pair, or Analyze" if pair else "not a NIfTI file (its magic is wrong)"
        )
        raise VolumeError(f"{label}: {what}. Expected a single .nii or .nii.gz file; convert it.")
    shape, dtype = _checked_shape(header, label), _checked_dtype(header, label)
    _check_size(shape, dtype, label)
    affine, warnings = _checked_affine(header, shape, label)
    slope, intercept = _checked_scaling(header, label)
    offset = _checked_offset(header, label, first_voxel)
    return VolumeHeader(
        shape=shape,
        affine=affine,
        spacing_mm=spacing_of(affine),
        dtype=dtype.newbyteorder("<" if is_little else ">"),
        sform_code=int(header["sform_code"]),
        qform_code=int(header["qform_code"]),
        slope=slope,
        intercept=intercept,
        data_offset_bytes=offset,
        warnings=warnings,
    )


def _checked_shape(header: Nifti1Header, label: str) -> tuple[int, int, int]:
    count = int(header["dim"][0])
    if not 1 <= count <= 7:
        raise VolumeError(
            f"{label}: the header declares {count} dimensions. Expected 3; convert the file again."
        )
    sizes = [int(size) for size in header["dim"][1 : count + 1]]
    while len(sizes) > 3 and sizes[-1] == 1:
        sizes.pop()
    if len(sizes) != 3 or min(sizes) < 1:
        raise VolumeError(
            f"{label}: the header declares shape {tuple(sizes)}. Expected three dimensions, none empty; "
            "choose or compute one 3-D image (dcm2niix leaves 4-D diffusion series beside the map)."
        )
    return sizes[0], sizes[1], sizes[2]


def _checked_dtype(header: Nifti1Header, label: str) -> np.dtype[np.generic]:
    code = int(header["datatype"])
    if code not in _NUMERIC_TYPES:
        found = _OTHER_TYPES.get(code, f"of unknown type {code}")
        raise VolumeError(
            f"{label}: the voxels are {found}. Expected integers or float32/float64; convert the image."
        )
    return np.dtype(_NUMERIC_TYPES[code])


def _check_size(shape: tuple[int, int, int], dtype: np.dtype[np.generic], label: str) -> None:
    # Voxels become float32, so that narrower ones grow to four bytes.
    if math.prod(shape) * max(dtype.itemsize, 4) > MAX_VOXEL_BYTES:
        raise VolumeError(
            f"{label}: the header declares {' x '.join(map(str, shape))} voxels of {dtype.name}, more than "
            f"the {MAX_VOXEL_BYTES >> 30} GiB that are read. Expected one examination's image; crop or "
            "resample it."
        )


def _checked_affine(
    header: Nifti1Header, shape: tuple[int, int, int], label: str
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """The sform, or else the qform, or else the voxel size alone; and what is to be said of them."""
    length = _LENGTH_UNITS.get(int(header["xyzt_units"]) & 7)  # the lowest three bits; above is time's
    if length:
        raise VolumeError(
            f"{label}: the header states lengths in {length}. Expected millimetres; convert it."
        )
    header["pixdim"][1:4] = np.abs(
        header["pixdim"][1:4]
    )  # as every reader does; direction is the forms' matter
    sform = np.asarray(header.get_sform(), dtype=np.float64) if header["sform_code"] > 0 else None
    qform = _qform(header) if header["qform_code"] > 0 else None
    if sform is None and qform is None:
        if header["qform_code"] > 0:
            raise VolumeError(
                f"{label}: the header's qform is not a rotation. Expected a valid sform or qform; "
                "convert the file again."
            )
        warnings: tuple[str, ...] = ()
        affine = np.diag([*header["pixdim"][1:4].astype(np.float64), 1.0])
    else:
        affine, warnings = _better(sform, qform, shape)
    problem = affine_problem(affine)
    if problem:
        raise VolumeError(
            f"{label}: the header's affine {problem}. Expected a finite, invertible one; "
            "convert the file again."
        )
    return affine, warnings


def _better(
    sform: npt.NDArray[np.float64] | None, qform: npt.NDArray[np.float64] | None, shape: tuple[int, int, int]
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """The form to take, the sform where it can serve, and a warning where they contradict each other."""
    if sform is None or qform is None or affine_problem(qform):
        best = qform if sform is None else sform
        assert best is not None, "one of them is given"
        return best, ()
    problem = affine_problem(sform)
    if problem:
        return qform, (f"the header's sform {problem}; the qform was taken.",)
    first, second = Grid(shape, sform), Grid(shape, qform)
    if largest_shift(second, first) <= _FORMS_AGREE_VOXELS:
        return sform, ()
    apart = f"up to {largest_distance_mm(first, second):.3g} mm apart"
    text = (
        f"the header's sform and qform place the image {apart}; the sform was taken. Check that it is right."
    )
    return sform, (text,)


def _qform(header: Nifti1Header) -> npt.NDArray[np.float64] | None:
    """The affine of the qform; None where it is no rotation."""
    if header["pixdim"][0] == 0:
        header["pixdim"][0] = 1  # the standard reads a missing handedness as +1
    names = ("quatern_b", "quatern_c", "quatern_d")
    squared = sum(float(header[name]) ** 2 for name in names)
    if 1.0 < squared <= 1.0 + _QUATERNION_ROUNDING:
        for name in names:
            header[name] = float(header[name]) / math.sqrt(squared)
    try:
        with np.errstate(all="ignore"):
            return np.asarray(header.get_qform(), dtype=np.float64)
    except (HeaderDataError, ValueError):
        return None


def _checked_scaling(header: Nifti1Header, label: str) -> tuple[float, float]:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or not math.isfinite(slope):
        return 1.0, 0.0  # the standard: no scaling
    if not math.isfinite(intercept):
        raise VolumeError(
            f"{label}: the header's intercept is {intercept}. Expected a finite one; export it again."
        )
    return slope, intercept


def _checked_offset(header: Nifti1Header, label: str, first_voxel: int) -> int:
    stated = float(header["vox_offset"])
    if stated == 0:
        return first_voxel
    if not first_voxel <= stated <= first_voxel + MAX_EXTENSION_BYTES:  # NaN is neither
        raise VolumeError(
            f"{label}: the header places the voxels at byte {stated:g}. Expected {first_voxel} or a little "
            "more (a single file with at most 16 MiB of extensions); convert the file again."
        )
    return int(stated)
