"""The pieces of a mask, and its holes: voxels belong together where their faces touch.

By ITK, which starts in a third of the time that SciPy's `ndimage` takes and gives the same; a client that
asks a server for one map feels it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import SimpleITK

BoolArray = npt.NDArray[np.bool_]


def filled(mask: BoolArray) -> BoolArray:
    """A mask, (X, Y) or (X, Y, Z), and all that it encloses: what no way leads to from the edge."""
    import SimpleITK

    method = SimpleITK.BinaryFillholeImageFilter()
    method.SetNumberOfThreads(1)  # examinations run beside each other
    found: npt.NDArray[np.uint8] = SimpleITK.GetArrayFromImage(method.Execute(_image(mask)))
    return found.astype(np.bool_)


def labelled(mask: BoolArray) -> npt.NDArray[np.uint32]:
    """The number of the piece that a voxel belongs to, from 1 on, in an array of the mask's shape; else 0."""
    import SimpleITK

    method = SimpleITK.ConnectedComponentImageFilter()
    method.SetNumberOfThreads(1)
    found: npt.NDArray[np.uint32] = SimpleITK.GetArrayFromImage(method.Execute(_image(mask)))
    return found


def _image(mask: BoolArray) -> SimpleITK.Image:
    import SimpleITK

    return SimpleITK.GetImageFromArray(mask.astype(np.uint8))
