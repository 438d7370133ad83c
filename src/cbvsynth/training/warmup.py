"""The request that a server runs on a model before it says that it is ready.

TensorFlow Serving replays `assets.extra/tf_serving_warmup_requests`, a TFRecord file of
`tensorflow.serving.PredictionLog`. That message's Python class comes with tensorflow-serving-api, a
package that the train step needs for nothing else: the three messages around the tensors are written
here by hand. A test reads them back with the real classes.

Source: tensorflow/serving, apis/prediction_log.proto, apis/predict.proto, apis/model.proto.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from cbvsynth.records.examinations import Float32Array
from cbvsynth.signature import PREDICT_SIGNATURE

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"

_PREDICTION_LOG_PREDICT_LOG = 6
_PREDICT_LOG_REQUEST = 1
_REQUEST_MODEL_SPEC, _REQUEST_INPUTS = 1, 2
_MODEL_SPEC_NAME, _MODEL_SPEC_SIGNATURE = 1, 3
_MAP_KEY, _MAP_VALUE = 1, 2


def write_warmup(folder: Path, model: str, inputs: Mapping[str, Float32Array]) -> None:
    """Write one predict request as the warm-up of the SavedModel in a folder.

    Args:
        folder: the SavedModel.
        model: name that the request carries; servers go by the signature, not by the name.
        inputs: by name, (B, H, W, D); small, as a warm-up only has to touch every operation once.
    """
    path = folder / WARMUP_FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(_prediction_log(model, inputs))


def _prediction_log(model: str, inputs: Mapping[str, Float32Array]) -> bytes:
    spec = _field(_MODEL_SPEC_NAME, model.encode()) + _field(
        _MODEL_SPEC_SIGNATURE, PREDICT_SIGNATURE.encode()
    )
    request = _field(_REQUEST_MODEL_SPEC, spec) + b"".join(
        _field(_REQUEST_INPUTS, _field(_MAP_KEY, name.encode()) + _field(_MAP_VALUE, _tensor(array)))
        for name, array in sorted(inputs.items())
    )
    return _field(_PREDICTION_LOG_PREDICT_LOG, _field(_PREDICT_LOG_REQUEST, request))


def _tensor(array: Float32Array) -> bytes:
    proto = tf.make_tensor_proto(np.ascontiguousarray(array, np.float32))
    return bytes(proto.SerializeToString(deterministic=True))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field of the protocol buffer wire format."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
