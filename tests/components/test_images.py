"""The images: what goes in is what the lock pins, and how they run is stated in the Dockerfile."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.tools import require_tool

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "components" / "images"
DOCKERFILE = (IMAGES / "Dockerfile").read_text(encoding="utf-8")
LOCKS = ("build", "kfp", "light", "phantom", "registry", "train-cpu", "train-cuda")


def pins(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Name -> version and hashes."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(r"^([\w.-]+(?:\[[\w,-]+\])?)==([^\s;]+)(.*)$", text, flags=re.MULTILINE)
    return {
        name.partition("[")[0]: (version, frozenset(re.findall(r"sha256:[0-9a-f]{64}", rest)))
        for name, version, rest in found
    }


LOCK = pins(ROOT / "requirements.lock")


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_and_hash_is_the_locks(name: str) -> None:
    found = pins(IMAGES / f"{name}.lock")
    assert found
    for package, (version, hashes) in found.items():
        assert hashes, package
        if name == "train-cuda" and package.startswith("nvidia-"):
            continue
        assert (version, hashes) == LOCK[package], f"{package}: run make lock"


def test_each_image_holds_what_its_tasks_import_and_no_more() -> None:
    light, train = pins(IMAGES / "light.lock"), pins(IMAGES / "train-cpu.lock")
    assert {"great-expectations", "mlflow-skinny", "sqlalchemy", "nibabel", "matplotlib", "jinja2"} <= set(
        light
    )
    assert not {"tensorflow", "keras", "kfp", "dvc", "nilearn", "pytest", "mlflow", "pyarrow"} & set(light)
    assert {"tensorflow", "keras", "nibabel", "mlflow-skinny"} <= set(train)
    assert not {"great-expectations", "kfp", "dvc", "pytest", "mlflow", "pyarrow"} & set(train)
    registry = pins(IMAGES / "registry.lock")
    assert {"mlflow", "psycopg", "psycopg-binary", "boto3"} <= set(registry)
    assert not {"tensorflow", "keras", "kfp", "dvc", "great-expectations", "pytest"} & set(registry)
    assert set(pins(IMAGES / "kfp.lock")) == {"kfp"}
    nvidia = {name for name in pins(IMAGES / "train-cuda.lock") if name.startswith("nvidia-")}
    assert nvidia
    assert not nvidia & set(train)


def test_the_light_image_can_draw_a_phantom() -> None:
    """k8s/jobs/phantom ended with "This needs nilearn" on a node. Only that package's files are needed."""
    assert set(pins(IMAGES / "phantom.lock")) == {"nilearn"}
    light = DOCKERFILE.partition(" AS light-environment")[2].partition("\nFROM ")[0]
    assert "--requirement phantom.lock" in light


def test_the_images_are_built_without_a_warning() -> None:
    checked = subprocess.run(
        [require_tool("hadolint"), str(IMAGES / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, "")


def test_a_mistake_in_a_dockerfile_is_found(tmp_path: Path) -> None:
    seeded = tmp_path / "Dockerfile"
    seeded.write_text(
        DOCKERFILE.replace("ARG BASE_IMAGE=python:3.11-slim-bookworm", "ARG BASE_IMAGE=python:latest")
    )
    with seeded.open("a") as target:
        target.write("FROM python:latest\nRUN cd /tmp && sudo pip install numpy\n")
    checked = subprocess.run(
        [require_tool("hadolint"), str(seeded)], capture_output=True, text=True, check=False
    )
    assert checked.returncode != 0
    assert "DL3007" in checked.stdout


def test_they_run_as_nobody_special_and_write_to_tmp_only() -> None:
    runtime = DOCKERFILE[DOCKERFILE.index("AS runtime") :]
    users = re.findall(r"^USER (.+)$", runtime, flags=re.MULTILINE)
    assert users == ["10001:10001"]
    assert re.findall(r"^FROM (\S+) AS (\S+)$", runtime, flags=re.MULTILINE) == [
        ("runtime", "light"),
        ("runtime", "train"),
        ("runtime", "registry"),
    ]
    for variable in ("TMPDIR", "HOME", "KERAS_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME"):
        (place,) = re.findall(rf"\b{variable}=(\S+)", runtime)
        assert place == "/tmp" or place.startswith("/tmp/"), variable


def test_nothing_goes_into_an_image_but_what_is_named() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {
        source.split("/")[0]
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, flags=re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert copied == allowed
    assert not {"data", "artifacts", "mlartifacts"} & allowed


def test_the_modules_whose_bytecode_is_stored_are_there() -> None:
    text = (IMAGES / "imports.py").read_text(encoding="utf-8")
    ours = re.findall(r'"((?:cbvsynth|components|serving)\.[\w.]+)"', text)
    assert len(ours) > 10
    for name in ours:
        assert find_spec(name) is not None, name


def test_a_bill_of_materials_names_every_package_with_its_hashes(tmp_path: Path) -> None:
    bill = tmp_path / "light.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "cyclonedx_py", "requirements", str(IMAGES / "light.lock")),
            *("--output-reproducible", "--of", "JSON", "--output-file", str(bill)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    entries = json.loads(bill.read_text())["components"]
    listed = {
        re.sub(r"[-_.]+", "-", entry["name"]).lower(): (
            entry["version"],
            frozenset(
                f"sha256:{one['content']}"
                for reference in entry["externalReferences"]
                for one in reference.get("hashes", [])
            ),
        )
        for entry in entries
    }
    assert listed == pins(IMAGES / "light.lock")


def test_the_version_of_the_images_is_known_without_the_environment_on_the_path(tmp_path: Path) -> None:
    """In a fresh shell: "No module named 'cbvsynth'", then "tag cbvsynth:: invalid reference format"; make
    4.3 does not give $(shell) the path that the Makefile exports."""
    bin_folder = tmp_path / ".venv/bin"
    bin_folder.mkdir(parents=True)
    for needed in ("requirements.lock", "requirements-bootstrap.lock", "pyproject.toml"):
        (tmp_path / needed).touch()
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text(encoding="utf-8"))
    python = bin_folder / "python"
    python.write_text("#!/bin/sh\necho 1.2.3\n")
    python.chmod(0o755)
    done = subprocess.run(
        [require_tool("make"), "--dry-run", "--always-make", "images"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert set(re.findall(r"--tag (\S+)", done.stdout)) == {
        "cbvsynth:1.2.3",
        "cbvsynth-train:1.2.3",
        "cbvsynth-registry:1.2.3",
    }, done.stderr
