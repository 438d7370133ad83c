"""A SavedModel without what differs from one export to the next."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from cbvsynth.records.storage import sha256_tree
from cbvsynth.training.canonical import make_reproducible
from cbvsynth.training.operations import MODEL_FILE

pytestmark = pytest.mark.tensorflow


def save(folder: Path, functions_before: int, factor: float = 2.0) -> Path:
    """Export x -> factor * x three times over a loop, after other functions moved TensorFlow's counter."""
    for _ in range(functions_before):
        tf.function(lambda value: value).get_concrete_function(tf.TensorSpec([], tf.float32))
    module = tf.Module()
    module.factor = tf.Variable(factor)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)], autograph=False)
    def power(values: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(lambda value: value * module.factor, values)

    tf.saved_model.save(module, str(folder), power.get_concrete_function())
    make_reproducible(folder)
    return folder


def test_two_exports_of_one_model_are_the_same_bytes_and_of_another_model_others(tmp_path: Path) -> None:
    one, again = save(tmp_path / "one", 0), save(tmp_path / "again", 3)
    assert sha256_tree(one) == sha256_tree(again)
    assert sha256_tree(save(tmp_path / "other", 0, 3.0)) != sha256_tree(one)


def test_the_rewritten_model_still_answers(tmp_path: Path) -> None:
    loaded = tf.saved_model.load(str(save(tmp_path / "model", 1)))
    answer = loaded.signatures["serving_default"](tf.constant([1.0, 4.0]))
    assert next(iter(answer.values())).numpy().tolist() == [2.0, 8.0]


def test_functions_are_numbered_from_nought_and_no_fingerprint_is_left(tmp_path: Path) -> None:
    folder = save(tmp_path / "model", 5)
    assert not (folder / "fingerprint.pb").exists()
    model = saved_model_pb2.SavedModel.FromString((folder / MODEL_FILE).read_bytes())
    names = [function.signature.name for function in model.meta_graphs[0].graph_def.library.function]
    numbers = sorted(int(name.rpartition("_")[2]) for name in names)
    assert numbers == list(range(len(names)))
