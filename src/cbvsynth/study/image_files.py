"""The files of an examination, each read once: its digest, its header and its voxels are of the same bytes.

Whoever read a file for its digest and opened it again for its voxels could be given two different files.
"""

from __future__ import annotations

import hashlib
import io
import stat
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from cbvsynth.domain.examination import Examination
from cbvsynth.errors import VolumeError
from cbvsynth.study.nifti import OpenImage, refusals_in_words
from cbvsynth.study.nifti_header import MAX_EXTENSION_BYTES, MAX_TRAILING_BYTES, MAX_VOXEL_BYTES
from cbvsynth.study.paths import resolve_inside

_MOST_BYTES = MAX_VOXEL_BYTES + MAX_EXTENSION_BYTES + MAX_TRAILING_BYTES


class ImageFile:
    """The bytes of a file, as it was stored when it was read."""

    def __init__(self, path: Path, label: str) -> None:
        """Read a file.

        Raises:
            VolumeError: it cannot be read, or is larger than any image that is.
        """
        self.label = label
        with refusals_in_words(label):
            # Asked before opening, because opening a named pipe waits for its other end.
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise VolumeError(f"{label}: not a regular file. Expected one .nii or .nii.gz file.")
            if found.st_size > _MOST_BYTES:
                raise VolumeError(
                    f"{label}: the file has {found.st_size} bytes; at most {_MOST_BYTES} are read. Expected "
                    "one examination's image; crop or downsample it."
                )
            self._content = path.read_bytes()

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the bytes."""
        return hashlib.sha256(self._content).hexdigest()

    @cached_property
    def image(self) -> OpenImage:
        """The image in it, its header checked.

        Raises:
            VolumeError: as `study.nifti.open_image`.
        """
        with refusals_in_words(self.label):
            return OpenImage(io.BytesIO(self._content), self.label)


ImageFiles = Mapping[str, ImageFile]
"""Files by role."""


def read_file(root: Path, examination: Examination, role: str) -> ImageFile:
    """One file of an examination; `role` is t1 ... adc, cbv, mask or seg, and the manifest names it.

    Raises:
        VolumeError: it cannot be read.
        ManifestError: its path leaves the data root.
    """
    label = examination.label(role)
    return ImageFile(resolve_inside(root, examination.files[role], label), label)


def read_files(root: Path, examination: Examination) -> dict[str, ImageFile]:
    """All files of an examination, by role.

    Raises:
        VolumeError, ManifestError: as `read_file`.
    """
    return {role: read_file(root, examination, role) for role in examination.files}
