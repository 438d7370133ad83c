"""Raw intensities to what the networks read: the one function of training and of the served graph.

T1, T2, T1C and FLAIR have no unit: each volume is divided by twice the mean of its positive voxels, so
that its mean is 0.5. ADC is a physical quantity: it is divided by 2000e-6 mm2/s and clipped to 0-2. So is
CBF, the map of arterial spin labelling: it is divided by 100 mL/100 g/min and clipped to 0-4.
Everything is computed per volume; two volumes of a batch never meet.

A server does not compare shapes with the signature, so the checks are operations of the graph, on the
shapes and values that arrive.

Source: the division by twice the mean is the authors' released code (as a fact); the paper's own
preprocessing is in an appendix that cannot be obtained. ADC keeps its unit because its absolute value
carries meaning; its range 0-4000e-6 mm2/s holds every tissue and free water. CBF keeps its unit for the same
reason; how Wu, Pan et al. 2025 scale it is not known to us.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cbvsynth.domain.sequences import Combination, Sequence
from cbvsynth.errors import VolumeError
from cbvsynth.records.examinations import Float32Array
from cbvsynth.signature import INPUT_UNITS, MIN_IN_PLANE
from cbvsynth.training.failure import kernel_reason

ADC_UNIT = 2000.0
"""ADC that the networks see as 1, 1e-6 mm2/s."""
ADC_MAX = 4000.0
"""ADC above it is cut, 1e-6 mm2/s: nothing in a head diffuses faster than free water (about 3000)."""
ADC_MEAN_RANGE = (50.0, ADC_MAX)
"""Plausible mean of the positive ADC voxels, 1e-6 mm2/s; outside it the unit is another one."""
CBF_UNIT = 100.0
"""CBF that the networks see as 1, mL/100 g/min: a brain's mean then is about 0.5, as that of the others."""
CBF_MAX = 400.0
"""CBF above it is cut, mL/100 g/min: four times that of grey matter is seen in few tumours. Our choice."""
CBF_MEAN_RANGE = (5.0, CBF_MAX)
"""Plausible mean of the positive CBF voxels, mL/100 g/min; outside it the unit is another one."""

_AXES = (1, 2, 3)
_QUANTITIES = {Sequence.ADC: (ADC_MEAN_RANGE, 900), Sequence.ASL: (CBF_MEAN_RANGE, 50)}
"""Inputs with a unit: plausible mean, and what brain tissue has about."""
_ASSERTION = re.compile(r"assertion failed: \[(.*?)\]\s*(?:\n|$)")


