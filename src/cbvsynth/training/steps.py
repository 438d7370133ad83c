"""One training step of each algorithm as one traced graph, for examinations of any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from cbvsynth.domain.options import UpdateRule
from cbvsynth.training.adam import Adam
from cbvsynth.training.losses import (
    adversarial_loss,
    discriminator_loss,
    feature_consistency_loss,
    low_level_loss,
    region_loss,
)

Step = Callable[..., dict[str, tf.Tensor]]
"""(inputs (H, W, D, C), target (H, W, D), foreground (H, W, D)) -> each loss before the step.

The foreground is 0 in the background and elsewhere what an error counts, 1 but for lesions that weigh more.
Where the region of a lesion has a weight, the lesion (H, W, D), 0 or 1, is a fourth argument.
"""


@dataclass(frozen=True)
class Learner:
    """A network and the optimiser that moves its weights."""

    network: keras.Model
    optimiser: Adam

    def learn(self, tape: tf.GradientTape, loss: tf.Tensor) -> None:
        """Move the weights down the gradient of a loss that the tape has seen."""
        self.optimiser.apply(tape.gradient(loss, self._values))

    @property
    def _values(self) -> list[tf.Variable]:
        return [weight.value for weight in self.network.trainable_variables]


@dataclass(frozen=True)
class GanWeights:
    """Weights of the generator's losses beside the mean absolute error; the authors' code has these."""

    adversarial: float = 0.1
    feature: float = 1.0


@dataclass(frozen=True)
class Region:
    """The lesion's mean in the loss, beside every voxel's error; without a weight the graph has none."""

    weight: float = 0.0

    def added(self, losses: dict[str, tf.Tensor], *compared: tf.Tensor) -> dict[str, tf.Tensor]:
        """The losses with that of the region of (real, synthetic, lesion), where it has a weight."""
        return {**losses, "region": region_loss(*compared)} if self.weight else losses

    def total(self, loss: tf.Tensor, losses: dict[str, tf.Tensor]) -> tf.Tensor:
        """A loss with the weighted region's on top."""
        return loss + self.weight * losses["region"] if self.weight else loss


NO_REGION = Region()


def encoder_decoder_step(generator: Learner, region: Region = NO_REGION) -> Step:
    """Train the generator on the mean absolute error alone, and the region's where it has a weight."""

    def step(
        inputs: tf.Tensor, target: tf.Tensor, foreground: tf.Tensor, lesion: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            synthetic = generator.network.synthesise(inputs) * inside_of(foreground)
            losses = region.added(
                {"mae": weighted_error(target, synthetic, foreground)}, target, synthetic, lesion
            )
            total = region.total(losses["mae"], losses)
        generator.learn(tape, total)
        return losses

    return traced(step, generator.network.channels, region)


def gan_step(
    generator: Learner,
    discriminator: Learner,
    weights: GanWeights,
    update: UpdateRule,
    region: Region = NO_REGION,
) -> Step:
    """Train generator and discriminator.

    With UpdateRule.SHARED both gradients come from one forward pass, so that the discriminator
    learns from the synthetic map made before the generator's update. With UpdateRule.ALTERNATING the
    generator is updated first and makes a new map for the discriminator, as in the authors' code.
    """
    judge = discriminator.network

    def shared(
        inputs: tf.Tensor, target: tf.Tensor, foreground: tf.Tensor, lesion: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        with tf.GradientTape(persistent=True) as tape:
            synthetic = generator.network.synthesise(inputs) * inside_of(foreground)
            features_of_real, scores_of_real = judge(target)
            features_of_synthetic, scores_of_synthetic = judge(synthetic)
            losses = {
                "mae": weighted_error(target, synthetic, foreground),
                "adversarial": adversarial_loss(scores_of_synthetic),
                "feature": feature_consistency_loss(features_of_real, features_of_synthetic),
                "discriminator": discriminator_loss(scores_of_real, scores_of_synthetic),
            }
            losses = region.added(losses, target, synthetic, lesion)
            total = region.total(_generator_loss(losses, weights), losses)
        generator.learn(tape, total)
        discriminator.learn(tape, losses["discriminator"])
        return losses

    def alternating(
        inputs: tf.Tensor, target: tf.Tensor, foreground: tf.Tensor, lesion: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        features_of_real, _ = judge(target)
        with tf.GradientTape() as tape:
            synthetic = generator.network.synthesise(inputs) * inside_of(foreground)
            features_of_synthetic, scores_of_synthetic = judge(synthetic)
            losses = {
                "mae": weighted_error(target, synthetic, foreground),
                "adversarial": adversarial_loss(scores_of_synthetic),
                "feature": feature_consistency_loss(features_of_real, features_of_synthetic),
            }
            losses = region.added(losses, target, synthetic, lesion)
            total = region.total(_generator_loss(losses, weights), losses)
        generator.learn(tape, total)
        improved = generator.network.synthesise(inputs) * inside_of(foreground)
        with tf.GradientTape() as tape:
            losses["discriminator"] = discriminator_loss(judge(target)[1], judge(improved)[1])
        discriminator.learn(tape, losses["discriminator"])
        return losses

    return traced(shared if update is UpdateRule.SHARED else alternating, generator.network.channels, region)


def inside_of(foreground: tf.Tensor) -> tf.Tensor:
    """1 where there is anything to see, whatever it weighs."""
    return tf.cast(foreground > 0, tf.float32)


def weighted_error(target: tf.Tensor, synthetic: tf.Tensor, foreground: tf.Tensor) -> tf.Tensor:
    """Mean absolute error, each voxel counted as often as it weighs."""
    return low_level_loss(target * foreground, synthetic * foreground)


def _generator_loss(losses: dict[str, tf.Tensor], weights: GanWeights) -> tf.Tensor:
    return losses["mae"] + weights.adversarial * losses["adversarial"] + weights.feature * losses["feature"]


def traced(step: Step, channels: int, region: Region = NO_REGION) -> Step:
    """The step as one graph for examinations of any size."""
    volume = tf.TensorSpec((None, None, None), tf.float32)
    inputs = tf.TensorSpec((None, None, None, channels), tf.float32)
    signature = (inputs, volume, volume, volume) if region.weight else (inputs, volume, volume)
    graph: Step = tf.function(step, input_signature=signature, autograph=False)
    return graph
