"""Arrays from nested JSON lists and back, by TensorFlow Serving's rules."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import orjson
import tensorflow as tf

from cbvsynth.server.tensors import MOST_AXES, Array, invalid

B64 = "b64"

_MOST_SHOWN = 256
_WORDS: dict[type, str] = {
    bool: "Bool",
    int: "Number",
    float: "Number",
    str: "String",
    list: "Array",
    dict: "Object",
    type(None): "Null",
}
_TYPES: dict[str, frozenset[type]] = {
    "f": frozenset({int, float}),
    "i": frozenset({int}),
    "u": frozenset({int}),
    "b": frozenset({bool}),
    "O": frozenset({str, dict}),
}
"""By NumPy's kind of the input: what may stand in the innermost lists."""


def array_from(value: object, dtype: int) -> Array:
    """The array of a JSON value, a number or nested lists of one depth and regular lengths.

    Args:
        value: from JSON.
        dtype: TensorFlow's number.

    Raises:
        RefusedError: INVALID_ARGUMENT: a value is of another type or out of its range, or the lists are not
            regular; UNIMPLEMENTED: JSON has no such type.
    """
    kind = tf.as_dtype(dtype)
    target = np.dtype(object) if kind == tf.string else np.dtype(kind.as_numpy_dtype)
    if target.kind not in _TYPES:
        raise invalid(f"Conversion of JSON values to type {kind.name} is not possible.")
    shape = _shape(value)
    flat: list[Any] = []
    _flatten(value, 0, shape, _Leaf(kind.name, target), flat)
    return _typed(flat, target, kind.name).reshape(shape)


def dumps(value: object) -> bytes:
    """JSON of arrays, lists and names; every float32 with the fewest digits that give it back."""
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray):
        return orjson.dumps(value)
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        # JSON has no word for these; TensorFlow Serving writes Python's.
        shortest = value.astype(str).astype(np.float64)
        return json.dumps(shortest.tolist(), separators=(",", ":")).encode()
    if value.dtype.kind not in "biuf":
        return orjson.dumps(value.astype(np.float64).tolist())
    return orjson.dumps(
        np.ascontiguousarray(value) if value.ndim else value.item(), option=orjson.OPT_SERIALIZE_NUMPY
    )


def texts_of(array: Array, *, as_base64: bool) -> Any:  # noqa: ANN401  JSON
    """Nested lists of byte strings as text, or as {"b64": ...} where the output is binary."""
    return _texts(array.tolist(), as_base64=as_base64)


def shown(value: object) -> str:
    """A JSON value for a message, cut where it is long."""
    try:
        return json.dumps(value)[:_MOST_SHOWN]
    except RecursionError:  # json reads a little deeper than it writes
        return "(nested too deeply to show)"


class _Leaf:
    """What may stand in the innermost lists."""

    def __init__(self, name: str, target: np.dtype[Any]) -> None:
        self.name = name
        self.target = target
        self.types = _TYPES[target.kind]

    def refuse(self, value: object) -> None:
        raise invalid(
            f"JSON Value: {shown(value)} Type: {_WORDS[type(value)]} is not of expected type: {self.name}"
        )


def _shape(value: object) -> tuple[int, ...]:
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        if len(shape) > MOST_AXES:
            raise invalid(f"Lists are nested deeper than {MOST_AXES}.")
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _flatten(value: object, level: int, shape: tuple[int, ...], leaf: _Leaf, flat: list[Any]) -> None:
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON DOM. Expected "
                f"at level: {len(shape)}"
            )
        _take([value], leaf, flat)
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: "
            f"{shape[level]}"
        )
    if level == len(shape) - 1 and list not in set(map(type, value)):
        _take(value, leaf, flat)
        return
    for item in value:
        _flatten(item, level + 1, shape, leaf, flat)


def _take(values: list[Any], leaf: _Leaf, flat: list[Any]) -> None:
    if not set(map(type, values)) <= leaf.types:
        leaf.refuse(next(one for one in values if type(one) not in leaf.types))
    flat += [_text(one) for one in values] if leaf.target.kind == "O" else values


def _text(value: str | dict[str, Any]) -> bytes:
    if isinstance(value, str):
        return value.encode()
    content = value.get(B64)
    if set(value) != {B64} or not isinstance(content, str):
        raise invalid(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    try:
        return base64.b64decode(content, validate=True)
    except ValueError as error:  # its own binascii.Error, or of signs beyond ASCII
        raise invalid("Unable to base64 decode") from error


def _typed(flat: list[Any], target: np.dtype[Any], name: str) -> Array:
    if target.kind == "O":
        array = np.empty(len(flat), dtype=object)
        array[:] = flat
        return array
    if target.kind in "iu" and flat:
        bounds = np.iinfo(target)
        for value in (min(flat), max(flat)):
            if not bounds.min <= value <= bounds.max:
                raise invalid(f"JSON Value: {shown(value)} Type: Number is out of the range of type: {name}")
    try:
        with np.errstate(over="ignore"):
            return np.array(flat, dtype=np.float64 if target.kind == "f" else target).astype(target)
    except OverflowError as error:
        raise invalid(f"A JSON number is out of the range of type: {name}") from error


def _texts(value: Any, *, as_base64: bool) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, list):
        return [_texts(item, as_base64=as_base64) for item in value]
    content = value if isinstance(value, bytes) else str(value).encode()
    if as_base64:
        return {B64: base64.b64encode(content).decode()}
    return content.decode("utf-8", errors="replace")
