from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.phantom.artefacts import PILE_UP, Extent, MetalZones, metal_zones, moved_while_scanned
from cbvsynth.phantom.grid import Grid
from cbvsynth.phantom.streams import Streams

GRID = Grid(32, 8)


@pytest.fixture
def disc() -> np.ndarray:
    x, y = np.meshgrid(np.arange(32), np.arange(32), indexing="ij")
    return np.repeat(((x - 16) ** 2 + (y - 16) ** 2 < 100)[:, :, None], 8, axis=2)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.25])
def test_metal_takes_its_share_of_the_brain(disc: np.ndarray, share: float) -> None:
    zones = metal_zones(disc, GRID, Streams(1, 1), Extent.ECHO_PLANAR, share)
    assert zones.void[disc].mean() == pytest.approx(share * 0.14, abs=0.002)
    assert zones.border[disc].mean() == pytest.approx(share * 0.06, abs=0.002)
    assert not zones.void[~disc].any()


def test_a_void_is_dark_and_its_border_bright() -> None:
    void, border = np.array([True, False, False]), np.array([False, True, False])
    np.testing.assert_array_equal(MetalZones(void, border).on(np.ones(3)), [0.0, PILE_UP, 1.0])


def test_no_movement_leaves_an_image_as_it_is_and_more_moves_it_farther(disc: np.ndarray) -> None:
    image = disc.astype(float)
    still, little, much = (
        moved_while_scanned(image, 7.0, np.random.default_rng(3), share) for share in (0.0, 0.25, 1.0)
    )
    np.testing.assert_allclose(still, image, atol=1e-9)
    assert 0 < np.abs(little - image).mean() < np.abs(much - image).mean()
