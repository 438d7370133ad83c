"""`cbvsynth pipeline`: what it makes, what it sends, and from where."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cbvsynth.cli import main
from tests.kubeflow.checkout import COMMITTED, ROOT, documents
from tests.kubeflow.kubeflow_stub import kubeflow

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder that is no checkout, and no address or token of this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kfp.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    for name in ("KF_PIPELINES_ENDPOINT", "KF_PIPELINES_UI_ENDPOINT", "CBVSYNTH_KFP_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_compiling_says_what_it_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pipeline", "compile", "--out", "made.yaml", "--profile", "local"]) == 0
    spec = documents(Path("made.yaml"))[0]
    count = len(spec["root"]["inputDefinitions"]["parameters"])
    assert capsys.readouterr().out.startswith(f"made.yaml: profile local, {count} parameters, ")
    assert spec["pipelineInfo"]["name"] == "cbv-synthesis"
    assert [path.name for path in Path().iterdir()] == ["made.yaml"]


def test_components_are_compiled_with_the_same_images(capsys: pytest.CaptureFixture[str]) -> None:
    images = ["--light_image", "lab/cbvsynth:1.0", "--train_image", "lab/train:1.0"]
    assert main(["pipeline", "compile", "--components", "parts", *images]) == 0
    assert "components in parts: plan, validate, preprocess, train, evaluate, promote" in (
        capsys.readouterr().out
    )
    for name, image in (("plan", "lab/cbvsynth:1.0"), ("train", "lab/train:1.0")):
        executors = documents(Path("parts") / name / "component.yaml")[0]["deploymentSpec"]["executors"]
        assert executors[f"exec-{name}"]["container"]["image"] == image


def test_the_working_folders_package_is_sent_and_without_one_the_same_is_compiled() -> None:
    with kubeflow() as host:
        assert main(["pipeline", "submit", "--host", host.url]) == 0
        mine = Path("pipelines/cbv-synthesis.yaml")
        mine.parent.mkdir()
        mine.write_bytes(COMMITTED.read_bytes() + b"# mine\n")
        assert main(["pipeline", "schedule", "--host", host.url, "--cron", "0 0 3 * * 1"]) == 0
    assert host.packages[0] == COMMITTED.read_bytes()
    assert host.packages[-1] == mine.read_bytes()


def test_a_package_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pipeline", "submit", "--package", "none.yaml"]) == 2
    assert "none.yaml does not exist; make it with 'cbvsynth pipeline compile'" in capsys.readouterr().err


def test_an_installed_package_submits_without_a_checkout(tmp_path: Path) -> None:
    """It used to look for pipelines/cbv-synthesis.yaml two folders above site-packages, and ended there."""
    installed = tmp_path / "lib" / "site-packages"
    shutil.copytree(
        ROOT / "src/cbvsynth", installed / "cbvsynth", ignore=shutil.ignore_patterns("__pycache__")
    )
    with kubeflow() as host:
        done = subprocess.run(
            [sys.executable, "-m", "cbvsynth.cli", "pipeline", "submit", "--host", host.url],
            env={**os.environ, "PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert host.packages[0] == COMMITTED.read_bytes()
    assert len(host.runs) == 1
