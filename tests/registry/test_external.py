"""An external set in the registry: a run with its files, and a tag that a later score replaces."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.commands.registry import show
from cbvsynth.config import PromoteConfig
from cbvsynth.errors import RegistryError
from cbvsynth.registry.external import record_external
from cbvsynth.registry.store import Registry, open_registry
from cbvsynth.registry.versions import list_versions
from cbvsynth.steps.promote import run as promote
from tests.records.test_external import PASSED, RESULT
from tests.registry.trained_models import decide, train

pytestmark = pytest.mark.usefixtures("empty_registry")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    train("encdec-t1c-adc", 0.9)
    decide("encdec-t1c-adc")
    promote(PromoteConfig())
    made = tmp_path / "version-1"
    made.mkdir()
    (made / "report.html").write_text("a page")
    return made


def test_a_site_is_a_run_and_a_tag_and_scored_again_the_new_one(folder: Path) -> None:
    registry = open_registry("cbvsynth")
    version = list_versions(registry)[0]
    first = record_external(registry, version, RESULT, {"ssim_3d_whole": 0.87}, folder)
    run = registry.client.get_run(first)
    assert run.data.tags["external_site"] == "oslo"
    assert run.data.tags["failed"] == "lesion-bias"
    assert run.data.metrics == {"ssim_3d_whole": 0.87}
    assert [entry.path for entry in registry.client.list_artifacts(first, "external")] == [
        "external/report.html"
    ]
    assert (
        list_versions(registry)[0].tags["external.oslo"]
        == f"fails; 12 examinations of 10 patients; run {first}"
    )
    again = record_external(registry, version, replace(RESULT, checks=(PASSED,)), {}, folder)
    assert list_versions(registry)[0].tags["external.oslo"].startswith("passes;")
    assert again != first


def test_the_list_of_versions_shows_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry = open_registry("cbvsynth")
    run_id = record_external(registry, list_versions(registry)[0], RESULT, {}, folder)
    told = f"fails; 12 examinations of 10 patients; run {run_id}"
    show()
    assert f"on oslo: {told}" in capsys.readouterr().out
    show(json=1)
    assert json.loads(capsys.readouterr().out)["versions"][0]["external"] == {"oslo": told}


def test_a_registry_that_does_not_take_it_is_named(folder: Path) -> None:
    version = list_versions(open_registry("cbvsynth"))[0]
    elsewhere = Registry(open_registry("cbvsynth").tracking_uri, "another")
    with pytest.raises(RegistryError, match=r"oslo could not be entered at mlflow\.db .*--entry off"):
        record_external(elsewhere, version, RESULT, {}, folder)
    assert [path.name for path in folder.iterdir()] == ["report.html"]
