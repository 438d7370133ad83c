"""The third protocol's client, asked of the embedded server with networks of this project."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from cbvsynth.cli import main
from cbvsynth.client import CbvClient
from cbvsynth.client.connection import Connection, ModelReference
from cbvsynth.client.open_inference import OpenInferenceConnection
from cbvsynth.errors import RefusedError, ReplyError, UsageError
from cbvsynth.wire.open_inference import ModelInferResponse
from tests.client.served_network import LARGEST, Served, called_directly, served_networks

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

STABLE = ModelReference("cbvsynth", label="stable")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_networks(tmp_path_factory.mktemp("networks")) as running:
        yield running


def volumes(*names: str, shape: tuple[int, ...] = (1, *LARGEST)) -> dict[str, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(3)
    return {name: rng.uniform(200, 900, shape).astype(np.float32) for name in names}


def test_both_protocols_give_the_savedmodels_map_to_the_last_bit(served: Served) -> None:
    inputs = volumes("t1", "t1c")
    expected = called_directly(served.folders[2], inputs)
    for speak in (Connection, OpenInferenceConnection):
        connection = speak(served.grpc)
        cbv, version = connection.predict(STABLE, inputs)
        connection.close()
        assert version == 2
        np.testing.assert_array_equal(cbv, expected)


def test_a_version_describes_itself_and_the_live_ones_are_listed(served: Served) -> None:
    connection = OpenInferenceConnection(served.grpc)
    assert connection.live_versions("cbvsynth") == (1, 2)
    for reference, number in (
        (STABLE, 2),
        (ModelReference("cbvsynth", 1), 1),
        (ModelReference("cbvsynth"), 2),
    ):
        description, found = connection.describe(reference)
        assert (str(description.model), found) == ({1: "encdec-t1", 2: "encdec-t1-t1c"}[number], number)
    connection.close()


def test_what_is_not_there_is_refused_with_the_same_codes(served: Served) -> None:
    connection = OpenInferenceConnection(served.grpc)
    for reference, code in (
        (ModelReference("cbvsynth", label="none"), "INVALID_ARGUMENT"),
        (ModelReference("cbvsynth", 9), "NOT_FOUND"),
        (ModelReference("other"), "NOT_FOUND"),
    ):
        with pytest.raises(RefusedError) as caught:
            connection.describe(reference)
        assert caught.value.code == code
    connection.close()


def test_the_client_chooses_the_best_version_as_ever(served: Served) -> None:
    images = {name: one[0] for name, one in volumes("t1", "t1c").items()}
    mask = np.ones(LARGEST, np.bool_)
    with CbvClient(served.grpc, protocol="v2") as third, CbvClient(served.grpc) as usual:
        for names in (("t1",), ("t1", "t1c")):
            given = {name: images[name] for name in names}
            made, other = third.predict(given, mask=mask), usual.predict(given, mask=mask)
            assert made.record.to_json() == other.record.to_json()
            np.testing.assert_array_equal(made.cbv, other.cbv)
    assert made.record.served.version == 2


def test_the_command_speaks_either_protocol_and_writes_the_same_map(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nibabel as nib

    monkeypatch.chdir(tmp_path)
    affine = np.diag([2.0, 2.0, 4.0, 1.0])
    for name, one in volumes("t1", "t1c").items():
        nib.save(nib.Nifti1Image(one[0], affine), f"{name}.nii.gz")
    nib.save(nib.Nifti1Image(np.ones(LARGEST, np.uint8), affine), "mask.nii.gz")
    images = ["--t1", "t1.nii.gz", "--t1c", "t1c.nii.gz", "--mask", "mask.nii.gz", "--server", served.grpc]
    for protocol in ("tensorflow", "v2"):
        assert main(["predict", *images, "--protocol", protocol, "--out", f"{protocol}.nii.gz"]) == 0
    maps = [np.asarray(nib.load(f"{name}.nii.gz").dataobj) for name in ("tensorflow", "v2")]
    assert maps[0].max() > 0
    np.testing.assert_array_equal(maps[0], maps[1])


def test_no_other_protocol_is_spoken() -> None:
    with pytest.raises(UsageError, match="The protocol is 'v1'; expected tensorflow or v2"):
        CbvClient("localhost:1", protocol="v1")


@pytest.mark.parametrize(
    ("output", "version", "content", "text"),
    [
        (("words", "BYTES", [1]), "7", b"abcd", r"answered with words \(BYTES\); expected 'cbv' \(FP32\)"),
        (("cbv", "FP64", [1]), "7", b"abcdabcd", r"answered with cbv \(FP64\); expected 'cbv'"),
        (("cbv", "FP32", [1]), "7", None, r"expected 'cbv' \(FP32\) in raw form"),
        (("cbv", "FP32", [2]), "7", b"abcd", r"has shape \(2,\) and 4 bytes of values"),
        (("cbv", "FP32", [1]), "8", b"abcd", "as version 8; expected the one that was asked for"),
        (("cbv", "FP32", [1]), "", b"abcd", r"as version \(not stated\)"),
    ],
)
def test_an_answer_that_is_no_map_of_the_version_is_not_taken(
    output: tuple[str, str, list[int]], version: str, content: bytes | None, text: str
) -> None:
    name, datatype, shape = output
    reply = ModelInferResponse(model_version=version)
    reply.outputs.add(name=name, datatype=datatype, shape=shape)
    if content is not None:
        reply.raw_output_contents.append(content)
    with answering(reply) as address, pytest.raises(ReplyError, match=text):
        OpenInferenceConnection(address).predict(ModelReference("m", 7), {"t1": np.ones((1, 1), np.float32)})


def test_a_description_that_is_not_one_text_is_not_taken() -> None:
    reply = ModelInferResponse(model_version="7", raw_output_contents=[b"\x01\0\0\0ab"])
    reply.outputs.add(name="description", datatype="BYTES", shape=[2])
    with answering(reply) as address, pytest.raises(ReplyError, match="is not one text"):
        OpenInferenceConnection(address).describe(ModelReference("m", 7))


@contextmanager
def answering(reply: Any) -> Iterator[str]:
    """A server that gives this reply to everything."""
    handler = grpc.unary_unary_rpc_method_handler(lambda *_: reply.SerializeToString())
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("inference.GRPCInferenceService", {"ModelInfer": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


def test_a_request_far_beyond_the_description_is_refused(served: Served) -> None:
    huge = np.broadcast_to(np.float32(1), (2, 300, 300, 200))
    connection = OpenInferenceConnection(served.grpc)
    with pytest.raises(RefusedError, match=r"the model has seen \[24, 20, 6\] and smaller"):
        connection.predict(ModelReference("cbvsynth", 1), {"t1": huge})
    connection.close()
