"""Learning how far off the map is changes nothing of the map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from cbvsynth.config import TrainConfig
from cbvsynth.domain.options import Spread
from cbvsynth.domain.sequences import ModelId
from cbvsynth.training.losses import spread_loss
from cbvsynth.training.networks import Networks, build_networks
from tests.training.test_steps import example

pytestmark = pytest.mark.tensorflow

SMALL = TrainConfig(model="encdec-t1-t2", base_channels=4, residual_blocks=1, learning_rate=3e-3)


def networks(slug: str, spread: Spread, **settings: object) -> Networks:
    config = replace(SMALL, model=slug, spread=spread, **settings)  # type: ignore[arg-type]
    return build_networks(ModelId.parse(slug), config, seed=5)


@pytest.mark.parametrize("slug", ["encdec-t1-t2", "fcgan-t1-t2", "any-t1"])
def test_the_map_is_bit_by_bit_the_one_without_and_the_head_learns(slug: str) -> None:
    tensors = example(24, 20, 5)
    if slug.startswith("any"):
        tensors = (tf.concat([tensors[0], tensors[0], tensors[0][..., :1]], axis=-1), *tensors[1:])
    without, learned = networks(slug, Spread.OFF), networks(slug, Spread.LEARNED)
    assert without.spread is None
    assert learned.spread is not None
    before = [weight.value.numpy() for weight in learned.spread.weights]
    losses = []
    for _ in range(30):
        without.step(*tensors)
        losses.append(float(learned.step(*tensors)["spread"]))
    for name, value in without.arrays().items():
        assert np.array_equal(value, learned.arrays()[name]), name
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    for old, weight in zip(before, learned.spread.weights, strict=True):
        assert not np.array_equal(old, weight.value.numpy()), weight.name


def test_a_region_and_a_spread_go_together() -> None:
    lesion = tf.cast(tf.reshape(tf.range(24 * 20 * 5) % 7 == 0, (24, 20, 5)), tf.float32)
    losses = networks("encdec-t1-t2", Spread.LEARNED, region_weight=0.5).step(*example(24, 20, 5), lesion)
    assert list(losses) == ["mae", "region", "spread"]


def test_a_flow_learns_none() -> None:
    assert networks("flow-t1-t2", Spread.LEARNED).spread is None


def test_the_loss_is_least_where_the_expected_error_is_the_mean_one() -> None:
    rng = np.random.default_rng(0)
    error = tf.constant(rng.laplace(0, 0.3, 20_000).astype(np.float32))
    inside = tf.ones_like(error)

    def loss(expected: float) -> float:
        return float(spread_loss(tf.abs(error), tf.fill(error.shape, np.float32(expected)), inside))

    assert loss(0.3) < min(loss(0.24), loss(0.37))
    assert float(spread_loss(tf.abs(error), inside, 0 * inside)) == 0.0
