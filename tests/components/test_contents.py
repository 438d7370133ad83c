"""What a component's folder holds for people who collect some, as kubeflow/pipelines-components asks."""

from __future__ import annotations

import runpy
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from kfp import compiler

from cbvsynth.config import STEPS
from tests.kubeflow.checkout import ROOT, documents

NAMES = ("plan", *STEPS)
URLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
components = pytest.mark.parametrize("name", NAMES)


def content(name: str, file: str) -> dict:
    return yaml.safe_load((ROOT / "components" / name / file).read_text(encoding="utf-8"))


@components
def test_its_metadata_say_what_it_is_and_needs(name: str) -> None:
    found = content(name, "metadata.yaml")
    assert found["name"] == name
    assert found["tier"] in ("core", "third_party")
    assert found["stability"] in ("alpha", "beta", "stable")
    (pipelines,) = found["dependencies"]["kubeflow"]
    assert pipelines == {"name": "Pipelines", "version": ">=2.17"}
    assert ("external_services" in found["dependencies"]) == (name in ("evaluate", "promote"))
    assert found["tags"]
    assert found["links"] == {"documentation": URLS["Documentation"], "issue_tracker": URLS["Issues"]}


@components
def test_it_was_verified_and_not_in_the_future(name: str) -> None:
    verified = content(name, "metadata.yaml")["lastVerified"]
    assert isinstance(verified, datetime)
    assert verified.replace(tzinfo=UTC) < datetime.now(UTC) + timedelta(days=1)


@components
def test_it_has_owners(name: str) -> None:
    owners = content(name, "OWNERS")
    assert owners["approvers"]
    assert owners["reviewers"]


@components
def test_its_example_compiles_and_holds_the_component(name: str, tmp_path: Path) -> None:
    made = runpy.run_path(str(ROOT / "components" / name / "example_pipelines.py"))
    package = tmp_path / "package.yaml"
    compiler.Compiler().compile(made["example_pipeline"], str(package))
    tasks = documents(package)[0]["root"]["dag"]["tasks"]
    assert name in tasks
    assert not tasks[name]["cachingOptions"].get("enableCache")
