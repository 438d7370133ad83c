"""Calls over real sockets: sizes, retries, deadlines, refusals, encryption, threads."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from cbvsynth.client.connection import Connection, ModelReference
from cbvsynth.errors import ModelError, RefusedError, ReplyError, UnreachableError, UsageError
from cbvsynth.signature import Description
from cbvsynth.wire.schema import DT_STRING
from tests.client.prediction_server import PredictionServer, describe, expected_cbv, serve

UNAVAILABLE = (grpc.StatusCode.UNAVAILABLE, "going away")
SEVEN = ModelReference("cbvsynth", 7)


def server(**changes: Any) -> PredictionServer:
    return PredictionServer({7: describe("encdec-t1"), 9: describe("encdec-t2")}, {"stable": 7}, **changes)


def volume(shape: tuple[int, ...] = (1, 4, 5, 3)) -> dict[str, np.ndarray[Any, Any]]:
    return {"t1": np.random.default_rng(1).random(shape, dtype=np.float32)}


@pytest.mark.parametrize("as_floats", [pytest.param(True, id="listed"), pytest.param(False, id="raw")])
def test_a_map_comes_back_with_the_version_that_made_it(as_floats: Any) -> None:
    with serve(server(as_floats=as_floats)) as running:
        cbv, version = Connection(running.address).predict(SEVEN, volume())
    assert version == 7
    np.testing.assert_array_equal(cbv, expected_cbv(volume(), 7))


def test_volumes_beyond_grpcs_4_mb_pass_both_ways() -> None:
    large = volume((1, 160, 160, 60))
    assert large["t1"].nbytes > 6e6
    with serve(server()) as running:
        cbv, _ = Connection(running.address).predict(SEVEN, large)
    np.testing.assert_array_equal(cbv, expected_cbv(large, 7))


def test_three_gigabytes_are_refused_before_anything_is_copied_or_sent() -> None:
    """protobuf used to answer with `EncodeError: Failed to serialize proto` and a traceback."""
    huge = np.broadcast_to(np.float32(1), (1, 1000, 1000, 750))  # 3 GB to look at, 4 bytes in memory
    with serve(server()) as running:
        with pytest.raises(UsageError, match=r"have 3\.0 GB together; expected at most 2 GB"):
            Connection(running.address).predict(SEVEN, {"t1": huge})
        assert not running.requests


def test_a_version_describes_itself_by_number_and_by_label() -> None:
    with serve(server()) as running:
        connection = Connection(running.address)
        assert connection.describe(ModelReference("cbvsynth", 9)) == (describe("encdec-t2"), 9)
        assert connection.describe(ModelReference("cbvsynth", label="stable")) == (describe("encdec-t1"), 7)


def test_only_versions_that_are_loaded_count_as_live() -> None:
    with serve(server()) as running:
        assert Connection(running.address).live_versions("cbvsynth") == (7, 9)


def test_a_server_that_is_unavailable_twice_is_asked_a_third_time() -> None:
    with serve(server(refusals=[UNAVAILABLE, UNAVAILABLE])) as running:
        cbv, _ = Connection(running.address).predict(SEVEN, volume())
        assert len(running.requests) == 3
    np.testing.assert_array_equal(cbv, expected_cbv(volume(), 7))


def test_retries_also_cover_requests_too_large_for_grpcs_own() -> None:
    """gRPC's retry policy silently gives up on messages over its 256 KB buffer."""
    with serve(server(refusals=[UNAVAILABLE])) as running:
        Connection(running.address).predict(SEVEN, volume((1, 64, 64, 32)))
        assert len(running.requests) == 2


def test_the_number_of_attempts_is_bounded_and_named() -> None:
    with serve(server(refusals=[UNAVAILABLE] * 10)) as running:
        with pytest.raises(UnreachableError, match=r"in 2 attempts \(going away\).*--server") as caught:
            Connection(running.address, attempts=2).predict(SEVEN, volume())
        assert len(running.requests) == 2
    assert (caught.value.code, caught.value.server_text) == ("UNAVAILABLE", "going away")


