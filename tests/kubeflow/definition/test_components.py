"""The components: literal source for Kubeflow, and files that anybody's pipeline can load."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from kfp import compiler, components, dsl, local

from cbvsynth.config import STEPS
from cbvsynth.kubeflow.definition import components as definition
from cbvsynth.kubeflow.definition.package import compile_components
from cbvsynth.kubeflow.definition.profiles import CLUSTER_CPU, CLUSTER_GPU
from cbvsynth.kubeflow.definition.settings import settings_of
from tests.kubeflow.checkout import ROOT, documents

NAMES = ("plan", *STEPS)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("components")
    assert compile_components(folder, CLUSTER_GPU) == NAMES
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_component_is_the_compiled_one(name: str, compiled: Path) -> None:
    """After a change of a setting or a component: cbvsynth pipeline compile --components components."""
    committed = ROOT / "components" / name / "component.yaml"
    assert committed.read_bytes() == (compiled / name / "component.yaml").read_bytes()


@pytest.mark.parametrize("step", STEPS)
def test_a_components_source_is_literal_and_has_each_setting_once(step: str) -> None:
    source = inspect.getsource(getattr(definition, step))
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    assert function.args.kwarg is None
    written = [argument.arg for argument in function.args.args]
    names = [setting.name for setting in settings_of(step)]
    assert written[-len(names) :] == names
    assert len(set(written)) == len(written)
    for setting in settings_of(step):
        assert f"\n    {setting.parameter},\n" in source
        assert f"\n        {setting.name}: {setting.description}\n" in source


def test_a_function_without_a_place_for_its_settings_is_refused() -> None:
    def promote(workspace: str) -> None: ...

    with pytest.raises(AssertionError, match="promote must have the line"):
        definition.with_settings(promote)


def test_each_component_has_the_image_of_the_profile() -> None:
    made = vars(definition.components_for(CLUSTER_CPU))
    images = {name: one.component_spec.implementation.container.image for name, one in made.items()}
    assert images.pop("train") == CLUSTER_CPU.train_image
    assert set(images.values()) == {CLUSTER_CPU.light_image}


def test_a_component_needs_no_setting_to_be_given() -> None:
    for step in STEPS:
        spec = documents(ROOT / "components" / step / "component.yaml")[0]
        inputs = spec["root"]["inputDefinitions"]["parameters"]
        for setting in settings_of(step):
            assert inputs[setting.name]["defaultValue"] == setting.parameter.default


def test_the_readmes_pipeline_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (block,) = re.findall(
        r"```python\n(.+?)```", (ROOT / "components/README.md").read_text(), flags=re.DOTALL
    )
    names: dict[str, Any] = {}
    exec(block, names)
    compiler.Compiler().compile(names["check_only"], str(tmp_path / "package.yaml"))
    assert set(documents(tmp_path / "package.yaml")[0]["root"]["dag"]["tasks"]) == {"plan", "validate"}


@dsl.component(base_image="python:3.11-slim", install_kfp_package=False)
def count(models: list) -> int:
    return len(models)


@pytest.mark.slow
def test_anybody_can_load_one_into_a_pipeline_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two steps: ours, from the committed file, and one that works with what ours returned."""
    monkeypatch.chdir(tmp_path)
    plan = components.load_component_from_file(str(ROOT / "components/plan/component.yaml"))

    @dsl.pipeline(name="of-their-own")
    def pipeline(models: list) -> int:
        return count(models=plan(models=models).outputs["Output"]).output

    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "runs"))
    assert pipeline(models=["encdec-t1", "fcgan-t1c"]).output == 2
