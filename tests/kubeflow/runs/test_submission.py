"""submit and schedule against a Kubeflow API on a real port."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth import __version__
from cbvsynth.cli import main
from tests.kubeflow.checkout import COMMITTED, ROOT, documents
from tests.kubeflow.kubeflow_stub import Kubeflow


def submit(host: Kubeflow, *arguments: str) -> int:
    return main(["pipeline", "submit", "--host", host.url, *arguments])


def test_a_first_submission_uploads_the_package_and_starts_a_run(
    host: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    code = submit(
        host, "--set", "epochs=50", "models=encdec-*,fcgan-t1c", "keep_going=on", "--name", "Fifty epochs"
    )
    assert code == 0
    assert host.packages == [COMMITTED.read_bytes()]
    (run,) = host.runs
    assert run["display_name"] == "Fifty epochs"
    sent = run["runtime_config"]["parameters"]
    assert sent["4. Train: epochs"] == 50
    assert sent["1. Run: models"] == ["encdec-*", "fcgan-t1c"]
    assert sent["1. Run: keep_going"] == "on"
    (named,) = host.versions
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


def test_every_parameter_is_sent_so_that_a_run_can_be_read_compared_and_cloned(host: Kubeflow) -> None:
    """Kubeflow showed the 2 of 39 parameters that had been set; Clone gave 37 empty fields."""
    assert submit(host, "--set", "epochs=50") == 0
    known = documents(COMMITTED)[0]["root"]["inputDefinitions"]["parameters"]
    sent = host.runs[0]["runtime_config"]["parameters"]
    assert sent == {name: entry["defaultValue"] for name, entry in known.items()} | {"4. Train: epochs": 50}


def test_a_run_gets_the_account_that_is_named_and_else_the_hosts(host: Kubeflow) -> None:
    assert submit(host) == 0
    assert submit(host, "--service_account", "cbvsynth-runner") == 0
    assert [run.get("service_account") for run in host.runs] == [None, "cbvsynth-runner"]


def test_a_first_submission_makes_one_version(host: Kubeflow) -> None:
    """It made two: one that the upload had called as the pipeline is called, and ours."""
    assert submit(host) == 0
    assert [one["display_name"] for one in host.pipelines] == ["cbv-synthesis"]
    assert len(host.versions) == 1
    assert host.versions[0]["display_name"].startswith(__version__)


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
    changed.write_bytes(COMMITTED.read_bytes() + b"# changed\n")
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
        ("epochs=0", "epochs is 0; expected 1 to 1000000"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_sent(
    host: Kubeflow, argument: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(host, "--set", argument) == 2
    assert message in capsys.readouterr().err
    assert host.requests == []


def test_params_yaml_may_give_the_arguments_and_set_overrides_them(host: Kubeflow) -> None:
    assert submit(host, "--params", str(ROOT / "params.yaml"), "--set", "epochs=9") == 0
    sent = host.runs[0]["runtime_config"]["parameters"]
    assert sent["4. Train: epochs"] == 9
    assert sent["3. Prepare: split_seed"] == 2023
    assert len(sent["1. Run: models"]) == 4


def test_a_schedule_repeats_one_run_at_a_time_and_catches_nothing_up(
    host: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--host", host.url, "--cron", "0 0 3 * * 1", "--set", "models=fcgan-*"]
    assert main(["pipeline", "schedule", *arguments]) == 0
    (schedule,) = host.schedules
    assert schedule["trigger"] == {"cron_schedule": {"cron": "0 0 3 * * 1"}}
    assert (schedule["mode"], schedule["max_concurrency"], schedule["no_catchup"]) == ("ENABLE", 1, True)
    assert schedule["runtime_config"]["parameters"]["1. Run: models"] == ["fcgan-*"]
    assert len(schedule["runtime_config"]["parameters"]) >= 39
    assert f"{host.url}/#/recurringrun/details/recurring_run-1" in capsys.readouterr().out


def test_a_schedule_of_five_fields_is_refused_before_anything_is_sent(
    host: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pipeline", "schedule", "--host", host.url, "--cron", "0 3 * * 1"]) == 2
    assert "expected six fields" in capsys.readouterr().err
    assert host.requests == []
