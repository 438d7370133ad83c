"""Pieces and holes of a mask, against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cbvsynth.domain.pieces import filled, labelled


@pytest.mark.parametrize("shape", [(9, 8), (1, 9, 9), (20, 20, 1), (12, 11, 10)])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.8, 0.95, 1.0])
def test_pieces_and_holes_are_those_of_scipy(shape: tuple[int, ...], share: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        mask = np.asfortranarray(rng.random(shape) < share)
        np.testing.assert_array_equal(filled(mask), ndimage.binary_fill_holes(mask))
        expected, count = ndimage.label(mask)
        found = labelled(mask)
        assert found.max() == count
        pairs = np.unique(np.stack([found.ravel(), expected.ravel()]), axis=1)
        assert pairs.shape[1] == len(np.unique(expected))  # the same pieces, whatever their numbers


def test_a_hole_is_what_no_way_by_faces_leads_to_and_nothing_else() -> None:
    ring = np.zeros((5, 5, 3), bool)
    ring[1:4, 1:4] = True
    ring[2, 2, 1] = False
    assert filled(ring)[2, 2, 1]
    ring[2, 2] = False  # open above and below
    np.testing.assert_array_equal(filled(ring), ring)
