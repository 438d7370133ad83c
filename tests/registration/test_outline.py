"""How well an outline fits images, by the image that it may have been drawn on."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.volume import Volume
from cbvsynth.registration import RigidTransform
from cbvsynth.registration.outline import BESIDE_MM, fit_of_outline, shift_of_outline_mm
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


@pytest.mark.parametrize("shift_mm", [0.0, 3.0, 5.0, 8.5, 15.0])
def test_how_far_an_outline_lies_beside_the_brain_is_known(shift_mm: float) -> None:
    """A mask that lay 8.5 mm off aslant was not told: it was tried 8 mm along the axes only."""
    outline = drawn(case().brain, motion(6, shift_mm, 0.0))
    found_mm = shift_of_outline_mm(outline, STILL, [brain_image(role) for role in ("t1", "t2")])
    assert found_mm == pytest.approx(shift_mm, abs=0.8)
    assert (found_mm > BESIDE_MM) is (shift_mm > BESIDE_MM)


def test_an_outline_is_shifted_from_where_its_own_image_lies() -> None:
    away = motion(5, 6.0, 5.0)
    images = [brain_image(role) for role in ("t1", "t2")]
    assert shift_of_outline_mm(drawn(case().brain, away), RigidTransform(away), images) < 1.0


@pytest.mark.parametrize("fill", [0, 1])
def test_what_has_no_outline_lies_nowhere(fill: int) -> None:
    outline = drawn(np.full(case().brain.shape, fill), np.eye(4))
    assert shift_of_outline_mm(outline, STILL, [brain_image("t1")]) == 0.0
