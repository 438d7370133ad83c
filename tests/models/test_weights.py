"""Fresh weights: drawn from the seed alone, with the spread that suits rectifiers."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from cbvsynth.models.weights import WeightMaker

pytestmark = pytest.mark.tensorflow


def maker(seed: int = 5) -> WeightMaker:
    return WeightMaker(keras.Model(), seed)


def array(variable: keras.Variable) -> np.ndarray:
    return np.asarray(variable.value)


@pytest.mark.parametrize(
    ("method", "shape", "fan_in"),
    [
        ("normalised", (3, 3, 32, 64), 9 * 32),
        ("transposed", (3, 3, 64, 32), 9 * 32 // 4),
        ("biased", (3, 3, 32, 64), 9 * 32),
    ],
)
def test_kernels_have_their_shape_and_he_s_variance(method: str, shape: tuple[int, ...], fan_in: int) -> None:
    kernel = array(getattr(maker(), method)("layer", 3, 32, 64).kernel)
    assert kernel.shape == shape
    assert kernel.dtype == np.float32
    assert kernel.mean() == pytest.approx(0.0, abs=0.003)
    assert kernel.var() == pytest.approx(2 / fan_in, rel=0.05)


def test_a_normalisation_begins_as_the_identity_and_a_bias_at_nothing() -> None:
    layer = maker().normalised("layer", 3, 4, 8)
    assert array(layer.scale).tolist() == [1.0] * 8
    assert array(layer.offset).tolist() == [0.0] * 8
    assert array(maker().biased("layer", 3, 4, 8).bias).tolist() == [0.0] * 8


def test_the_output_begins_near_a_given_map() -> None:
    whole, output = maker().biased("last", 3, 4, 1), maker().output("last", 3, 4, start=0.125, gain=0.25)
    np.testing.assert_allclose(array(output.kernel), 0.25 * array(whole.kernel), rtol=1e-6)
    assert array(output.bias).tolist() == [0.125]


def test_the_seed_alone_decides() -> None:
    first, again, other = (array(maker(seed).biased("a", 3, 2, 2).kernel) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
