"""The Open Inference Protocol's methods, whichever way a request came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from cbvsynth.server.flags import ServerOptions
from cbvsynth.server.methods.model_spec import version_of
from cbvsynth.server.methods.predict import check_names, run, signature_of
from cbvsynth.server.store import ModelStore
from cbvsynth.server.tensors import Array, Claim, invalid, require_possible
from cbvsynth.signature import PREDICT_SIGNATURE
from cbvsynth.wire.open_inference import DATATYPES

BYTES = "BYTES"
PLATFORM = "tensorflow_savedmodel"

_NUMBERS = {word: tf.as_dtype(kind).as_datatype_enum for word, kind in DATATYPES.items()}
_NUMBERS[BYTES] = tf.string.as_datatype_enum
_WORDS = {number: word for word, number in _NUMBERS.items()}


@dataclass(frozen=True)
class Asked:
    """A request for a prediction.

    version: a number, a label, or nothing for the newest.
    signature: as the parameter names it; nothing for predictions.
    outputs: the wanted ones; none for all.
    claims: the inputs, once the signature is known.
    """

    model: str
    version: str
    signature: str
    outputs: Sequence[str]
    claims: Callable[[meta_graph_pb2.SignatureDef], Sequence[Claim]]


@dataclass(frozen=True)
class Tensor:
    """Name, datatype and shape of a model's input or output; -1 is any size."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ModelFacts:
    """What a model takes and gives, and the numbers of its versions that answer."""

    name: str
    versions: tuple[int, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def infer(store: ModelStore, options: ServerOptions, asked: Asked) -> tuple[int, dict[str, Array]]:
    """The version that answers, and its outputs.

    Raises:
        RefusedError: no such model, version, signature, input or output; too large; or the graph refuses.
    """
    name = asked.signature or PREDICT_SIGNATURE
    with store.borrow(*place_of(asked.model, asked.version)) as served:
        signature = signature_of(served.model, name, options)
        claims = asked.claims(signature)
        names = [claim.name for claim in claims]
        check_names(signature, names)
        if len(set(names)) != len(names):
            raise invalid(f"an input is given twice: {', '.join(sorted(names))}")
        return served.version, run(served.model, name, claims, asked.outputs, options)


def place_of(model: str, version: str) -> tuple[str, int | None, str]:
    """Name, version and label: the protocol's version is a text, so that a label can stand there too.

    Raises:
        RefusedError: INVALID_ARGUMENT: no name, or a number beyond 64 bits.
    """
    if not model:
        raise invalid("The request names no model.")
    if version.isascii() and version.isdigit():
        return model, version_of(version), ""
    return model, None, version


def is_ready(store: ModelStore, model: str, version: str) -> bool:
    """Whether the version, the label's or the newest, answers requests.

    Raises:
        RefusedError: there is none, or no such label.
    """
    with store.borrow(*place_of(model, version)):
        return True


def model_facts(store: ModelStore, model: str, version: str) -> ModelFacts:
    """What a version takes and gives for a prediction.

    Raises:
        RefusedError: no such model or version, or it predicts nothing.
    """
    with store.borrow(*place_of(model, version)) as served:
        signature = signature_of(served.model, PREDICT_SIGNATURE, ServerOptions())
        return ModelFacts(
            name=model,
            versions=tuple(store.available(model)),
            inputs=_tensors(signature.inputs),
            outputs=_tensors(signature.outputs),
        )


def claim(
    name: str,
    datatype: str,
    shape: Sequence[int],
    signature: meta_graph_pb2.SignatureDef,
    sent: tuple[int, Callable[[], Array]],
) -> Claim:
    """An input as declared.

    Args:
        name: of the input.
        datatype: the protocol's word.
        shape: every size.
        signature: where the input must be.
        sent: bytes of the values sent when unpacked, and what makes the array.

    Raises:
        RefusedError: INVALID_ARGUMENT: another datatype than the signature's, a size below 0, or a shape
            that no array can have.
    """
    number = _NUMBERS.get(datatype, -1)
    info = signature.inputs.get(name)
    if info is not None and number != info.dtype:
        raise invalid(f'input "{name}" has datatype {datatype or "none"}; expected {word_of(info.dtype)}.')
    if min(shape, default=0) < 0:
        raise invalid(f'input "{name}" has shape {list(shape)}; expected every size to be given.')
    require_possible(name, shape)
    return Claim(name, number, tuple(shape), *sent)


def word_of(number: int) -> str:
    """The protocol's word for TensorFlow's number of a type; empty where it has none."""
    return _WORDS.get(number, "")


def word_for(array: Array) -> str:
    """The protocol's word for the type of an output.

    Raises:
        RefusedError: INVALID_ARGUMENT: it has none.
    """
    if array.dtype.kind in "OSU":
        return BYTES
    word = word_of(tf.as_dtype(array.dtype).as_datatype_enum)
    if not word:
        raise invalid(f"An output has the type {array.dtype.name}, for which this protocol has no word.")
    return word


def numpy_kind(datatype: str) -> np.dtype[np.generic]:
    """NumPy's type of a datatype other than BYTES, little-endian."""
    return np.dtype(DATATYPES[datatype]).newbyteorder("<")


def _tensors(infos: object) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(name, word_of(info.dtype), _sizes(info))
        for name, info in sorted(infos.items())  # type: ignore[attr-defined]
    )


def _sizes(info: meta_graph_pb2.TensorInfo) -> tuple[int, ...]:
    if info.tensor_shape.unknown_rank:
        return (-1,)
    return tuple(int(dim.size) for dim in info.tensor_shape.dim)
