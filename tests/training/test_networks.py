"""What a run trains, as named arrays that bring it back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from cbvsynth.training.networks import Networks, build_networks
from tests.training.toy_study import ENCDEC, FCGAN, QUICK, ToyStudy

pytestmark = pytest.mark.tensorflow


def step(networks: Networks) -> dict[str, float]:
    example = ToyStudy().load(0)
    losses = networks.step(*map(tf.constant, (example.inputs, example.target, example.foreground)))
    return {name: float(loss) for name, loss in losses.items()}


def test_an_encoder_decoder_has_no_judge() -> None:
    names = {name.partition("/")[0] for name in build_networks(ENCDEC, QUICK, 1).arrays()}
    assert names == {"generator", "generator_adam"}
    names = {name.partition("/")[0] for name in build_networks(FCGAN, QUICK, 1).arrays()}
    assert names == {"generator", "generator_adam", "discriminator", "discriminator_adam"}


def test_restored_arrays_go_on_as_if_nothing_had_happened() -> None:
    first = build_networks(FCGAN, QUICK, 1)
    step(first)
    stored = first.arrays()
    second = build_networks(FCGAN, QUICK, 2)
    second.restore(stored)
    assert step(first) == step(second)
    for name, array in first.arrays().items():
        np.testing.assert_array_equal(array, second.arrays()[name], err_msg=name)
        assert not np.array_equal(array, stored[name]) or not array.any(), f"{name} was not trained"


def test_the_seed_and_the_settings_shape_the_networks() -> None:
    one, same, other = (build_networks(ENCDEC, QUICK, seed).arrays() for seed in (1, 1, 2))
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not all(np.array_equal(one[name], other[name]) for name in one)
    wider = build_networks(ENCDEC, replace(QUICK, base_channels=4), 1)
    assert wider.generator.count_params() > 3 * build_networks(ENCDEC, QUICK, 1).generator.count_params()
