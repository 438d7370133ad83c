"""Small heads in two contrasts, and motions of them that are known."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.phantom.case import PhantomCase, make_case


@cache
def case(patient: int = 1) -> PhantomCase:
    return make_case(seed=7, patient=patient, matrix=64, slices=16)


def affine_of(drawn: PhantomCase) -> np.ndarray:
    affine = np.diag([*drawn.spacing_mm, 1.0])
    affine[:3, 3] = drawn.origin_mm
    return affine


def brain_image(role: str, patient: int = 1) -> Volume:
    """A skull-stripped image of the phantom: t1 ... adc or cbv."""
    drawn = case(patient)
    values = drawn.cbv if role == "cbv" else drawn.images[Sequence(role)] * drawn.brain
    return Volume(values.astype(np.float32), affine_of(drawn))


def motion(seed: int, shift_mm: float, degrees: float) -> np.ndarray:
    """A turn about the middle of the brain and a shift, in directions drawn from the seed: (4, 4), RAS mm."""
    rng = np.random.default_rng(seed)
    axis, direction = rng.normal(size=3), rng.normal(size=3)
    middle = np.array([0.0, -17.0, 22.0])
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(np.deg2rad(degrees) * axis / np.linalg.norm(axis)).as_matrix()
    matrix[:3, 3] = middle + shift_mm * direction / np.linalg.norm(direction) - matrix[:3, :3] @ middle
    return matrix


def moved(volume: Volume, matrix: np.ndarray) -> Volume:
    """The head as a scanner sees it after it moved: the same voxels, lying elsewhere."""
    return Volume(volume.data, matrix @ volume.affine)
