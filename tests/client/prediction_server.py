"""A small prediction server on a real socket, with TensorFlow Serving's answers and refusals.

It makes a map by arithmetic that a test can repeat: see `expected_cbv`. The texts of refusals are those
that TensorFlow Serving 2.21 gave, as recorded in the project's notes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt

from cbvsynth.domain.sequences import Combination, ModelId, TargetUnit
from cbvsynth.preprocessing import PREPROCESSING_VERSION
from cbvsynth.records.selection import pattern_label
from cbvsynth.signature import Description
from cbvsynth.wire.schema import (
    DT_FLOAT,
    DT_STRING,
    GetModelStatusRequest,
    GetModelStatusResponse,
    PredictRequest,
    PredictResponse,
)
from cbvsynth.wire.tensors import array_of, fill_tensor

ALL = Combination.parse("t1-t2-t1c-flair-adc")
WEIGHTS = {"t1": 0.001, "t2": 0.002, "t1c": 0.003, "flair": 0.004, "adc": 0.0005}


def describe(slug: str, **changes: Any) -> Description:
    content: dict[str, Any] = {
        "model": ModelId.parse(slug),
        "target_unit": TargetUnit.ML_PER_100G,
        "cbv_max": 25.0,
        "preprocessing_version": PREPROCESSING_VERSION,
        "spacing_range_mm": ((0.5, 4.0),) * 3,
        "shape_range": ((4.0, 256.0),) * 3,
        "data_fingerprint": "d" * 64,
        "run_fingerprint": "r" * 64,
        "software": "a test",
    }
    return Description(**(content | changes))


def expected_cbv(inputs: Mapping[str, npt.NDArray[Any]], version: int) -> npt.NDArray[np.float32]:
    """What the server answers: version + weighted sum; not 0 in the background, as a bad model."""
    total = sum(np.float32(WEIGHTS[name]) * inputs[name] for name in sorted(inputs))
    return np.asarray(total + np.float32(version), dtype=np.float32)


SD_SHARE = np.float32(0.5)
"""What a version that says how sure it is answers as `cbv_sd`, over its map."""


@dataclass
class PredictionServer:
    """What is served and how it behaves; may be changed between requests.

    refusals: answers for the next requests, code and text, first to last.
    as_floats: answer in float_val, as TensorFlow Serving does by default.
    reply: changes the map before it is sent.
    broken: versions that could not be loaded, with the reason.
    """

    versions: dict[int, Description]
    labels: dict[str, int] = field(default_factory=dict)
    name: str = "cbvsynth"
    refusals: list[tuple[grpc.StatusCode, str]] = field(default_factory=list)
    delay_s: float = 0.0
    as_floats: bool = True
    reply: Any = None
    broken: dict[int, str] = field(default_factory=dict)
    requests: list[Any] = field(default_factory=list)
    address: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        with self.lock:
            self.requests.append(request)
            refusal = self.refusals.pop(0) if self.refusals else None
        if refusal:
            context.abort(*refusal)
        time.sleep(self.delay_s)
        number = self._resolve(request.model_spec, context)
        response = PredictResponse()
        response.model_spec.name = self.name
        response.model_spec.version.value = number
        if request.model_spec.signature_name == "describe":
            tensor = response.outputs["description"]
            tensor.dtype = DT_STRING
            tensor.string_val.append(self.versions[number].to_json().encode())
            return response
        inputs = {name: array_of(tensor, name) for name, tensor in request.inputs.items()}
        needed = {sequence.value for sequence in self.versions[number].sequences}
        if set(inputs) != needed:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"input size does not match signature: {len(inputs)}!={len(needed)}",
            )
        cbv = expected_cbv(inputs, number)
        cbv = self.reply(cbv) if self.reply else cbv
        tensor = response.outputs["cbv"]
        fill_tensor(tensor, cbv)
        if self.versions[number].interval_level:
            fill_tensor(response.outputs["cbv_sd"], SD_SHARE * cbv)
        if self.as_floats:
            tensor.float_val.append(tensor.tensor_content)
            tensor.tensor_content = b""
        assert tensor.dtype == DT_FLOAT
        return response

    def status(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.model_spec.name != self.name:
            context.abort(
                grpc.StatusCode.NOT_FOUND, f"Could not find any versions of model {request.model_spec.name}"
            )
        response = GetModelStatusResponse()
        for number in self.versions:
            response.model_version_status.add(version=number, state=30)
        response.model_version_status.add(version=999, state=50)
        for number, reason in self.broken.items():
            status = response.model_version_status.add(version=number, state=50).status
            status.error_code, status.error_message = 2, reason
        return response

    def predictions(self) -> list[Any]:
        """Requests that asked for a map."""
        return [one for one in self.requests if one.model_spec.signature_name == "serving_default"]

    def _resolve(self, spec: Any, context: grpc.ServicerContext) -> int:
        number = int(spec.version.value)
        if spec.name != self.name:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({spec.name})")
        if spec.version_label:
            if spec.version_label not in self.labels:
                text = f"Unrecognized servable version label: {spec.version_label}"
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)
            number = self.labels[spec.version_label]
        if number not in self.versions:
            context.abort(
                grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Specific({spec.name}, {number})"
            )
        return number


def three_versions(*, sure: frozenset[int] = frozenset(), **changes: Any) -> PredictionServer:
    """Version 7 is best of all, version 12 where ADC is missing, version 3 for T1 alone.

    Those of `sure` say how sure they are.
    """
    slugs = {7: "encdec-t1-t1c-adc", 12: "encdec-t2-t1c", 3: "fcgan-t1"}
    spread = {"interval_level": 0.9, "lesion_sds": 1.0}
    versions = {
        number: describe(slug, **(spread if number in sure else {})) for number, slug in slugs.items()
    }
    labels = {
        "stable": 7,
        "canary": 12,
        **{
            pattern_label(Combination.parse(slug)): number
            for slug, number in {ALL.slug: 7, "t1-t1c-adc": 7, "t1-t2-t1c-flair": 12, "t1": 3}.items()
        },
    }
    return PredictionServer(versions, labels, **changes)


@contextmanager
def serve(
    server: PredictionServer,
    credentials: grpc.ServerCredentials | None = None,
    threads: int = 4,
    port: int = 0,
) -> Iterator[PredictionServer]:
    """Serve on a port of this machine, a free one by default, while the block runs."""
    options = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
    endpoint = grpc.server(ThreadPoolExecutor(threads), options=options)
    services = {
        "tensorflow.serving.PredictionService": {
            "Predict": grpc.unary_unary_rpc_method_handler(
                server.predict, PredictRequest.FromString, lambda reply: reply.SerializeToString()
            )
        },
        "tensorflow.serving.ModelService": {
            "GetModelStatus": grpc.unary_unary_rpc_method_handler(
                server.status, GetModelStatusRequest.FromString, lambda reply: reply.SerializeToString()
            )
        },
    }
    for service, methods in services.items():
        endpoint.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
    if credentials is None:
        port = endpoint.add_insecure_port(f"127.0.0.1:{port}")
    else:
        port = endpoint.add_secure_port(f"127.0.0.1:{port}", credentials)
    server.address = f"localhost:{port}"
    endpoint.start()
    try:
        yield server
    finally:
        endpoint.stop(None).wait()
