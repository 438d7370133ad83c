"""What the networks are asked to minimise.

y is the real CBV map, G the synthetic one, D the discriminator's scores, D_l its features at layer l:

    encoder-decoder   L_G = mean |y - G|
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
