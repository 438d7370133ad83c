"""Grey matter, white matter and brain of the ICBM152 template, from nilearn's wheel.

Importing nilearn takes seconds and is not needed: its package folder is found without importing it.
Source: Fonov et al. 2011, NeuroImage 54:313 (ICBM152 2009a, nonlinear symmetric, 1 mm).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.errors import DataError

ByteVolume = npt.NDArray[np.uint8]
Float64Array = npt.NDArray[np.float64]

_MIDDLE_Y_MM = -17.0
_REACH_MM = (84.0, 104.0)
"""Half-axes of an upright elliptic cylinder around the template's brain; nothing is read outside it."""
_FILE = "mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"


@dataclass(frozen=True)
class Atlas:
    """Tissue maps of the template, each (X, Y, Z) uint8, 0-255 for a fraction of 0-1; brain is 0 or 255.

    Voxels are 1 mm; `origin_mm` is the RAS position of voxel (0, 0, 0).
    """

    grey: ByteVolume
    white: ByteVolume
    brain: ByteVolume
    origin_mm: tuple[float, float, float]

    def sample(self, x_mm: Float64Array, y_mm: Float64Array, z_mm: Float64Array) -> tuple[Float64Array, ...]:
        """Grey, white and brain fractions at RAS positions, trilinear; 0 outside the template."""
        near = (x_mm / _REACH_MM[0]) ** 2 + ((y_mm - _MIDDLE_Y_MM) / _REACH_MM[1]) ** 2 < 1.0
        index = np.stack(
            [axis[near] - start for axis, start in zip((x_mm, y_mm, z_mm), self.origin_mm, strict=True)]
        )
        sampled = []
        for volume in (self.grey, self.white, self.brain):
            fraction = np.zeros(near.shape)
            fraction[near] = (
                ndimage.map_coordinates(volume, index, output=np.float64, order=1, cval=0.0) / 255.0
            )
            sampled.append(fraction)
        return tuple(sampled)


@cache
def load_atlas() -> Atlas:
    """Read the template once per process.

    Raises:
        ModuleNotFoundError: nilearn is not installed.
        DataError: its wheel no longer holds the template.
    """
    return read_atlas(_template_folder())


def read_atlas(folder: Path) -> Atlas:
    """Read the template's grey, white and T1 maps from a folder; the brain is where T1 is not 0.

    Raises:
        DataError: a map is not in the folder.
    """
    volumes = []
    for tissue in ("gm", "wm", "t1"):
        path = folder / _FILE.format(tissue)
        if not path.is_file():
            raise DataError(
                f"The ICBM152 template has no file {path.name} where nilearn keeps its data sets. The "
                "phantom is drawn from it; install the nilearn of requirements.lock."
            )
        image = nib.load(path)
        volumes.append(np.asarray(image.dataobj, dtype=np.uint8))
    origin = tuple(float(value) for value in image.affine[:3, 3])
    grey, white, t1 = volumes
    brain = np.where(t1 > 0, 255, 0).astype(np.uint8)
    return Atlas(grey, white, brain, (origin[0], origin[1], origin[2]))


def _template_folder() -> Path:
    found = find_spec("nilearn")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("the ICBM152 brain template lies in nilearn's package", name="nilearn")
    return Path(next(iter(found.submodule_search_locations))) / "datasets" / "data"
