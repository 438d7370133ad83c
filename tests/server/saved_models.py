"""Tiny SavedModels, written in a fraction of a second."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

SHAPE = (1, 8, 8, 4)
WARMUP = "assets.extra/tf_serving_warmup_requests"


def volume(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(1, 9, SHAPE).astype(np.float32)


def save_sum(folder: Path, offset: float = 0.0) -> Path:
    """cbv = t1 + 2 adc + offset, refusing what is not finite; also `describe` and `pair`."""
    module = tf.Module()
    module.offset = tf.Variable(np.float32(offset))
    specs = {name: tf.TensorSpec([None, None, None, 4], tf.float32, name) for name in ("t1", "adc")}

    @tf.function(autograph=False)
    def serve(t1, adc):
        checks = [
            tf.debugging.Assert(
                tf.reduce_all(tf.math.is_finite(one)), [f"{name} holds a value that is not finite"]
            )
            for name, one in (("t1", t1), ("adc", adc))
        ]
        with tf.control_dependencies(checks):
            return {"cbv": t1 + 2.0 * adc + module.offset}

    @tf.function(autograph=False)
    def describe():
        return {"description": tf.constant("a sum")}

    @tf.function(autograph=False)
    def pair(x):
        return {"double": x * 2, "shape": tf.shape(x)[:1] + 0 * tf.reduce_sum(x)}

    tf.saved_model.save(
        module,
        str(folder),
        {
            "serving_default": serve.get_concrete_function(**specs),
            "describe": describe.get_concrete_function(),
            "pair": pair.get_concrete_function(tf.TensorSpec([None], tf.int32, "x")),
        },
    )
    return folder


def save_half_plus_three(folder: Path) -> Path:
    """y = x / 2 + 3 for any shape: the model of the protocol's own documentation."""
    module = tf.Module()

    @tf.function(autograph=False)
    def serve(x):
        return {"y": x * 0.5 + 3.0}

    spec = tf.TensorSpec(None, tf.float32, "x")
    tf.saved_model.save(module, str(folder), serve.get_concrete_function(spec))
    return folder


def save_hollow(folder: Path) -> Path:
    """half_plus_three, and a signature `hollow` that its file lists without a function behind it."""
    path = save_half_plus_three(folder) / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    signatures = model.meta_graphs[0].signature_def
    signatures["hollow"].CopyFrom(signatures["serving_default"])
    path.write_bytes(model.SerializeToString())
    return folder


def save_slow(folder: Path, turns: int = 60_000) -> Path:
    """y = x after a loop that takes about a second."""
    module = tf.Module()

    @tf.function(autograph=False)
    def serve(x):
        _, total = tf.while_loop(lambda i, _: i < turns, lambda i, t: (i + 1, t + 1.0), (0, 0.0))
        return {"y": x + 0.0 * total}

    spec = tf.TensorSpec([None], tf.float32, "x")
    tf.saved_model.save(module, str(folder), serve.get_concrete_function(spec))
    return folder


def save_words(folder: Path) -> Path:
    """Text in, text out; its signatures `classify` and `regress` say of themselves what they are for."""
    module = tf.Module()

    @tf.function(autograph=False)
    def serve(inputs):
        return {"words": tf.tile(tf.constant([["low", "high"]]), [tf.shape(inputs)[0], 1])}

    @tf.function(autograph=False)
    def classify(inputs):
        return {"classes": tf.tile(tf.constant([["low", "high"]]), [tf.shape(inputs)[0], 1])}

    @tf.function(autograph=False)
    def regress(inputs):
        return {"outputs": tf.zeros([tf.shape(inputs)[0], 1])}

    spec = tf.TensorSpec([None], tf.string, "inputs")
    signatures = {"serving_default": serve, "classify": classify, "regress": regress}
    tf.saved_model.save(
        module, str(folder), {name: one.get_concrete_function(spec) for name, one in signatures.items()}
    )
    # TensorFlow 2 calls every signature a prediction; exporters of TensorFlow 1 named the other methods.
    path = folder / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for name in ("classify", "regress"):
        model.meta_graphs[0].signature_def[name].method_name = f"tensorflow/serving/{name}"
    path.write_bytes(model.SerializeToString())
    return folder


def save_reader(folder: Path) -> Path:
    """A model that would read a file of the server."""
    module = tf.Module()

    @tf.function(autograph=False)
    def serve(path):
        return {"content": tf.io.read_file(path)}

    tf.saved_model.save(
        module, str(folder), serve.get_concrete_function(tf.TensorSpec([], tf.string, "path"))
    )
    return folder


def save_first_generation(folder: Path) -> Path:
    """y = 2 x, exported by TensorFlow 1's own means, with a variable as it was then."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32, [None], name="x")
        weight = tf.compat.v1.get_variable("w", initializer=2.0, use_resource=False)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.saved_model.simple_save(session, str(folder), {"x": x}, {"y": x * weight})
    return folder


def write_warmup(folder: Path, signature: str = "", **inputs: np.ndarray) -> None:
    record = prediction_log_pb2.PredictionLog()
    record.predict_log.request.model_spec.signature_name = signature
    for name, array in inputs.items():
        record.predict_log.request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    (folder / WARMUP).parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / WARMUP)) as writer:
        writer.write(record.SerializeToString())


def direct(folder: Path, **inputs: np.ndarray) -> np.ndarray:
    """The SavedModel's answer without any server."""
    program = tf.saved_model.load(str(folder))
    answer = program.signatures["serving_default"](**{k: tf.constant(v) for k, v in inputs.items()})
    return answer["cbv"].numpy()
