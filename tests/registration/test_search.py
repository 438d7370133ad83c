"""The search itself."""

from __future__ import annotations

import numpy as np

from cbvsynth.domain.volume import Volume
from cbvsynth.registration.search import search
from cbvsynth.registration.target import Target
from tests.registration.heads import brain_image, case, motion, moved


def test_the_information_in_place_is_more_than_noise_shares() -> None:
    fixed = brain_image("t1")
    _, shared = search(moved(brain_image("adc"), motion(1, 4.0, 4.0)), Target(fixed, case().brain))
    noise = Volume(np.random.default_rng(0).normal(size=fixed.shape), fixed.affine)
    _, by_chance = search(noise, Target(fixed, case().brain))
    assert shared > 0.2
    assert by_chance < 0.05


def test_single_bright_voxels_do_not_take_the_histogram() -> None:
    """Vessels of a CBV map lie at ten times its tissue."""
    fixed, truth = brain_image("t1"), motion(2, 5.0, 5.0)
    bright = brain_image("t2").data.copy()
    bright[np.random.default_rng(0).random(bright.shape) < 0.001] = 1e6
    spiked, _ = search(moved(Volume(bright, fixed.affine), truth), Target(fixed, case().brain))
    clean, _ = search(moved(brain_image("t2"), truth), Target(fixed, case().brain))
    np.testing.assert_allclose(spiked.matrix[:3, 3], clean.matrix[:3, 3], atol=1.0)
