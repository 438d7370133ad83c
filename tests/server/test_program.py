"""The life of a server process: it waits, opens, follows its files, survives what is wrong, ends in order."""

from __future__ import annotations

import shutil
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from cbvsynth.client.connection import Connection
from cbvsynth.errors import ModelError, RefusedError, UsageError
from cbvsynth.proof.processes import ServerProcess, server_process
from tests.server.tls_files import make_pair, ssl_text

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

ENTRY = """config {{
  name: "{name}" base_path: "{base}/{name}" model_platform: "tensorflow"
  model_version_policy {{ {policy} }} {labels}
}}"""
BOTH = "specific { versions: 1 versions: 2 }"
TOO_LONG = 3_000_000_000
ONES = np.ones((1, 1, 1, 4), np.float32)


def write_config(base: Path, policy: str = BOTH, **labels: int) -> None:
    shown = "".join(f'version_labels {{ key: "{key}" value: {one} }}' for key, one in labels.items())
    entries = ENTRY.format(name="sum", base=base, policy=policy, labels=shown) + ENTRY.format(
        name="slow", base=base, policy="all {}", labels=""
    )
    (base / "new.config").write_text(f"model_config_list {{ {entries} }}")
    (base / "new.config").rename(base / "models.config")


class Life:
    """A running server, and stubs that ask it."""

    def __init__(self, server: ServerProcess, base: Path, address: str) -> None:
        from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

        self.server, self.base, self.address = server, base, address
        self.channel = grpc.insecure_channel(address, [("grpc.max_send_message_length", -1)])
        self.predictions = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.models = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def request(self, inputs: dict[str, Any], name: str = "sum", label: str = "") -> Any:
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name = name
        if label:
            request.model_spec.version_label = label
        for key, array in inputs.items():
            request.inputs[key].CopyFrom(tf.make_tensor_proto(array))
        return request

    def version(self, label: str = "") -> int:
        reply = self.predictions.Predict(self.request({"t1": ONES, "adc": ONES}, label=label), timeout=60)
        return int(reply.model_spec.version.value)

    def memory_mb(self) -> float:
        """Resident memory of the server."""
        pages = int(Path(f"/proc/{self.server.process.pid}/statm").read_text().split()[1])
        return pages * 4096 / 1e6

    def log(self) -> str:
        return self.server.log.read_text()


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def life(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A server whose model comes late: the port opens only then."""
    base = tmp_path_factory.mktemp("life")
    (base / "slow").mkdir()
    (base / "slow/1").symlink_to(saved / "slow")
    write_config(base, "latest { num_versions: 1 }")
    flags = [
        "--port=0",
        "--rest_api_port=-1",
        f"--model_config_file={base}/models.config",
        "--model_config_file_poll_wait_seconds=1",
    ]
    with server_process(flags, base / "log/server.log") as server:
        wait_for(lambda: "waiting for sum: the base path 'sum' cannot be read" in server.log.read_text())
        assert "gRPC on" not in server.log.read_text()
        shutil.copytree(saved / "sum0", base / "sum/1")
        yield Life(server, base, server.addresses(60)["gRPC"])


def test_it_says_that_it_is_the_development_server(life: Life) -> None:
    assert "development server; in production use tensorflow/serving:2.20.0" in life.log()
    assert "cuda" not in life.log().lower()


def test_a_label_moves_with_the_file_once_both_versions_are_there(life: Life, saved: Path) -> None:
    write_config(life.base, BOTH, stable=1)
    wait_for(lambda: "list of models was read again" in life.log())
    shutil.copytree(saved / "sum1", life.base / "sum/.incoming-2")
    (life.base / "sum/.incoming-2").rename(life.base / "sum/2")
    wait_for(lambda: life.version() == 2)
    assert life.version("stable") == 1
    write_config(life.base, BOTH, stable=2)
    wait_for(lambda: life.version("stable") == 2)
    write_config(life.base, BOTH, stable=1)
    wait_for(lambda: life.version("stable") == 1)


def test_a_list_that_cannot_be_read_changes_nothing(life: Life) -> None:
    (life.base / "models.config").write_text("model_config_list {")
    wait_for(lambda: "the changed list of models is not used" in life.log())
    assert life.version("stable") == 1
    write_config(life.base, BOTH, stable=1)


def test_broken_versions_and_a_half_copied_one_leave_the_good_ones(life: Life, saved: Path) -> None:
    """One whose warm-up failed in a way nobody foresaw, or with a number of 20 digits, ended the server."""
    from tests.server.saved_models import save_hollow, write_warmup

    shutil.copytree(saved / "sum1", life.base / "sum/3")
    (weights,) = (life.base / "sum/3/variables").glob("variables.data*")
    weights.write_bytes(weights.read_bytes()[:2])
    (life.base / "sum/4").mkdir()
    write_warmup(save_hollow(life.base / "sum/5"), "hollow", x=np.float32(1))
    (life.base / "sum/20261129183014123456").symlink_to(saved / "sum1")
    write_config(life.base, "all {}", stable=1)
    wait_for(lambda: "sum version 5 is not served" in life.log())
    assert "sum version 4 is not served" in life.log()
    assert "sum version 3 is not served" in life.log()
    assert (life.version(), life.version("stable")) == (2, 1)
    assert "20261129183014123456" not in life.log()
    for number in ("3", "4", "5"):
        shutil.rmtree(life.base / "sum" / number)
    (life.base / "sum/20261129183014123456").unlink()
    write_config(life.base, BOTH, stable=1)


def test_the_list_can_be_sent_and_a_wrong_one_changes_nothing(life: Life) -> None:
    from google.protobuf import text_format
    from tensorflow_serving.apis import model_management_pb2

    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse((life.base / "models.config").read_text(), request.config)
    life.models.HandleReloadConfigRequest(request, timeout=60)
    assert life.version("stable") == 1
    request.config.model_config_list.config[0].version_labels["stable"] = 9
    with pytest.raises(grpc.RpcError) as caught:
        life.models.HandleReloadConfigRequest(request, timeout=60)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "assign label to version 9 of model sum, which is not currently" in caught.value.details()
    assert life.version("stable") == 1
    request.config.model_config_list.config[0].version_labels["stable"] = 1
    added = request.config.model_config_list.config.add(name="none", model_platform="tensorflow")
    added.base_path = str(life.base / "none")
    with pytest.raises(grpc.RpcError) as caught:
        life.models.HandleReloadConfigRequest(request, timeout=60)
    assert caught.value.code() is grpc.StatusCode.UNKNOWN
    assert "1 model(s) did not become available: none" in caught.value.details()
    assert life.version("stable") == 1


def test_a_deadline_ends_the_wait_and_the_server_goes_on(life: Life) -> None:
    slow = life.request({"x": np.ones(1, np.float32)}, "slow")
    with pytest.raises(grpc.RpcError) as caught:
        life.predictions.Predict(slow, timeout=0.05)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert life.version() == 2


def claim(address: str, size: int) -> bytes:
    """Begin a Predict over plain HTTP/2 whose message claims a size; what the server answers."""

    def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        return (
            struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload
        )

    def header(name: str, value: str) -> bytes:
        return b"".join([b"\x00", *(bytes([len(text)]) + text.encode() for text in (name, value))])

    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/tensorflow.serving.PredictionService/Predict",
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    block = b"".join(header(name, value) for name, value in headers.items())
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
        connection.sendall(frame(1, 4, 1, block) + frame(0, 0, 1, struct.pack(">BI", 0, size) + b"x" * 100))
        answer = b""
        while b"grpc-status" not in answer:
            piece = connection.recv(65536)
            if not piece:
                break
            answer += piece
    return answer


def test_a_message_that_claims_three_gigabytes_is_refused_unread(life: Life) -> None:
    before = life.memory_mb()
    answer = claim(life.address, TOO_LONG)
    assert f"({TOO_LONG} vs. {2**31 - 1})".encode() in answer
    assert life.memory_mb() < before + 50
    assert life.version() == 2


def test_memory_returns_to_its_level_after_wrong_requests(life: Life) -> None:
    big = np.ones((1, 256, 256, 4), np.float32)
    nan = np.full_like(big, np.nan)
    wrong = [
        life.request({"t1": big}),
        life.request({"t1": big, "adc": nan}),
        life.request({"t1": big, "adc": big[..., :3]}),
        life.request({"t1": big, "adc": big[0]}),
        life.request({"t1": big, "adc": big.astype(np.float64)}),
        life.request({"t1": big, "adc": big}, label="none"),
        life.request({"t1": big, "adc": big}, name="none"),
    ]

    def ask_all(times: int) -> None:
        for request in wrong * times:
            with pytest.raises(grpc.RpcError):
                life.predictions.Predict(request, timeout=60)

    ask_all(24)  # until every thread has its own share of memory
    level = life.memory_mb()
    ask_all(40)  # 280 requests of 1-3 MB
    assert life.memory_mb() < level + 30
    assert life.version() == 2


def test_memory_returns_to_its_level_after_versions_came_and_went(life: Life) -> None:
    def swap(times: int) -> None:
        for number in (1, 2) * times:
            write_config(life.base, f"specific {{ versions: {number} }}")
            wait_for(lambda number=number: life.version() == number)

    swap(1)
    level = life.memory_mb()
    swap(3)
    assert life.memory_mb() < level + 30


def test_told_to_end_it_finishes_what_it_has_accepted(life: Life) -> None:
    slow = life.request({"x": np.ones(1, np.float32)}, "slow")
    life.predictions.Predict(slow, timeout=60)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(life.predictions.Predict, slow, timeout=60)
        time.sleep(0.2)
        life.server.process.send_signal(signal.SIGTERM)
        assert answer.result().model_spec.version.value == 1
    assert life.server.process.wait(timeout=60) == 0
    assert "stopping: accepted requests are finished first" in life.log()
    assert life.log().rstrip().endswith("stopped")
    with pytest.raises(grpc.RpcError):
        life.version()


def options(base: Path, **changes: Any) -> Any:
    from cbvsynth.server.flags import ServerOptions

    given = {"model_name": "sum", "model_base_path": str(base / "sum"), "port": 0, "rest_api_port": -1}
    return ServerOptions(**(given | changes))


def test_a_model_that_is_broken_at_the_start_is_an_error(tmp_path: Path) -> None:
    from cbvsynth.server.program import serve

    (tmp_path / "sum/1").mkdir(parents=True)
    with pytest.raises(ModelError, match=r"'sum' has no version that can be served: 1: there is no saved_mo"):
        serve(options(tmp_path))


def test_a_port_that_is_taken_is_an_error(tmp_path: Path, saved: Path) -> None:
    from cbvsynth.server.program import serve

    (tmp_path / "sum").mkdir()
    (tmp_path / "sum/1").symlink_to(saved / "sum0")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"--port {port} on 127.0.0.1 cannot be opened"):
            serve(options(tmp_path, port=port))


def test_a_label_on_a_version_that_is_not_there_is_an_error_at_the_start(tmp_path: Path, saved: Path) -> None:
    from cbvsynth.server.program import serve

    (tmp_path / "sum").mkdir()
    (tmp_path / "sum/1").symlink_to(saved / "sum0")
    write_config(tmp_path, BOTH, stable=7)
    config = str(tmp_path / "models.config")
    with pytest.raises(RefusedError, match="assign label to version 7"):
        serve(options(tmp_path, model_base_path="", model_config_file=config))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with key and certificate of localhost, which vouches for itself, and of another one."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("own", "other"):
        make_pair(folder, name)
    return folder


def _answers(address: str, credentials: grpc.ChannelCredentials | None) -> bool:
    """Whether the server talks to a client that has these credentials, or none."""
    from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "sum"
    opened = grpc.secure_channel(address, credentials) if credentials else grpc.insecure_channel(address)
    with opened as channel:
        try:
            model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request, timeout=20)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                return False
            raise
        return True


@pytest.mark.parametrize("verify_clients", [False, True])
def test_with_the_text_file_of_keys_the_port_is_encrypted(
    running: Any, certificates: Path, tmp_path: Path, verify_clients: Any
) -> None:
    from cbvsynth.server.encryption import read_encryption
    from cbvsynth.server.faces.backend import Backend
    from cbvsynth.server.program import open_ports

    key, pem = ((certificates / f"own.{end}").read_text() for end in ("key", "pem"))
    fields = {"server_key": key, "server_cert": pem} | ({"custom_ca": pem} if verify_clients else {})
    (tmp_path / "ssl.config").write_text(ssl_text(verify=verify_clients, **fields))
    backend = Backend(running.store, options(tmp_path, rest_api_port=0))
    own = (certificates / "own.pem").read_bytes()
    own_key = (certificates / "own.key").read_bytes()
    with open_ports(backend, read_encryption(tmp_path / "ssl.config"), "") as ports:
        # REST beside it would let in whoever has no certificate.
        assert bool(ports.rest) is not verify_clients

        def answers(credentials: grpc.ChannelCredentials | None) -> bool:
            return _answers(f"localhost:{ports.grpc}", credentials)

        assert answers(grpc.ssl_channel_credentials(own, own_key, own))
        assert answers(grpc.ssl_channel_credentials(own)) is not verify_clients
        assert not answers(grpc.ssl_channel_credentials((certificates / "other.pem").read_bytes()))
        assert not answers(None)
        if not verify_clients:
            ours = Connection(f"localhost:{ports.grpc}", root_certificates=certificates / "own.pem")
            assert ours.live_versions("sum") == (1, 2)
            ours.close()


def test_rest_beside_client_certificates_opens_where_it_is_asked_for(
    running: Any, certificates: Path, tmp_path: Path
) -> None:
    from cbvsynth.server.encryption import read_encryption
    from cbvsynth.server.faces.backend import Backend
    from cbvsynth.server.program import open_ports

    key, pem = ((certificates / f"own.{end}").read_text() for end in ("key", "pem"))
    (tmp_path / "ssl.config").write_text(
        ssl_text(verify=True, server_key=key, server_cert=pem, custom_ca=pem)
    )
    asked = options(tmp_path, rest_api_port=0, rest_api_without_client_certificates=True)
    with open_ports(Backend(running.store, asked), read_encryption(tmp_path / "ssl.config"), "") as ports:
        assert ports.rest
