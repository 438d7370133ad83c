"""What is stored: noise everywhere, maps inside the brain only, within their ranges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.acquisition import ADC_MAX, ADC_MIN, CBV_MAX, CBV_MIN, NOISE, acquire, rician
from cbvsynth.phantom.recording import ANATOMICAL, Recording
from cbvsynth.phantom.streams import Streams

SHAPE = (40, 40, 10)


def plain() -> Recording:
    """A brain of one tissue: signal 500, ADC 800e-6 mm2/s, CBV 4 mL/100 g, in a box of air."""
    brain = np.zeros(SHAPE, np.bool_)
    brain[10:30, 10:30] = True
    return Recording(
        signals=dict.fromkeys(ANATOMICAL, 500.0 * brain),
        diffusion=(500.0 * brain, 500.0 * np.exp(-0.8) * brain),
        cbv=4.0 * brain,
        brain=brain,
    )


def test_maps_are_measured_in_the_brain_and_zero_outside() -> None:
    made, brain = acquire(plain(), Streams(1, 1)), plain().brain
    adc = made.images[Sequence.ADC]
    assert np.median(adc[brain]) == pytest.approx(800.0, rel=0.02)
    assert np.median(made.cbv[brain]) == pytest.approx(4.0, rel=0.1)
    assert not adc[~brain].any()
    assert not made.cbv[~brain].any()
    assert all(made.images[name][~brain].min() > 0 for name in ANATOMICAL), "air holds noise"


def test_a_map_stays_in_its_range_whatever_the_noise_does() -> None:
    brain = plain().brain
    left = brain & (np.arange(SHAPE[0]) < 20)[:, None, None]
    impossible = (500.0 * left, 500.0 * (brain & ~left))  # no signal left, or more than there was
    made = acquire(replace(plain(), cbv=200.0 * brain, diffusion=impossible), Streams(1, 1))
    adc = made.images[Sequence.ADC][brain]
    assert (adc.min(), adc.max()) == (ADC_MIN, ADC_MAX)
    assert CBV_MIN <= made.cbv[brain].min() <= made.cbv.max() == CBV_MAX


def test_noise_is_as_stated_for_each_sequence_and_grows_with_its_factor() -> None:
    quiet, loud = (acquire(plain(), Streams(1, 1), factor) for factor in (1.0, 4.0))
    brain = plain().brain
    for name in ANATOMICAL:
        assert quiet.images[name][brain].std() == pytest.approx(NOISE[name], rel=0.05)
        assert loud.images[name][brain].std() == pytest.approx(4 * NOISE[name], rel=0.05)


def test_a_visit_has_noise_of_its_own() -> None:
    first, again, later = (acquire(plain(), Streams(1, 1, visit)) for visit in (1, 1, 2))
    np.testing.assert_array_equal(first.cbv, again.cbv)
    assert not np.array_equal(first.cbv, later.cbv)


def test_rician_noise_has_the_mean_of_rayleigh_in_air_and_of_the_signal_in_tissue() -> None:
    rng = np.random.default_rng(0)
    air = rician(np.zeros(200_000), 3.0, rng)
    tissue = rician(np.full(200_000, 300.0), 3.0, rng)
    assert air.mean() == pytest.approx(3.0 * np.sqrt(np.pi / 2), rel=0.01)
    assert tissue.mean() == pytest.approx(300.0, rel=0.001)
    assert tissue.std() == pytest.approx(3.0, rel=0.01)
