"""The command line: tensorflow_model_server's flags by name and meaning, and a few of our own.

A manifest written for one server starts the other. Flags of the production server that would change
answers, and that this server lacks, are refused with the reason; those that only tune are accepted and
do nothing. No TensorFlow here, so that help appears at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.errors import UsageError

PRODUCTION_IMAGE = "tensorflow/serving:2.20.0"
LARGEST_MESSAGE_BYTES = 2**31 - 1
"""gRPC's own bound, which the production server uses."""

REFUSED = {
    "enable_batching": "batching pads volumes of other requests to one shape, which changes the statistics "
    "of instance normalisation and so the map",
    "batching_parameters_file": "there is no batching: it would change the map",
    "use_tflite_model": "only SavedModels are served",
    "platform_config_file": "only SavedModels are served, by TensorFlow's own executor",
    "mixed_precision": "the served arithmetic is the exported one; golden answers would not hold",
}
"""Flags of the production server that are an error here, with the reason."""

WITHOUT_EFFECT = (
    "rest_api_num_threads",
    "rest_api_timeout_in_ms",
    "num_load_threads",
    "num_unload_threads",
    "max_num_load_retries",
    "load_retry_interval_micros",
    "flush_filesystem_caches",
    "tensorflow_session_parallelism",
    "remove_unused_fields_from_bundle_metagraph",
    "enable_signature_method_name_check",
    "per_process_gpu_memory_fraction",
    "grpc_channel_arguments",
    "saved_model_tags",
)
"""Flags of the production server that are accepted here and change nothing."""


@dataclass(frozen=True)
class ServerOptions:
    """What the command line says; every field is the flag of the same name."""

    port: int = 8500
    grpc_socket_path: str = ""
    rest_api_port: int = 8501
    host: str = "127.0.0.1"
    model_name: str = "default"
    model_base_path: str = ""
    model_config_file: str = ""
    model_config_file_poll_wait_seconds: int = 0
    file_system_poll_wait_seconds: int = 1
    allow_version_labels_for_unavailable_models: bool = False
    force_allow_any_version_labels_for_unavailable_models: bool = False
    monitoring_config_file: str = ""
    ssl_config_file: str = ""
    grpc_max_threads: int = 8
    enable_grpc_healthcheck_service: bool = False
    enable_model_warmup: bool = True
    enable_serialization_as_tensor_content: bool = True
    tensorflow_intra_op_parallelism: int = 0
    tensorflow_inter_op_parallelism: int = 0
    max_request_bytes: int = LARGEST_MESSAGE_BYTES
    shutdown_grace_seconds: float = 30.0
    ignored: tuple[str, ...] = ()
    """Flags that were given and change nothing here."""


def build_parser() -> argparse.ArgumentParser:
    """The parser; every flag may be written `--flag value` or `--flag=value`."""
    parser = argparse.ArgumentParser(
        prog="cbvsynth-server",
        description="Serve SavedModels over TensorFlow Serving's protocol, for development and tests. "
        f"In production use the image {PRODUCTION_IMAGE} with the same flags and files.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    _add_addresses(parser)
    _add_models(parser)
    _add_service(parser)
    for name, reason in REFUSED.items():
        _flag(parser, name, str, f"refused: {reason}", optional="true")
    ignored = parser.add_argument_group("accepted for tensorflow_model_server's sake, without effect")
    for name in WITHOUT_EFFECT:
        _flag(ignored, name, str, argparse.SUPPRESS, optional="true")
    return parser


def parse_flags(arguments: Sequence[str]) -> ServerOptions:
    """Read the command line.

    Raises:
        UsageError: a flag is refused, out of its range, or contradicts another one.
        SystemExit: help was asked for, or a flag is unknown (code 2).
    """
    given = vars(build_parser().parse_args(arguments))
    for name, reason in REFUSED.items():
        if given.pop(name, "false") not in ("false", "0", ""):
            raise UsageError(f"--{name} is not offered: {reason}. Leave the flag out.")
    ignored = tuple(name for name in WITHOUT_EFFECT if given.pop(name, None) is not None)
    options = ServerOptions(**given, ignored=ignored)
    _require(options)
    return options


def _require(options: ServerOptions) -> None:
    if bool(options.model_config_file) == bool(options.model_base_path):
        raise UsageError(
            "Got --model_base_path and --model_config_file, or neither; expected one of them: the folder of "
            "one model, or the text file that lists models."
        )
    ranges: tuple[tuple[str, float, float], ...] = (
        ("port", 0, 65535),
        ("rest_api_port", -1, 65535),
        ("grpc_max_threads", 1, 1024),
        ("max_request_bytes", 1024, LARGEST_MESSAGE_BYTES),
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
    if options.port == options.rest_api_port and options.port > 0:
        raise UsageError(f"--port and --rest_api_port are both {options.port}; expected two ports.")
    for name in ("model_config_file", "monitoring_config_file", "ssl_config_file"):
        path = getattr(options, name)
        if path and not Path(path).is_file():
            raise UsageError(f"--{name} is '{path}', where there is no file. Check the path.")


def _add_addresses(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("addresses")
    _flag(group, "port", int, "gRPC port; 0 takes a free one and prints it (8500)")
    _flag(group, "rest_api_port", int, "REST port; 0 takes a free one, -1 opens none (8501)")
    _flag(group, "host", str, "address to listen on; 0.0.0.0 for every network (ours; 127.0.0.1)")
    _flag(group, "grpc_socket_path", str, "UNIX socket to listen on as well")
    _flag(group, "ssl_config_file", str, "text file of an SSLConfig with the PEMs inline; TLS for gRPC")


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
        "any label may name an unloaded version",
    )
    _switch(group, "enable_model_warmup", "replay assets.extra/tf_serving_warmup_requests at loading (true)")


def _add_service(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("service")
    _flag(group, "grpc_max_threads", int, "requests answered at the same time (8)")
    _flag(group, "tensorflow_intra_op_parallelism", int, "threads of one operation; 0: every core (0)")
    _flag(group, "tensorflow_inter_op_parallelism", int, "operations at the same time; 0: every core (0)")
    _flag(group, "monitoring_config_file", str, "text file of a MonitoringConfig; opens the Prometheus page")
    _switch(group, "enable_grpc_healthcheck_service", "answer grpc.health.v1")
    _switch(
        group,
        "enable_serialization_as_tensor_content",
        "answer in tensor_content; false: in float_val, as the production server's default is (true)",
        "--prefer_tensor_content",
    )
    _flag(group, "max_request_bytes", int, "largest request, also when unpacked (ours; 2147483647)")
    _flag(group, "shutdown_grace_seconds", float, "time for accepted requests after SIGTERM (ours; 30)")


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
