"""From a trained generator to the model that is served, and back into memory.

The SavedModel takes raw intensities, one named input per sequence, and answers with CBV in the target
unit; checks and normalisation are inside, from the function that training used. What is served is
always float32 arithmetic, also of a model that was trained in bfloat16: it then runs on any processor
and its golden answer holds everywhere.

    <folder>/saved_model.pb, variables/                        the program and its weights
    <folder>/assets.extra/tf_serving_warmup_requests           run by the server before it is ready
    <folder>/assets.extra/golden.npz                           a request and its right answer
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import ModelError, VolumeError
from cbvsynth.records.examinations import Float32Array
from cbvsynth.records.golden import WARMUP_SHAPE, made_up_inputs, require_golden, write_golden
from cbvsynth.records.storage import atomic_folder
from cbvsynth.signature import (
    DESCRIBE_SIGNATURE,
    DESCRIPTION,
    OUTPUT,
    OUTPUT_SD,
    PREDICT_SIGNATURE,
    Description,
)
from cbvsynth.training.canonical import make_reproducible
from cbvsynth.training.failure import own_words
from cbvsynth.training.normalise import normalise_inputs, refusal
from cbvsynth.training.operations import check_operations
from cbvsynth.training.warmup import write_warmup


@dataclass(frozen=True)
class ExportedModel:
    """A SavedModel read back from disk: call it with raw volumes, as a server would."""

    description: Description
    program: tf.Module
    """What TensorFlow loaded; it keeps the weights alive, which the signatures do not."""

    def __call__(self, inputs: Mapping[str, Float32Array]) -> Float32Array:
        """Synthesise CBV.

        Args:
            inputs: by name, (B, H, W, D) raw intensities, ADC in 1e-6 mm2/s.

        Returns:
            (B, H, W, D) float32, CBV in the description's target unit, background 0.

        Raises:
            VolumeError: the graph's own checks refuse an input.
            ModelError: other inputs than the description names, or the machine lacks memory or a device.
        """
        return self.outputs(inputs)[OUTPUT]

    def outputs(self, inputs: Mapping[str, Float32Array]) -> dict[str, Float32Array]:
        """All outputs by name, as `__call__` gives the map.

        Raises:
            VolumeError: the graph's own checks refuse an input.
            ModelError: as `__call__`.
        """
        expected = [sequence.value for sequence in self.description.sequences]
        if sorted(inputs) != sorted(expected):
            raise ModelError(
                f"{self.description.model}: got the inputs {', '.join(inputs)}, expected "
                f"{', '.join(expected)}; give exactly these."
            )
        try:
            return _answers(self.program.signatures[PREDICT_SIGNATURE], inputs)
        except tf.errors.InvalidArgumentError as error:
            raise VolumeError(f"{self.description.model}: {refusal(error)}.") from error
        except (tf.errors.OpError, MemoryError) as error:
            raise ModelError(
                f"{self.description.model}: TensorFlow could not make the map ({own_words(error)}); expected "
                "memory for one examination and a device that works. Free some memory, or let the processor "
                "do it: CUDA_VISIBLE_DEVICES=-1."
            ) from error


@dataclass(frozen=True)
class ServedSpread:
    """How far off a map is likely to be: the head, and the factor by which patients calibrated it."""

    head: keras.Model
    factor: float
    """`cbv_sd` over what the head expects."""


def export_model(
    generator: keras.Model, description: Description, folder: Path, spread: ServedSpread | None = None
) -> None:
    """Write a trained generator as a SavedModel, atomically; the same weights give the same bytes.

    Args:
        generator: trained; maps (B, H, W, D, C) to (B, H, W, D).
        description: what `describe` will answer.
        folder: to be written or replaced.
        spread: what makes the second output of a model that has one.
    """
    combination = description.model.combination
    with atomic_folder(folder) as temporary:
        module, signatures = _module(generator.as_float32(), description, spread)
        tf.saved_model.save(module, str(temporary), signatures)
        make_reproducible(temporary)
        write_warmup(temporary, description.model.slug, made_up_inputs(combination, WARMUP_SHAPE))
        # The answer of the network in memory: the first replay after loading then compares disk with memory.
        predict = partial(_answer, signatures[PREDICT_SIGNATURE])
        write_golden(temporary, combination, predict, description.cbv_max)


def load_exported(folder: Path) -> ExportedModel:
    """Read a SavedModel of this project, after its operations were checked.

    Raises:
        ModelError: it is missing, damaged, holds operations that it should not, or is another model.
    """
    check_operations(folder)
    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, ValueError, LookupError, RuntimeError, tf.errors.OpError) as error:
        raise ModelError(
            f"{folder.name}: the SavedModel cannot be loaded ({type(error).__name__}); expected program and "
            "weights of one export. Copy or export the model again."
        ) from error
    missing = {PREDICT_SIGNATURE, DESCRIBE_SIGNATURE} - set(loaded.signatures)
    if missing:
        raise ModelError(
            f"{folder.name}: the SavedModel lacks the signature {', '.join(sorted(missing))}; expected a "
            "model exported by this project."
        )
    text = loaded.signatures[DESCRIBE_SIGNATURE]()[DESCRIPTION].numpy()
    return ExportedModel(Description.from_json(text), loaded)


def verify_golden(folder: Path) -> float:
    """Load a SavedModel and replay its golden request; the largest deviation, in the target unit.

    Raises:
        ModelError: the model cannot be loaded, or answers differently.
    """
    return require_golden(folder, load_exported(folder))


def _answer(
    function: tf.types.experimental.ConcreteFunction, inputs: Mapping[str, Float32Array]
) -> Float32Array:
    return _answers(function, inputs)[OUTPUT]


def _answers(
    function: tf.types.experimental.ConcreteFunction, inputs: Mapping[str, Float32Array]
) -> dict[str, Float32Array]:
    answer = function(**{name: tf.constant(np.asarray(array, np.float32)) for name, array in inputs.items()})
    return {name: value.numpy() for name, value in answer.items()}


def _module(
    generator: keras.Model, description: Description, spread: ServedSpread | None
) -> tuple[tf.Module, dict[str, tf.types.experimental.ConcreteFunction]]:
    """What is saved: the weights by name, and one traced function per signature.

    The Keras object itself is left out; saving it would take longer and store its configuration.
    """
    module = tf.Module()
    scale = tf.constant(description.cbv_max, tf.float32)
    learned = None if spread is None else ServedSpread(spread.head.as_float32(), spread.factor)
    kept = generator.variables if learned is None else [*generator.variables, *learned.head.variables]
    module.weights = {variable.name: variable.value for variable in kept}

    def serve(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        features, foreground = normalise_inputs({Sequence(name): volume for name, volume in inputs.items()})
        if learned is None:
            return {OUTPUT: tf.nn.relu(generator(features) * scale) * foreground}
        share, expected = _map_and_spread(generator, learned.head, features)
        sd = expected * scale * tf.constant(learned.factor, tf.float32)
        return {OUTPUT: tf.nn.relu(share * scale) * foreground, OUTPUT_SD: sd * foreground}

    def describe() -> dict[str, tf.Tensor]:
        return {DESCRIPTION: tf.constant(description.to_json())}

    spec = {
        sequence.value: tf.TensorSpec([None] * 4, tf.float32, sequence.value)
        for sequence in description.sequences
    }
    return module, {
        PREDICT_SIGNATURE: tf.function(serve, autograph=False).get_concrete_function(**spec),
        DESCRIBE_SIGNATURE: tf.function(describe, autograph=False).get_concrete_function(),
    }


def _map_and_spread(
    generator: keras.Model, head: keras.Model, features: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Both outputs from one pass: (B, H, W, D, C) -> twice (B, H, W, D), shares of cbv_max."""

    def pair(volume: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        seen = generator.features(volume)
        return generator.map_of(seen), head(seen)

    maps, spreads = tf.map_fn(pair, features, fn_output_signature=(tf.float32, tf.float32))
    return maps, spreads
