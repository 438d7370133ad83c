"""Numbers of a segmentation are understood, or asked about; never guessed."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.lesion_labels import lesion_labels
from cbvsynth.errors import VolumeError


def _image(*labels: float) -> np.ndarray:
    return np.array([0.0, *labels], dtype=np.float32).reshape(1, 1, -1)


@pytest.mark.parametrize(
    ("stored", "enhancing_label", "expected"),
    [
        ((), 0, []),
        ((1,), 0, [1]),
        ((1, 2), 0, [1, 2]),
        ((1, 2, 3), 0, [1, 2, 3]),
        ((1, 2, 3, 4), 0, [1, 2, 3, 4]),
        ((1, 2, 4), 3, [1, 2, 4]),
        ((1, 2, 4), 4, [1, 2, 3]),
        ((255,), 0, [1]),
        ((255,), 4, [1]),
    ],
)
def test_known_labels_are_taken(stored: tuple[int, ...], enhancing_label: int, expected: list[int]) -> None:
    """A mask of 0 and 255 used to keep the label 255."""
    labels = lesion_labels(_image(*stored), enhancing_label)
    assert labels.dtype == np.uint8
    assert labels.ravel().tolist() == [0, *expected]


@pytest.mark.parametrize("stored", [(1, 2, 4), (4,), (2, 4)])
def test_a_4_without_a_3_is_asked_about(stored: tuple[int, ...]) -> None:
    """It was silently taken for the resection cavity, so that enhancing tumour went unmeasured."""
    with pytest.raises(VolumeError, match=r"4 without 3 is enhancing .*column enhancing_label"):
        lesion_labels(_image(*stored), 0)


@pytest.mark.parametrize(
    ("stored", "enhancing_label", "message"),
    [
        ((1, 2, 5), 0, r"labels are 1, 2, 5; expected 1, 2, 3, 4 \(1 necrosis"),
        ((1, 2, 3, 4), 4, r"labels are 1, 2, 3, 4; expected 1, 2, 4 \(1 necrosis, 2 oedema, 4 enhancing"),
        ((1, 255), 0, "labels are 1, 255"),
        ((-1, 1), 0, "labels are -1, 1"),
        ((0.5,), 0, r"labels are 0\.5"),
        (tuple(range(1, 30)), 0, r"11, 12, \.\.\.; expected"),
    ],
)
def test_an_unknown_label_is_an_error_with_the_list(
    stored: tuple[float, ...], enhancing_label: int, message: str
) -> None:
    """Any number up to 255 used to be kept and counted as lesion."""
    with pytest.raises(VolumeError, match=message):
        lesion_labels(_image(*stored), enhancing_label)
