"""A step's dataclass, its flags, params.yaml, dvc.yaml and its Kubeflow component say the same."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import MISSING, Field, fields
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml

from cbvsynth.config import STEPS, PhantomConfig
from cbvsynth.kubeflow.definition.package import read_package
from cbvsynth.kubeflow.definition.settings import form_name, pipeline_name, short_name
from cbvsynth.kubeflow.runs.parameters import Parameter, parameters_of
from tests.kubeflow.checkout import COMMITTED, ROOT

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
INTERFACES = {"phantom": PhantomConfig, **STEPS}
NAMED_BY_THE_SWEEP = {"train": {"model"}, "evaluate": {"models"}}

steps = pytest.mark.parametrize("step", INTERFACES)


def type_of(step: str, field: Field[Any]) -> Any:
    return get_type_hints(INTERFACES[step])[field.name]


@steps
def test_params_yaml_has_exactly_the_fields_that_are_not_folders(step: str) -> None:
    expected = {
        field.name for field in fields(INTERFACES[step]) if type_of(step, field) is not Path
    } - NAMED_BY_THE_SWEEP.get(step, set())
    assert set(PARAMS[step]) == expected


@steps
def test_params_yaml_has_values_of_the_fields_types(step: str) -> None:
    for field in fields(INTERFACES[step]):
        if field.name not in PARAMS[step]:
            continue
        value, kind = PARAMS[step][field.name], type_of(step, field)
        if isinstance(kind, type) and issubclass(kind, Enum):
            assert value in [word.value for word in kind], field.name
        elif kind in (int, float, str):
            assert type(value) is kind, f"{field.name}: {value!r} is not {kind.__name__}"
        else:
            assert isinstance(value, list), field.name


@steps
def test_the_dvc_stage_names_every_folder_as_a_flag(step: str) -> None:
    command = STAGES[step]["cmd"].split()
    for field in fields(INTERFACES[step]):
        if type_of(step, field) is Path:
            assert f"--{field.name}" in command, field.name
    assert f"${{{step}}}" in command


@pytest.mark.parametrize("step", STEPS)
def test_the_program_offers_every_field_as_a_flag(step: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", f"components.{step}", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for field in fields(STEPS[step]):
        assert f"--{field.name} " in shown, field.name


@steps
def test_fields_are_words_numbers_and_folders_never_booleans_or_none(step: str) -> None:
    for field in fields(INTERFACES[step]):
        kind = type_of(step, field)
        is_word = isinstance(kind, type) and issubclass(kind, Enum)
        is_list = getattr(kind, "__origin__", None) is tuple
        assert kind in (str, int, float, Path) or is_word or is_list, field.name
        assert field.default is not None
        assert field.default != "", "Kubeflow's form breaks on an empty text"


def test_only_the_model_of_train_must_be_given() -> None:
    required = [
        (step, field.name)
        for step in INTERFACES
        for field in fields(INTERFACES[step])
        if field.default is MISSING and field.default_factory is MISSING
    ]
    assert required == [("train", "model")]


WIRED_BY_KUBEFLOW = {
    "validate": {"data", "limits", "workspace"},
    "preprocess": {"data", "workspace", "study"},
    "train": {"workspace", "keep_going", "model"},
    "evaluate": {"workspace", "results"},
    "promote": {"workspace"},
}
"""Inputs of a step's component that are no settings: folders, and what other tasks hand over."""
OF_THE_PIPELINE = {"data", "limits", "workspace", "models", "keep_going"}
"""The pipeline's parameters that are no settings of a step."""
KINDS = {"STRING": str, "NUMBER_INTEGER": int, "NUMBER_DOUBLE": float, "LIST": list}


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return dict(read_package(COMMITTED))


@pytest.fixture(scope="module")
def pipeline(spec: dict[str, Any]) -> dict[str, Parameter]:
    return parameters_of(spec)


def settings_of(step: str) -> dict[str, Field[Any]]:
    """Fields of a step's config that say what to do, not where."""
    named_by_the_sweep = NAMED_BY_THE_SWEEP.get(step, set())
    return {
        field.name: field
        for field in fields(STEPS[step])
        if type_of(step, field) is not Path and field.name not in named_by_the_sweep
    }


def plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value


@pytest.mark.parametrize("step", STEPS)
def test_the_component_takes_exactly_the_settings_and_its_wiring(step: str, spec: dict[str, Any]) -> None:
    inputs = spec["components"][f"comp-{step}"]["inputDefinitions"]["parameters"]
    assert set(inputs) == set(settings_of(step)) | WIRED_BY_KUBEFLOW[step]
    for name, field in settings_of(step).items():
        assert KINDS[inputs[name]["parameterType"]] is type(plain(field.default)), name


@pytest.mark.parametrize("step", STEPS)
def test_the_component_gets_each_setting_from_the_pipelines_parameter_for_it(
    step: str, spec: dict[str, Any]
) -> None:
    graphs = [spec["root"], *spec["components"].values()]
    tasks = [
        task
        for graph in graphs
        for task in graph.get("dag", {}).get("tasks", {}).values()
        if task["componentRef"]["name"] in (f"comp-{step}", f"comp-{step}-2")
    ]
    assert tasks
    for task in tasks:
        for name in settings_of(step):
            source = task["inputs"]["parameters"][name]["componentInputParameter"]
            assert short_name(source.removeprefix("pipelinechannel--")) == pipeline_name(step, name)


def test_the_pipeline_has_a_parameter_for_every_setting_and_no_other(pipeline: dict[str, Parameter]) -> None:
    settings = {pipeline_name(step, name) for step in STEPS for name in settings_of(step)}
    assert set(pipeline) == settings | OF_THE_PIPELINE


@pytest.mark.parametrize("step", STEPS)
def test_the_pipelines_defaults_are_the_dataclasses(step: str, pipeline: dict[str, Parameter]) -> None:
    for name, field in settings_of(step).items():
        default = pipeline[pipeline_name(step, name)].default
        assert default == plain(field.default), name
        assert type(default) is type(plain(field.default)), name


def test_the_plan_is_given_every_parameter_of_the_pipeline(
    spec: dict[str, Any], pipeline: dict[str, Parameter]
) -> None:
    """It was given `models` only: a wrong decoder showed after an hour, a wrong select_by after the sweep."""
    given = spec["root"]["dag"]["tasks"]["plan"]["inputs"]["parameters"]
    assert set(given) == set(pipeline)
    for name, source in given.items():
        assert source == {"componentInputParameter": form_name(name)}


def test_the_form_shows_a_parameter_under_its_section_and_the_name_leads_back(
    pipeline: dict[str, Parameter],
) -> None:
    for name, parameter in pipeline.items():
        assert parameter.form_name == form_name(name)
        assert short_name(parameter.form_name) == name


def test_two_steps_share_a_parameter_only_where_they_share_the_default() -> None:
    seen: dict[str, Any] = {}
    for step in STEPS:
        for name, field in settings_of(step).items():
            word = pipeline_name(step, name)
            assert seen.setdefault(word, field.default) == field.default, word


@pytest.mark.parametrize("step", STEPS)
def test_the_readme_of_a_step_names_every_flag_and_no_other(step: str) -> None:
    """Tables that look complete lacked validate's --prefer and --enhancing_label, and two steps' --out."""
    text = (ROOT / "components" / step / "README.md").read_text(encoding="utf-8")
    first_cells = re.findall(r"^\| (`--[^|]*) \|", text, re.MULTILINE)
    named = {flag for cell in first_cells for flag in re.findall(r"`--(\w+)`", cell)}
    assert named == {field.name for field in fields(STEPS[step])}
