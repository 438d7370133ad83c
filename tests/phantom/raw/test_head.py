from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.phantom.raw.head import HeadTissue, distances_from_brain, surrounding_shares
from cbvsynth.phantom.streams import Streams

STEP = 3.0
AXES = tuple(np.arange(low, high, STEP) for low, high in ((-98, 98), (-128, 122), (-112, 106)))


@pytest.fixture(scope="module")
def ball() -> np.ndarray:
    """A round brain of 65 mm with a furrow from above."""
    x, y, z = np.meshgrid(*AXES, indexing="ij")
    brain = ((x**2 + (y + 17) ** 2 + (z - 5) ** 2) < 65**2).astype(float)
    brain[(np.abs(x) < 5) & (z > 20)] = 0.0
    return brain


def test_the_distance_ignores_furrows_and_is_negative_inside(ball: np.ndarray) -> None:
    skull, brain = distances_from_brain(AXES, ball)
    x, y, z = np.meshgrid(*AXES, indexing="ij")
    radius = np.sqrt(x**2 + (y + 17) ** 2 + (z - 5) ** 2)
    np.testing.assert_allclose(skull[radius > 50], (radius - 65)[radius > 50], atol=4.0)
    in_furrow = (np.abs(x) < 2) & (np.abs(z - 50) < 2) & (np.abs(y + 17) < 3)
    assert skull[in_furrow].max() < -5
    assert brain[in_furrow].min() > 2


def test_shares_fill_the_head_once_and_leave_the_brain_and_the_air_alone(ball: np.ndarray) -> None:
    shares = surrounding_shares(Streams(1, 1), AXES, ball)
    total = sum(shares.values())
    assert min(share.min() for share in shares.values()) >= 0
    assert total.max() <= 1 + 1e-9
    assert total[ball == 1].max() == 0
    assert total[:, :, -1].max() == 0
    assert total[0].max() == 0


def test_a_ray_from_the_brain_meets_csf_bone_fat_and_skin_in_this_order(ball: np.ndarray) -> None:
    shares = surrounding_shares(Streams(1, 1), AXES, ball)
    above = np.s_[AXES[0].size // 2 + 8, AXES[1].size // 2 - 4, :]
    order = [HeadTissue.CSF, HeadTissue.BONE, HeadTissue.FAT, HeadTissue.SKIN]
    top = AXES[2] > 40
    places = [
        float((shares[name][above] * AXES[2])[top].sum() / shares[name][above][top].sum()) for name in order
    ]
    assert places == sorted(places)
    assert 10 < places[-1] - places[0] < 25
