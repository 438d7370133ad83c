"""NIfTI-1 files whose bytes depend on nothing but the voxels: no clock, no matrix library, no gzip."""

from __future__ import annotations

from dataclasses import dataclass

import nibabel as nib
import numpy as np
import numpy.typing as npt

_MILLIMETRES = 2
_NO_EXTENSION = b"\0\0\0\0"


@dataclass(frozen=True)
class Storage:
    """How a quantity becomes integers: 16 bits and a slope that is a power of 2, or plain bytes."""

    slope: float
    dtype: type[np.int16 | np.uint8] = np.int16

    @property
    def largest(self) -> float:
        """Largest value that can be stored; anything above is stored as this."""
        return float(np.iinfo(self.dtype).max) * self.slope


ANATOMICAL = Storage(2.0**-4)
"""T1, T2, T1C, FLAIR: 0 to 2047 in steps of 1/16."""
ADC = Storage(2.0**-3)
"""0 to 4095 in steps of 1/8, 1e-6 mm2/s."""
ADC_MM2_PER_S = Storage(2.0**-22)
"""0 to 0.0078 in steps of 2.4e-7 mm2/s: the wrong unit."""
CBV = Storage(2.0**-9)
"""0 to 63.99 in steps of 1/512 mL/100 g."""
CBV_ARBITRARY = Storage(2.0**-1)
"""0 to 16383 in steps of 1/2: the wrong unit."""
LABELS = Storage(1.0, np.uint8)
"""Masks and segmentations."""


def nifti_bytes(
    volume: npt.NDArray[np.float64 | np.bool_ | np.uint8],
    spacing_mm: tuple[float, float, float],
    origin_mm: tuple[float, float, float],
    storage: Storage,
) -> bytes:
    """A volume (X, Y, Z), not negative, axes along R, A, S, as the content of a .nii file.

    sform and qform say the same: scanner space (code 1), voxel (0, 0, 0) at `origin_mm`.
    """
    header = nib.Nifti1Header(endianness="<")
    header.set_data_dtype(storage.dtype)
    header.set_data_shape(volume.shape)
    header["pixdim"][:4] = (1.0, *spacing_mm)
    header["qform_code"] = header["sform_code"] = 1
    for axis, (name, spacing, origin) in enumerate(zip("xyz", spacing_mm, origin_mm, strict=True)):
        row = [0.0, 0.0, 0.0, origin]
        row[axis] = spacing
        header[f"srow_{name}"] = row
        header[f"qoffset_{name}"] = origin
    header["xyzt_units"] = _MILLIMETRES
    header["scl_slope"], header["scl_inter"] = storage.slope, 0.0
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    limits = np.iinfo(storage.dtype)
    values = np.clip(np.floor(volume.astype(np.float64) / storage.slope + 0.5), 0, limits.max)
    voxels = values.astype(np.dtype(storage.dtype).newbyteorder("<"))
    block: bytes = header.binaryblock
    return block + _NO_EXTENSION + voxels.tobytes(order="F")
