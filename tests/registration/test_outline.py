"""How well an outline fits images, by the image that it may have been drawn on."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.volume import Volume
from cbvsynth.registration import RigidTransform
from cbvsynth.registration.outline import fit_of_outline, lies_beside
from tests.registration.heads import affine_of, brain_image, case, motion

STILL = RigidTransform.identity()


def drawn(mask: np.ndarray, matrix: np.ndarray) -> Volume:
    return Volume(mask.astype(np.float32), matrix @ affine_of(case()))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("part", ["brain", "lesion"])
def test_an_outline_fits_best_from_where_it_was_drawn(part: str, seed: int) -> None:
    """In each of four directions, 3 mm and 3 degrees away."""
    truth = motion(seed, 3.0, 3.0)
    outline = drawn(getattr(case(), part) > 0, truth)
    images = [brain_image(role) for role in ("t1", "t1c", "t2")]
    fits = fit_of_outline(outline, {"t1": STILL, "t1c": RigidTransform(truth)}, images)
    assert fits["t1c"] > 1.02 * fits["t1"] > 0.0


@pytest.mark.parametrize("fill", [0, 1])
def test_without_an_outline_nothing_is_told(fill: int) -> None:
    outline = drawn(np.full(case().brain.shape, fill), np.eye(4))
    assert fit_of_outline(outline, {"t1": STILL, "t2": STILL}, [brain_image("t1")]) == {"t1": 0.0, "t2": 0.0}


@pytest.mark.parametrize(("shift_mm", "beside"), [(0.0, False), (3.0, False), (15.0, True)])
def test_an_outline_beside_the_brain_is_known(shift_mm: float, beside: bool) -> None:  # noqa: FBT001
    """The mask of another examination was used wherever it lay."""
    outline = drawn(case().brain, motion(6, shift_mm, 0.0))
    assert lies_beside(outline, STILL, [brain_image(role) for role in ("t1", "t2")]) is beside
