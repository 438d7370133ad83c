"""Normal-appearing white matter, to normalise lesion CBV by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation

from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.tissue import FloatArray, Tissue, tissue_classes

BoolArray = npt.NDArray[np.bool_]

MARGIN_MM = 5.0
"""Distance kept from the lesion in plane, for its border takes part in neighbouring voxels. Ours."""


def normal_appearing_white_matter(
    inputs: Mapping[Sequence, FloatArray],
    mask: BoolArray,
    seg: npt.NDArray[np.integer] | None,
    spacing_mm: tuple[float, float, float],
) -> BoolArray:
    """White matter by `tissue_classes`, away from every lesion label. May be empty.

    Args:
        inputs: (X, Y, Z) by sequence, any linear intensity scale.
        mask: (X, Y, Z) bool, brain.
        seg: (X, Y, Z) lesion labels, 0 is none; None where no lesion is segmented.
        spacing_mm: voxel sizes.

    Raises:
        VolumeError: as `tissue_classes`.
        GridError: as `tissue_classes`.
    """
    white = np.zeros(mask.shape, dtype=np.bool_)
    white[mask] = tissue_classes(inputs, mask) == Tissue.WHITE_MATTER
    if seg is None or not (seg > 0).any():
        return white
    steps = max(1, round(MARGIN_MM / min(spacing_mm[:2])))
    in_plane = np.zeros((3, 3, 3), dtype=np.bool_)
    in_plane[:, 1, 1] = in_plane[1, :, 1] = True
    near: BoolArray = binary_dilation(seg > 0, structure=in_plane, iterations=steps)
    return white & ~near
