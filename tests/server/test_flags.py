"""The command line: the production server's flags, ours, and what is refused."""

from __future__ import annotations

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.server.flags import ServerOptions, parse_flags
from cbvsynth.server.foreign_flags import REFUSED, WITHOUT_EFFECT

BASE = "--model_base_path=/models/cbvsynth"


def test_a_production_command_line_is_understood(tmp_path):
    config = tmp_path / "models.config"
    config.write_text("")
    options = parse_flags(
        [
            "--port=8500",
            "--rest_api_port=8501",
            f"--model_config_file={config}",
            "--model_config_file_poll_wait_seconds=30",
            "--allow_version_labels_for_unavailable_models=true",
            "--enable_grpc_healthcheck_service",
            "--tensorflow_intra_op_parallelism=2",
            "--rest_api_timeout_in_ms=20000",
            "--num_load_threads=2",
            "--enable_batching=false",
        ]
    )
    assert options == ServerOptions(
        model_config_file=str(config),
        model_config_file_poll_wait_seconds=30,
        allow_version_labels_for_unavailable_models=True,
        enable_grpc_healthcheck_service=True,
        tensorflow_intra_op_parallelism=2,
        rest_api_timeout_in_ms=20000,
        ignored=("num_load_threads",),
    )


@pytest.mark.parametrize("name", REFUSED)
def test_flags_that_would_change_answers_are_refused_with_the_reason(name):
    with pytest.raises(UsageError, match=f"--{name} is not offered: "):
        parse_flags([BASE, f"--{name}"])


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_flags_that_only_tune_are_accepted_and_named(name):
    assert parse_flags([BASE, f"--{name}=1"]).ignored == (name,)


def test_replies_are_in_listed_floats_unless_raw_bytes_are_asked_for():
    """The default was the other way round: a client that reads float_val got an empty list."""
    name = "enable_serialization_as_tensor_content"
    assert not parse_flags([BASE]).enable_serialization_as_tensor_content
    assert parse_flags([BASE, f"--{name}"]).enable_serialization_as_tensor_content


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "Got neither --model_base_path nor --model_config_file"),
        ([BASE, "--model_operations=all"], "--model_operations is 'all'; expected arithmetic or any"),
        ([BASE, "--request_log=text"], "--request_log is 'text'; expected off or json"),
        ([BASE, "--grpc_channel_arguments=grpc.max_connection_age_ms"], "expected names and values"),
        ([BASE, "--rest_api_timeout_in_ms=0"], "--rest_api_timeout_in_ms is 0"),
        (["--model_config_file=/none"], "there is no file"),
        ([BASE, "--monitoring_config_file=/none"], "there is no file"),
        ([BASE, "--ssl_config_file=/none"], "there is no file"),
        ([BASE, "--port=65536"], "--port is 65536; expected 0 to 65535"),
        ([BASE, "--rest_api_port=-2"], "--rest_api_port is -2"),
        ([BASE, "--port=9000", "--rest_api_port=9000"], "are both 9000"),
        ([BASE, "--grpc_max_threads=0"], "--grpc_max_threads is 0"),
        ([BASE, "--max_request_bytes=1"], "--max_request_bytes is 1"),
    ],
)
def test_values_that_cannot_be_are_refused(arguments, text):
    with pytest.raises(UsageError, match=text):
        parse_flags(arguments)


@pytest.mark.parametrize("argument", ["--colour=red", "--port=abc", "--enable_model_warmup=maybe"])
def test_what_is_no_flag_ends_with_code_2(argument, capsys):
    with pytest.raises(SystemExit) as caught:
        parse_flags([BASE, argument])
    assert caught.value.code == 2
    assert argument.split("=")[0] in capsys.readouterr().err