def test_no_attempt_begins_after_the_deadline() -> None:
    with serve(server(refusals=[UNAVAILABLE] * 10)) as running:
        begin = time.monotonic()
        with pytest.raises(UnreachableError):
            Connection(running.address, timeout_s=1.0, attempts=10).predict(SEVEN, volume())
        assert time.monotonic() - begin < 3.0
        assert len(running.requests) < 5


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


def test_nobody_at_the_address_is_told_with_what_to_look_at() -> None:
    with pytest.raises(UnreachableError, match="opens its port only then"):
        Connection(f"localhost:{free_port()}", attempts=2).live_versions("cbvsynth")


def test_a_server_that_opens_its_port_a_moment_later_is_found() -> None:
    port, asked = free_port(), threading.Event()

    def open_late() -> None:
        time.sleep(0.5)
        with serve(server(), port=port):
            asked.wait(20)

    opening = threading.Thread(target=open_late)
    opening.start()
    try:
        assert Connection(f"localhost:{port}", attempts=8).live_versions("cbvsynth") == (7, 9)
    finally:
        asked.set()
        opening.join()


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.ABORTED,
    ],
)
def test_a_refusal_is_told_with_the_servers_words_and_is_not_repeated(code: grpc.StatusCode) -> None:
    with serve(server(refusals=[(code, "the server's own words")])) as running:
        with pytest.raises(
            RefusedError, match="refused cbvsynth, version 7: the server's own words"
        ) as caught:
            Connection(running.address).predict(SEVEN, volume())
        assert len(running.requests) == 1
    assert (caught.value.code, caught.value.server_text) == (code.name, "the server's own words")


def test_each_refusal_comes_with_what_to_do() -> None:
    cases = {
        grpc.StatusCode.NOT_FOUND: "Check --model",
        grpc.StatusCode.INVALID_ARGUMENT: "Correct what it names",
        grpc.StatusCode.FAILED_PRECONDITION: "wait until the server has loaded it",
        grpc.StatusCode.RESOURCE_EXHAUSTED: "raise its limits",
        grpc.StatusCode.PERMISSION_DENIED: "operator",
        grpc.StatusCode.INTERNAL: "server's log",
    }
    with serve(server()) as running:
        connection = Connection(running.address)
        for code, advice in cases.items():
            running.refusals.append((code, "no"))
            with pytest.raises(RefusedError, match=advice):
                connection.predict(SEVEN, volume())


def test_a_long_text_of_a_server_is_cut() -> None:
    with serve(server(refusals=[(grpc.StatusCode.INTERNAL, "x" * 5000)])) as running:
        with pytest.raises(RefusedError) as caught:
            Connection(running.address).predict(SEVEN, volume())
        assert len(caught.value.server_text) == 500


def test_a_server_that_is_too_slow_is_given_up_with_its_deadline_named() -> None:
    with serve(server(delay_s=1.5)) as running:
        begin = time.monotonic()
        with pytest.raises(UnreachableError, match=r"within 0.3 s.*--timeout_s") as caught:
            Connection(running.address, timeout_s=0.3).predict(SEVEN, volume())
        assert time.monotonic() - begin < 1.4
    assert caught.value.code == "DEADLINE_EXCEEDED"


def test_something_else_than_a_prediction_server_is_named() -> None:
    endpoint = grpc.server(ThreadPoolExecutor(1))
    port = endpoint.add_insecure_port("127.0.0.1:0")
    endpoint.start()
    try:
        with pytest.raises(RefusedError, match="something else than a prediction server"):
            Connection(f"localhost:{port}").live_versions("cbvsynth")
    finally:
        endpoint.stop(None).wait()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda reply: reply.outputs.clear(), "answered with nothing; expected 'cbv'"),
        (lambda reply: reply.model_spec.version.Clear(), r"as version \(not stated\)"),
        (lambda reply: setattr(reply.model_spec.version, "value", 8), "as version 8"),
        (lambda reply: setattr(reply.outputs["cbv"], "dtype", DT_STRING), "number type 7"),
    ],
)
def test_a_reply_that_is_not_one_of_this_project_is_refused(spoil: Any, words: str) -> None:
    class Spoiled(PredictionServer):
        def predict(self, request: Any, context: grpc.ServicerContext) -> Any:
            reply = super().predict(request, context)
            spoil(reply)
            return reply

    with serve(Spoiled({7: describe("encdec-t1")})) as running, pytest.raises(ReplyError, match=words):
        Connection(running.address).predict(SEVEN, volume())


