"""TensorProtos to NumPy arrays and back, checked against what the signature says."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from cbvsynth.errors import RefusedError
from cbvsynth.wire import schema

Array = npt.NDArray[Any]


def invalid(message: str) -> RefusedError:
    """A refusal with INVALID_ARGUMENT: the request itself is wrong."""
    return RefusedError(message, code="INVALID_ARGUMENT")


def array_of(
    proto: tensor_pb2.TensorProto, name: str, info: meta_graph_pb2.TensorInfo, max_bytes: int
) -> Array:
    """Read one input of a request; raw bytes are not copied.

    Args:
        proto: what was sent.
        name: of the input, for messages.
        info: what the signature says about it.
        max_bytes: largest size when unpacked; a short message may claim any shape.

    Raises:
        RefusedError: INVALID_ARGUMENT with the input's name: dtype, rank, a fixed size, or the number of
            values is wrong.
    """
    if proto.dtype != info.dtype:
        raise invalid(f'input "{name}" has dtype {_dtype(proto.dtype)}; expected {_dtype(info.dtype)}.')
    shape = tuple(int(dim.size) for dim in proto.tensor_shape.dim)
    _check_shape(name, shape, proto.tensor_shape.unknown_rank, info)
    kind = tf.as_dtype(proto.dtype)
    if math.prod(shape) * max(kind.size or 1, 1) > max_bytes:
        raise invalid(f'input "{name}" has shape {list(shape)}, more than the {max_bytes} bytes allowed.')
    if proto.tensor_content and kind != tf.string:
        return _from_bytes(proto.tensor_content, kind.as_numpy_dtype, shape, name)
    if kind == tf.float32 and len(proto.float_val) == math.prod(shape):
        # Packed floats are their bytes: read as such, 6 MB take 3 ms instead of 80.
        packed = schema.TensorProto.FromString(proto.SerializeToString()).float_val
        return _from_bytes(b"".join(packed), np.float32, shape, name)
    try:
        return np.asarray(tf.make_ndarray(proto))
    except (ValueError, TypeError, IndexError) as error:
        raise invalid(
            f'input "{name}" has shape {list(shape)}, and its values do not fill it ({error}).'
        ) from error


def fill_proto(proto: tensor_pb2.TensorProto, array: Array, *, as_content: bool) -> None:
    """Write one output of a reply, as raw bytes or in the listed form (strings always in the latter)."""
    if array.dtype.kind in "OSU":
        proto.CopyFrom(tf.make_tensor_proto(array))
        return
    kind = tf.as_dtype(array.dtype)
    if as_content:
        _fill_header(proto, kind.as_datatype_enum, array.shape)
        proto.tensor_content = array.tobytes()
    elif kind == tf.float32:
        packed = schema.TensorProto()
        _fill_header(packed, kind.as_datatype_enum, array.shape)
        packed.float_val.append(array.tobytes())
        proto.ParseFromString(packed.SerializeToString())
    else:
        # make_tensor_proto writes bytes for arrays and lists for lists.
        proto.CopyFrom(tf.make_tensor_proto(array.tolist(), dtype=kind, shape=array.shape))


def tensor_json(array: Array, *, as_base64: bool = False) -> Any:  # noqa: ANN401  JSON
    """Nested lists for JSON; byte strings as text, or as {"b64": ...} where the output is binary."""
    if array.dtype.kind not in "OSU":
        return array.tolist()
    return _texts(array.tolist(), as_base64=as_base64)


def _texts(value: Any, *, as_base64: bool) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, list):
        return [_texts(item, as_base64=as_base64) for item in value]
    content = value if isinstance(value, bytes) else str(value).encode()
    if as_base64:
        return {"b64": base64.b64encode(content).decode()}
    return content.decode("utf-8", errors="replace")


def _from_bytes(content: bytes, kind: npt.DTypeLike, shape: tuple[int, ...], name: str) -> Array:
    expected = math.prod(shape) * np.dtype(kind).itemsize
    if len(content) != expected:
        raise invalid(
            f'input "{name}" has shape {list(shape)} and {len(content)} bytes of values; expected {expected}.'
        )
    return np.frombuffer(content, dtype=kind).reshape(shape)


def _check_shape(
    name: str,
    shape: tuple[int, ...],
    unknown_rank: bool,  # noqa: FBT001  a field of the message
    info: meta_graph_pb2.TensorInfo,
) -> None:
    if unknown_rank or min(shape, default=0) < 0:
        raise invalid(f'input "{name}" has no definite shape; expected every size to be given.')
    if info.tensor_shape.unknown_rank:
        return
    expected = [int(dim.size) for dim in info.tensor_shape.dim]
    fits = len(expected) == len(shape) and all(
        want in (-1, got) for want, got in zip(expected, shape, strict=True)
    )
    if not fits:
        raise invalid(
            f'input "{name}" has shape {list(shape)}; expected rank {len(expected)}, {expected}, where -1 is '
            "any size."
        )


def _fill_header(proto: Any, dtype: int, shape: tuple[int, ...]) -> None:  # noqa: ANN401  either class
    proto.dtype = dtype
    proto.tensor_shape.SetInParent()
    for size in shape:
        proto.tensor_shape.dim.add(size=size)


def _dtype(number: int) -> str:
    try:
        return str(tf.as_dtype(number).name)
    except TypeError:
        return f"number {number}"
