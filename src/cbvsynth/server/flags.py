"""The command line: tensorflow_model_server's flags by name and meaning, and a few of our own.

A manifest written for one server starts the other. Flags of the production server that would change
answers, and that this server lacks, are refused with the reason; those that only tune are taken and do
nothing (foreign_flags.py). No TensorFlow here, so that help appears at once.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cbvsynth.errors import UsageError
from cbvsynth.server.foreign_flags import REFUSED, WITHOUT_EFFECT

PRODUCTION_IMAGE = "tensorflow/serving:2.20.0"
LARGEST_MESSAGE_BYTES = 2**31 - 1
"""gRPC's own bound, which the production server uses."""
OURS = frozenset(
    {
        "host",
        "rest_api_without_client_certificates",
        "force_allow_any_version_labels_for_unavailable_models",
        "model_operations",
        "enable_signature_shape_check",
        "enable_grpc_reflection",
        "enable_open_inference_protocol",
        "request_log",
        "grpc_request_timeout_in_ms",
        "max_request_bytes",
        "max_bytes_in_flight",
        "max_expanded_bytes",
        "max_shape_factor",
        "shutdown_grace_seconds",
    }
)
"""Flags that tensorflow_model_server does not have."""

_CHOICES = {"model_operations": ("arithmetic", "any"), "request_log": ("off", "json")}
_NO = ("false", "0", "")
_WHOLE = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True)
class ServerOptions:
    """What the command line says; every field is the flag of the same name."""

    port: int = 8500
    grpc_socket_path: str = ""
    grpc_max_threads: int = 8
    grpc_request_timeout_in_ms: int = 30000
    grpc_channel_arguments: str = ""
    rest_api_port: int = 8501
    rest_api_num_threads: int = 0
    rest_api_timeout_in_ms: int = 30000
    rest_api_enable_cors_support: bool = False
    rest_api_without_client_certificates: bool = False
    host: str = "127.0.0.1"
    ssl_config_file: str = ""
    model_name: str = "default"
    model_base_path: str = ""
    model_config_file: str = ""
    model_config_file_poll_wait_seconds: int = 0
    file_system_poll_wait_seconds: int = 1
    allow_version_labels_for_unavailable_models: bool = False
    force_allow_any_version_labels_for_unavailable_models: bool = False
    saved_model_tags: str = "serve"
    model_operations: str = "arithmetic"
    enable_model_warmup: bool = True
    num_request_iterations_for_warmup: int = 0
    enable_signature_method_name_check: bool = False
    enable_signature_shape_check: bool = False
    enable_serialization_as_tensor_content: bool = False
    enable_grpc_healthcheck_service: bool = False
    enable_grpc_reflection: bool = False
    enable_open_inference_protocol: bool = False
    monitoring_config_file: str = ""
    request_log: str = "off"
    tensorflow_session_parallelism: int = 0
    tensorflow_intra_op_parallelism: int = 0
    tensorflow_inter_op_parallelism: int = 0
    max_request_bytes: int = LARGEST_MESSAGE_BYTES
    max_bytes_in_flight: int = LARGEST_MESSAGE_BYTES
    max_expanded_bytes: int = 4 * 2**20
    max_shape_factor: int = 8
    shutdown_grace_seconds: float = 30.0
    ignored: tuple[str, ...] = ()
    """Flags that were given and change nothing here."""

    @property
    def rest_threads(self) -> int:
        """REST requests answered at the same time; as the production server counts them by default."""
        return self.rest_api_num_threads or 4 * (os.cpu_count() or 1)

    @property
    def channel_arguments(self) -> list[tuple[str, int | str]]:
        """`grpc_channel_arguments` as gRPC takes them: whole numbers as such, everything else as text."""
        pairs = (one.partition("=") for one in self.grpc_channel_arguments.split(",") if one)
        return [(key, int(value) if _WHOLE.fullmatch(value) else value) for key, _, value in pairs]


