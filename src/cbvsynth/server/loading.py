"""One version of a model in memory: checked, loaded, warmed, and run."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import prediction_log_pb2

from cbvsynth.errors import ModelError, RefusedError
from cbvsynth.server.tensors import Array
from cbvsynth.training.normalise import refusal
from cbvsynth.training.operations import check_operations, read_model

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"

_MOST_WARMUP_RECORDS = 1000  # the production server's bound
# Run by TensorFlow's loader, never by a client.
_INTERNAL_SIGNATURES = ("__saved_model_init_op", "__saved_model_train_op")
_CODES = {
    tf.errors.INVALID_ARGUMENT: "INVALID_ARGUMENT",
    tf.errors.RESOURCE_EXHAUSTED: "RESOURCE_EXHAUSTED",
    tf.errors.OUT_OF_RANGE: "OUT_OF_RANGE",
    tf.errors.FAILED_PRECONDITION: "FAILED_PRECONDITION",
    tf.errors.UNIMPLEMENTED: "UNIMPLEMENTED",
    tf.errors.DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED",
}


class LoadedModel:
    """A SavedModel in memory. Any number of threads may run it."""

    def __init__(self, folder: Path) -> None:
        """Check a SavedModel's operations, then load it; nothing of it runs before the check.

        Raises:
            ModelError: it is missing, damaged, or holds operations that serving does not need.
        """
        check_operations(folder)
        meta = read_model(folder).meta_graphs[0]
        self.signatures: Mapping[str, meta_graph_pb2.SignatureDef] = {
            name: signature
            for name, signature in meta.signature_def.items()
            if name not in _INTERNAL_SIGNATURES
        }
        try:
            self._program = tf.saved_model.load(str(folder))
        except (OSError, ValueError, LookupError, RuntimeError, tf.errors.OpError) as error:
            raise ModelError(
                f"version {folder.name} cannot be loaded ({type(error).__name__}); expected program and "
                "weights of one export. Copy or export it again."
            ) from error
        self._functions = {
            name: self._program.signatures[name]
            for name in self.signatures
            if name in self._program.signatures
        }

    def run(self, signature: str, inputs: Mapping[str, Array], outputs: tuple[str, ...]) -> dict[str, Array]:
        """Answer a request whose names were checked against the signature.

        Raises:
            RefusedError: the graph refuses the values, with TensorFlow's code.
        """
        try:
            answer = self._functions[signature](
                **{name: tf.convert_to_tensor(array) for name, array in inputs.items()}
            )
            return {name: _array(answer[name].numpy()) for name in outputs}
        except tf.errors.OpError as error:
            raise RefusedError(refusal(error), code=_CODES.get(error.error_code, "INTERNAL")) from error


def _array(value: Array | bytes) -> Array:
    """An array even of a text scalar, which TensorFlow hands out as plain bytes."""
    return np.array(value, dtype=object) if isinstance(value, bytes) else np.asarray(value)


def warm_up(folder: Path, run: Callable[[prediction_log_pb2.PredictionLog], None]) -> int:
    """Replay the requests that travel with a model; return how many there were.

    Raises:
        ModelError: a record is damaged, or the model refuses it.
    """
    path = folder / WARMUP_FILE
    if not path.is_file():
        return 0
    count = 0
    try:
        for record in tf.data.TFRecordDataset(str(path)).take(_MOST_WARMUP_RECORDS):
            run(prediction_log_pb2.PredictionLog.FromString(record.numpy()))
            count += 1
    except (DecodeError, RefusedError, tf.errors.OpError) as error:
        raise ModelError(
            f"version {folder.name}: warm-up request {count + 1} failed ({error}); expected an answer. "
            "Export the model again."
        ) from error
    return count


class ServedVersion:
    """A loaded version and the number of requests that are using it; freed after the last of them."""

    def __init__(self, version: int, model: LoadedModel, when_freed: Callable[[], None]) -> None:
        self.version = version
        self._model: LoadedModel | None = model
        self._when_freed = when_freed
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False

    @property
    def model(self) -> LoadedModel:
        """The model; only between `acquire` and `release`."""
        assert self._model is not None
        return self._model

    def acquire(self) -> bool:
        """Begin a request; False when the version was retired meanwhile."""
        with self._lock:
            if self._retired:
                return False
            self._users += 1
            return True

    def release(self) -> None:
        """End a request; the last one of a retired version frees it."""
        with self._lock:
            self._users -= 1
            last = self._retired and self._users == 0
        if last:
            self._free()

    def retire(self) -> None:
        """Take no new requests; free the model once those that run have ended."""
        with self._lock:
            self._retired = True
            idle = self._users == 0
        if idle:
            self._free()

    def _free(self) -> None:
        self._model = None
        gc.collect()  # its reference cycles would keep the weights in memory for a while
        self._when_freed()
