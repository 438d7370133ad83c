"""The function that turns raw intensities into the networks' input, in training and when served."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import VolumeError
from cbvsynth.training.normalise import ADC_MAX, normalise_arrays, normalise_inputs, refusal

pytestmark = pytest.mark.tensorflow

Arrays = dict[Sequence, npt.NDArray[np.float32]]


@pytest.fixture
def raw() -> Arrays:
    rng = np.random.default_rng(1)
    shape = (17, 16, 3)
    volumes = {
        Sequence.T1: rng.gamma(2.0, 100.0, shape),
        Sequence.T1C: rng.gamma(2.0, 80.0, shape) - 20.0,
        Sequence.ADC: rng.uniform(-100.0, 6000.0, shape),
    }
    for volume in volumes.values():
        volume[:4] = 0.0
    return {sequence: volume.astype(np.float32) for sequence, volume in volumes.items()}


def test_a_volume_is_divided_by_twice_the_mean_of_its_positive_voxels(raw: Arrays) -> None:
    features, _ = normalise_arrays(raw)
    for channel, sequence in enumerate((Sequence.T1, Sequence.T1C)):
        volume = raw[sequence].astype(np.float64)
        expected = volume / (2 * volume[volume > 0].mean())
        np.testing.assert_allclose(features[..., channel], expected, rtol=2e-6, atol=1e-7)


def test_adc_keeps_its_scale_and_is_cut_at_both_ends(raw: Arrays) -> None:
    features, _ = normalise_arrays(raw)
    np.testing.assert_allclose(features[..., 2], np.clip(raw[Sequence.ADC], 0, 4000) / 2000, rtol=1e-6)
    assert features[..., 2].max() == 2.0


def test_foreground_is_where_any_input_is_not_zero(raw: Arrays) -> None:
    raw[Sequence.ADC][3, 0, 0] = 700.0
    raw[Sequence.T1][5, 5, 1] = 0.0
    _, foreground = normalise_arrays(raw)
    expected = np.any([volume != 0 for volume in raw.values()], axis=0)
    assert np.array_equal(foreground, expected.astype(np.float32))
    assert foreground[3, 0, 0] == foreground[5, 5, 1] == 1.0
    assert foreground[0, 0, 0] == 0.0


def test_channels_are_in_the_papers_order_whatever_the_order_given(raw: Arrays) -> None:
    turned = {sequence: raw[sequence] for sequence in (Sequence.ADC, Sequence.T1C, Sequence.T1)}
    assert np.array_equal(normalise_arrays(turned)[0], normalise_arrays(raw)[0])


@pytest.mark.parametrize("factor", [1e-30, 3.7, 1e30])
def test_the_scanners_gain_has_no_influence_on_t1_even_where_sums_would_overflow(
    raw: Arrays, factor: float
) -> None:
    one = {Sequence.T1: raw[Sequence.T1]}
    louder = {Sequence.T1: raw[Sequence.T1] * np.float32(factor)}
    np.testing.assert_allclose(normalise_arrays(louder)[0], normalise_arrays(one)[0], rtol=1e-5)


def test_two_volumes_of_a_batch_never_meet(raw: Arrays) -> None:
    bright = {sequence: volume[::-1, :, ::-1] * 0.5 + 1 for sequence, volume in raw.items()}
    (beside_bright, _), (beside_itself, _) = (
        normalise_inputs({sequence: tf.stack([raw[sequence], other[sequence]]) for sequence in raw})
        for other in (bright, raw)
    )
    assert np.array_equal(beside_bright[0], beside_itself[0])
    np.testing.assert_allclose(beside_bright[0], normalise_arrays(raw)[0], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(beside_bright[1], normalise_arrays(bright)[0], rtol=1e-6, atol=1e-7)


def test_the_smallest_volume_is_16_by_16_by_1() -> None:
    rng = np.random.default_rng(2)
    accepted = rng.uniform(1, 2, (16, 16, 1))
    assert normalise_arrays({Sequence.T2: accepted})[0].shape == (16, 16, 1, 1)
    for shape in [(15, 16, 1), (16, 15, 1)]:
        with pytest.raises(VolumeError, match=r"^input t2 is too small; expected at least 1 volume of 16"):
            normalise_arrays({Sequence.T2: rng.uniform(1, 2, shape)})
    with pytest.raises(VolumeError, match="input t2 is too small"):
        normalise_arrays({Sequence.T2: np.zeros((16, 16, 0))})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_voxel_that_is_not_finite_is_refused_by_name(raw: Arrays, value: float) -> None:
    raw[Sequence.T1C][8, 8, 1] = value
    with pytest.raises(VolumeError, match=r"^input t1c holds values that are not finite"):
        normalise_arrays(raw)


@pytest.mark.parametrize("level", [0.0, 7.0])
def test_a_constant_volume_is_refused_by_name(raw: Arrays, level: float) -> None:
    raw[Sequence.T1][...] = level
    with pytest.raises(VolumeError, match=r"^input t1 is constant"):
        normalise_arrays(raw)


def test_a_volume_without_positive_values_is_refused(raw: Arrays) -> None:
    with pytest.raises(VolumeError, match=r"^input t1 has no positive value"):
        normalise_arrays(raw | {Sequence.T1: -raw[Sequence.T1]})


def test_volumes_of_different_shapes_are_refused(raw: Arrays) -> None:
    with pytest.raises(VolumeError, match=r"^input adc has another shape than t1"):
        normalise_arrays(raw | {Sequence.ADC: raw[Sequence.ADC][:, :, :2]})


@pytest.mark.parametrize("extra", [(), (1, 1)])
def test_another_rank_is_refused(raw: Arrays, extra: tuple[int, ...]) -> None:
    volume = raw[Sequence.T1]
    wrong = volume[0] if not extra else volume.reshape(*volume.shape, *extra)
    with pytest.raises(VolumeError, match=r"^input t1 has not 4 axes"):
        normalise_arrays({Sequence.T1: wrong})


def adc_with_mean(mean: float) -> Arrays:
    adc = np.full((16, 16, 2), mean, np.float32)
    adc[0], adc[1] = 0.9 * mean, 1.1 * mean
    return {Sequence.ADC: adc}


@pytest.mark.parametrize("mean", [50.1, 900.0, 3999.0])
def test_adc_with_a_plausible_mean_is_accepted(mean: float) -> None:
    assert normalise_arrays(adc_with_mean(mean))[0].max() <= ADC_MAX / 2000


@pytest.mark.parametrize("mean", [9e-4, 0.9, 49.9, 4001.0, 9e5])
def test_adc_in_another_unit_is_refused_on_both_sides_of_the_plausible_range(mean: float) -> None:
    with pytest.raises(
        VolumeError, match=r"^input adc has a mean outside 50-4000; expected the unit 1e-6 mm2/s"
    ):
        normalise_arrays(adc_with_mean(mean))


def test_flow_keeps_its_scale_and_another_unit_is_refused() -> None:
    flow = np.full((16, 16, 2), 50.0, np.float32)
    flow[0], flow[1], flow[2] = -9.0, 700.0, 100.0
    features, _ = normalise_arrays({Sequence.ASL: flow})
    assert [float(features[row, 0, 0, 0]) for row in range(4)] == [0.0, 4.0, 1.0, 0.5]
    for factor in (1 / 60.0, 60.0):
        with pytest.raises(VolumeError, match=r"^input asl has a mean outside 5-400; .*about 50 in brain"):
            normalise_arrays({Sequence.ASL: flow * np.float32(factor)})


def test_the_sentence_of_a_check_is_found_in_tensorflows_message() -> None:
    def error(message: str) -> tf.errors.OpError:
        return tf.errors.InvalidArgumentError(None, None, message)

    graph = "Graph execution error:\n\nassertion failed: [input t1 is constant; x]\n\t [[{{node A}}]]"
    assert refusal(error(graph)) == "input t1 is constant; x"
    assert refusal(error("assertion failed: [input t1 is constant; x]")) == "input t1 is constant; x"
    assert refusal(error("first\nanother kernel's complaint")) == "another kernel's complaint"
    hint = "Graph execution error:\n\nat add\nno memory\n\t [[{{node add}}]]\nHint: do this.\n [Op:a]"
    assert refusal(error(hint)) == "no memory"
    assert refusal(error("")) == "InvalidArgumentError"


def test_a_kernels_own_reason_is_told_and_not_the_node_below_it() -> None:
    """Whoever sent images of two shapes read `[[{{node add}}]]` and no reason."""
    spec = [tf.TensorSpec([None])] * 2
    added = tf.function(lambda one, other: one + other, input_signature=spec, autograph=False)
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        added(tf.zeros(2), tf.zeros(3))
    assert refusal(caught.value) == "Incompatible shapes: [2] vs. [3]"
