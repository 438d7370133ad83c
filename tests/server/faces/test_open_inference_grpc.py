"""The Open Inference Protocol over gRPC, by messages of our own that are held to the published ones."""

from __future__ import annotations

import grpc
import numpy as np
import pytest

from cbvsynth.wire.open_inference import METHODS, message_class, method_path
from tests.server.protocol_requests import ADC, T1

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def ask(running, method, request):
    call = running.channel.unary_unary(
        method_path(method), type(request).SerializeToString, message_class(METHODS[method][1]).FromString
    )
    return call(request, timeout=60)


def new(method, **fields):
    return message_class(METHODS[method][0])(**fields)


def inference(model="sum", version="", *, raw=True, **inputs):
    request = new("ModelInfer", model_name=model, model_version=version, id="7")
    for name, array in (inputs or {"t1": T1, "adc": ADC}).items():
        one = request.inputs.add(name=name, datatype="FP32", shape=array.shape)
        if raw:
            request.raw_input_contents.append(array.tobytes())
        else:
            one.contents.fp32_contents.extend(array.reshape(-1).tolist())
    return request


def refusal(running, request, method="ModelInfer"):
    with pytest.raises(grpc.RpcError) as caught:
        ask(running, method, request)
    return caught.value.code().name, caught.value.details()


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize(("version", "number"), [("", 2), ("1", 1), ("stable", 1)])
def test_the_answer_is_that_of_the_other_protocol(running, raw, version, number):
    reply = ask(running, "ModelInfer", inference(version=version, raw=raw))
    assert (reply.model_name, reply.model_version, reply.id) == ("sum", str(number), "7")
    (output,) = reply.outputs
    assert (output.name, output.datatype, list(output.shape)) == ("cbv", "FP32", [1, 8, 8, 4])
    found = np.frombuffer(reply.raw_output_contents[0], np.float32).reshape(T1.shape)
    np.testing.assert_array_equal(found, T1 + 2 * ADC + (number - 1))


def test_a_parameter_names_another_signature(running):
    request = new("ModelInfer", model_name="sum")
    request.parameters["signature_name"].string_param = "describe"
    reply = ask(running, "ModelInfer", request)
    assert reply.raw_output_contents[0] == b"\x05\0\0\0a sum"
    assert reply.outputs[0].datatype == "BYTES"


def test_only_the_outputs_asked_for_are_sent(running):
    request = new("ModelInfer", model_name="sum")
    request.parameters["signature_name"].string_param = "pair"
    request.inputs.add(name="x", datatype="INT32", shape=[2]).contents.int_contents.extend([3, 4])
    request.outputs.add(name="double")
    reply = ask(running, "ModelInfer", request)
    assert [one.name for one in reply.outputs] == ["double"]
    assert np.frombuffer(reply.raw_output_contents[0], "<i4").tolist() == [6, 8]


@pytest.mark.parametrize("raw", [True, False])
def test_texts_are_taken_in_both_forms(running, raw):
    request = new("ModelInfer", model_name="words")
    one = request.inputs.add(name="inputs", datatype="BYTES", shape=[2])
    if raw:
        request.raw_input_contents.append(b"\x01\0\0\0a\x02\0\0\0bc")
    else:
        one.contents.bytes_contents.extend([b"a", b"bc"])
    assert list(ask(running, "ModelInfer", request).outputs[0].shape) == [2, 2]


def test_server_and_models_say_that_they_live_and_are_ready(running):
    assert ask(running, "ServerLive", new("ServerLive")).live
    assert ask(running, "ServerReady", new("ServerReady")).ready
    assert ask(running, "ServerMetadata", new("ServerMetadata")).name == "cbvsynth"
    for name, version, ready in (
        ("sum", "", True),
        ("sum", "stable", True),
        ("sum", "9", False),
        ("m", "", False),
    ):
        assert ask(running, "ModelReady", new("ModelReady", name=name, version=version)).ready is ready


def test_a_server_with_a_broken_model_is_not_ready(broken):
    """The answer was UNKNOWN: the start's own complaint of the model was taken for an error of the call."""
    from cbvsynth.server.faces.open_inference_grpc import open_inference_methods

    kind, answer = open_inference_methods(broken)["ServerReady"]
    assert answer(kind()).ready is False


