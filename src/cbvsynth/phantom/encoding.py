"""NIfTI-1 files whose bytes depend on nothing but the voxels: no clock, no matrix library, no gzip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

_MILLIMETRES = 2
_NO_EXTENSION = b"\0\0\0\0"


@dataclass(frozen=True)
class Storage:
    """How a quantity becomes integers: 16 bits and a slope that is a power of 2, or plain bytes.

    Anything below `smallest` is stored as that. Only what need not be a number is stored as float32.
    """

    slope: float
    dtype: type[np.int16 | np.uint8 | np.float32] = np.int16
    smallest: float = 0.0

    @property
    def largest(self) -> float:
        """Largest value that can be stored; anything above is stored as this."""
        return _LARGEST[self.dtype] * self.slope


_LARGEST = {np.int16: 32767.0, np.uint8: 255.0, np.float32: float("inf")}

ANATOMICAL = Storage(2.0**-4)
"""T1, T2, T1C, FLAIR: 0 to 2047 in steps of 1/16."""
ADC = Storage(2.0**-3)
"""0 to 4095 in steps of 1/8, 1e-6 mm2/s."""
ADC_MM2_PER_S = Storage(2.0**-22)
"""0 to 0.0078 in steps of 2.4e-7 mm2/s: the wrong unit."""
CBF = Storage(2.0**-6, smallest=-512.0)
"""-512 to 511.98 in steps of 1/64 mL/100 g/min."""
CBV = Storage(2.0**-9)
"""0 to 63.99 in steps of 1/512 mL/100 g."""
CBV_ARBITRARY = Storage(2.0**-1)
"""0 to 16383 in steps of 1/2: the wrong unit."""
ADC_E3_MM2_PER_S = Storage(2.0**-13)
"""0 to 4 in steps of 1.2e-4, 1e-3 mm2/s."""
CBV_SIGNED = Storage(2.0**-9, smallest=-64.0)
"""-64 to 63.99 in steps of 1/512 mL/100 g (or mL/100 mL): unmasked maps have noise of both signs."""
CBV_CALIBRATION = Storage(2.0**-5, smallest=-1024.0)
"""-1024 to 1023 in steps of 1/32: maps whose calibration failed."""
CBV_ARBITRARY_SIGNED = Storage(2.0**-1, smallest=-16384.0)
"""As CBV_ARBITRARY, of an unmasked map."""
CBV_FLOAT = Storage(1.0, np.float32, smallest=-np.inf)
"""Maps with voxels that are not a number."""
LABELS = Storage(1.0, np.uint8)
"""Masks and segmentations."""


def nifti_bytes(
    volume: npt.NDArray[np.float64 | np.bool_ | np.uint8],
    spacing_mm: tuple[float, float, float],
    origin_mm: tuple[float, float, float],
    storage: Storage,
) -> bytes:
    """A volume (X, Y, Z), axes along R, A, S, as the content of a .nii file.

    sform and qform say the same: scanner space (code 1), voxel (0, 0, 0) at `origin_mm`.
    """
    header = _header(volume.shape, storage)
    header["pixdim"][:4] = (1.0, *spacing_mm)
    for axis, (name, spacing, origin) in enumerate(zip("xyz", spacing_mm, origin_mm, strict=True)):
        row = [0.0, 0.0, 0.0, origin]
        row[axis] = spacing
        header[f"srow_{name}"] = row
        header[f"qoffset_{name}"] = origin
    return _content(header, volume, storage)


def oblique_nifti_bytes(
    volume: npt.NDArray[np.float64 | np.bool_ | np.uint8],
    affine: npt.NDArray[np.float64],
    storage: Storage,
) -> bytes:
    """A volume (X, Y, Z) as the content of a .nii file; `affine` (4, 4) takes voxels to scanner RAS mm.

    sform and qform say the same. The quaternion is nibabel's, whose last bits depend on the machine.
    """
    header = _header(volume.shape, storage)
    header.set_sform(affine, code=1)
    header.set_qform(affine, code=1)
    return _content(header, volume, storage)


def _header(shape: tuple[int, ...], storage: Storage) -> Any:  # noqa: ANN401  # nibabel has no types
    header = nib.Nifti1Header(endianness="<")
    header.set_data_dtype(storage.dtype)
    header.set_data_shape(shape)
    header["qform_code"] = header["sform_code"] = 1
    header["xyzt_units"] = _MILLIMETRES
    header["scl_slope"], header["scl_inter"] = storage.slope, 0.0
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    return header


def _content(
    header: Any,  # noqa: ANN401  # nibabel has no types
    volume: npt.NDArray[np.float64 | np.bool_ | np.uint8],
    storage: Storage,
) -> bytes:
    values = volume.astype(np.float64) / storage.slope
    if storage.dtype is not np.float32:
        values = np.clip(np.floor(values + 0.5), storage.smallest / storage.slope, _LARGEST[storage.dtype])
    voxels = values.astype(np.dtype(storage.dtype).newbyteorder("<"))
    block: bytes = header.binaryblock
    return block + _NO_EXTENSION + voxels.tobytes(order="F")
