"""Normal-appearing white matter: white, in the brain, away from the lesion."""

from __future__ import annotations

import numpy as np

from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.tissue import Tissue, tissue_classes
from cbvsynth.domain.white_matter import MARGIN_MM, normal_appearing_white_matter

SHAPE = (30, 30, 4)
SPACING_MM = (2.5, 2.5, 5.0)


def head() -> tuple[dict[Sequence, np.ndarray], np.ndarray]:
    """Three bands of tissue that T1 tells apart: fluid dark, grey matter between, white matter bright."""
    noise = np.random.default_rng(3).normal(0.0, 5.0, SHAPE)
    t1 = np.repeat([100.0, 400.0, 700.0], 10)[:, None, None] + noise
    return {Sequence.T1: t1}, np.ones(SHAPE, np.bool_)


def test_without_a_lesion_it_is_the_white_class_of_the_brain() -> None:
    inputs, mask = head()
    mask[:, :5] = False
    white = normal_appearing_white_matter(inputs, mask, None, SPACING_MM)
    expected = np.zeros(SHAPE, np.bool_)
    expected[mask] = tissue_classes(inputs, mask) == Tissue.WHITE_MATTER
    np.testing.assert_array_equal(white, expected)
    assert white[25, 10].all()
    assert not white[:, :5].any()
    np.testing.assert_array_equal(
        white, normal_appearing_white_matter(inputs, mask, np.zeros(SHAPE, np.uint8), SPACING_MM)
    )


def test_a_margin_in_the_plane_is_kept_from_every_label() -> None:
    inputs, mask = head()
    seg = np.zeros(SHAPE, np.uint8)
    seg[25, 15, 1] = 2
    whole = normal_appearing_white_matter(inputs, mask, None, SPACING_MM)
    white = normal_appearing_white_matter(inputs, mask, seg, SPACING_MM)
    lost = np.argwhere(whole & ~white)
    steps = round(MARGIN_MM / SPACING_MM[0])
    distances = np.abs(lost - [25, 15, 1])
    assert set(lost[:, 2]) == {1}, "other slices are left alone"
    assert distances[:, :2].sum(axis=1).max() == steps
    assert len(lost) == 2 * steps * (steps + 1) + 1
