"""How much a voxel counts so that rare CBV is learned as well as common CBV."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

STRATA = 10
"""Strata of equal width between 0 and the map's near-highest value. Ours."""
HIGHEST_PCT = 99.5
"""Percentile of the brain at which the last stratum begins to hold everything: a few voxels of a large vessel
must not stretch the scale. Ours."""
MOST = 10.0
"""A voxel counts at most so many times the most common one. Ours."""


def stratum_weights(cbv: npt.NDArray[np.float32], inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Weights by which each stratum of CBV counts alike, up to a limit; their mean over the brain is 1.

    Args:
        cbv: (H, W, D) float32, any unit, finite.
        inside: (H, W, D), the brain.

    Returns:
        (H, W, D) float32, 0 outside; 1 everywhere inside where CBV has one value or none is above 0.
    """
    weights = np.zeros(cbv.shape, np.float32)
    values = cbv[inside]
    if values.size == 0:
        return weights
    highest = float(np.percentile(values, HIGHEST_PCT))
    if highest <= 0:
        weights[inside] = 1.0
        return weights
    strata = np.clip((values / highest * STRATA).astype(np.int64), 0, STRATA - 1)
    counts = np.bincount(strata, minlength=STRATA)
    rarity = np.minimum(counts.max() / np.maximum(counts, 1), MOST)[strata]
    weights[inside] = rarity / rarity.mean()
    return weights
