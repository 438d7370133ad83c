"""The package that people upload is what the source says, is valid for Kubeflow, and stays small."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from google.protobuf import json_format
from kfp import components
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from cbvsynth.cli import main
from cbvsynth.errors import PipelineError, UsageError
from cbvsynth.kubeflow.definition.package import DEFAULT_PACKAGE, compile_package, read_package, with_images
from cbvsynth.kubeflow.definition.profiles import CLUSTER_CPU, CLUSTER_GPU, LOCAL, PROFILES, find_profile

pytestmark = pytest.mark.slow

DIGEST = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("packages")
    for profile in PROFILES.values():
        compile_package(folder / f"{profile.name}.yaml", profile)
    return {name: folder / f"{name}.yaml" for name in PROFILES}


def documents(path: Path) -> list[dict]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def test_the_committed_package_is_the_compiled_one(packages: dict[str, Path]) -> None:
    """After a change of the pipeline or a component: cbvsynth pipeline compile."""
    assert DEFAULT_PACKAGE.read_text(encoding="utf-8") == packages["cluster-gpu"].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_compiles_to_a_package_that_kubeflow_reads(
    name: str, packages: dict[str, Path]
) -> None:
    spec, *platform = documents(packages[name])
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    for document in platform:
        json_format.ParseDict(document, pipeline_spec_pb2.PlatformSpec())
        for executor in (
            document["platforms"]["kubernetes"].get("deploymentSpec", {}).get("executors", {}).values()
        ):
            json_format.ParseDict(executor, kubernetes_executor_config_pb2.KubernetesExecutorConfig())
    components.load_component_from_text(packages[name].read_text(encoding="utf-8"))


def test_one_loop_holds_every_model_and_the_package_is_small() -> None:
    spec = documents(DEFAULT_PACKAGE)[0]
    loops = [task for task in spec["root"]["dag"]["tasks"].values() if "parameterIterator" in task]
    assert len(loops) == 1
    assert spec["root"]["inputDefinitions"]["parameters"]["models"]["defaultValue"] == ["all"]
    assert DEFAULT_PACKAGE.stat().st_size < 100_000


def test_profiles_differ_in_place_only(packages: dict[str, Path]) -> None:
    def wiring(name: str) -> dict:
        spec = documents(packages[name])[0]
        for executor in spec["deploymentSpec"]["executors"].values():
            executor["container"].pop("resources", None)
        for task in spec["root"]["dag"]["tasks"].values():
            task.pop("iteratorPolicy", None)
        for parameter in ("data", "workspace"):
            spec["root"]["inputDefinitions"]["parameters"][parameter].pop("defaultValue")
        return spec

    assert wiring("local") == wiring("cluster-gpu") == wiring("cluster-cpu")


def test_only_a_training_gets_a_gpu_and_only_where_the_profile_has_some(packages: dict[str, Path]) -> None:
    def accelerated(name: str) -> set[str]:
        executors = documents(packages[name])[0]["deploymentSpec"]["executors"]
        return {
            executor
            for executor, entry in executors.items()
            if "accelerator" in entry["container"].get("resources", {})
        }

    assert accelerated("cluster-gpu") == {"exec-train"}
    assert accelerated("cluster-cpu") == accelerated("local") == set()


def test_each_task_sees_no_more_than_it_needs() -> None:
    _, platform = documents(DEFAULT_PACKAGE)
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]

    def with_(key: str, inner: str, value: str) -> set[str]:
        return {
            name
            for name, entry in executors.items()
            if any(item[inner] == value for item in entry.get(key, []))
        }

    assert with_("pvcMount", "mountPath", "/data") == {"exec-validate", "exec-preprocess"}
    assert with_("pvcMount", "mountPath", "/workspace") == set(executors)
    assert with_("secretAsEnv", "secretName", "cbvsynth-pseudonym-key") == {
        "exec-validate",
        "exec-preprocess",
    }
    registry = {"exec-evaluate", "exec-promote", "exec-promote-2"}
    assert with_("configMapAsEnv", "configMapName", "cbvsynth-mlflow") == registry
    for entry in executors.values():
        assert entry["securityContext"] == {
            "runAsGroup": "10001",
            "runAsNonRoot": True,
            "runAsUser": "10001",
        }


def test_images_are_named_when_compiling(tmp_path: Path) -> None:
    package = tmp_path / "package.yaml"
    compile_package(package, with_images(CLUSTER_CPU, f"lab/cbvsynth@{DIGEST}", "lab/cbvsynth-train:0.1.0"))
    executors = read_package(package)["deploymentSpec"]["executors"]
    images = {name: entry["container"]["image"] for name, entry in executors.items()}
    assert images.pop("exec-train") == "lab/cbvsynth-train:0.1.0"
    assert set(images.values()) == {f"lab/cbvsynth@{DIGEST}"}


def test_a_package_that_breaks_a_rule_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="may change; expected a version's tag"):
        compile_package(tmp_path / "package.yaml", with_images(CLUSTER_GPU, "cbvsynth:latest", ""))
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_it_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["pipeline", "compile", "--out", "made.yaml", "--profile", "local"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("made.yaml: profile local, 39 parameters, ")
    assert documents(Path("made.yaml"))[0]["pipelineInfo"]["name"] == "cbv-synthesis"


def test_an_unknown_profile_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="expected one of cluster-gpu, cluster-cpu, local"):
        find_profile("moon")


@pytest.mark.parametrize("content", ["", "a: 1\n", "root: {}\n", "{", "- 1\n"])
def test_a_file_that_is_no_package_is_said_to_be_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "package.yaml"
    path.write_text(content)
    with pytest.raises(UsageError, match="is not a compiled pipeline"):
        read_package(path)
    with pytest.raises(UsageError, match="does not exist"):
        read_package(tmp_path / "other.yaml")


def test_the_local_profile_trains_one_model_at_a_time() -> None:
    """Two at a time, Kubeflow's local runner leaves print changed for the whole process."""
    assert LOCAL.parallel_trainings == 1
    assert LOCAL.is_local
