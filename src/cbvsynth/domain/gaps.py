"""Voxels without a number: background where no brain is, a fault where it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.volume import Volume


def without_gaps(volume: Volume) -> tuple[Volume, npt.NDArray[np.bool_] | None]:
    """The volume with 0 for NaN and infinity, and where those are, (X, Y, Z); None where there are none."""
    finite = np.isfinite(volume.data)
    if finite.all():
        return volume, None
    return Volume(np.where(finite, volume.data, np.float32(0.0)), volume.affine), ~finite
