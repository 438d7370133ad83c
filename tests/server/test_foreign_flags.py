"""Each of the production server's flags is obeyed, taken, or refused with a reason; none is unknown."""

from __future__ import annotations

from dataclasses import fields

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.server.flags import OURS, ServerOptions, build_parser, parse_flags
from cbvsynth.server.foreign_flags import REFUSED, WITHOUT_EFFECT

PRODUCTION = """
port grpc_socket_path rest_api_port rest_api_num_threads rest_api_timeout_in_ms rest_api_enable_cors_support
enable_batching allow_version_labels_for_unavailable_models batching_parameters_file
enable_per_model_batching_parameters model_config_file model_config_file_poll_wait_seconds model_name
model_base_path num_load_threads num_unload_threads max_num_load_retries load_retry_interval_micros
file_system_poll_wait_seconds flush_filesystem_caches tensorflow_session_parallelism
tensorflow_session_config_file tensorflow_intra_op_parallelism tensorflow_inter_op_parallelism
use_alts_credentials ssl_config_file platform_config_file per_process_gpu_memory_fraction saved_model_tags
grpc_channel_arguments grpc_max_threads enable_model_warmup num_request_iterations_for_warmup version
monitoring_config_file remove_unused_fields_from_bundle_metagraph prefer_tflite_model num_tflite_pools
num_tflite_interpreters_per_pool enable_signature_method_name_check xla_cpu_compilation_enabled
xla_gpu_compilation_enabled enable_profiler thread_pool_factory_config_file mixed_precision
skip_initialize_tpu enable_grpc_healthcheck_service enable_serialization_as_tensor_content
""".split()  # noqa: SIM905  a list as the help shows it
"""What `tensorflow_model_server --help` of 2.20 lists."""
OBEYED = {one.name for one in fields(ServerOptions)} - {"ignored"} | {"version"}


def test_there_are_48_and_every_one_is_known_in_one_way():
    assert len(set(PRODUCTION)) == 48
    for name in PRODUCTION:
        ways = [name in OBEYED - OURS, name in REFUSED, name in WITHOUT_EFFECT]
        assert sum(ways) == 1, name


def test_no_other_flag_is_called_the_production_servers():
    known = {action.dest for action in build_parser()._actions} - {"help"}
    assert known - OURS == set(PRODUCTION)
    assert not OURS & set(PRODUCTION)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_flag_may_say_that_it_is_off(name):
    assert parse_flags(["--model_base_path=/m", f"--{name}=false"]).ignored == ()
    with pytest.raises(UsageError, match=f"--{name} is not offered: .* Leave the flag out."):
        parse_flags(["--model_base_path=/m", f"--{name}=x"])


def test_every_reason_is_said_in_the_help():
    text = " ".join(build_parser().format_help().split())
    for reason in (*REFUSED.values(), *WITHOUT_EFFECT.values()):
        assert reason in text.replace("- ", "-"), reason
