"""submit, schedule and status against a Kubeflow API on a real port."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cbvsynth.cli import main
from cbvsynth.errors import PipelineError
from cbvsynth.kubeflow.definition.package import DEFAULT_PACKAGE
from cbvsynth.kubeflow.runs.host import connect
from cbvsynth.kubeflow.runs.progress import wait_for_run
from tests.kubeflow.kubeflow_stub import Kubeflow, kubeflow


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("kfp.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    for name in ("KF_PIPELINES_ENDPOINT", "KF_PIPELINES_UI_ENDPOINT", "CBVSYNTH_KFP_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def host() -> Iterator[Kubeflow]:
    with kubeflow() as state:
        yield state


def submit(host: Kubeflow, *arguments: str) -> int:
    return main(["pipeline", "submit", "--host", host.url, *arguments])


def test_a_first_submission_uploads_the_package_and_starts_a_run(
    host: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    code = submit(
        host, "--set", "epochs=50", "models=encdec-*,fcgan-t1c", "keep_going=on", "--name", "Fifty epochs"
    )
    assert code == 0
    package = DEFAULT_PACKAGE.read_bytes()
    assert host.packages == [package, package]
    (run,) = host.runs
    assert run["display_name"] == "Fifty epochs"
    assert run["runtime_config"]["parameters"] == {
        "epochs": 50,
        "models": ["encdec-*", "fcgan-t1c"],
        "keep_going": "on",
    }
    named = host.versions[-1]
    assert run["pipeline_version_reference"] == {
        "pipeline_id": named["pipeline_id"],
        "pipeline_version_id": named["pipeline_version_id"],
    }
    assert [entry["display_name"] for entry in host.experiments] == ["cbvsynth"]
    shown = capsys.readouterr().out.splitlines()
    assert shown == [
        f"version {named['display_name']} uploaded",
        f"run run-1: {host.url}/#/runs/details/run-1",
    ]


def test_the_same_package_is_uploaded_once(host: Kubeflow, capsys: pytest.CaptureFixture[str]) -> None:
    assert submit(host) == 0
    uploads = len(host.packages)
    assert submit(host) == 0
    assert len(host.packages) == uploads
    assert len(host.runs) == 2
    assert len(host.experiments) == 1
    assert "was there already" in capsys.readouterr().out


def test_a_changed_package_is_a_new_version_of_the_same_pipeline(host: Kubeflow, tmp_path: Path) -> None:
    changed = tmp_path / "package.yaml"
    changed.write_bytes(DEFAULT_PACKAGE.read_bytes() + b"# changed\n")
    assert submit(host) == 0
    assert submit(host, "--package", str(changed)) == 0
    assert len(host.pipelines) == 1
    versions = {run["pipeline_version_reference"]["pipeline_version_id"] for run in host.runs}
    assert len(versions) == 2


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("epoch=50", "has no parameter 'epoch'. Did you mean 'epochs'?"),
        ("epochs=fifty", "epochs is 'fifty'; expected a whole number"),
        ("epochs=0", "epochs is 0; expected 1 or more"),
        ("split_by=both", "split_by is 'both'; expected one of patient, examination"),
        ("keep_going=true", "keep_going is 'true'; expected one of off, on"),
        ("models=[]", "The sweep is empty"),
        ("models=encdec-t9", "'t9' is not a combination"),
        ("alpha=1", "alpha is 1.0; expected between 0 and 1"),
        ("required_baselines=zero", "required_baselines is 'zero'; expected one of"),
        ("max_dropped_share=2", "max_dropped_share is 2.0; expected a share from 0 to 1"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_sent(
    host: Kubeflow, argument: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(host, "--set", argument) == 2
    assert message in capsys.readouterr().err
    assert host.requests == []


def test_params_yaml_may_give_the_arguments_and_set_overrides_them(host: Kubeflow) -> None:
    params = Path(__file__).resolve().parents[2] / "params.yaml"
    assert submit(host, "--params", str(params), "--set", "epochs=9") == 0
    sent = host.runs[0]["runtime_config"]["parameters"]
    assert sent["epochs"] == 9
    assert sent["split_seed"] == 2030
    assert len(sent["models"]) == 16


def test_a_schedule_repeats_one_run_at_a_time_and_catches_nothing_up(
    host: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--host", host.url, "--cron", "0 0 3 * * 1", "--set", "models=fcgan-*"]
    assert main(["pipeline", "schedule", *arguments]) == 0
    (schedule,) = host.schedules
    assert schedule["trigger"] == {"cron_schedule": {"cron": "0 0 3 * * 1"}}
    assert (schedule["mode"], schedule["max_concurrency"], schedule["no_catchup"]) == ("ENABLE", 1, True)
    assert schedule["runtime_config"]["parameters"] == {"models": ["fcgan-*"]}
    assert f"{host.url}/#/recurringrun/details/recurring_run-1" in capsys.readouterr().out


def test_a_schedule_of_five_fields_is_refused_before_anything_is_sent(
    host: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pipeline", "schedule", "--host", host.url, "--cron", "0 3 * * 1"]) == 2
    assert "expected six fields" in capsys.readouterr().err
    assert host.requests == []


def answer(state: str, *tasks: tuple[str, str], message: str = "") -> dict:
    return {
        "state": state,
        "run_details": {
            "task_details": [
                {"display_name": name, "state": of_task}
                | ({"error": {"message": message}} if of_task == "FAILED" else {})
                for name, of_task in tasks
            ]
        },
    }


def test_waiting_shows_a_line_for_every_change_and_ends_with_the_run(host: Kubeflow) -> None:
    assert submit(host) == 0
    host.answers += [
        answer("PENDING"),
        answer("RUNNING", ("root", "RUNNING"), ("Check the data", "RUNNING")),
        answer("RUNNING", ("root", "RUNNING"), ("Check the data", "RUNNING")),
        answer("SUCCEEDED", ("root", "SUCCEEDED"), ("Check the data", "SUCCEEDED")),
    ]
    screen = io.StringIO()
    progress = wait_for_run(connect(host.url), "run-1", poll_s=0.01, screen=screen)
    assert progress.state == "SUCCEEDED"
    assert screen.getvalue().splitlines() == [
        "Synthetic CBV: pending, 0 min",
        "Synthetic CBV: running (1 running), 0 min",
        "Synthetic CBV: succeeded (1 succeeded), 0 min",
    ]


@pytest.mark.parametrize("state", ["FAILED", "CANCELED"])
def test_a_run_that_did_not_succeed_ends_the_waiting_with_its_reason(
    host: Kubeflow, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kubeflow's own client waits for ever for a run that was cancelled."""
    host.answers.append(
        answer(
            state, ("Check the data", "SUCCEEDED"), ("Train and score", "FAILED"), message="killed: memory"
        )
    )
    assert submit(host, "--wait", "on") == 1
    error = capsys.readouterr().err
    assert f"ended as {state.lower()}: 'Train and score' killed: memory" in error
    assert f"{host.url}/#/runs/details/run-1" in error


def test_status_lists_the_tasks(host: Kubeflow, capsys: pytest.CaptureFixture[str]) -> None:
    assert submit(host) == 0
    host.answers.append(answer("RUNNING", ("Check the data", "SUCCEEDED"), ("Train and score", "RUNNING")))
    assert main(["pipeline", "status", "run-1", "--host", host.url]) == 0
    shown = capsys.readouterr().out
    assert "Synthetic CBV: running (1 running, 1 succeeded)" in shown
    assert "  succeeded  Check the data\n  running    Train and score\n" in shown


def test_status_of_a_run_that_does_not_exist(host: Kubeflow, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pipeline", "status", "none", "--host", host.url]) == 1
    assert "refused (404 Not Found): Run none not found" in capsys.readouterr().err


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
    ("address", "message"), [("", "No Kubeflow host"), ("kubeflow:8080", "expected http:// or https://")]
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
