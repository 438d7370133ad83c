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
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from cbvsynth.domain.options import Precision
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import ModelError, VolumeError
from cbvsynth.models.generator import GeneratorOptions, build_generator
from cbvsynth.records.examinations import Float32Array
from cbvsynth.records.golden import WARMUP_SHAPE, made_up_inputs, require_golden, write_golden
from cbvsynth.records.storage import atomic_folder
from cbvsynth.signature import DESCRIBE_SIGNATURE, DESCRIPTION, OUTPUT, PREDICT_SIGNATURE, Description
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
        expected = [sequence.value for sequence in self.description.sequences]
        if sorted(inputs) != sorted(expected):
            raise ModelError(
                f"{self.description.model}: got the inputs {', '.join(inputs)}, expected "
                f"{', '.join(expected)}; give exactly these."
            )
        try:
            return _answer(self.program.signatures[PREDICT_SIGNATURE], inputs)
        except tf.errors.InvalidArgumentError as error:
            raise VolumeError(f"{self.description.model}: {refusal(error)}.") from error
        except (tf.errors.OpError, MemoryError) as error:
            raise ModelError(
                f"{self.description.model}: TensorFlow could not make the map ({own_words(error)}); expected "
                "memory for one examination and a device that works. Free some memory, or let the processor "
                "do it: CUDA_VISIBLE_DEVICES=-1."
            ) from error


def export_model(
    generator: keras.Model, options: GeneratorOptions, description: Description, folder: Path
) -> None:
    """Write a trained generator as a SavedModel, atomically; the same weights give the same bytes.

    Args:
        generator: trained; maps (B, H, W, D, C) to (B, H, W, D).
        options: what the generator was built with.
        description: what `describe` will answer.
        folder: to be written or replaced.
    """
    combination = description.model.combination
    with atomic_folder(folder) as temporary:
        module, signatures = _module(_as_float32(generator, options, len(combination.sequences)), description)
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
    answer = function(**{name: tf.constant(np.asarray(array, np.float32)) for name, array in inputs.items()})
    cbv: Float32Array = answer[OUTPUT].numpy()
    return cbv


def _as_float32(generator: keras.Model, options: GeneratorOptions, channels: int) -> keras.Model:
    """The same weights in a network that calculates in float32; the network itself if it already does."""
    if options.precision is Precision.FLOAT32:
        return generator
    served = build_generator(channels, replace(options, precision=Precision.FLOAT32))
    served.set_weights(generator.get_weights())
    return served


def _module(
    generator: keras.Model, description: Description
) -> tuple[tf.Module, dict[str, tf.types.experimental.ConcreteFunction]]:
    """What is saved: the weights by name, and one traced function per signature.

    The Keras object itself is left out; saving it would take longer and store its configuration.
    """
    module = tf.Module()
    module.weights = {variable.name: variable.value for variable in generator.variables}
    scale = tf.constant(description.cbv_max, tf.float32)

    def serve(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        features, foreground = normalise_inputs({Sequence(name): volume for name, volume in inputs.items()})
        cbv = tf.nn.relu(generator(features) * scale) * foreground
        return {OUTPUT: cbv}

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
