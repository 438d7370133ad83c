"""Rigid motion as 4 x 4 matrices on RAS mm, spelled out so that no matrix kernel is involved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]

TURNING_POINT_MM = (0.0, -17.0, 10.0)
"""Where heads turn about: the middle of the head, RAS mm."""


@dataclass(frozen=True)
class Displacement:
    """A shift in mm (R, A, S) after a turn about a unit vector through the middle of the head."""

    shift_mm: tuple[float, float, float]
    axis: tuple[float, float, float]
    degrees: float

    @property
    def millimetres(self) -> float:
        """Length of the shift."""
        return float(np.sqrt(sum(part * part for part in self.shift_mm)))

    @property
    def matrix(self) -> Float64Array:
        """The 4 x 4 matrix on RAS mm."""
        turn = rotation(self.axis, self.degrees)
        centre = np.array(TURNING_POINT_MM)
        result = np.eye(4)
        result[:3, :3] = turn
        result[:3, 3] = centre - (turn * centre).sum(axis=1) + np.array(self.shift_mm)
        return result

    @property
    def inverse(self) -> Float64Array:
        """The 4 x 4 matrix of the way back."""
        return rigid_inverse(self.matrix)


STILL = Displacement((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 0.0)
"""No displacement."""


def draw_displacement(rng: np.random.Generator, most_mm: float, most_degrees: float) -> Displacement:
    """A shift and a turn in any direction; sizes are uniform from 0 to the most."""
    direction, axis = (rng.standard_normal(3) for _ in range(2))
    shift = direction / np.sqrt((direction * direction).sum()) * rng.uniform(0.0, most_mm)
    axis = axis / np.sqrt((axis * axis).sum())
    degrees = float(rng.uniform(0.0, most_degrees))
    return Displacement(_triple(shift), _triple(axis), degrees)


def rotation(axis: tuple[float, float, float], degrees: float) -> Float64Array:
    """The 3 x 3 rotation about a unit vector. Source: Rodrigues' formula."""
    x, y, z = axis
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    rest = 1.0 - cosine
    return np.array(
        [
            [cosine + x * x * rest, x * y * rest - z * sine, x * z * rest + y * sine],
            [y * x * rest + z * sine, cosine + y * y * rest, y * z * rest - x * sine],
            [z * x * rest - y * sine, z * y * rest + x * sine, cosine + z * z * rest],
        ]
    )


def compose(outer: Float64Array, inner: Float64Array) -> Float64Array:
    """The matrix that applies `inner` first: outer @ inner."""
    return np.asarray((outer[:, :, None] * inner[None, :, :]).sum(axis=1))


def rigid_inverse(matrix: Float64Array) -> Float64Array:
    """Inverse of a rigid 4 x 4 matrix."""
    result = np.eye(4)
    result[:3, :3] = matrix[:3, :3].T
    result[:3, 3] = -(matrix[:3, :3].T * matrix[:3, 3]).sum(axis=1)
    return result


def _triple(vector: Float64Array) -> tuple[float, float, float]:
    x, y, z = (float(part) for part in vector)
    return x, y, z