def build_parser() -> argparse.ArgumentParser:
    """The parser; every flag may be written `--flag value` or `--flag=value`."""
    parser = argparse.ArgumentParser(
        prog="cbvsynth-server",
        description="Serve SavedModels over TensorFlow Serving's protocol, for development and tests. "
        f"In production use the image {PRODUCTION_IMAGE} with the same flags and files.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    _flag(parser, "version", str, "print the versions of the server and of TensorFlow", optional="true")
    _add_addresses(parser)
    _add_models(parser)
    _add_service(parser)
    _add_limits(parser)
    refused = parser.add_argument_group("flags of tensorflow_model_server that are refused")
    for name, reason in REFUSED.items():
        _flag(refused, name, str, reason, optional="true")
    ignored = parser.add_argument_group("flags of tensorflow_model_server that are taken, without effect")
    for name, reason in WITHOUT_EFFECT.items():
        _flag(ignored, name, str, reason, optional="true")
    return parser


def parse_flags(arguments: Sequence[str]) -> ServerOptions:
    """Read the command line.

    Raises:
        UsageError: a flag is refused, out of its range, or contradicts another one.
        SystemExit: help or the version was asked for, or a flag is unknown (code 2).
    """
    given = vars(build_parser().parse_args(arguments))
    if given.pop("version", "false") not in _NO:
        print(version_text())
        raise SystemExit(0)
    for name, reason in REFUSED.items():
        if given.pop(name, "false").lower() not in _NO:
            raise UsageError(f"--{name} is not offered: {reason}. Leave the flag out.")
    ignored = tuple(name for name in WITHOUT_EFFECT if given.pop(name, None) is not None)
    options = ServerOptions(**given, ignored=ignored)
    _require(options)
    return options


def version_text() -> str:
    """What `--version` prints; TensorFlow is not imported for it."""
    try:
        tensorflow = version("tensorflow")
    except PackageNotFoundError:
        tensorflow = "not installed"
    return (
        f"cbvsynth-server {version('cbvsynth')}, for development; with the protocol of {PRODUCTION_IMAGE}\n"
        f"TensorFlow {tensorflow}"
    )


def _require(options: ServerOptions) -> None:
    if not options.model_config_file and not options.model_base_path:
        raise UsageError(
            "Got neither --model_base_path nor --model_config_file; expected the folder of one model, or the "
            "text file that lists models."
        )
    ranges: tuple[tuple[str, float, float], ...] = (
        ("port", 0, 65535),
        ("rest_api_port", -1, 65535),
        ("grpc_max_threads", 1, 1024),
        ("grpc_request_timeout_in_ms", 1, 86_400_000),
        ("rest_api_num_threads", 0, 1024),
        ("rest_api_timeout_in_ms", 1, 86_400_000),
        ("num_request_iterations_for_warmup", 0, 1000),
        ("max_request_bytes", 1024, LARGEST_MESSAGE_BYTES),
        ("max_bytes_in_flight", 1024, 2**40),
        ("max_expanded_bytes", 0, LARGEST_MESSAGE_BYTES),
        ("max_shape_factor", 1, 1024),
        ("tensorflow_session_parallelism", 0, 1024),
        ("shutdown_grace_seconds", 0, 3600),
        ("model_config_file_poll_wait_seconds", 0, 86400),
        ("file_system_poll_wait_seconds", -1, 86400),
        ("tensorflow_intra_op_parallelism", 0, 1024),
        ("tensorflow_inter_op_parallelism", 0, 1024),
    )
    for name, low, high in ranges:
        found = getattr(options, name)
        if not low <= found <= high:
            raise UsageError(f"--{name} is {found}; expected {low} to {high}.")
    for name, words in _CHOICES.items():
        if getattr(options, name) not in words:
            raise UsageError(f"--{name} is '{getattr(options, name)}'; expected {' or '.join(words)}.")
    if any("=" not in one for one in options.grpc_channel_arguments.split(",") if one):
        raise UsageError(
            f"--grpc_channel_arguments is '{options.grpc_channel_arguments}'; expected names and values with "
            "commas between them, as in grpc.max_connection_age_ms=2000."
        )
    if options.port == options.rest_api_port and options.port > 0:
        raise UsageError(f"--port and --rest_api_port are both {options.port}; expected two ports.")
    for name in ("model_config_file", "monitoring_config_file", "ssl_config_file"):
        path = getattr(options, name)
        if path and not Path(path).is_file():
            raise UsageError(f"--{name} is '{path}', where there is no file. Check the path.")


def _add_addresses(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("addresses")
    _flag(group, "port", int, "gRPC port; 0 takes a free one and prints it (8500)")
    _flag(group, "grpc_socket_path", str, "UNIX socket to listen on as well")
    _flag(group, "grpc_channel_arguments", str, "gRPC's own settings, name=value,...")
    _flag(
        group,
        "grpc_request_timeout_in_ms",
        int,
        "time for the messages of a gRPC request to come, from when it is opened (ours; 30000)",
    )
    _flag(group, "rest_api_port", int, "REST port; 0 takes a free one, -1 opens none (8501)")
    _flag(group, "rest_api_timeout_in_ms", int, "time for a REST request, its body included (30000)")
    _switch(group, "rest_api_enable_cors_support", "let pages of other sites ask over REST (false)")
    _flag(group, "host", str, "address to listen on; 0.0.0.0 for every network (ours; 127.0.0.1)")
    _flag(group, "ssl_config_file", str, "text file of an SSLConfig with the PEMs inline; TLS for gRPC")
    _switch(
        group,
        "rest_api_without_client_certificates",
        "open the REST port, which has no TLS, although gRPC asks its clients for certificates (ours; false)",
    )


def _add_models(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("models")
    _flag(group, "model_name", str, "name of the one model (default)")
    _flag(group, "model_base_path", str, "folder of the one model, with a folder per version")
    _flag(group, "model_config_file", str, "text file of a ModelServerConfig, instead of one model")
    _flag(group, "model_config_file_poll_wait_seconds", int, "how often to read it again; 0: never (0)")
    _flag(group, "file_system_poll_wait_seconds", int, "how often to look for versions; 0: once (1)")
    _switch(group, "allow_version_labels_for_unavailable_models", "a new label may name an unloaded version")
    _switch(
        group,
        "force_allow_any_version_labels_for_unavailable_models",
        "any label may name an unloaded version (ours)",
    )
    _flag(group, "saved_model_tags", str, "tags of the graph to load, with commas between them (serve)")
    _flag(
        group,
        "model_operations",
        str,
        "arithmetic: refuse graphs that read files, run Python or load libraries; any: load every graph, as "
        "the production server does (ours; arithmetic)",
    )
    _switch(group, "enable_model_warmup", "replay assets.extra/tf_serving_warmup_requests at loading (true)")
    _flag(group, "num_request_iterations_for_warmup", int, "how often each of them; 0: once (0)")


def _add_service(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("service")
    _flag(group, "grpc_max_threads", int, "gRPC requests answered at the same time (8)")
    _flag(group, "rest_api_num_threads", int, "REST requests at the same time; 0: four for each core (0)")
    _flag(group, "tensorflow_session_parallelism", int, "sets the next two, where they are not given (0)")
    _flag(group, "tensorflow_intra_op_parallelism", int, "threads of one operation; 0: every core (0)")
    _flag(group, "tensorflow_inter_op_parallelism", int, "operations at the same time; 0: every core (0)")
    _flag(group, "monitoring_config_file", str, "text file of a MonitoringConfig; opens the Prometheus page")
    _flag(group, "request_log", str, "json: a line for every request, never a value of it (ours; off)")
    _switch(group, "enable_grpc_healthcheck_service", "answer grpc.health.v1")
    _switch(group, "enable_grpc_reflection", "say over gRPC which services and messages there are (ours)")
    _switch(group, "enable_open_inference_protocol", "answer KServe's version 2 protocol as well (ours)")
    _switch(
        group,
        "enable_serialization_as_tensor_content",
        "answer in tensor_content, which Python reads faster; false: in float_val and its like (false)",
    )
    _switch(group, "enable_signature_method_name_check", "refuse signatures of another method (false)")
    _switch(
        group,
        "enable_signature_shape_check",
        "compare ranks and fixed sizes with the signature; false: the graph does what it does (ours; false)",
    )
    _flag(group, "shutdown_grace_seconds", float, "time for accepted requests after SIGTERM (ours; 30)")


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits of memory (ours)")
    _flag(group, "max_request_bytes", int, "largest request, as sent and when unpacked (2147483647)")
    _flag(group, "max_bytes_in_flight", int, "all requests together that are being answered (2147483647)")
    _flag(group, "max_expanded_bytes", int, "what a request may make of few values by its shape (4194304)")
    _flag(
        group,
        "max_shape_factor",
        int,
        "how many times the largest shape of its description a model is sent; 256x256x256 always (8)",
    )


def _flag(
    group: argparse._ActionsContainer, name: str, kind: type, text: str, optional: str | None = None
) -> None:
    extra = {} if optional is None else {"nargs": "?", "const": optional}
    metavar = {str: "TEXT", int: "N", float: "S"}[kind]
    group.add_argument(f"--{name}", type=kind, help=text, metavar=metavar, **extra)  # type: ignore[arg-type]


def _switch(group: argparse._ActionsContainer, name: str, text: str, *more: str) -> None:
    group.add_argument(
        f"--{name}", *more, dest=name, type=_truth, nargs="?", const=True, help=text, metavar="true|false"
    )


def _truth(text: str) -> bool:
    words = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in words:
        raise argparse.ArgumentTypeError(f"'{text}' is neither true nor false")
    return words[text.lower()]
