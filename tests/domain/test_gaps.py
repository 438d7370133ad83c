"""Voxels without a number are 0, and one knows where they are."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.gaps import without_gaps
from cbvsynth.domain.volume import Volume


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_gaps_are_filled_with_zero_and_told(value: float) -> None:
    data = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
    data[1, 0, 1] = value
    filled, gaps = without_gaps(Volume(data, np.eye(4)))
    assert gaps is not None
    assert np.argwhere(gaps).tolist() == [[1, 0, 1]]
    assert filled.data.ravel().tolist() == [0, 1, 2, 3, 4, 0, 6, 7]


def test_a_whole_volume_is_handed_back_as_it_is() -> None:
    volume = Volume(np.ones((2, 2, 2)), np.eye(4))
    filled, gaps = without_gaps(volume)
    assert filled is volume
    assert gaps is None
