"""One server on real sockets for all conformance tests, asked through TensorFlow Serving's own stubs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Running:
    """A server in this process, and the stubs that talk to it."""

    store: Any
    folder: Path
    predictions: Any
    models: Any
    grpc_address: str
    rest_address: str
    channel: Any


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the SavedModels sum0, sum1 (answers 1 more), words, reader, slow,
    half_plus_three."""
    from tests.server import saved_models

    folder = tmp_path_factory.mktemp("saved")
    saved_models.save_sum(folder / "sum0")
    saved_models.save_sum(folder / "sum1", 1.0)
    saved_models.save_words(folder / "words")
    saved_models.save_reader(folder / "reader")
    saved_models.save_slow(folder / "slow")
    saved_models.save_half_plus_three(folder / "half_plus_three")
    return folder


CONFIG = """
model_config_list {{
  config {{
    name: "sum" base_path: "{base}/sum" model_platform: "tensorflow"
    model_version_policy {{ specific {{ versions: 1 versions: 2 }} }}
    version_labels {{ key: "stable" value: 1 }}
    version_labels {{ key: "absent" value: 7 }}
  }}
  config {{ name: "words" base_path: "{base}/words" model_platform: "tensorflow" }}
  config {{ name: "half_plus_three" base_path: "{base}/half_plus_three" model_platform: "tensorflow" }}
}}
"""
MONITORING = "prometheus_config { enable: true }"


@pytest.fixture(scope="session")
def running(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    import grpc
    from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

    from cbvsynth.server.configuration import read_metrics_path, read_models
    from cbvsynth.server.faces.backend import Backend
    from cbvsynth.server.flags import parse_flags
    from cbvsynth.server.program import build_store, open_ports

    base = tmp_path_factory.mktemp("base")
    versions = {
        "sum/1": "sum0",
        "sum/2": "sum1",
        "words/1": "words",
        "half_plus_three/123": "half_plus_three",
    }
    for target, source in versions.items():
        (base / target).parent.mkdir(exist_ok=True)
        (base / target).symlink_to(saved / source)
    (base / "models.config").write_text(CONFIG.format(base=base))
    (base / "monitoring.config").write_text(MONITORING)
    options = parse_flags(
        [
            "--port=0",
            "--rest_api_port=0",
            f"--model_config_file={base}/models.config",
            f"--monitoring_config_file={base}/monitoring.config",
            f"--grpc_socket_path={base}/socket",
            "--allow_version_labels_for_unavailable_models",
            "--enable_grpc_healthcheck_service",
            "--max_request_bytes=4000000",
            "--enable_open_inference_protocol",
            "--enable_grpc_reflection",
            "--rest_api_timeout_in_ms=3000",
        ]
    )
    store = build_store(options)
    store.configure(read_models(options))
    store.reconcile()
    with open_ports(
        Backend(store, options), None, read_metrics_path(options.monitoring_config_file)
    ) as ports:
        address = f"127.0.0.1:{ports.grpc}"
        with grpc.insecure_channel(address, [("grpc.max_send_message_length", -1)]) as channel:
            yield Running(
                store,
                base,
                prediction_service_pb2_grpc.PredictionServiceStub(channel),
                model_service_pb2_grpc.ModelServiceStub(channel),
                address,
                f"127.0.0.1:{ports.rest}",
                channel,
            )
    store.close()


@pytest.fixture
def broken(tmp_path: Path) -> Any:
    """A backend that lists one model, none of whose versions can be loaded."""
    from cbvsynth.server.faces.backend import Backend
    from cbvsynth.server.flags import ServerOptions
    from tests.server.store_server import Server

    (tmp_path / "sum/1").mkdir(parents=True)
    server = Server(tmp_path / "sum")
    server.serve()
    return Backend(server.store, ServerOptions(enable_open_inference_protocol=True))


@pytest.fixture
def base(tmp_path: Path, saved: Path) -> Path:
    """A model's folder with version 1, which answers 3."""
    from tests.server.store_server import put

    put(tmp_path / "sum", "1", saved / "sum0")
    return tmp_path / "sum"
