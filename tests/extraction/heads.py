"""A head of ellipsoids, with the brain that is in it, and programs that find it, well or badly."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from cbvsynth.domain.volume import Volume
from tests.domain.test_mask_shape import AFFINE, ellipsoid

# Turned so that its axes run to the left and to the back, as many scanners store them.
STORED_AFFINE = AFFINE @ np.array([[-1.0, 0, 0, 99], [0, -1.0, 0, 109], [0, 0, 1, 0], [0, 0, 0, 1]])


def brain() -> np.ndarray:
    """(X, Y, Z) bool, as stored; not symmetric from front to back."""
    return ellipsoid(centre=(0.0, 8.0, 0.0))


def head(brightness: float = 300.0) -> Volume:
    noise = np.abs(np.random.default_rng(3).normal(0.0, 4.0, brain().shape))
    shown = np.where(ellipsoid(half_mm=(84.0, 104.0, 80.0)), 1.4 * brightness, 0.0)
    shown[ellipsoid(half_mm=(77.0, 96.0, 71.0))] = 20.0
    shown[brain()] = brightness
    return Volume((shown + noise).astype(np.float32), STORED_AFFINE)


PROGRAM = """
import sys
import nibabel as nib
import numpy as np
image = nib.load(sys.argv[1])
voxels = np.asarray(image.dataobj)
found = (voxels > 200) & (voxels < 380)
{change}
nib.save(nib.Nifti1Image(found.astype(np.uint8), image.affine), sys.argv[2])
"""


def program(folder: Path, change: str = "") -> str:
    """The command line of a program that takes for brain what is as bright as it; `change` spoils it."""
    path = folder / "find_brain.py"
    path.write_text(PROGRAM.format(change=change))
    return f"{sys.executable} {path} {{image}} {{mask}}"
