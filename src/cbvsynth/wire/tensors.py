"""Between NumPy arrays and the protocol's tensors."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from cbvsynth.errors import ReplyError
from cbvsynth.wire.schema import DT_FLOAT, DT_STRING, Message

Float32Array = npt.NDArray[np.float32]


def fill_tensor(tensor: Message, array: npt.NDArray[np.generic]) -> None:
    """Put an array, converted to float32, into an empty TensorProto, as raw little-endian bytes.

    Filling the tensor where it stands in a request saves a copy of every volume.
    """
    values = np.asarray(array, dtype="<f4", order="C")
    tensor.dtype = DT_FLOAT
    tensor.tensor_content = values.tobytes()
    for size in values.shape:
        tensor.tensor_shape.dim.add(size=size)


def array_of(tensor: Message, name: str) -> Float32Array:
    """The float32 array of a TensorProto, read from raw bytes or from listed floats; read-only.

    Servers answer in either form. Fewer listed floats than voxels mean that the last one repeats.

    Args:
        tensor: a TensorProto.
        name: how messages call it.

    Raises:
        ReplyError: it is not float32, or its shape and its values do not fit together.
    """
    if tensor.dtype != DT_FLOAT:
        raise ReplyError(
            f"The server's '{name}' has the number type {tensor.dtype}; expected {DT_FLOAT} (float32). "
            "Is it a model of this project?"
        )
    shape = tuple(int(dim.size) for dim in tensor.tensor_shape.dim)
    count = math.prod(shape)
    content = tensor.tensor_content or b"".join(tensor.float_val)
    if tensor.tensor_shape.unknown_rank or min(shape, default=0) < 0 or len(content) % 4:
        raise _misfit(name, shape, len(content))
    values = np.frombuffer(content, dtype="<f4")
    if values.size == count:
        return values.reshape(shape)
    if tensor.tensor_content or not 0 < values.size < count:
        raise _misfit(name, shape, len(content))
    return np.pad(values, (0, count - values.size), mode="edge").reshape(shape)


def text_of(tensor: Message, name: str) -> str:
    """The text of a scalar string TensorProto.

    Raises:
        ReplyError: it is not one string, or not UTF-8.
    """
    if tensor.dtype != DT_STRING or len(tensor.string_val) != 1:
        raise ReplyError(
            f"The server's '{name}' has the number type {tensor.dtype} and {len(tensor.string_val)} texts; "
            f"expected {DT_STRING} (string) and one text. Is it a model of this project?"
        )
    try:
        return str(tensor.string_val[0], "utf-8")
    except UnicodeDecodeError as error:
        raise ReplyError(
            f"The server's '{name}' is not UTF-8 text. Is it a model of this project?"
        ) from error


def _misfit(name: str, shape: tuple[int, ...], size: int) -> ReplyError:
    return ReplyError(
        f"The server's '{name}' has shape {shape} and {size} bytes of values; expected 4 bytes for each "
        "voxel. The reply is damaged; ask again."
    )
