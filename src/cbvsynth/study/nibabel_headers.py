"""nibabel's NIfTI headers, without the DICOM library that nibabel imports where it is installed.

nibabel wants pydicom for DICOM data inside NIfTI extensions, which are never read here, and pydicom costs
as much to import as nibabel itself. Who has imported either before keeps both as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _left_out(package: str) -> Iterator[None]:
    """Inside the block the package is not found, unless it is imported already."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # the import system's word for "not there"
    try:
        yield
    finally:
        del sys.modules[package]


with _left_out("pydicom"):
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header
    from nibabel.spatialimages import HeaderDataError

__all__ = ["HeaderDataError", "Nifti1Header", "Nifti2Header"]
