"""The protocol without TensorFlow: tensors in and out, and nothing heavy imported."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbvsynth.errors import ReplyError
from cbvsynth.wire.schema import DT_FLOAT, DT_STRING, ModelSpec, PredictRequest, TensorProto
from cbvsynth.wire.tensors import array_of, fill_tensor, text_of


def filled(array: np.ndarray[Any, Any]) -> Any:
    tensor = TensorProto()
    fill_tensor(tensor, array)
    return TensorProto.FromString(tensor.SerializeToString())


def listed(values: list[float], shape: tuple[int, ...]) -> Any:
    tensor = TensorProto(dtype=DT_FLOAT, float_val=[np.array(values, "<f4").tobytes()])
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return TensorProto.FromString(tensor.SerializeToString())


@given(st.lists(st.integers(0, 4), max_size=5), st.integers(0, 2**32 - 1))
def test_arrays_come_back_bit_for_bit(shape: list[int], seed: int) -> None:
    array = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    found = array_of(filled(array), "cbv")
    assert found.shape == tuple(shape)
    assert found.tobytes() == array.tobytes()


def test_other_number_types_and_orders_are_sent_as_float32_in_c_order() -> None:
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    turned = np.asfortranarray(array.astype(">f8"))
    assert filled(turned).tensor_content == filled(array).tensor_content == array.astype("<f4").tobytes()


def test_listed_floats_are_read_like_raw_bytes() -> None:
    np.testing.assert_array_equal(
        array_of(listed([1.5, -2.0, 3.25, 0.0], (2, 2)), "cbv"), [[1.5, -2], [3.25, 0]]
    )


def test_listed_floats_that_came_in_several_pieces_are_joined() -> None:
    tensor = listed([1.0, 2.0], (4,))
    tensor.float_val.append(np.array([3.0, 4.0], "<f4").tobytes())
    assert array_of(tensor, "cbv").tolist() == [1, 2, 3, 4]


def test_the_last_listed_float_repeats_when_there_are_fewer_than_voxels() -> None:
    assert array_of(listed([1.0, 7.0], (2, 2)), "cbv").tolist() == [[1, 7], [7, 7]]


@pytest.mark.parametrize(
    ("content", "values", "shape"),
    [
        (np.zeros(3, "<f4").tobytes(), None, (2, 2)),
        (np.zeros(5, "<f4").tobytes(), None, (2, 2)),
        (b"abcde", None, (1,)),
        (b"", [1.0] * 5, (2, 2)),
        (b"", [], (2, 2)),
        (b"", [1.0], (-1, -1)),
    ],
)
def test_values_that_do_not_fit_the_shape_are_refused(content: bytes, values: Any, shape: Any) -> None:
    tensor = listed(values or [], shape)
    tensor.tensor_content = content
    with pytest.raises(ReplyError, match="expected 4 bytes for each voxel"):
        array_of(tensor, "cbv")


def test_an_unknown_rank_is_refused() -> None:
    tensor = listed([1.0], ())
    tensor.tensor_shape.unknown_rank = True
    with pytest.raises(ReplyError, match="expected 4 bytes"):
        array_of(tensor, "cbv")


def test_another_number_type_is_refused() -> None:
    with pytest.raises(ReplyError, match="number type 2; expected 1"):
        array_of(TensorProto(dtype=2), "cbv")


def test_a_text_is_read_and_anything_else_refused() -> None:
    assert text_of(TensorProto(dtype=DT_STRING, string_val=["größe".encode()]), "description") == "größe"
    with pytest.raises(ReplyError, match="2 texts"):
        text_of(TensorProto(dtype=DT_STRING, string_val=[b"a", b"b"]), "description")
    with pytest.raises(ReplyError, match="number type 1"):
        text_of(TensorProto(dtype=DT_FLOAT), "description")
    with pytest.raises(ReplyError, match="not UTF-8"):
        text_of(TensorProto(dtype=DT_STRING, string_val=[b"\xff"]), "description")


def test_a_version_and_a_label_exclude_each_other_as_in_the_protocol() -> None:
    spec = ModelSpec(name="cbvsynth", version_label="stable")
    spec.version.value = 3
    assert spec.WhichOneof("version_choice") == "version"
    assert spec.version_label == ""


def test_a_request_is_the_same_bytes_in_whatever_order_the_inputs_were_filled() -> None:
    def request(names: list[str]) -> bytes:
        message = PredictRequest()
        for name in names:
            fill_tensor(message.inputs[name], np.full((1, 2, 2, 1), len(name)))
        return bytes(message.SerializeToString(deterministic=True))

    assert request(["t1", "flair", "adc"]) == request(["adc", "t1", "flair"])


def test_client_and_command_import_neither_tensorflow_nor_mlflow_nor_matplotlib() -> None:
    """`import tensorflow_serving.apis` used to cost 9 CPU seconds and 560 MB (measured in a spike)."""
    program = (
        "import sys, cbvsynth.client.client, cbvsynth.commands.predict\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'matplotlib', 'pandas', 'tensorflow_serving', 'kfp'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
