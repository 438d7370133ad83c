"""The other half of the brain, of heads that are turned and lie off the middle."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.geometry import Grid
from cbvsynth.page.mirror import mirrored

SHAPE, SPACING = (60, 70, 20), (3.0, 3.0, 6.0)


def turned(yaw: float, roll: float) -> np.ndarray:
    """Axes of a head against the grid's, as rows."""
    a, b = np.radians((yaw, roll))
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    return (about_z @ about_y).T


def head(yaw: float, roll: float, off_mm: float):
    """Brain and, in its right half, a ball; the ball's true mirror image."""
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = -np.array(SPACING) * (np.array(SHAPE) - 1) / 2
    places = np.moveaxis(np.indices(SHAPE), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    own = (places - np.array([off_mm, 4.0, 0.0])) @ turned(yaw, roll).T
    # Broader behind than in front, so that no other plane fits as well.
    wide = 62.0 + 0.12 * -own[..., 1]
    mask = (own[..., 0] / wide) ** 2 + (own[..., 1] / 82.0) ** 2 + (own[..., 2] / 52.0) ** 2 < 1.0

    def ball(x: float) -> np.ndarray:
        return np.linalg.norm(own - np.array([x, -20.0, 6.0]), axis=-1) < 16.0

    return mask, ball(30.0), ball(-30.0), Grid(SHAPE, affine)


@pytest.mark.parametrize(("yaw", "roll", "off_mm"), [(0, 0, 0), (9, 0, 7), (0, -8, -5), (-7, 6, 4)])
def test_a_ball_lies_in_the_other_half(yaw: float, roll: float, off_mm: float) -> None:
    mask, ball, expected, grid = head(yaw, roll, off_mm)
    found = mirrored(ball, mask, grid)
    overlap = 2 * (found & expected).sum() / (found.sum() + expected.sum())
    assert overlap > 0.85, overlap
    assert found.sum() == pytest.approx(ball.sum(), rel=0.15)


def test_a_region_across_the_middle_is_not_its_own_mirror_image() -> None:
    mask, _, _, grid = head(0, 0, 0)
    region = np.zeros(SHAPE, bool)
    region[26:42, 30:40, 8:12] = True
    found = mirrored(region & mask, mask, grid)
    assert found.any()
    assert not (found & region).any()
    assert not mirrored(mask, mask, grid).any()
