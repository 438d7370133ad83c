"""Smooth random fields: sums of cubic B-splines on a coarse lattice of normal deviates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]


def spline_weights(positions: Float64Array, knots: int) -> Float64Array:
    """Values of `knots` uniform cubic B-splines along an axis, (positions, knots), summing to 1.

    `positions` run from 0 to 1 over the axis; at least 4 knots.
    """
    scaled = np.clip(positions, 0.0, 1.0) * (knots - 3)
    first = np.minimum(np.floor(scaled).astype(np.int64), knots - 4)
    t = scaled - first
    s = 1.0 - t
    pieces = (
        s * s * s / 6.0,
        (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0,
        (3.0 * s * s * s - 6.0 * s * s + 4.0) / 6.0,
        t * t * t / 6.0,
    )
    weights = np.zeros((positions.size, knots))
    rows = np.arange(positions.size)
    for offset, piece in enumerate(pieces):
        weights[rows, first + offset] = piece
    return weights


def smooth_field(
    rng: np.random.Generator, axes: tuple[Float64Array, Float64Array, Float64Array], spacing_mm: float
) -> Float64Array:
    """A random field with mean 0 and standard deviation of about 1, (X, Y, Z).

    `axes` are the positions along x, y, z in mm; `spacing_mm` is the distance between knots, so that
    structures are about twice as large. The lattice spans fixed bounds (`LATTICE_MM`) whatever the
    axes are, so that the same generator draws the same field at every resolution.
    """
    knots = [max(4, round((high - low) / spacing_mm) + 3) for low, high in LATTICE_MM]
    field = rng.standard_normal(knots)
    for axis in (2, 1, 0):  # x last leaves the field contiguous, which all that follows gains from
        (low, high), positions = LATTICE_MM[axis], axes[axis]
        weights = spline_weights((positions - low) / (high - low), knots[axis])
        field = _contract(field, weights, axis)
    scaled: Float64Array = field / _MEAN_SQUARE_WEIGHT**1.5
    return scaled


LATTICE_MM = ((-115.0, 115.0), (-132.0, 98.0), (-40.0, 84.0))
"""RAS bounds that every field covers: the field of view of the phantom with a margin."""

_MEAN_SQUARE_WEIGHT = 151.0 / 315.0
"""Sum of squared cubic B-spline weights, averaged over a knot interval."""


def _contract(field: Float64Array, weights: Float64Array, axis: int) -> Float64Array:
    """Replace a knot axis by positions: a matrix product, spelled out so that no BLAS is involved."""
    moved = np.moveaxis(field, axis, 0)
    result = np.zeros((weights.shape[0], *moved.shape[1:]))
    column = (slice(None),) + (None,) * (moved.ndim - 1)
    for knot in range(weights.shape[1]):
        rows = np.flatnonzero(weights[:, knot])
        if rows.size:
            part = slice(rows[0], rows[-1] + 1)
            result[part] += weights[part, knot][column] * moved[knot]
    return np.moveaxis(result, 0, axis)
