"""Volumes as SimpleITK's images, whose millimetres run to the left, back and top."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.volume import Volume

if TYPE_CHECKING:
    import SimpleITK

TO_ITK = np.diag([-1.0, -1.0, 1.0])
"""RAS to LPS and back, (3, 3)."""

Float64Array = npt.NDArray[np.float64]


def itk_image(volume: Volume, kind: type[np.generic] = np.float32) -> SimpleITK.Image:
    """A volume as SimpleITK's image of one type of numbers, in its own coordinates, LPS."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(volume.data.transpose(2, 1, 0), dtype=kind))
    spacing = np.array(volume.spacing_mm)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin((TO_ITK @ volume.affine[:3, 3]).tolist())
    image.SetDirection((TO_ITK @ volume.affine[:3, :3] / spacing).ravel().tolist())
    return image


def ras_matrix(transform: SimpleITK.Transform) -> Float64Array:
    """The matrix (4, 4), RAS mm, of a SimpleITK transform with a centre."""
    rotation = np.array(transform.GetMatrix()).reshape(3, 3)
    centre, shift = np.array(transform.GetCenter()), np.array(transform.GetTranslation())
    matrix = np.eye(4)
    matrix[:3, :3] = TO_ITK @ rotation @ TO_ITK
    matrix[:3, 3] = TO_ITK @ (shift + centre - rotation @ centre)
    return matrix
