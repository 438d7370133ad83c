"""One series to one NIfTI image, by dcm2niix; nothing of the header's texts goes with it."""

from __future__ import annotations

import importlib.metadata
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cbvsynth.domain.volume import Volume
from cbvsynth.errors import VolumeError
from cbvsynth.study.dicom.headers import PHILIPS_SCALE, RAISED_BY_DAMAGE, quiet_pydicom
from cbvsynth.study.dicom.series import Series
from cbvsynth.study.nifti import read_volume

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

CONVERSION_VERSION = 2
"""Raised whenever the same files would give another image."""
MAX_CONVERSION_S = 900.0
"""Of one series; the largest take some seconds. Our choice, so that a damaged file cannot hold up a study."""
WORK_PREFIX = ".converting-"
"""How the folder of a conversion at work is called; one that stays was left by a killed run."""
CORNER_TOLERANCE_VOXELS = 0.1
"""Between where tags and converter put the corners of an image. Our choice."""

# Ignore the user's own defaults, write no sidecar (it may hold dates), one image of all files, no cropping,
# no compression of the output, no comment.
_OPTIONS = ("-g", "i", "-b", "n", "-m", "y", "-x", "i", "-z", "n", "-i", "n", "-c", "", "-f", "image")
_LOSSY = frozenset({"01"})
_UNCOMPRESSED = frozenset(
    {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", ""}
)


def converter_version() -> str:
    """Version of the converter, which belongs to what is converted."""
    import dcm2niix

    return importlib.metadata.version(dcm2niix.__name__)


def convert(series: Series, work: Path) -> Volume:
    """The image of a series, in the values that its rescale tags give; places are checked against the tags.

    Args:
        series: one without a problem.
        work: folder for the time of the conversion; nothing is left in it.

    Raises:
        VolumeError: the converter fails, or makes another image than the tags describe.
    """
    import dcm2niix

    label = f"series {series.number}"
    is_philips, has_one_scale = series.tags.vendor == "philips", len(series.rescales) == 1
    with tempfile.TemporaryDirectory(dir=work, prefix=WORK_PREFIX) as name:
        source, target = Path(name, "source"), Path(name, "target")
        source.mkdir()
        target.mkdir()
        for number, path in enumerate(series.files):
            given = source / f"{number:06d}.dcm"
            if is_philips and not has_one_scale:
                _copy_without_private_scale(path, given, label)
            else:
                given.symlink_to(path.resolve())
        # "n" ignores slopes that differ between slices, silently; "y" applies Philips' own scale, too.
        scaling = "n" if is_philips and has_one_scale else "y"
        command = [dcm2niix.bin, *_OPTIONS, "-p", scaling, "-o", str(target), str(source)]
        try:
            # Its words quote names and paths, so that they are kept in.
            subprocess.run(command, capture_output=True, check=False, timeout=MAX_CONVERSION_S)  # noqa: S603  # its own binary, a fixed list of arguments
        except subprocess.TimeoutExpired as error:
            raise VolumeError(
                f"{label}: not converted in {MAX_CONVERSION_S:g} s; export it again."
            ) from error
        images = sorted(target.glob("*.nii"))
        if len(images) != 1:
            raise VolumeError(_failure(series, len(images)))
        volume = read_volume(images[0], label)
    _check_place(series, volume, label)
    return volume


def _copy_without_private_scale(path: Path, copy: Path, label: str) -> None:
    """Copy a file without the scale by which the converter would divide its values.

    Raises:
        VolumeError: the file is damaged behind its header.
    """
    from pydicom import dcmread

    def drop(part: Dataset, element: DataElement) -> None:
        if element.tag == PHILIPS_SCALE:
            del part[element.tag]

    try:
        with quiet_pydicom():
            dataset = dcmread(path, force=True)
            dataset.walk(drop)
            dataset.save_as(copy)
    except (OSError, *RAISED_BY_DAMAGE) as error:
        raise VolumeError(f"{label}: a file may be cut short or damaged; export it again.") from error


def is_lossy(series: Series) -> bool:
    """Whether a series was compressed with loss."""
    return series.tags.lossy in _LOSSY


def _failure(series: Series, images: int) -> str:
    label = f"series {series.number}"
    compressed = [syntax for syntax in series.transfer_syntaxes if syntax not in _UNCOMPRESSED]
    if images == 0 and compressed:
        return (
            f"{label}: its compression (transfer syntax {compressed[0]}) is not read by the "
            "converter; export it "
            "uncompressed, or unpack it with gdcmconv --raw."
        )
    if images == 0:
        return (
            f"{label}: the converter (dcm2niix) made no image of it: a file may be cut short or damaged; "
            "export it again."
        )
    return (
        f"{label}: the converter (dcm2niix) made {images} images of it, so that nobody knows which is meant; "
        "convert it by hand and write a manifest.csv."
    )


def _check_place(series: Series, volume: Volume, label: str) -> None:
    """Refuse an image that does not lie where the tags say, or has other voxels."""
    assert series.corners_mm is not None, "series with a problem are not converted"
    if sorted(volume.shape) != sorted(series.shape):
        raise VolumeError(
            f"{label}: the converter made an image of {volume.shape} voxels; expected {series.shape} "
            "by its tags. "
            "Export it again."
        )
    inverse = np.linalg.inv(volume.affine)
    voxels = series.corners_mm @ inverse[:3, :3].T + inverse[:3, 3]
    last = np.array(volume.shape) - 1.0
    off = np.minimum(np.abs(voxels), np.abs(voxels - last)).max()
    if off > CORNER_TOLERANCE_VOXELS:
        raise VolumeError(
            f"{label}: the converter puts its corners {off:.3g} voxels from where its tags do; "
            "export it again."
        )