def test_metadata_name_inputs_outputs_and_the_versions_that_answer(running):
    reply = ask(running, "ModelMetadata", new("ModelMetadata", name="sum"))
    assert (list(reply.versions), reply.platform) == (["1", "2"], "tensorflow_savedmodel")
    assert [(one.name, one.datatype, list(one.shape)) for one in reply.inputs] == [
        ("adc", "FP32", [-1, -1, -1, 4]),
        ("t1", "FP32", [-1, -1, -1, 4]),
    ]
    assert [one.name for one in reply.outputs] == ["cbv"]


def changed(**fields):
    request = inference()
    for name, value in fields.items():
        setattr(request.inputs[0], name, value)
    return request


def with_shape(*shape):
    request = inference()
    request.inputs[0].shape[:] = shape
    return request


def one_raw_less():
    request = inference()
    del request.raw_input_contents[1]
    return request


def both_forms():
    request = inference()
    request.inputs[0].contents.fp32_contents.append(1.0)
    return request


def cut_text():
    request = new("ModelInfer", model_name="words", raw_input_contents=[b"\x09\0\0\0a"])
    request.inputs.add(name="inputs", datatype="BYTES", shape=[1])
    return request


REFUSALS = {
    "no model": (inference(model=""), "INVALID_ARGUMENT", "The request names no model."),
    "unknown model": (inference(model="m"), "NOT_FOUND", "Servable not found for request: Latest(m)"),
    "unknown version": (
        inference(version="9"),
        "NOT_FOUND",
        "Servable not found for request: Specific(sum, 9)",
    ),
    "unknown label": (inference(version="L"), "INVALID_ARGUMENT", "Unrecognized servable version label: L"),
    "missing input": (inference(t1=T1), "INVALID_ARGUMENT", "Missing but required: {adc}."),
    "another input": (inference(t1=T1, t2=T1), "INVALID_ARGUMENT", "alias not found in signature: t2"),
    "other datatype": (
        changed(datatype="FP64"),
        "INVALID_ARGUMENT",
        'input "t1" has datatype FP64; expected FP32.',
    ),
    "no datatype": (changed(datatype=""), "INVALID_ARGUMENT", 'input "t1" has datatype none; expected FP32.'),
    "other shape": (with_shape(1, 8, 8, 5), "INVALID_ARGUMENT", "and 1024 bytes of values; expected 1280."),
    "a size below 0": (with_shape(1, 8, -8, 4), "INVALID_ARGUMENT", "expected every size to be given"),
    "a bomb": (
        with_shape(1, 7000, 7000, 1),
        "INVALID_ARGUMENT",
        "declare 195998976 bytes more than were sent",
    ),
    "too few raw": (one_raw_less(), "INVALID_ARGUMENT", "1 raw tensors were sent for 2 inputs"),
    "both forms": (both_forms(), "INVALID_ARGUMENT", "was sent in raw form and as a list"),
    "half a text": (cut_text(), "INVALID_ARGUMENT", "ends in the middle of a text"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_does_not_fit_is_refused_with_the_same_codes(running, case):
    request, code, text = REFUSALS[case]
    found, said = refusal(running, request)
    assert found == code
    assert text in said


def test_a_list_of_another_length_is_refused(running):
    request = inference(raw=False)
    request.inputs[0].contents.fp32_contents.append(1.0)
    assert refusal(running, request) == (
        "INVALID_ARGUMENT",
        'input "t1" has shape [1, 8, 8, 4] and 257 values.',
    )


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("shape", [(1,) * 65, (2**62, 2**62, 0)])
def test_a_shape_that_no_array_has_is_refused(running, raw, shape):
    """The answer was UNKNOWN with NumPy's words, and a traceback in the log."""
    request = new("ModelInfer", model_name="half_plus_three")
    one = request.inputs.add(name="x", datatype="FP32", shape=shape)
    values = np.ones(0 if 0 in shape else 1, np.float32)
    if raw:
        request.raw_input_contents.append(values.tobytes())
    else:
        one.contents.fp32_contents.extend(values.tolist())
    code, text = refusal(running, request)
    assert code == "INVALID_ARGUMENT"
    assert text.startswith('input "x" has ')


def test_a_version_beyond_64_bits_is_refused(running):
    """Of 5000 digits it was UNKNOWN: Python reads no more than 4300."""
    for digits in ("9" * 20, "1" * 5000):
        request = new("ModelReady", name="sum", version=digits)
        code, text = refusal(running, request, "ModelReady")
        assert (code, text[:28]) == ("INVALID_ARGUMENT", "Failed to convert version: " + digits[0])
