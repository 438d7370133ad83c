"""Tensors of requests and replies: every form is read alike, and what does not fit is refused by name."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from cbvsynth.errors import RefusedError
from tests.server.protocol_requests import ADC, T1, predict_request, refusal, tensor

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

REFUSALS = {
    "wrong dtype": (
        predict_request({"t1": T1, "adc": ADC.astype(np.float64)}),
        "INVALID_ARGUMENT",
        'input "adc" has dtype float64; expected float32.',
    ),
    "unknown dtype": (
        predict_request({"t1": T1, "adc": tensor(dtype=99)}),
        "INVALID_ARGUMENT",
        'input "adc" has dtype number 99; expected float32.',
    ),
    "negative size": (
        predict_request({"t1": tensor(shape=(1, 8, -8, 4)), "adc": ADC}),
        "INVALID_ARGUMENT",
        'input "t1" has no definite shape; expected every size to be given.',
    ),
    "few bytes": (
        predict_request({"t1": tensor(tensor_content=b"1234"), "adc": ADC}),
        "INVALID_ARGUMENT",
        'input "t1" has shape [1, 8, 8, 4] and 4 bytes of values; expected 1024.',
    ),
    "a shape that is a bomb": (
        predict_request({"t1": tensor(shape=(1000, 1000, 1000, 4), float_val=[1.0]), "adc": ADC}),
        "INVALID_ARGUMENT",
        (
            'the inputs "adc" [1, 8, 8, 4], "t1" [1000, 1000, 1000, 4] declare 15999999996 bytes more than '
            "were sent; expected at most 4194304. Send every value."
        ),
    ),
    "too many axes": (
        predict_request({"t1": tensor(shape=(1,) * 300, float_val=[1.0]), "adc": ADC}),
        "INVALID_ARGUMENT",
        'input "t1" has 300 axes; expected at most 64.',
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_tensor_that_does_not_fit_is_refused_by_name(running, case):
    request, code, text = REFUSALS[case]
    assert refusal(running.predictions.Predict, request) == (code, text)


def test_one_listed_float_fills_the_shape(running):
    request = predict_request({"t1": tensor(float_val=[3.0]), "adc": ADC})
    reply = running.predictions.Predict(request, timeout=60)
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["cbv"]), 3 + 2 * ADC + 1)


def test_listed_floats_are_read_as_raw_bytes_are(running):
    listed = tensor(float_val=T1.reshape(-1).tolist())
    reply = running.predictions.Predict(predict_request({"t1": listed, "adc": ADC}), timeout=60)
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["cbv"]), T1 + 2 * ADC + 1)


def test_more_values_than_the_shape_holds_are_refused(running):
    request = predict_request({"t1": tensor(float_val=[1.0] * 300), "adc": ADC})
    code, text = refusal(running.predictions.Predict, request)
    assert code == "INVALID_ARGUMENT"
    assert 'input "t1" has shape [1, 8, 8, 4], and its values do not fill it' in text


def test_ranks_and_sizes_are_left_to_the_graph_unless_they_are_to_be_checked(running):
    """A laptop's server refused what the production server answers."""
    from cbvsynth.errors import RefusedError
    from cbvsynth.server.flags import ServerOptions
    from cbvsynth.server.methods.predict import predict_with

    request = predict_request({"t1": T1[..., :3], "adc": ADC[..., :3]}, name="sum")
    with running.store.borrow("sum", 1, "") as served:
        reply = predict_with(served.model, 1, request, ServerOptions())
        assert [dim.size for dim in reply.outputs["cbv"].tensor_shape.dim] == [1, 8, 8, 3]
        with pytest.raises(
            RefusedError, match=r"has shape \[1, 8, 8, 3\]; expected rank 4, \[-1, -1, -1, 4\]"
        ):
            predict_with(served.model, 1, request, ServerOptions(enable_signature_shape_check=True))


def claims(*shapes, sent=None):
    from cbvsynth.server.tensors import Claim

    return [
        Claim(
            str(place),
            tf.float32.as_datatype_enum,
            shape,
            4 * int(np.prod(shape)) if sent is None else sent,
            list,
        )
        for place, shape in enumerate(shapes)
    ]


@pytest.mark.parametrize(
    ("inputs", "largest", "text"),
    [
        (
            claims((1, 7000, 7000, 1), (1, 7000, 7000, 1), (1, 7000, 7000, 1), sent=4),
            None,
            "declare 587999988 bytes",
        ),
        (claims((1, 1024, 1025), sent=4), None, "declare 4198396 bytes"),
        (claims((2, 256, 256, 129)), (128, 128, 16), "expected at most 67108864: the model has seen"),
        (claims((1, 256, 256, 257), (1, 1, 1, 1)), (256, 256, 33), None),
        (claims((1, 256, 256, 256), (1, 256, 256, 256)), (64, 64, 8), None),
        (claims((1, 1024, 1024), sent=4), None, None),
        (claims((1, 512, 512, 512)), None, None),
        (claims((4, 512, 512, 512)), None, "have 2147483648 bytes; expected at most 2147483647"),
        ([], (64, 64, 8), None),
    ],
)
def test_the_inputs_are_bounded_together_before_one_is_unpacked(inputs, largest, text):
    """Three inputs of 126 bytes took 1.8 GB: each was within the limit, and its values were made up first."""
    from cbvsynth.errors import RefusedError
    from cbvsynth.server.flags import ServerOptions
    from cbvsynth.server.tensors import require_bounds

    if text is None:
        require_bounds(inputs, largest, ServerOptions())
        return
    with pytest.raises(RefusedError, match=text):
        require_bounds(inputs, largest, ServerOptions())


def test_a_listed_value_beyond_its_type_is_refused_by_name():
    """The answer was UNKNOWN with Python's words, and a traceback in the log."""
    from cbvsynth.server.tensors import claim_of

    proto = tensor(shape=(1,), dtype=tf.uint8.as_datatype_enum, int_val=[300])
    info = meta_graph_pb2.TensorInfo(dtype=tf.uint8.as_datatype_enum)
    with pytest.raises(RefusedError, match='"x" holds a value that uint8 does not reach') as caught:
        claim_of(proto, "x", info).unpack()
    assert caught.value.code == "INVALID_ARGUMENT"
