"""What the networks are asked to minimise.

y is the real CBV map, G the synthetic one, D the discriminator's scores, D_l its features at layer l:

    encoder-decoder   L_G = mean |y - G|
    flow              L   = mean of w (x_1 - m)^2 / max(1 - t, 0.2)^2, maps scaled, m: expected at time t
    GAN               L_G = mean |y - G| + a mean |1 - D(G)| + f sum over l = 1..4 of mean |D_l(y) - D_l(G)|
                      L_D = (mean |D(G)| + mean |1 - D(y)|) / 2

Every mean is over all voxels (or features) of one examination; in |y - G| a voxel of a segmented lesion may
count more than once (`lesion_weight`, ours). All functions return a float32 scalar,
whatever the type of their arguments.

Source: mean absolute error and feature consistency: Wang, Pan et al. 2023, Materials and Methods. The
text names neither the adversarial form nor the weights a and f: both follow the authors' released code.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


def mean_absolute(values: tf.Tensor) -> tf.Tensor:
    """Mean of |values|, accumulated in float32."""
    return tf.reduce_mean(tf.abs(tf.cast(values, tf.float32)))


def low_level_loss(real: tf.Tensor, synthetic: tf.Tensor) -> tf.Tensor:
    """Mean absolute error of the map: mean |y - G|."""
    return mean_absolute(real - synthetic)


def region_loss(real: tf.Tensor, synthetic: tf.Tensor, lesion: tf.Tensor) -> tf.Tensor:
    """Error of the lesion's mean: |mean y - mean G| over its voxels; 0 where there is no lesion. Ours."""
    difference = tf.reduce_sum((real - synthetic) * lesion)
    return tf.abs(difference) / tf.maximum(tf.reduce_sum(lesion), 1.0)


def adversarial_loss(scores_of_synthetic: tf.Tensor) -> tf.Tensor:
    """How far the synthetic map is from being taken for real: mean |1 - D(G)|."""
    return mean_absolute(1.0 - scores_of_synthetic)


def feature_consistency_loss(
    features_of_real: Sequence[tf.Tensor], features_of_synthetic: Sequence[tf.Tensor]
) -> tf.Tensor:
    """Distance of the two maps as the discriminator sees them: sum over layers of mean |D_l(y) - D_l(G)|."""
    pairs = zip(features_of_real, features_of_synthetic, strict=True)
    return tf.add_n([mean_absolute(real - synthetic) for real, synthetic in pairs])


def discriminator_loss(scores_of_real: tf.Tensor, scores_of_synthetic: tf.Tensor) -> tf.Tensor:
    """What the discriminator minimises: (mean |D(G)| + mean |1 - D(y)|) / 2."""
    return 0.5 * (mean_absolute(scores_of_synthetic) + mean_absolute(1.0 - scores_of_real))


def flow_loss(real: tf.Tensor, expected: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Squared error of the map expected at the path's end, which counts alike from whatever time it is told.

    As an error of the direction it would count 1 / (1 - t)^2 times as much: most of what is learned would be
    of the path's end, where the map lies open, and little of its beginning, where only the MRI can tell it.

    Source: Lipman et al. 2023, conditional flow matching, in terms of the path's end; the weight is ours.
    """
    return tf.reduce_mean(weights * tf.square(real - expected))


def spread_loss(error: tf.Tensor, expected: tf.Tensor, inside: tf.Tensor) -> tf.Tensor:
    """Negative logarithm of the errors' Laplace likelihood, without its constant: mean of |e| / b + log b.

    Args:
        error: |y - G|.
        expected: b, above 0.
        inside: 1 in the brain, else 0; the mean is over the brain.
    """
    each = error / expected + tf.math.log(expected)
    return tf.reduce_sum(each * inside) / tf.maximum(tf.reduce_sum(inside), 1.0)
