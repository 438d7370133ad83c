"""Tensors as requests declare them, bounded before they are unpacked, and arrays as replies carry them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from cbvsynth.errors import RefusedError
from cbvsynth.server.flags import ServerOptions
from cbvsynth.wire import schema

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

ALWAYS_ALLOWED = (256, 256, 256)
"""A head at 1 mm may be sent to every model, however small the volumes were that it has seen."""
MOST_AXES = 64
"""NumPy's bound; TensorFlow's own is 254."""
_MOST_VALUES = 2**58
"""In a shape without its sizes of 0: NumPy counts the bytes of these too, of up to 16 a value, in 63 bits."""
TEXT_BYTES = 64
"""What a text costs in Python beside its bytes, with the pointer to it."""
_VALUES = {
    tf.float32: ("float_val", 4),
    tf.float64: ("double_val", 8),
    tf.string: ("string_val", TEXT_BYTES),
    tf.int64: ("int64_val", 8),
    tf.bool: ("bool_val", 1),
    tf.float16: ("half_val", 2),
    tf.bfloat16: ("half_val", 2),
    tf.uint32: ("uint32_val", 4),
    tf.uint64: ("uint64_val", 8),
    tf.complex64: ("scomplex_val", 4),
    tf.complex128: ("dcomplex_val", 8),
    **{kind: ("int_val", kind.size) for kind in (tf.int32, tf.int16, tf.int8, tf.uint8, tf.uint16)},
}
"""Field of listed values, and what one of them takes when unpacked."""


def invalid(message: str) -> RefusedError:
    """A refusal with INVALID_ARGUMENT: the request itself is wrong."""
    return RefusedError(message, code="INVALID_ARGUMENT")


@dataclass(frozen=True)
class Claim:
    """An input as a request declares it; nothing is unpacked yet, since a short message may claim any shape.

    dtype: TensorFlow's number.
    sent_bytes: what the values that were really sent take when unpacked.
    unpack: makes the array; raises RefusedError where the values do not fill the shape.
    """

    name: str
    dtype: int
    shape: Shape
    sent_bytes: int
    unpack: Callable[[], Array]

    @property
    def bytes(self) -> int:
        """What the array takes when unpacked."""
        kind = tf.as_dtype(self.dtype)
        return max(self.sent_bytes, math.prod(self.shape) * (TEXT_BYTES if kind == tf.string else kind.size))


def claim_of(proto: tensor_pb2.TensorProto, name: str, info: meta_graph_pb2.TensorInfo) -> Claim:
    """What a TensorProto declares.

    Raises:
        RefusedError: INVALID_ARGUMENT with the input's name: it has another dtype than the signature's, no
            definite shape, or one that no array can have.
    """
    require_dtype(name, proto.dtype, info)
    shape = tuple(int(dim.size) for dim in proto.tensor_shape.dim)
    if proto.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise invalid(f'input "{name}" has no definite shape; expected every size to be given.')
    require_possible(name, shape)
    kind = tf.as_dtype(proto.dtype)
    if kind not in _VALUES:
        raise RefusedError(f'input "{name}" has dtype {kind.name}, which is not read.', code="UNIMPLEMENTED")
    field, size = _VALUES[kind]
    sent = len(proto.tensor_content) or len(getattr(proto, field)) * size
    return Claim(name, proto.dtype, shape, sent, lambda: _unpacked(proto, name, shape))


def claim_of_array(name: str, dtype: int, array: Array) -> Claim:
    """An input that is unpacked already, as from JSON."""
    sent = array.size * TEXT_BYTES if array.dtype.kind == "O" else array.nbytes
    return Claim(name, dtype, array.shape, sent, lambda: array)


def require_dtype(name: str, dtype: int, info: meta_graph_pb2.TensorInfo) -> None:
    """Refuse another dtype than the signature's.

    Raises:
        RefusedError: INVALID_ARGUMENT with the input's name.
    """
    if dtype != info.dtype:
        raise invalid(f'input "{name}" has dtype {_dtype(dtype)}; expected {_dtype(info.dtype)}.')


def require_possible(name: str, shape: Sequence[int]) -> None:
    """Refuse a shape that no array can have, however few its values are.

    Raises:
        RefusedError: INVALID_ARGUMENT with the input's name.
    """
    if len(shape) > MOST_AXES:
        raise invalid(f'input "{name}" has {len(shape)} axes; expected at most {MOST_AXES}.')
    if math.prod(size for size in shape if size) > _MOST_VALUES:
        raise invalid(
            f'input "{name}" has shape {list(shape)}; expected sizes whose product, without those of 0, is '
            f"at most {_MOST_VALUES}."
        )


def require_bounds(claims: Collection[Claim], largest: Shape | None, options: ServerOptions) -> None:
    """Refuse what would take too much memory, before any of it is taken.

    Args:
        claims: all inputs of a request.
        largest: the largest shape that the model's description names; None without a description.
        options: the limits.

    Raises:
        RefusedError: INVALID_ARGUMENT: a few values claim to be many, or the inputs are too large together.
    """
    total = sum(claim.bytes for claim in claims)
    expanded = total - sum(claim.sent_bytes for claim in claims)
    shapes = ", ".join(sorted(f'"{claim.name}" {list(claim.shape)}' for claim in claims))
    if expanded > options.max_expanded_bytes:
        raise invalid(
            f"the inputs {shapes} declare {expanded} bytes more than were sent; expected at most "
            f"{options.max_expanded_bytes}. Send every value."
        )
    if total > options.max_request_bytes:
        raise invalid(
            f"the inputs {shapes} have {total} bytes; expected at most {options.max_request_bytes}."
        )
    if largest is not None and claims:
        most = max(options.max_shape_factor * math.prod(largest), math.prod(ALWAYS_ALLOWED)) * 4 * len(claims)
        if total > most:
            raise invalid(
                f"the inputs {shapes} have {total} bytes; expected at most {most}: the model has seen "
                f"{list(largest)} and smaller. Crop the images to the head, or resample them."
            )


def require_shape(claim: Claim, info: meta_graph_pb2.TensorInfo) -> None:
    """Compare rank and fixed sizes with the signature, as `--enable_signature_shape_check` asks.

    Raises:
        RefusedError: INVALID_ARGUMENT with the input's name.
    """
    if info.tensor_shape.unknown_rank:
        return
    expected = [int(dim.size) for dim in info.tensor_shape.dim]
    fits = len(expected) == len(claim.shape) and all(
        want in (-1, got) for want, got in zip(expected, claim.shape, strict=True)
    )
    if not fits:
        raise invalid(
            f'input "{claim.name}" has shape {list(claim.shape)}; expected rank {len(expected)}, {expected}, '
            "where -1 is any size."
        )


def from_bytes(content: bytes, kind: npt.DTypeLike, shape: Shape, name: str) -> Array:
    """An array of raw little-endian bytes, which are not copied.

    Raises:
        RefusedError: INVALID_ARGUMENT: they are not as many as the shape holds.
    """
    expected = math.prod(shape) * np.dtype(kind).itemsize
    if len(content) != expected:
        raise invalid(
            f'input "{name}" has shape {list(shape)} and {len(content)} bytes of values; expected {expected}.'
        )
    return np.frombuffer(content, dtype=kind).reshape(shape)


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


def _unpacked(proto: tensor_pb2.TensorProto, name: str, shape: Shape) -> Array:
    kind = tf.as_dtype(proto.dtype)
    if proto.tensor_content and kind != tf.string:
        return from_bytes(proto.tensor_content, kind.as_numpy_dtype, shape, name)
    if kind == tf.float32 and len(proto.float_val) == math.prod(shape):
        # Packed floats are their bytes: read as such, 6 MB take 3 ms instead of 80.
        packed = schema.TensorProto.FromString(proto.SerializeToString()).float_val
        return from_bytes(b"".join(packed), np.float32, shape, name)
    try:
        return np.asarray(tf.make_ndarray(proto))
    except OverflowError as error:
        raise invalid(f'input "{name}" holds a value that {kind.name} does not reach.') from error
    except (ValueError, TypeError, IndexError) as error:
        sent = len(getattr(proto, _VALUES[kind][0]))
        raise invalid(
            f'input "{name}" has shape {list(shape)}, and its values do not fill it: {sent} were sent, '
            f"expected {math.prod(shape)}."
        ) from error


def _fill_header(proto: Any, dtype: int, shape: Shape) -> None:  # noqa: ANN401  either class
    proto.dtype = dtype
    proto.tensor_shape.SetInParent()
    for size in shape:
        proto.tensor_shape.dim.add(size=size)


def _dtype(number: int) -> str:
    try:
        return str(tf.as_dtype(number).name)
    except TypeError:
        return f"number {number}"
