"""What is asked of a prediction server, by TensorFlow Serving's protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.client.channel import Channel
from cbvsynth.errors import ReplyError, UsageError
from cbvsynth.signature import DESCRIBE_SIGNATURE, DESCRIPTION, OUTPUT, PREDICT_SIGNATURE, Description
from cbvsynth.wire.schema import (
    GET_MODEL_STATUS,
    PREDICT,
    STATE_AVAILABLE,
    GetModelStatusRequest,
    GetModelStatusResponse,
    Message,
    ModelSpec,
    PredictRequest,
    PredictResponse,
)
from cbvsynth.wire.tensors import Float32Array, array_of, fill_tensor, text_of

_MOST_REQUEST_BYTES = 2**31 - 2**20
"""Protobuf's limit of 2 GiB for a message, less a margin for everything that is not voxels."""


@dataclass(frozen=True)
class ModelReference:
    """A registered model on a server, by version, by label, or (with neither) its newest version."""

    name: str
    version: int = 0
    label: str = ""

    def __str__(self) -> str:
        if self.version:
            return f"{self.name}, version {self.version}"
        return f"{self.name}, label '{self.label}'" if self.label else self.name

    def to_message(self, signature: str = "") -> Message:
        """The same as a message of the protocol."""
        spec = ModelSpec(name=self.name, signature_name=signature)
        if self.version:
            spec.version.value = self.version
        elif self.label:
            spec.version_label = self.label
        return spec


@dataclass(frozen=True)
class VersionState:
    """Whether a version answers requests, and the server's reason if it could not be loaded."""

    is_live: bool
    error: str


class Connection(Channel):
    """Calls to one server by TensorFlow Serving's protocol. May be used by many threads at the same time."""

    def predict(
        self, model: ModelReference, inputs: Mapping[str, npt.NDArray[np.generic]]
    ) -> tuple[Float32Array, int]:
        """Ask for a map.

        Args:
            model: which version to ask.
            inputs: by name, (B, H, W, D), as `cbvsynth.signature` defines them.

        Returns:
            CBV, (B, H, W, D) float32 in the model's target unit, and the version that answered.

        Raises:
            ServingError: no answer, a refusal, or an answer that cannot be read.
            UsageError: the images are larger than a message can be.
        """
        found, version = self.predict_outputs(model, inputs, (OUTPUT,))
        return found[OUTPUT], version

    def predict_outputs(
        self,
        model: ModelReference,
        inputs: Mapping[str, npt.NDArray[np.generic]],
        names: Sequence[str],
    ) -> tuple[dict[str, Float32Array], int]:
        """Ask for several outputs of one request, as `predict` asks for the map.

        Raises:
            ServingError: as `predict`.
            UsageError: as `predict`.
        """
        require_sendable(inputs)
        request = PredictRequest(model_spec=model.to_message(PREDICT_SIGNATURE), output_filter=list(names))
        for name, array in inputs.items():
            fill_tensor(request.inputs[name], array)
        reply = self.call(PREDICT, request, PredictResponse, str(model))
        return {name: array_of(_output(reply, name), name) for name in names}, _version(reply, model)

    def describe(self, model: ModelReference) -> tuple[Description, int]:
        """What a version says about itself, and its number.

        Raises:
            ServingError: no answer, a refusal, or an answer that cannot be read.
            ModelError: the text is not a description.
        """
        request = PredictRequest(model_spec=model.to_message(DESCRIBE_SIGNATURE))
        reply = self.call(PREDICT, request, PredictResponse, str(model))
        text = text_of(_output(reply, DESCRIPTION), DESCRIPTION)
        return Description.from_json(text), _version(reply, model)

    def live_versions(self, name: str) -> tuple[int, ...]:
        """Versions of a model that answer requests now, ascending.

        Raises:
            ServingError: no answer or a refusal.
        """
        return tuple(number for number, state in self.version_states(name).items() if state.is_live)

    def version_states(self, name: str) -> dict[int, VersionState]:
        """What the server reports for every version of a model that it knows, ascending.

        Raises:
            ServingError: no answer or a refusal.
        """
        request = GetModelStatusRequest(model_spec=ModelReference(name).to_message())
        reply = self.call(GET_MODEL_STATUS, request, GetModelStatusResponse, name)
        states = {
            int(one.version): VersionState(
                one.state == STATE_AVAILABLE, str(one.status.error_message) if one.status.error_code else ""
            )
            for one in reply.model_version_status
        }
        return dict(sorted(states.items()))


def require_sendable(inputs: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Refuse images that no message can carry, before anything is copied.

    Raises:
        UsageError: they are larger than 2 GB together, as float32.
    """
    size = sum(4 * array.size for array in inputs.values())
    if size > _MOST_REQUEST_BYTES:
        raise UsageError(
            f"The images have {size / 1e9:.1f} GB together; expected at most 2 GB, which is all that a "
            "request can carry. Crop the images to the head, or resample them."
        )


def _output(reply: Message, name: str) -> Message:
    if name not in reply.outputs:
        raise ReplyError(
            f"The server answered with {', '.join(sorted(reply.outputs)) or 'nothing'}; expected '{name}'. "
            "Is it a model of this project?"
        )
    return reply.outputs[name]


def _version(reply: Message, model: ModelReference) -> int:
    """The version that answered, which must be the one asked for by number."""
    found = int(reply.model_spec.version.value)
    if found < 1 or found != (model.version or found):
        raise ReplyError(
            f"The server answered {model} as version {found or '(not stated)'}; expected the one that was "
            "asked for. Is it a TensorFlow Serving?"
        )
    return found
