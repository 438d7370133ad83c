"""What a run trains: networks, optimisers, one step, and all of it as named arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cbvsynth.config import TrainConfig
from cbvsynth.domain.sequences import Algorithm, ModelId
from cbvsynth.models.discriminator import build_discriminator
from cbvsynth.models.generator import GeneratorOptions, build_generator
from cbvsynth.training.adam import Adam
from cbvsynth.training.steps import GanWeights, Learner, Step, encoder_decoder_step, gan_step


@dataclass(frozen=True)
class Networks:
    """A generator with its training step; `variables` is all that a training step changes."""

    generator: keras.Model
    step: Step
    variables: Mapping[str, tf.Variable]

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Present values of all variables."""
        return {name: variable.numpy() for name, variable in self.variables.items()}

    def restore(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Give every variable the value stored under its name."""
        for name, variable in self.variables.items():
            variable.assign(arrays[name])


def generator_options(config: TrainConfig) -> GeneratorOptions:
    """The part of a step's interface that shapes the generator."""
    return GeneratorOptions(
        base_channels=config.base_channels,
        residual_blocks=config.residual_blocks,
        decoder=config.decoder,
        end_kernel=config.end_kernel,
        skip_connections=config.skip_connections,
        output_activation=config.output_activation,
        precision=config.precision,
    )


def build_networks(model_id: ModelId, config: TrainConfig, seed: int) -> Networks:
    """Fresh networks of a model, drawn from a seed."""
    generator = build_generator(len(model_id.combination.sequences), generator_options(config), seed)
    learner = Learner(generator, Adam(generator.trainable_variables, config.learning_rate))
    variables = _named("generator", learner)
    if model_id.algorithm is Algorithm.ENCDEC:
        return Networks(generator, encoder_decoder_step(learner), variables)
    discriminator = build_discriminator(config.base_channels, config.precision, seed)
    judge = Learner(discriminator, Adam(discriminator.trainable_variables, config.learning_rate))
    weights = GanWeights(config.adversarial_weight, config.feature_weight)
    step = gan_step(learner, judge, weights, config.update)
    return Networks(generator, step, {**variables, **_named("discriminator", judge)})


def _named(name: str, learner: Learner) -> dict[str, tf.Variable]:
    weights = {f"{name}/{weight.name}": weight.value for weight in learner.network.trainable_variables}
    moments = {f"{name}_adam/{number}": value for number, value in enumerate(learner.optimiser.state)}
    return {**weights, **moments}
