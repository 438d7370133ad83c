"""The head that says how far off a map is likely to be."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from cbvsynth.domain.options import Precision
from cbvsynth.models.spread import LEAST_SPREAD, SPREAD_START, SpreadHead

pytestmark = pytest.mark.tensorflow


def features(*size: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(2).standard_normal(size).astype(np.float32))


def test_an_expected_error_is_above_zero_and_begins_near_a_short_trainings() -> None:
    made = SpreadHead(4, Precision.FLOAT32, seed=1)(features(3, 16, 18, 4)).numpy()
    assert made.shape == (16, 18, 3)
    assert made.min() >= LEAST_SPREAD
    assert np.median(made) == pytest.approx(SPREAD_START, rel=0.3)


def test_it_is_served_in_float32_with_the_same_weights() -> None:
    mixed = SpreadHead(4, Precision.MIXED_BFLOAT16, seed=1)
    plain = SpreadHead(4, Precision.FLOAT32, seed=1)
    seen = features(3, 16, 18, 4)
    np.testing.assert_array_equal(mixed.as_float32()(seen).numpy(), plain(seen).numpy())
