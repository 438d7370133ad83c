"""Predict in JSON: the row form {"instances": [...]} and the columnar form {"inputs": ...}."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorflow.core.protobuf import meta_graph_pb2

from cbvsynth.errors import RefusedError
from cbvsynth.server.faces.rest_tensors import B64, array_from, dumps, shown, texts_of
from cbvsynth.server.tensors import MOST_AXES, Array, Claim, claim_of_array, invalid

ROWS, COLUMNS = "instances", "inputs"

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half a character as JSON may write it. Without its other half no reply can repeat it."""


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a request.

    Raises:
        RefusedError: it is no JSON object, or its `signature_name` is no text.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        content = json.loads(body.decode("utf-8-sig"))
        if _SURROGATE.search(body):
            json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise invalid("JSON Parse error: The surrogate pair in string is invalid.") from error
    except UnicodeDecodeError as error:
        raise invalid("JSON Parse error: The document is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise invalid(f"JSON Parse error: {error.msg} at offset: {error.pos}") from error
    except RecursionError as error:
        raise invalid("JSON Parse error: Lists are nested too deeply") from error
    except ValueError as error:
        raise invalid("JSON Parse error: A number has too many digits") from error
    if not isinstance(content, dict):
        raise invalid(f"JSON Value: {shown(content)} Is not object")
    if not isinstance(content.get("signature_name", ""), str):
        raise invalid(
            f"JSON Value: {shown(content)} not formatted correctly. 'signature_name' key must be a string "
            "value."
        )
    return content


def claims_of(content: Mapping[str, Any], signature: meta_graph_pb2.SignatureDef) -> list[Claim]:
    """The inputs of a Predict request.

    Raises:
        RefusedError: not exactly one of `instances` and `inputs` is there, or a value does not fit its input.
    """
    if ROWS in content and COLUMNS in content:
        raise invalid(f"Not formatted correctly expecting only one of '{COLUMNS}' or '{ROWS}' keys to exist")
    if ROWS in content:
        arrays = _from_rows(content[ROWS], signature)
    elif COLUMNS in content:
        arrays = _from_columns(content[COLUMNS], signature)
    else:
        raise invalid(f"Missing '{COLUMNS}' or '{ROWS}' key")
    return [claim_of_array(name, signature.inputs[name].dtype, array) for name, array in arrays.items()]


def answer_json(content: Mapping[str, Any], outputs: Mapping[str, Array]) -> bytes:
    """The reply in the form of the request; a single output goes without its name.

    Raises:
        RefusedError: INVALID_ARGUMENT: rows were asked for, and the outputs have no common batch size.
    """
    # By TensorFlow Serving's convention, text is binary where the output's name says so.
    columns = {
        name: texts_of(array, as_base64=name.endswith("_bytes")) if array.dtype.kind in "OSU" else array
        for name, array in sorted(outputs.items())
    }
    only = next(iter(columns.values())) if len(columns) == 1 else None
    if COLUMNS in content:
        return b'{"outputs":' + (_object(columns) if only is None else dumps(only)) + b"}"
    _require_one_batch(outputs)
    if only is not None:
        return b'{"predictions":' + dumps(only) + b"}"
    count = len(next(iter(columns.values())))
    rows = [_object({name: column[row] for name, column in columns.items()}) for row in range(count)]
    return b'{"predictions":[' + b",".join(rows) + b"]}"


def _object(values: Mapping[str, object]) -> bytes:
    return b"{" + b",".join(dumps(name) + b":" + dumps(value) for name, value in values.items()) + b"}"


def _require_one_batch(outputs: Mapping[str, Array]) -> None:
    size = None
    for name, array in sorted(outputs.items()):
        if array.ndim == 0:
            raise invalid(
                f"Tensor name: {name} has no shape information; use '{COLUMNS}' instead of '{ROWS}'."
            )
        if size not in (None, array.shape[0]):
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {array.shape[0]} expecting: {size}; use "
                f"'{COLUMNS}' instead of '{ROWS}'."
            )
        size = array.shape[0]


def _from_columns(columns: object, signature: meta_graph_pb2.SignatureDef) -> dict[str, Array]:
    names = sorted(signature.inputs)
    if not isinstance(columns, dict) or set(columns) == {B64}:
        if len(names) > 1:
            raise invalid(
                f"{COLUMNS} is a plain value/list, but expecting an object as multiple input tensors "
                f"required: {','.join(names)}"
            )
        return {names[0]: array_from(columns, signature.inputs[names[0]].dtype)}
    for name in names:
        if name not in columns:
            raise invalid(f"Missing named input: {name} in '{COLUMNS}' object.")
    return {name: array_from(columns[name], signature.inputs[name].dtype) for name in names}


def _from_rows(rows: object, signature: meta_graph_pb2.SignatureDef) -> dict[str, Array]:
    names = sorted(signature.inputs)
    if not isinstance(rows, list):
        raise invalid(f"Expecting '{ROWS}' to be an list/array")
    if not rows:
        raise invalid(f"No values in '{ROWS}' array")
    named = _is_named(rows[0])
    if not named and len(names) > 1:
        raise invalid(
            f"{ROWS} is a plain list, but expecting list of objects as multiple input tensors required: "
            f"{','.join(names)}"
        )
    arrays: dict[str, list[Array]] = {name: [] for name in names}
    for place, row in enumerate(rows):
        if _is_named(row) is not named:
            expected, found = ("object", "list") if named else ("value/list", "object")
            raise invalid(f"Expecting {expected} but got {found} at item {place} of input list")
        values = row if named else {names[0]: row}
        if set(values) != set(names):
            raise invalid(
                f"Failed to process element: {place} of '{ROWS}' list. JSON object: {shown(row)} keys must "
                f"be equal to: {','.join(names)}"
            )
        for name in names:
            arrays[name].append(_row(place, name, values[name], signature, arrays[name]))
    return {name: np.stack(parts) for name, parts in arrays.items()}


def _row(
    place: int, name: str, value: object, signature: meta_graph_pb2.SignatureDef, before: list[Array]
) -> Array:
    where = f"Failed to process element: {place} key: {name} of '{ROWS}' list. Error: INVALID_ARGUMENT: "
    try:
        array = array_from(value, signature.inputs[name].dtype)
    except RefusedError as error:
        raise RefusedError(where + str(error), code=error.code) from error
    if array.ndim == MOST_AXES:  # the rows are one more
        raise invalid(f"{where}Lists are nested deeper than {MOST_AXES - 1}.")
    if before and before[0].shape != array.shape:
        raise invalid(f"{where}Expecting shape {list(before[0].shape)} but got: {list(array.shape)}")
    return array


def _is_named(value: object) -> bool:
    return isinstance(value, dict) and set(value) != {B64}
