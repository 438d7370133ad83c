"""What a run trains: networks, optimisers, one step, and all of it as named arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cbvsynth.config import TrainConfig
from cbvsynth.domain.options import Spread
from cbvsynth.domain.sequences import Algorithm, ModelId
from cbvsynth.models.any_generator import AnyGenerator, available
from cbvsynth.models.discriminator import build_discriminator
from cbvsynth.models.flow import FlowGenerator, FlowSampling
from cbvsynth.models.generator import GeneratorOptions, build_generator
from cbvsynth.models.spread import SpreadHead
from cbvsynth.training.adam import Adam, Cooldown
from cbvsynth.training.any_step import any_step, drawn_subset
from cbvsynth.training.flow_step import flow_step
from cbvsynth.training.spread_step import with_spread
from cbvsynth.training.steps import GanWeights, Learner, Region, Step, encoder_decoder_step, gan_step


@dataclass(frozen=True)
class Networks:
    """A generator with its training step; `variables` is all that a training step changes."""

    generator: keras.Model
    step: Step
    variables: Mapping[str, tf.Variable]
    spread: keras.Model | None = None
    """The head that says how far off the map is, where there is one."""

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


def build_networks(model_id: ModelId, config: TrainConfig, seed: int, examinations: int = 1) -> Networks:
    """Fresh networks of a model, drawn from a seed; `examinations` are an epoch's steps."""
    cooldown = Cooldown(config.cooldown, config.epochs * examinations)

    def learner_of(network: keras.Model) -> Learner:
        return Learner(network, Adam(network.trainable_variables, config.learning_rate, cooldown))

    generator = _generator(model_id, config, seed)
    learner = learner_of(generator)
    networks = _without_spread(model_id, config, seed, learner, learner_of)
    if config.spread is Spread.OFF or model_id.algorithm is Algorithm.FLOW:
        return networks
    head = SpreadHead(generator.feature_channels, config.precision, seed)
    spread = learner_of(head)

    def seen(inputs: tf.Tensor) -> tf.Tensor:
        if model_id.algorithm is not Algorithm.ANY:
            return inputs
        number = tf.stack((tf.constant(seed + 1, tf.int64), spread.optimiser.updates.read_value()))
        return inputs * drawn_subset(available(inputs), number)

    step = with_spread(networks.step, learner, spread, Region(config.region_weight), seen)
    return Networks(generator, step, {**networks.variables, **_named("spread", spread)}, head)


def _without_spread(
    model_id: ModelId,
    config: TrainConfig,
    seed: int,
    learner: Learner,
    learner_of: Callable[[keras.Model], Learner],
) -> Networks:
    generator, variables = learner.network, _named("generator", learner)
    region = Region(config.region_weight)
    if model_id.algorithm is Algorithm.ENCDEC:
        return Networks(generator, encoder_decoder_step(learner, region), variables)
    if model_id.algorithm is Algorithm.FLOW:
        return Networks(generator, flow_step(learner, seed, region), variables)
    if model_id.algorithm is Algorithm.ANY:
        return Networks(generator, any_step(learner, seed, region), variables)
    discriminator = build_discriminator(config.base_channels, config.precision, seed)
    judge = learner_of(discriminator)
    weights = GanWeights(config.adversarial_weight, config.feature_weight)
    step = gan_step(learner, judge, weights, config.update, region)
    return Networks(generator, step, {**variables, **_named("discriminator", judge)})


def served_generator(model_id: ModelId, trained: keras.Model) -> keras.Model:
    """What is exported of a trained generator: of one model for all, the part that these sequences use."""
    return trained.for_combination(model_id.combination) if isinstance(trained, AnyGenerator) else trained


def _generator(model_id: ModelId, config: TrainConfig, seed: int) -> keras.Model:
    channels, options = len(model_id.combination.sequences), generator_options(config)
    if model_id.algorithm is Algorithm.FLOW:
        return FlowGenerator(channels, options, FlowSampling(config.flow_steps, config.flow_solver), seed)
    if model_id.algorithm is Algorithm.ANY:
        return AnyGenerator(model_id.trained_on, options, seed)
    return build_generator(channels, options, seed)


def _named(name: str, learner: Learner) -> dict[str, tf.Variable]:
    weights = {f"{name}/{weight.name}": weight.value for weight in learner.network.trainable_variables}
    moments = {f"{name}_adam/{number}": value for number, value in enumerate(learner.optimiser.state)}
    return {**weights, **moments}
