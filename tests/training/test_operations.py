"""A model that does more than calculate is refused before it is loaded."""

from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from cbvsynth.errors import ModelError
from cbvsynth.training.operations import MODEL_FILE, check_operations, read_model

pytestmark = pytest.mark.tensorflow

SPEC = tf.TensorSpec([None], tf.float32, "x")


def save(folder: Path, function: Callable[[tf.Tensor], tf.Tensor], module: tf.Module | None = None) -> None:
    module = module or tf.Module()
    module.function = tf.function(function, input_signature=[SPEC])
    tf.saved_model.save(module, str(folder), signatures=module.function)


def test_arithmetic_with_weights_loops_and_conditions_is_accepted(tmp_path: Path) -> None:
    module = tf.Module()
    module.weight = tf.Variable(2.0)

    def function(x: tf.Tensor) -> tf.Tensor:
        y = tf.map_fn(lambda value: value * module.weight, x)
        return tf.cond(tf.reduce_any(y > 3), lambda: y, lambda: tf.nn.relu(y))

    save(tmp_path / "m", function, module)
    check_operations(tmp_path / "m")


@pytest.mark.parametrize(
    ("operation", "function"),
    [
        ("ReadFile", lambda x: x + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)),
        ("WriteFile", lambda x: tf.tuple([x, tf.io.write_file("/tmp/x", "x") or x])[0]),  # type: ignore[func-returns-value]
        ("EagerPyFunc", lambda x: tf.py_function(lambda y: y, [x], tf.float32)),
        ("MatchingFiles", lambda x: x + tf.cast(tf.size(tf.io.matching_files("/*")), tf.float32)),
        ("PrintV2", lambda x: tf.tuple([x, tf.print("x", x) or x])[0]),
        ("ReadFile", lambda x: tf.map_fn(lambda y: y + len_of_file(), x)),
        ("ReadFile", lambda x: tf.cond(tf.size(x) > 3, lambda: x + len_of_file(), lambda: x)),
    ],
)
def test_an_operation_that_touches_the_machine_is_named_and_refused(
    tmp_path: Path, operation: str, function: Callable[[tf.Tensor], tf.Tensor]
) -> None:
    save(tmp_path / "m", function)
    with pytest.raises(ModelError, match=rf"m: the model holds the operations .*{operation}"):
        check_operations(tmp_path / "m")


def len_of_file() -> tf.Tensor:
    return tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)


def test_reading_a_checkpoint_while_serving_is_refused_although_loading_may(tmp_path: Path) -> None:
    def function(x: tf.Tensor) -> tf.Tensor:
        return (
            x
            + tf.raw_ops.RestoreV2(
                prefix="/tmp/other", tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32]
            )[0]
        )

    save(tmp_path / "m", function)
    with pytest.raises(ModelError, match="RestoreV2"):
        check_operations(tmp_path / "m")


def test_a_function_that_nothing_calls_is_looked_at_too(tmp_path: Path) -> None:
    """The loader of Python can call functions that no signature reaches."""
    save(tmp_path / "m", lambda x: x * 2)
    model = read_model(tmp_path / "m")
    hidden = model.meta_graphs[0].graph_def.library.function.add()
    hidden.signature.name = "hidden"
    hidden.node_def.add(name="read", op="ReadFile")
    (tmp_path / "m" / MODEL_FILE).write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="ReadFile"):
        check_operations(tmp_path / "m")


def test_a_function_cannot_hide_a_node_behind_its_name(tmp_path: Path) -> None:
    save(tmp_path / "m", lambda x: x * 2)
    model = read_model(tmp_path / "m")
    graph = model.meta_graphs[0].graph_def
    graph.node.add(name="read", op="ReadFile")
    graph.library.function.add().signature.name = "read"
    graph.library.function.add().signature.name = "/read"
    (tmp_path / "m" / MODEL_FILE).write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="ReadFile"):
        check_operations(tmp_path / "m")


def test_a_missing_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"there is no {MODEL_FILE}"):
        check_operations(tmp_path)


def test_a_program_that_is_not_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / MODEL_FILE).write_bytes(b"\xffnonsense")
    with pytest.raises(ModelError, match="is damaged"):
        check_operations(tmp_path)


@pytest.mark.parametrize("graphs", [0, 2])
def test_a_program_with_another_number_of_graphs_is_refused(tmp_path: Path, graphs: int) -> None:
    model = saved_model_pb2.SavedModel()
    for _ in range(graphs):
        model.meta_graphs.add()
    (tmp_path / MODEL_FILE).write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=f"holds {graphs} graphs, expected 1"):
        check_operations(tmp_path)
