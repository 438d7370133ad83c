"""NIfTI files, good ones and ones that are wrong in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cbvsynth.errors import VolumeError
from cbvsynth.study.nifti import read_volume

LABEL = "sub-012/ses-1: ADC"


def plain(shape: tuple[int, ...] = (4, 4, 4), dtype: str = "<f4") -> bytearray:
    header = nib.Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(np.dtype(dtype))
    header.set_sform(np.diag([2.0, 2.0, 2.0, 1.0]), code=1)
    header["magic"], header["vox_offset"] = b"n+1", 352
    voxels = np.ones(shape, dtype=dtype)
    return bytearray(header.binaryblock + bytes(4) + voxels.tobytes())


def patched(offset: int, values: object, dtype: str) -> bytearray:
    content = plain()
    patch = np.atleast_1d(np.array(values, dtype=dtype)).tobytes()
    content[offset : offset + len(patch)] = patch
    return content


def assert_refused(path: Path, message: str, reader: Callable[[Path, str], object] = read_volume) -> str:
    with pytest.raises(VolumeError, match=message) as caught:
        reader(path, LABEL)
    text = str(caught.value)
    assert text.startswith(LABEL + ": ")
    assert "\n" not in text
    assert str(path.parent) not in text
    return text


def save(path: Path, data: np.ndarray, *, pair: type = nib.Nifti1Image, **fields: object) -> Path:
    image = pair(data, np.diag([2.0, 2.0, 3.0, 1.0]))
    for name, value in fields.items():
        image.header[name] = value
    nib.save(image, path)
    return path
