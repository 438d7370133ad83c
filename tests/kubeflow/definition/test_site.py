"""A site's own profile: what it changes of one of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.definition.package import compile_package
from cbvsynth.kubeflow.definition.profiles import (
    CLUSTER_CPU,
    CLUSTER_GPU,
    Toleration,
    Volume,
    find_profile,
)
from tests.kubeflow.checkout import documents

LAB = """\
based_on: cluster-gpu
parallel_trainings: 3
accelerator: nvidia.com/mig-3g.40gb
train: {memory: 40Gi, timeout_s: 600}
light: {cpu: "1"}
data: {claim: lab-studies, mount: /studies}
workspace: {claim: lab-scratch}
node_selector: {pool: imaging}
tolerations:
  - {key: dedicated, operator: Equal, effect: NoExecute}
queue: imaging
light_image: lab/cbvsynth:1.0
"""


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(LAB)
    lab = find_profile(str(tmp_path / "lab.yaml"))
    assert (lab.name, lab.parallel_trainings, lab.queue) == ("lab", 3, "imaging")
    assert (lab.train.memory, lab.train.timeout_s, lab.train.cpu) == ("40Gi", 600, CLUSTER_GPU.train.cpu)
    assert lab.light.cpu == "1"
    assert lab.data == Volume("lab-studies", "/studies")
    assert lab.workspace == Volume("lab-scratch", "/workspace")
    assert lab.node_selector == (("pool", "imaging"),)
    assert lab.tolerations == (Toleration("dedicated", "Equal", "NoExecute"),)
    assert lab.train_image == CLUSTER_GPU.train_image


def test_what_a_file_says_is_in_the_package(tmp_path: Path) -> None:
    """Claims, parallelism, accelerator, memory, times and nodes could only be changed in the source."""
    (tmp_path / "lab.yaml").write_text(LAB)
    compile_package(tmp_path / "package.yaml", find_profile(str(tmp_path / "lab.yaml")))
    spec, platform = documents(tmp_path / "package.yaml")
    train = spec["deploymentSpec"]["executors"]["exec-train"]["container"]["resources"]
    assert train["accelerator"]["resourceType"] == "nvidia.com/mig-3g.40gb"
    assert spec["root"]["dag"]["tasks"]["model"]["iteratorPolicy"]["parallelismLimit"] == 3
    assert spec["root"]["inputDefinitions"]["parameters"]["1. Run: data"]["defaultValue"] == "/studies"
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    claims = {mount["constant"] for mount in executors["exec-validate"]["pvcMount"]}
    assert claims == {"lab-studies", "lab-scratch"}
    assert executors["exec-train"]["activeDeadlineSeconds"] == "600"
    assert executors["exec-train"]["nodeSelector"]["labels"] == {"pool": "imaging"}


def test_a_profile_without_changes_is_the_one_that_it_is_based_on(tmp_path: Path) -> None:
    (tmp_path / "cluster-cpu.yaml").write_text("based_on: cluster-cpu\n")
    assert find_profile(str(tmp_path / "cluster-cpu.yaml")) == CLUSTER_CPU


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("parallel_trainings: 3\n", "does not say which profile it changes; expected 'based_on:'"),
        ("based_on: moon\n", "expected 'based_on:' with one of cluster-gpu"),
        ("{", "is not YAML"),
        ("based_on: cluster-cpu\nparalel_trainings: 3\n", "Did you mean 'parallel_trainings'"),
        ("based_on: cluster-cpu\ntrain: {memry: 3Gi}\n", "Did you mean 'memory'"),
        ("based_on: cluster-cpu\ntrain: {cpu: 4}\n", "cpu is 4; expected text; put it in quotes"),
        ("based_on: cluster-cpu\nparallel_trainings: many\n", "is 'many'; expected a whole number"),
        ("based_on: cluster-cpu\nparallel_trainings: -1\n", "is -1; expected a whole number"),
        ("based_on: local\ndata: {claim: a}\n", "data lacks something; expected claim, mount"),
        ("based_on: cluster-cpu\ntrain: 4\n", "train is 4; expected names with values"),
        ("based_on: cluster-cpu\ntolerations: gpu\n", "tolerations is 'gpu'; expected a list"),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_what_was_expected(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "lab.yaml").write_text(content)
    with pytest.raises(UsageError) as caught:
        find_profile(str(tmp_path / "lab.yaml"))
    assert message in str(caught.value)


def test_no_accelerator_is_none_whatever_the_base_had(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text('based_on: cluster-gpu\naccelerator: ""\n')
    assert find_profile(str(tmp_path / "lab.yaml")).accelerators == 0


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"none\.yaml cannot be read"):
        find_profile("none.yaml")