def test_a_description_that_is_none_is_refused() -> None:
    class Strange(Description):
        def to_json(self) -> str:
            return "[]"

    strange = Strange(**vars(describe("encdec-t1")))
    with serve(PredictionServer({7: strange})) as running, pytest.raises(ModelError, match="cannot be read"):
        Connection(running.address).describe(SEVEN)


def test_one_connection_serves_many_threads_without_mixing_answers() -> None:
    requests = [{"t1": np.full((1, 8, 8, 4), index, np.float32)} for index in range(32)]
    with serve(server(), threads=8) as running, ThreadPoolExecutor(8) as pool:
        connection = Connection(running.address)
        answers = list(pool.map(lambda request: connection.predict(SEVEN, request)[0], requests))
    for request, answer in zip(requests, answers, strict=True):
        np.testing.assert_array_equal(answer, expected_cbv(request, 7))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A key and a certificate of localhost that vouches for itself."""
    folder = tmp_path_factory.mktemp("tls")
    key, pem = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(pem)),
        ],
        check=True,
        capture_output=True,
    )
    return key, pem


def test_an_encrypted_server_is_verified_and_asked(certificate: tuple[Path, Path]) -> None:
    key, pem = certificate
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), pem.read_bytes())])
    with serve(server(), credentials) as running:
        cbv, _ = Connection(running.address, root_certificates=pem).predict(SEVEN, volume())
        np.testing.assert_array_equal(cbv, expected_cbv(volume(), 7))
        with pytest.raises(UnreachableError):
            Connection(running.address, attempts=1).predict(SEVEN, volume())


def test_a_server_that_others_vouch_for_is_not_trusted(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    key, pem = certificate
    other = tmp_path / "other.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(tmp_path / "key.pem"), "-out", str(other)),
        ],
        check=True,
        capture_output=True,
    )
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), pem.read_bytes())])
    with serve(server(), credentials) as running:
        with pytest.raises(UnreachableError):
            Connection(running.address, root_certificates=other, attempts=1).predict(SEVEN, volume())
        assert not running.requests


def test_certificates_that_are_none_are_refused_by_the_path_that_was_given(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"'{re.escape(str(tmp_path / 'none.pem'))}' cannot be read"):
        Connection(root_certificates=tmp_path / "none.pem")
    (tmp_path / "text.pem").write_text("hello")
    with pytest.raises(UsageError, match="hold no certificate"):
        Connection(root_certificates=tmp_path / "text.pem")


@pytest.mark.parametrize(
    "address",
    ["", "localhost", "localhost:", ":8500", "localhost:x", "localhost:0", "localhost:70000", "http://a:80"],
)
def test_an_address_that_cannot_be_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="expected host:port"):
        Connection(address)


@pytest.mark.parametrize(("timeout_s", "attempts"), [(0.0, 1), (-1.0, 1), (1.0, 0)])
def test_a_time_or_number_that_cannot_be_is_refused(timeout_s: float, attempts: int) -> None:
    with pytest.raises(UsageError, match="expected above 0 s and 1 or more"):
        Connection(timeout_s=timeout_s, attempts=attempts)


def test_a_grpc_target_is_taken_as_it_is() -> None:
    with serve(server()) as running:
        port = running.address.rpartition(":")[2]
        assert Connection(f"ipv4:127.0.0.1:{port}").live_versions("cbvsynth") == (7, 9)


def test_a_proxy_of_the_environment_never_sees_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("grpc_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with serve(server()) as running:
        assert Connection(running.address).live_versions("cbvsynth") == (7, 9)
