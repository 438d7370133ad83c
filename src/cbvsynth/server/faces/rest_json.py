"""Predict in JSON: the row form {"instances": [...]} and the columnar form {"inputs": ...}."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import predict_pb2

from cbvsynth.errors import RefusedError
from cbvsynth.server.methods.model_spec import DEFAULT_SIGNATURE
from cbvsynth.server.tensors import Array, fill_proto, invalid, tensor_json

ROWS, COLUMNS = "instances", "inputs"

_B64 = "b64"


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a request.

    Raises:
        RefusedError: it is no JSON object, or its `signature_name` is no text.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise invalid(f"JSON Parse error: {error}") from error
    if not isinstance(content, dict):
        raise invalid("Request must be a JSON object (mapping).")
    if not isinstance(content.get("signature_name", ""), str):
        raise invalid("'signature_name' key must be a string value.")
    return content


def parse_body(body: bytes) -> dict[str, Any]:
    """The JSON object of a Predict request.

    Raises:
        RefusedError: it is no JSON object, or has not exactly one of `instances` and `inputs`.
    """
    content = json_object(body)
    if (ROWS in content) == (COLUMNS in content):
        raise invalid(f"Request must have exactly one of the keys '{ROWS}' and '{COLUMNS}'.")
    return content


def fill_request(
    content: dict[str, Any], signature: meta_graph_pb2.SignatureDef, request: predict_pb2.PredictRequest
) -> None:
    """Put the tensors of a JSON request into a Predict request.

    Raises:
        RefusedError: a value does not fit its input.
    """
    request.model_spec.signature_name = content.get("signature_name", "") or DEFAULT_SIGNATURE
    for name, value in _values(content, signature).items():
        info = signature.inputs.get(name)
        if info is None:
            request.inputs[name].dtype = 0  # refused by name together with what is missing
        else:
            fill_proto(request.inputs[name], _array(name, value, info.dtype), as_content=True)


def answer_json(content: dict[str, Any], response: predict_pb2.PredictResponse) -> dict[str, Any]:
    """The reply in the form of the request; a single output goes without its name.

    Raises:
        RefusedError: INVALID_ARGUMENT: rows were asked for, and the outputs have no common batch size.
    """
    # By TensorFlow Serving's convention, text is binary where the output's name says so.
    arrays = {name: tf.make_ndarray(proto) for name, proto in response.outputs.items()}
    columns = {
        name: tensor_json(array, as_base64=name.endswith("_bytes")) for name, array in sorted(arrays.items())
    }
    only = next(iter(columns.values())) if len(columns) == 1 else None
    if COLUMNS in content:
        return {"outputs": columns if only is None else only}
    sizes = {array.shape[0] if array.ndim else 0 for array in arrays.values()}
    if len(sizes) != 1 or 0 in {array.ndim for array in arrays.values()}:
        raise invalid(f"Outputs have batch sizes {sorted(sizes)}; use '{COLUMNS}' instead of '{ROWS}'.")
    if only is not None:
        return {"predictions": only}
    rows = zip(*columns.values(), strict=True)
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in rows]}


def _values(content: dict[str, Any], signature: meta_graph_pb2.SignatureDef) -> dict[str, Any]:
    names = list(signature.inputs)
    if COLUMNS in content:
        columns = content[COLUMNS]
        return columns if _is_named(columns) else {_single(names): columns}
    rows = content[ROWS]
    if not isinstance(rows, list) or not rows:
        raise invalid(f"'{ROWS}' must be a list with at least one value.")
    if not _is_named(rows[0]):
        return {_single(names): rows}
    if any(not _is_named(row) or set(row) != set(rows[0]) for row in rows):
        raise invalid("Every instance must name the same inputs.")
    return {name: [row[name] for row in rows] for name in rows[0]}


def _is_named(value: object) -> bool:
    return isinstance(value, dict) and set(value) != {_B64}


def _single(names: list[str]) -> str:
    if len(names) != 1:
        raise invalid(f"The signature has the inputs {', '.join(sorted(names))}; name them in the request.")
    return names[0]


def _array(name: str, value: object, dtype: int) -> Array:
    kind = tf.as_dtype(dtype)
    try:
        if kind == tf.string:
            return np.array(_decoded(value), dtype=object)
        array = np.array(value)
        fits = array.dtype.kind in {"f": "iuf", "i": "iu", "u": "iu", "b": "b"}.get(
            np.dtype(kind.as_numpy_dtype).kind, ""
        )
        if not fits and array.size:
            raise invalid(f'input "{name}": JSON holds {array.dtype.name}; expected {kind.name}.')
        return array.astype(kind.as_numpy_dtype)
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise invalid(f'input "{name}": not a regular list of {kind.name} ({error}).') from error


def _decoded(value: Any) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, dict):
        if set(value) != {_B64}:
            raise RefusedError('expected text or {"b64": ...}', code="INVALID_ARGUMENT")
        return base64.b64decode(value[_B64], validate=True)
    if not isinstance(value, str):
        raise TypeError("expected text")
    return value.encode()
