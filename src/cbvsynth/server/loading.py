"""One version of a model in memory: checked, loaded, warmed, and run."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import prediction_log_pb2

from cbvsynth.errors import ModelError, RefusedError
from cbvsynth.server.flags import ServerOptions
from cbvsynth.server.tensors import Array, Shape
from cbvsynth.signature import DESCRIBE_SIGNATURE, DESCRIPTION, Description
from cbvsynth.training.normalise import refusal
from cbvsynth.training.operations import check_graph, read_model
from cbvsynth.training.warmup import WARMUP_FILE

_MOST_WARMUP_RECORDS = 1000  # the production server's bound
_MOST_REASON = 300
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

    def __init__(self, folder: Path, options: ServerOptions) -> None:
        """Check a SavedModel's operations, then load it; nothing of it runs before the check.

        Raises:
            ModelError: it is missing, damaged, has no graph with the wanted tags, or holds operations that
                serving does not need, unless every operation is allowed.
        """
        tags = options.saved_model_tags.split(",")
        graphs = read_model(folder).meta_graphs
        if options.model_operations == "arithmetic":
            for graph in graphs:
                check_graph(graph, folder.name)
        meta = _graph_with(tags, graphs, folder.name)
        self.signatures: Mapping[str, meta_graph_pb2.SignatureDef] = {
            name: signature
            for name, signature in meta.signature_def.items()
            if name not in _INTERNAL_SIGNATURES
        }
        try:
            self._program = tf.saved_model.load(str(folder), tags=tags)
        except (OSError, ValueError, LookupError, RuntimeError, TypeError, tf.errors.OpError) as error:
            raise ModelError(
                f"version {folder.name} cannot be loaded ({own_reason(error, folder)}); expected program and "
                "weights of one export. Copy or export it again."
            ) from error
        self._functions = {
            name: self._program.signatures[name]
            for name in self.signatures
            if name in self._program.signatures
        }
        self.largest_shape: Shape | None = self._described_shape()
        """The largest volume that the model's description names; None without a description."""

    def _described_shape(self) -> Shape | None:
        signature = self.signatures.get(DESCRIBE_SIGNATURE)
        if signature is None or signature.inputs or DESCRIPTION not in signature.outputs:
            return None
        try:
            text = self.run(DESCRIBE_SIGNATURE, {}, (DESCRIPTION,))[DESCRIPTION].item()
            described = Description.from_json(text.decode())
        except (ModelError, RefusedError, ValueError, AttributeError):
            return None  # of another project
        return tuple(int(high) for _, high in described.shape_range)

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


def _graph_with(
    tags: Sequence[str], graphs: Sequence[meta_graph_pb2.MetaGraphDef], version: str
) -> meta_graph_pb2.MetaGraphDef:
    found = [graph for graph in graphs if set(graph.meta_info_def.tags) == set(tags)]
    if not found:
        there = "; ".join(",".join(graph.meta_info_def.tags) for graph in graphs)
        raise ModelError(
            f"version {version} has graphs with the tags {there or 'of none'}; expected {','.join(tags)}. "
            "Give others with --saved_model_tags, or export it again."
        )
    return found[0]


def own_reason(error: Exception, folder: Path) -> str:
    """The loader's own first sentence, without the folder that it lies in."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0].replace(str(folder), folder.name)[:_MOST_REASON]}"


def _array(value: Array | bytes) -> Array:
    """An array even of a text scalar, which TensorFlow hands out as plain bytes."""
    return np.array(value, dtype=object) if isinstance(value, bytes) else np.asarray(value)


def warm_up(folder: Path, run: Callable[[prediction_log_pb2.PredictionLog], None], turns: int = 1) -> int:
    """Replay the requests that travel with a model, each so many times; return how many there were.

    Raises:
        ModelError: a record is damaged, or the model refuses it.
    """
    path = folder / WARMUP_FILE
    if not path.is_file():
        return 0
    count = 0
    try:
        for record in tf.data.TFRecordDataset(str(path)).take(_MOST_WARMUP_RECORDS):
            for _ in range(turns):
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
