"""The fixed image and what is made of it."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.registration import register
from cbvsynth.registration.target import LEVELS_MM, MARGIN_MM, Target, search_images, smooth
from tests.registration.heads import affine_of, brain_image, case, motion, moved


def test_what_is_made_once_serves_every_image() -> None:
    target = Target(brain_image("t1"))
    moving = moved(brain_image("t2"), motion(2, 5.0, 4.0))
    assert target.levels is target.levels
    assert target.smooth is target.smooth
    by_target, alone = register(moving, target), register(moving, brain_image("t1"))
    assert by_target.matrix.tobytes() == alone.matrix.tobytes()


def test_with_a_mask_the_brain_and_its_margin_count() -> None:
    target = Target(brain_image("t1"), case().brain)
    middle = np.argwhere(case().brain).mean(axis=0) @ affine_of(case())[:3, :3].T + affine_of(case())[:3, 3]
    np.testing.assert_allclose(target.centre, middle, atol=1e-6)
    whole = Target(brain_image("t1"))
    for (_, inner), (_, everything), voxel_mm in zip(target.levels, whole.levels, LEVELS_MM, strict=True):
        assert everything.data.all()
        assert case().brain.mean() < inner.data.mean() < 1.0
        assert inner.spacing_mm[0] <= voxel_mm < MARGIN_MM


def test_an_image_is_clipped_and_made_coarse() -> None:
    spiked = brain_image("t2")
    spiked.data[0, 0, 0] = 1e6
    assert smooth(spiked).data.max() < 1e4
    images = search_images(spiked)
    assert len(images) == len(LEVELS_MM)
    assert images[0].GetSize() != images[1].GetSize()


def test_an_image_of_few_slices_is_refused_by_name_of_the_number() -> None:
    """ITK's own exception, with a path of its source, came through to the command line."""
    thin = Volume(brain_image("t2").data[:, :, :3], brain_image("t2").affine)
    with pytest.raises(RegistrationError, match="has 3 voxels along an axis; expected 4 or more"):
        search_images(thin)
