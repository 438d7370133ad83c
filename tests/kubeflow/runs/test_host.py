"""The connection to a Kubeflow host: its address, its token, and who else may answer there."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cbvsynth.cli import main
from cbvsynth.errors import PipelineError
from cbvsynth.kubeflow.runs.host import connect
from tests.kubeflow.kubeflow_stub import Kubeflow


def submit(host: Kubeflow, *arguments: str) -> int:
    return main(["pipeline", "submit", "--host", host.url, *arguments])


def test_the_token_comes_from_the_environment_and_is_never_shown(
    host: Kubeflow, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host.token = "secret-of-ours"
    assert submit(host) == 1
    assert "CBVSYNTH_KFP_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("CBVSYNTH_KFP_TOKEN", "secret-of-ours")
    assert submit(host) == 0
    shown = capsys.readouterr()
    assert "secret-of-ours" not in shown.out + shown.err


def test_the_address_may_come_from_kubeflows_variable(
    host: Kubeflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", host.url + "/")
    assert main(["pipeline", "submit"]) == 0
    assert len(host.runs) == 1


@pytest.mark.parametrize(
    ("address", "message"),
    [("", "No Kubeflow host"), ("kubeflow:8080", "expected an address with http:// or https://")],
)
def test_an_address_that_is_none_is_a_usage_error(
    address: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pipeline", "submit", "--host", address]) == 2
    assert message in capsys.readouterr().err


def test_a_host_that_is_not_there_is_said_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(PipelineError, match="does not answer"):
            connect(address)


def test_a_login_page_is_not_taken_for_kubeflow() -> None:
    class LoginPage(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Log in</html>")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), LoginPage)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(PipelineError, match="as a login page"):
            connect(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
