"""Traces of a request, from the client through the server to the version that answers, by OpenTelemetry.

Off unless the standard environment variables ask for it: OTEL_TRACES_EXPORTER (otlp, console), or one of
OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. Without them nothing is imported.
No value of an image and no name of a file is ever put into a trace.

Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
https://www.w3.org/TR/trace-context/ for the header that carries a trace from program to program.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cbvsynth.errors import UsageError

Attribute = str | int | float

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_GROUP = "opentelemetry_traces_exporter"
_tracer: Any = None


def exporter_name() -> str:
    """The exporter that the environment asks for, by its entry point's name; empty for none."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ""
    asked = any(os.environ.get(name) for name in _ENDPOINTS)
    name = os.environ.get("OTEL_TRACES_EXPORTER", "otlp" if asked else "none")
    if name in ("none", ""):
        return ""
    if name != "otlp":
        return name
    protocol = next((found for one in _PROTOCOLS if (found := os.environ.get(one))), "grpc")
    return "otlp_proto_http" if protocol == "http/protobuf" else f"otlp_proto_{protocol}"


def start_tracing(program: str) -> None:
    """Trace from now on, if the environment asks for it.

    Args:
        program: name of the service, where OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES give none.

    Raises:
        UsageError: there is no such exporter.
    """
    name = exporter_name()
    if not name or _tracer is not None:
        return
    from importlib.metadata import entry_points

    found = {entry.name: entry for entry in entry_points(group=_GROUP)}
    if name not in found:
        there = ", ".join(sorted(found)) or "none"
        raise UsageError(
            f"The environment asks for traces by '{name}'; found {there}. Install cbvsynth[tracing], change "
            "OTEL_TRACES_EXPORTER or OTEL_EXPORTER_OTLP_PROTOCOL, or set OTEL_SDK_DISABLED=true."
        )
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create()
    if resource.attributes.get("service.name", "unknown_service").startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": program}))
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(found[name].load()()))
    trace_with(provider)


def trace_with(provider: Any) -> None:  # noqa: ANN401  OpenTelemetry is optional; None: trace no more
    """Make spans by a provider of OpenTelemetry's from now on."""
    global _tracer  # noqa: PLW0603  one program, one place where its traces go
    _tracer = None if provider is None else provider.get_tracer("cbvsynth")


class Span:
    """A part of a trace that has begun; without tracing it takes no notice."""

    def __init__(self, span: Any = None) -> None:  # noqa: ANN401  OpenTelemetry is optional
        self._span = span

    def note(self, **facts: Attribute) -> None:
        """Write facts about it, each under `cbvsynth.<name>`."""
        if self._span is not None:
            for name, value in facts.items():
                self._span.set_attribute(f"cbvsynth.{name}", value)

    def fail(self, code: str) -> None:
        """Mark it as failed, with gRPC's word for what happened."""
        if self._span is not None:
            from opentelemetry.trace import Status, StatusCode

            self._span.set_status(Status(StatusCode.ERROR, code))

    @property
    def trace_id(self) -> str:
        """The trace that it belongs to, 32 hexadecimal digits; empty without tracing."""
        return "" if self._span is None else f"{self._span.get_span_context().trace_id:032x}"


@contextmanager
def client_span(name: str) -> Iterator[tuple[Span, list[tuple[str, str]]]]:
    """A request that is sent, and the headers that carry its trace along."""
    if _tracer is None:
        yield Span(), []
        return
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    headers: dict[str, str] = {}
    # Exceptions hold texts of the server's; the code of the refusal is enough.
    with _tracer.start_as_current_span(name, kind=SpanKind.CLIENT, record_exception=False) as span:
        TraceContextTextMapPropagator().inject(headers)
        yield Span(span), list(headers.items())


@contextmanager
def server_span(name: str, headers: Mapping[str, str]) -> Iterator[Span]:
    """A request that is answered, as part of the trace that its headers name."""
    if _tracer is None:
        yield Span()
        return
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    parent = TraceContextTextMapPropagator().extract(dict(headers))
    with _tracer.start_as_current_span(
        name, context=parent, kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
    ) as span:
        yield Span(span)
