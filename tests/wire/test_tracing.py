"""Traces: off unless the environment asks; from the client through the server to a real receiver."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from cbvsynth.errors import UsageError
from cbvsynth.wire import tracing

NAMES = (
    *("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
    *("OTEL_SDK_DISABLED", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"),
)


@pytest.fixture(autouse=True)
def no_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("wishes", "name"),
    [
        ({}, ""),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4317"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4317"}, "otlp_proto_grpc"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a:4317"}, "otlp_proto_grpc"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "otlp_proto_http"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_SDK_DISABLED": "true"}, ""),
    ],
)
def test_the_standard_variables_say_where_traces_go(
    monkeypatch: pytest.MonkeyPatch, wishes: dict[str, str], name: str
) -> None:
    for key, value in wishes.items():
        monkeypatch.setenv(key, value)
    assert tracing.exporter_name() == name


def test_an_exporter_that_is_not_installed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "pigeon")
    with pytest.raises(UsageError, match=r"traces by 'pigeon'; found .*Install cbvsynth\[tracing\]"):
        tracing.start_tracing("test")


def test_without_a_wish_nothing_is_imported_and_nothing_is_done() -> None:
    code = (
        "import sys\nfrom cbvsynth.wire import tracing\ntracing.start_tracing('x')\n"
        "with tracing.client_span('a') as (span, headers):\n"
        "    span.note(a=1); span.fail('X'); assert headers == [] and span.trace_id == ''\n"
        "with tracing.server_span('b', {}) as span:\n    span.note(a=1)\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class Receiver:
    """What takes OpenTelemetry's own messages over gRPC, on a port of its own."""

    def __init__(self) -> None:
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

        self.requests: list[Any] = []

        class Service(trace_service_pb2_grpc.TraceServiceServicer):  # type: ignore[misc]
            def Export(inner, request: Any, context: Any) -> Any:  # noqa: N802, N805
                self.requests.append(request)
                return trace_service_pb2.ExportTraceServiceResponse()

        self._server = grpc.server(ThreadPoolExecutor(2))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Service(), self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def spans(self) -> list[tuple[str, Any]]:
        """Name of the service and span, as they came."""
        found = []
        for request in self.requests:
            for resource in request.resource_spans:
                facts = {one.key: one.value.string_value for one in resource.resource.attributes}
                found += [
                    (facts["service.name"], span) for scope in resource.scope_spans for span in scope.spans
                ]
        return found

    def close(self) -> None:
        self._server.stop(0).wait()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.grpc")
    one = Receiver()
    yield one
    one.close()


def facts(span: Any) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


CLIENT = """
import numpy as np
from cbvsynth.client import CbvClient
from cbvsynth.errors import RefusedError
from cbvsynth.wire.tracing import start_tracing
start_tracing("a client")
images = {"t1": np.full((24, 20, 6), 300, np.float32) + np.arange(6, dtype=np.float32)}
with CbvClient("%s") as client:
    client.predict(images, mask=np.ones((24, 20, 6), np.bool_), version=1)
    try:
        client.predict(images, mask=np.ones((24, 20, 6), np.bool_), version=99)
    except RefusedError:
        pass
"""


@pytest.mark.tensorflow
@pytest.mark.slow
def test_a_trace_goes_from_the_client_through_the_server_to_the_version(
    receiver: Receiver, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cbvsynth.proof.processes import server_process
    from tests.client.served_network import export

    export(tmp_path / "cbvsynth/1", "encdec-t1", 1)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{receiver.port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_INSECURE", "true")
    flags = [
        *(
            "--model_name=cbvsynth",
            f"--model_base_path={tmp_path}/cbvsynth",
            "--port=0",
            "--rest_api_port=-1",
        ),
        "--request_log=json",
    ]
    with server_process(flags, tmp_path / "log") as server:
        address = server.addresses(200)["gRPC"]
        subprocess.run([sys.executable, "-c", CLIENT % address], check=True, timeout=120)
        server.process.terminate()
        server.process.wait(60)
    by_id = {span.span_id: (service, span) for service, span in receiver.spans()}
    served = [(service, span) for service, span in by_id.values() if service == "cbvsynth-server"]
    assert len(served) == 4  # describe by two ways, predict, and the refused describe
    for _, span in served:
        parent_service, parent = by_id[span.parent_span_id]
        assert parent_service == "a client"
        assert parent.trace_id == span.trace_id
        assert parent.name == "tensorflow.serving.PredictionService/Predict"
    answered = [facts(span) for _, span in served if facts(span)["cbvsynth.code"] == "OK"]
    assert [(one["cbvsynth.model"], one["cbvsynth.version"]) for one in answered] == [("cbvsynth", 1)] * 3
    assert [facts(span)["cbvsynth.code"] for _, span in served].count("NOT_FOUND") == 1
    log = (tmp_path / "log").read_text()
    for _, span in served:
        assert span.trace_id.hex() in log