def normalise_inputs(inputs: Mapping[Sequence, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Check and normalise the raw volumes of one combination.

    Args:
        inputs: by sequence, (B, H, W, D) float32, raw intensities, ADC in 1e-6 mm2/s, ASL in mL/100 g/min,
            background 0.

    Returns:
        features: (B, H, W, D, C) float32, channels in the order of `Sequence`.
        foreground: (B, H, W, D) float32, 1 where any input is not zero.

    Raises:
        tf.errors.InvalidArgumentError: at run time, in a sentence that names the input; see
            `refusal`.
    """
    ordered = [(sequence, inputs[sequence]) for sequence in Sequence if sequence in inputs]
    first_name, first_volume = ordered[0]
    shape = tf.shape(_of_rank_4(first_name, first_volume))
    volumes = {name: _checked(name, volume, first_name, shape) for name, volume in ordered}
    scaled = [_scaled(name, volume) for name, volume in volumes.items()]
    foreground = tf.reduce_any([tf.not_equal(volume, 0.0) for volume in volumes.values()], axis=0)
    return tf.stack(scaled, axis=-1), tf.cast(foreground, tf.float32)


def normalise_arrays(
    inputs: Mapping[Sequence, npt.NDArray[np.generic]],
) -> tuple[Float32Array, Float32Array]:
    """The same for the volumes of one examination, NumPy in and out.

    Args:
        inputs: by sequence, (H, W, D), raw intensities as for `normalise_inputs`.

    Returns:
        features (H, W, D, C) and foreground (H, W, D), both float32.

    Raises:
        VolumeError: an input is not what `normalise_inputs` accepts.
    """
    combination = Combination(tuple(inputs))
    batch = {
        sequence.value: tf.convert_to_tensor(np.asarray(volume, np.float32)[np.newaxis])
        for sequence, volume in inputs.items()
    }
    try:
        with tf.device("CPU:0"):
            features, foreground = _compiled(combination)(batch)
    except tf.errors.InvalidArgumentError as error:
        raise VolumeError(refusal(error)) from error
    return features.numpy()[0], foreground.numpy()[0]


def refusal(error: tf.errors.OpError) -> str:
    """The sentence of the check that failed, or the kernel's own, without the graph's node names."""
    found = _ASSERTION.search(error.message)
    return found.group(1) if found else kernel_reason(error.message) or type(error).__name__


@cache
def _compiled(combination: Combination) -> tf.types.experimental.PolymorphicFunction:
    spec = {name.value: tf.TensorSpec(None, tf.float32, name.value) for name in combination.sequences}

    def run(batch: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        return normalise_inputs({Sequence(name): volume for name, volume in batch.items()})

    return tf.function(run, input_signature=[spec], autograph=False)


def _scaled(sequence: Sequence, volume: tf.Tensor) -> tf.Tensor:
    if sequence is Sequence.ADC:
        return tf.clip_by_value(volume, 0.0, ADC_MAX) / ADC_UNIT
    if sequence is Sequence.ASL:
        return tf.clip_by_value(volume, 0.0, CBF_MAX) / CBF_UNIT
    share = volume / tf.reduce_max(volume, _AXES, keepdims=True)
    return share / (2.0 * _positive_mean(share))


def _positive_mean(volume: tf.Tensor) -> tf.Tensor:
    """Mean of each volume's positive voxels, (B, 1, 1, 1) float32, summed in float64."""
    positive = tf.cast(tf.maximum(volume, 0.0), tf.float64)
    count = tf.reduce_sum(tf.cast(volume > 0.0, tf.float64), _AXES, keepdims=True)
    return tf.cast(tf.reduce_sum(positive, _AXES, keepdims=True) / count, tf.float32)


def _of_rank_4(name: Sequence, volume: tf.Tensor) -> tf.Tensor:
    """Refuse another rank than 4, also where the signature says 4: servers do not compare.

    The static shape is hidden first; otherwise the comparison is folded to "true" while the graph is
    built or optimised, and a volume without batch axis goes through to the convolutions.
    """
    if not tf.executing_eagerly():
        volume = tf.raw_ops.PlaceholderWithDefault(input=volume, shape=None)
    shape = tf.shape(volume)
    check = _require(
        tf.equal(tf.size(shape), 4),
        f"input {name} has not 4 axes; expected (batch, H, W, D); add the batch axis or drop channels",
    )
    with tf.control_dependencies(check):
        return tf.ensure_shape(tf.identity(volume), [None] * 4)


def _checked(name: Sequence, volume: tf.Tensor, first: Sequence, shape: tf.Tensor) -> tf.Tensor:
    volume = _of_rank_4(name, volume)
    same = _require(
        tf.reduce_all(tf.equal(tf.shape(volume), shape)),
        f"input {name} has another shape than {first}; expected one common grid; resample first",
    )
    large = _require(
        tf.reduce_all(tf.shape(volume) >= [1, MIN_IN_PLANE, MIN_IN_PLANE, 1]),
        f"input {name} is too small; expected at least 1 volume of {MIN_IN_PLANE} x {MIN_IN_PLANE} x 1",
    )
    with tf.control_dependencies(same + large):
        volume = tf.identity(volume)
    finite = _require(
        tf.reduce_all(tf.math.is_finite(volume)),
        f"input {name} holds values that are not finite; expected numbers everywhere, 0 outside the brain",
    )
    varied = _require(
        tf.reduce_all(tf.reduce_max(volume, _AXES) > tf.reduce_min(volume, _AXES)),
        f"input {name} is constant; expected an image; leave the sequence out and choose another model",
    )
    with tf.control_dependencies(finite + varied):
        volume = tf.identity(volume)
    positive = _require(
        tf.reduce_all(tf.reduce_max(volume, _AXES) > 0.0),
        f"input {name} has no positive value; expected raw intensities, not z-scores",
    )
    with tf.control_dependencies(positive):
        volume = tf.identity(volume)
    if name not in _QUANTITIES:
        return volume
    (low, high), usual = _QUANTITIES[name]
    mean = _positive_mean(volume)
    unit = _require(
        tf.reduce_all((mean >= low) & (mean <= high)),
        f"input {name} has a mean outside {low:g}-{high:g}; expected the unit {INPUT_UNITS[name]} "
        f"(about {usual} in brain tissue); convert it first",
    )
    with tf.control_dependencies(unit):
        return tf.identity(volume)


def _require(condition: tf.Tensor, sentence: str) -> list[tf.Operation]:
    """An assertion as a control dependency; at once, and thus none, when executing eagerly.

    Sentences are ASCII without quotes: TensorFlow would show anything else escaped.
    """
    check = tf.debugging.Assert(condition, [sentence])
    return [] if check is None else [check]
