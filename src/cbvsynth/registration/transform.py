"""A rigid motion between two images of one head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RigidTransform:
    """Where a place of the fixed image is found in the moving one.

    matrix: (4, 4) float64, a rotation and a shift: it maps RAS millimetres of the fixed image to RAS
        millimetres of the moving one. Identity: the headers are right as they are.
    """

    matrix: Float64Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", np.asarray(self.matrix, dtype=np.float64))

    @classmethod
    def identity(cls) -> RigidTransform:
        """No motion at all."""
        return cls(np.eye(4))

    def moved(self, affine: Float64Array) -> Float64Array:
        """The affine, (4, 4), of a moving image once it lies where the fixed image has the same places."""
        placed: Float64Array = np.linalg.inv(self.matrix) @ affine
        return placed
