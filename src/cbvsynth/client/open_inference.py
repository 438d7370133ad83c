"""What is asked of a prediction server, by the Open Inference Protocol, KServe's version 2."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cbvsynth.client.channel import Channel
from cbvsynth.client.connection import ModelReference, require_sendable
from cbvsynth.errors import ReplyError
from cbvsynth.signature import DESCRIBE_SIGNATURE, DESCRIPTION, OUTPUT, Description
from cbvsynth.wire.open_inference import (
    SIGNATURE_PARAMETER,
    ModelInferRequest,
    ModelInferResponse,
    ModelMetadataRequest,
    ModelMetadataResponse,
    method_path,
)
from cbvsynth.wire.schema import Message
from cbvsynth.wire.tensors import Float32Array

_FLOAT32, _TEXT = "FP32", "BYTES"
_LENGTH_BYTES = 4


class OpenInferenceConnection(Channel):
    """Calls to one server. May be used by many threads at the same time."""

    def predict(
        self, model: ModelReference, inputs: Mapping[str, npt.NDArray[np.generic]]
    ) -> tuple[Float32Array, int]:
        """As `Connection.predict`."""
        found, version = self.predict_outputs(model, inputs, (OUTPUT,))
        return found[OUTPUT], version

    def predict_outputs(
        self,
        model: ModelReference,
        inputs: Mapping[str, npt.NDArray[np.generic]],
        names: Sequence[str],
    ) -> tuple[dict[str, Float32Array], int]:
        """As `Connection.predict_outputs`."""
        require_sendable(inputs)
        request = ModelInferRequest(model_name=model.name, model_version=_version_text(model))
        for name in names:
            request.outputs.add(name=name)
        for name, array in inputs.items():
            values = np.asarray(array, dtype="<f4", order="C")
            request.inputs.add(name=name, datatype=_FLOAT32, shape=values.shape)
            request.raw_input_contents.append(values.tobytes())
        reply = self.call(method_path("ModelInfer"), request, ModelInferResponse, str(model))
        return {name: _volume(reply, name) for name in names}, _version(reply, model)

    def describe(self, model: ModelReference) -> tuple[Description, int]:
        """As `Connection.describe`; the signature goes as a parameter, for which the protocol has room."""
        request = ModelInferRequest(model_name=model.name, model_version=_version_text(model))
        request.parameters[SIGNATURE_PARAMETER].string_param = DESCRIBE_SIGNATURE
        reply = self.call(method_path("ModelInfer"), request, ModelInferResponse, str(model))
        _, content = _output(reply, DESCRIPTION, _TEXT)
        text = content[_LENGTH_BYTES:]
        if int.from_bytes(content[:_LENGTH_BYTES], "little") != len(text):
            raise ReplyError(f"The server's '{DESCRIPTION}' is not one text. Is it a model of this project?")
        return Description.from_json(text), _version(reply, model)

    def live_versions(self, name: str) -> tuple[int, ...]:
        """As `Connection.live_versions`."""
        request = ModelMetadataRequest(name=name)
        reply = self.call(method_path("ModelMetadata"), request, ModelMetadataResponse, name)
        return tuple(sorted(int(version) for version in reply.versions if version.isdecimal()))


def _version_text(model: ModelReference) -> str:
    return str(model.version) if model.version else model.label


def _output(reply: Message, name: str, datatype: str) -> tuple[tuple[int, ...], bytes]:
    """Shape and raw content of an output."""
    for place, one in enumerate(reply.outputs):
        if one.name == name and one.datatype == datatype and place < len(reply.raw_output_contents):
            return tuple(map(int, one.shape)), bytes(reply.raw_output_contents[place])
    found = ", ".join(f"{one.name} ({one.datatype})" for one in reply.outputs) or "nothing"
    raise ReplyError(
        f"The server answered with {found}; expected '{name}' ({datatype}) in raw form. Is it a model of "
        "this project?"
    )


def _volume(reply: Message, name: str) -> Float32Array:
    shape, content = _output(reply, name, _FLOAT32)
    if len(content) != 4 * math.prod(shape):
        raise ReplyError(
            f"The server's '{name}' has shape {shape} and {len(content)} bytes of values; expected 4 "
            "bytes for each voxel. The reply is damaged; ask again."
        )
    return np.frombuffer(content, dtype="<f4").reshape(shape)


def _version(reply: Message, model: ModelReference) -> int:
    """The version that answered, which must be the one asked for by number."""
    text = str(reply.model_version)
    found = int(text) if text.isdecimal() else 0
    if found < 1 or found != (model.version or found):
        raise ReplyError(
            f"The server answered {model} as version {text or '(not stated)'}; expected the one that was "
            "asked for, as a number of the registry."
        )
    return found
